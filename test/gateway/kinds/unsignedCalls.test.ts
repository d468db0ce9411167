/** Gemini refuses calls without its signature, including calls that another model made earlier in the turn. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type ClientProtocol, converse, messageOf, named, said } from "../../support/conversations.ts"
import { type Json, type Reply, type Stage, stage, type Upstream } from "../../support/kinds.ts"

// https://github.com/securo-finance/securo/issues/884
const refusal = {
  error: {
    code: 400,
    message: "Function call is missing a thought_signature in functionCall parts.",
    status: "INVALID_ARGUMENT"
  }
}

const mark = { google: { thought_signature: "skip_thought_signature_validator" } }

/** A server that refuses a call of the running turn without a signature. */
const strict = (stream: boolean, more: object = {}): Upstream => ({
  protocol: "openai",
  more,
  reply: ({ messages }) =>
    messages.some(
      (each: Json) => each.tool_calls !== undefined && each.tool_calls[0].extra_content === undefined
    )
      ? { status: 400, json: refusal }
      : said(stream)
})

const use = (id: string, city: string) => ({ type: "tool_use", id, name: "weather", input: { city } })

/** Claude, which calls two tools at once and is overloaded from then on. */
const claude = (stream: boolean): Upstream => ({
  protocol: "anthropic",
  reply: (asked, at): Reply =>
    at === 1
      ? named(asked, messageOf(stream, [use("toolu_1", "Oslo"), use("toolu_2", "Rome")], "tool_use"))
      : { status: 529, json: { type: "error", error: { type: "overloaded_error", message: "Overloaded" } } }
})

const goOn = Effect.fnUntraced(function* (
  protocol: ClientProtocol,
  stream: boolean,
  [provider, model]: readonly [provider: string, model: string],
  more?: object
) {
  const running: Stage = yield* stage(
    { claude: claude(stream), [provider]: strict(stream, more) },
    { models: { smart: ["claude/claude-sonnet-5", `${provider}/${model}`] } }
  )
  yield* converse(running, protocol, "smart", stream)
  return running.seen[provider]!.map(({ body }) =>
    body.messages.flatMap(({ tool_calls = [] }: Json) =>
      tool_calls.map(({ extra_content }: Json) => extra_content)
    )
  )
})

for (const stream of [false, true]) {
  describe(`the calls of Claude${stream ? ", streamed" : ""}`, () => {
    for (const protocol of ["messages", "responses"] as const) {
      it.live(`have Google's mark when Gemini goes on, from ${protocol}`, () =>
        Effect.gen(function* () {
          const calls = yield* goOn(protocol, stream, ["gemini", "gemini-3-pro"])
          assert.deepStrictEqual(calls, [
            [mark, mark],
            [mark, mark]
          ])
        })
      )

      it.live(`have it at an unknown server once it has refused them, from ${protocol}`, () =>
        Effect.gen(function* () {
          const calls = yield* goOn(protocol, stream, ["relay", "smartest"])
          assert.deepStrictEqual(calls, [
            [undefined, undefined],
            [mark, mark],
            [mark, mark]
          ])
        })
      )
    }

    it.live("have it from chats where the rules are always applied", () =>
      Effect.gen(function* () {
        const always = { dialect: { apply: "always" } }
        const calls = yield* goOn("chats", stream, ["gemini", "gemini-3-pro"], always)
        assert.deepStrictEqual(calls, [
          [mark, mark],
          [mark, mark]
        ])
      })
    )
  })
}

describe("a Gemini that requires no signatures", () => {
  it.live("gets calls without a mark", () =>
    Effect.gen(function* () {
      const running = yield* stage(
        { claude: claude(false), gemini: { protocol: "openai", reply: () => said(false) } },
        { models: { smart: ["claude/claude-sonnet-5", "gemini/gemini-2.5-pro"] } }
      )
      yield* converse(running, "messages", "smart", false)
      assert.notInclude(JSON.stringify(running.seen.gemini), "extra_content")
    })
  )
})
