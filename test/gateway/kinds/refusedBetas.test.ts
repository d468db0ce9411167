/** Flags of the header `anthropic-beta` that a target refused: they are left out, and remembered for that target alone. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { messageEvents } from "../../support/conversations.ts"
import { type Json, message, type Seen, stage, type Upstream } from "../../support/kinds.ts"

const claude = (text: string): Json => ({
  type: "error",
  error: { type: "invalid_request_error", message: text }
})

describe("an anthropic-beta that a server does not know", () => {
  const given = "claude-code-20250219,advisor-tool-2026-03-01, prompt-caching-scope-2026-01-05"
  for (const [what, text, kept] of [
    [
      "is left out alone if it is named",
      "Unexpected value(s) `advisor-tool-2026-03-01`, `prompt-caching-scope-2026-01-05` for the `anthropic-beta` header. Please consult our documentation",
      "claude-code-20250219"
    ],
    ["is left out with all others if none is named", "invalid beta flag", undefined]
  ] as const)
    it.live(what, () =>
      Effect.gen(function* () {
        const { post, seen } = yield* stage({
          relay: {
            protocol: "anthropic",
            reply: (_, count) =>
              count === 1
                ? { status: 400, json: claude(text) }
                : { json: message([{ type: "text", text: "Mild." }]) }
          }
        })
        const body = {
          model: "relay/claude-opus-4-6",
          max_tokens: 9,
          messages: [{ role: "user", content: "hi" }]
        }
        const got = yield* post("/v1/messages", body, { "anthropic-beta": given })
        assert.strictEqual(got.status, 200, got.text)
        assert.deepStrictEqual(
          seen.relay!.map(({ headers }) => headers["anthropic-beta"]),
          [given, kept]
        )
      })
    )

  const body = { max_tokens: 9, messages: [{ role: "user", content: "hi" }] }
  const sentIn = (seen: ReadonlyArray<Seen> | undefined) =>
    seen?.map(({ headers }) => headers["anthropic-beta"])

  it.live("is not sent at all if the config lists what the server accepts", () =>
    Effect.gen(function* () {
      const own = "claude-code-20250219"
      const { post, seen } = yield* stage({
        relay: { ...taking([own]), more: { dialect: { betas: [own] } } }
      })
      for (const _ of [1, 2])
        assert.strictEqual(
          (yield* post("/v1/messages", { ...body, model: "relay/m" }, { "anthropic-beta": given })).status,
          200
        )
      assert.deepStrictEqual<unknown>(sentIn(seen.relay), [own, own])
    })
  )

  for (const isNamed of [true, false])
    for (const path of ["/v1/messages", "/v1/chat/completions", "/v1/responses"])
      it.live(
        `is not sent again to that target, and to others it is: ${isNamed ? "named" : "not named"}, ${path}`,
        () =>
          Effect.gen(function* () {
            const { post, seen } = yield* stage({
              relay: taking(["claude-code-20250219"], isNamed),
              other: taking(given.split(/, ?/))
            })
            const ask = (model: string, stream = false) =>
              post(path, { ...body, input: "hi", model, stream }, { "anthropic-beta": given })
            for (const model of ["relay/m", "relay/m", "other/m", "relay/n"])
              assert.strictEqual((yield* ask(model)).status, 200)
            assert.strictEqual((yield* ask("relay/m", true)).status, 200)
            const kept = isNamed ? "claude-code-20250219" : undefined
            assert.deepStrictEqual<unknown>(sentIn(seen.relay), [given, kept, kept, given, kept, kept])
            assert.deepStrictEqual<unknown>(sentIn(seen.other), [given])
          })
      )

  it.live("takes no other flag along: one that was refused beside it is sent without it", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ relay: taking(["good-1", "good-2"], false) })
      const sent = ["good-1,bad", "good-1", "good-1,good-2", "bad,good-1,good-2"]
      for (const flags of sent)
        assert.strictEqual(
          (yield* post("/v1/messages", { ...body, model: "relay/m" }, { "anthropic-beta": flags })).status,
          200
        )
      assert.deepStrictEqual<unknown>(sentIn(seen.relay), [
        "good-1,bad",
        undefined,
        "good-1",
        "good-1,good-2",
        "good-2"
      ])
    })
  )

  it.live("is not taken for another flag that it spells out", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ relay: taking(["good"]) })
      for (const flags of ["x` `good,good", "good"])
        yield* post("/v1/messages", { ...body, model: "relay/m" }, { "anthropic-beta": flags })
      assert.strictEqual(sentIn(seen.relay)?.at(-1), "good")
    })
  )

  it.live("is sent again if the second try was refused too", () =>
    Effect.gen(function* () {
      const refused = {
        status: 400,
        json: claude("Unexpected value(s) `bad` for the `anthropic-beta` header.")
      }
      const { post, seen } = yield* stage({ relay: { protocol: "anthropic", reply: () => refused } })
      for (const _ of [1, 2])
        assert.strictEqual(
          (yield* post("/v1/messages", { ...body, model: "relay/m" }, { "anthropic-beta": "bad" })).status,
          400
        )
      assert.deepStrictEqual<unknown>(sentIn(seen.relay), ["bad", undefined, "bad", undefined])
    })
  )
})

/** A server that takes some flags, and names the others in its refusal or does not. */
const taking = (flags: ReadonlyArray<string>, isNamed = true): Upstream => ({
  protocol: "anthropic",
  reply: ({ stream }, _count, _path, headers) => {
    const bad = (headers["anthropic-beta"] ?? "")
      .toString()
      .split(/, ?/)
      .filter((flag) => flag !== "" && !flags.includes(flag))
    if (bad.length === 0)
      return stream === true
        ? { events: messageEvents([{ type: "text", text: "Mild." }]) }
        : { json: message([{ type: "text", text: "Mild." }]) }
    const named = bad.map((flag) => `\`${flag}\``).join(", ")
    const text = isNamed
      ? `Unexpected value(s) ${named} for the \`anthropic-beta\` header.`
      : "invalid beta flag"
    return { status: 400, json: claude(text) }
  }
})
