/** What a target refused is left out of the next requests to it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { resolve } from "../../../src/dialect/index.ts"
import { learning } from "../../../src/gateway/providers/Dialects.ts"
import { target } from "../../support/bench.ts"
import { completion, type Json, message, type Reply, stage } from "../../support/kinds.ts"

const refusal = (said: string): Reply => ({
  status: 400,
  json: { type: "error", error: { type: "invalid_request_error", message: said } }
})

const system = [
  { role: "user", content: "hi" },
  { role: "system", content: "Be brief." },
  { role: "user", content: "and?" }
]

const refusingSystem = (asked: Json): Reply =>
  asked.messages.some(({ role }: Json) => role === "system")
    ? refusal('messages: Unexpected role "system".')
    : { json: message([{ type: "text", text: "ok" }]) }

/** A server that refuses some requests of chats, and answers all others. */
const refusing = (said: string, isRefused: (asked: Json) => boolean, more: object = {}) => ({
  protocol: "openai" as const,
  ...more,
  reply: (asked: Json): Reply => (isRefused(asked) ? refusal(said) : { json: completion({ content: "ok" }) })
})

const fewEfforts = { more: { dialect: { efforts: ["minimal", "low"] } } }

const count = (seen: ReadonlyArray<unknown> | undefined) => seen?.length ?? 0

describe("a target that refused a part of a request", () => {
  it.live("gets no system turns again, whole or streamed, after one request", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ corp: { protocol: "anthropic", reply: refusingSystem } })
      const body = { model: "corp/own-model", max_tokens: 9, messages: system }
      assert.strictEqual((yield* post("/v1/messages", body)).status, 200)
      assert.strictEqual(count(seen.corp), 2)
      assert.strictEqual((yield* post("/v1/messages", body)).status, 200)
      assert.strictEqual((yield* post("/v1/messages", { ...body, stream: true })).status, 200)
      assert.strictEqual(count(seen.corp), 4)
    })
  )

  it.live("is remembered for callers of every protocol, and apart from other models", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({
        box: refusing(
          "Unrecognized request argument supplied: service_tier",
          ({ service_tier }) => service_tier !== undefined
        )
      })
      const messages = system.slice(0, 1)
      yield* post("/v1/messages", { model: "box/m", max_tokens: 9, messages, service_tier: "auto" })
      const first = count(seen.box)
      yield* post("/v1/responses", { model: "box/m", input: "hi", service_tier: "auto" })
      assert.strictEqual(count(seen.box), first + 1)
      yield* post("/v1/responses", { model: "box/n", input: "hi", service_tier: "auto" })
      assert.strictEqual(count(seen.box), first + 3)
    })
  )

  it.live("is named in x-failover-dropped each time", () =>
    Effect.gen(function* () {
      const { post } = yield* stage({
        box: refusing(
          "Unrecognized request argument supplied: service_tier",
          ({ service_tier }) => service_tier !== undefined
        )
      })
      const body = { model: "box/m", max_tokens: 9, messages: system.slice(0, 1), service_tier: "auto" }
      const first = yield* post("/v1/messages", body)
      const second = yield* post("/v1/messages", body)
      assert.deepStrictEqual([first.status, second.status], [200, 200])
      assert.strictEqual(second.headers["x-failover-dropped"], first.headers["x-failover-dropped"])
    })
  )

  it.live("is not remembered if the second try fails as well", () =>
    Effect.gen(function* () {
      let isBroken = true
      const { post, seen } = yield* stage({
        corp: {
          protocol: "anthropic",
          reply: (asked) =>
            isBroken
              ? refusal('messages: Unexpected role "system".')
              : asked && { json: message([{ type: "text", text: "ok" }]) }
        }
      })
      const body = { model: "corp/own-model", max_tokens: 9, messages: system }
      assert.strictEqual((yield* post("/v1/messages", body)).status, 400)
      isBroken = false
      yield* post("/v1/messages", body)
      assert.deepStrictEqual(seen.corp?.at(-1)?.body.messages, system)
    })
  )

  it.live("is not remembered if the refusal is about this request only", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({
        box: refusing(
          "Unsupported value: 'reasoning_effort' does not support 'minimal' with this model.",
          ({ reasoning_effort }) => reasoning_effort === "minimal",
          fewEfforts
        )
      })
      const ask = (effort: string) =>
        post("/v1/responses", { model: "box/m", input: "hi", reasoning: { effort } })
      assert.strictEqual((yield* ask("minimal")).status, 200)
      yield* ask("low")
      assert.strictEqual(seen.box?.at(-1)?.body.reasoning_effort, "low")
    })
  )

  for (const [said, field, body] of [
    ["Unsupported parameter: 'reasoning_effort'", "reasoning_effort", { reasoning: { effort: "low" } }],
    ["invalid temperature: only 1 is allowed for this model", "temperature", { temperature: 0.2 }],
    [
      "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
      "temperature",
      { temperature: 0.2 }
    ],
    [
      "Extra inputs are not permitted: parallel_tool_calls",
      "parallel_tool_calls",
      { parallel_tool_calls: false, tools: [{ type: "function", name: "f", parameters: { type: "object" } }] }
    ],
    ["service_tier: Extra inputs are not permitted", "service_tier", { service_tier: "auto" }]
  ] as const) {
    it.live(`is remembered: ${said}`, () =>
      Effect.gen(function* () {
        const { post, seen } = yield* stage({
          box: refusing(said, (asked) => asked[field] !== undefined, fewEfforts)
        })
        const ask = () => post("/v1/responses", { model: "box/m", input: "hi", ...body })
        assert.strictEqual((yield* ask()).status, 200)
        assert.strictEqual((yield* ask()).status, 200)
        assert.strictEqual(count(seen.box), 3)
      })
    )
  }

  for (const said of [
    "Invalid 'service_tier': unknown value 'auto'.",
    "body.service_tier: Input should be 'default' or 'flex', input: 'not permitted'",
    "Unsupported parameter value: service_tier",
    "service_tier: unexpected value; expected one of: default, flex"
  ]) {
    it.live(`is not remembered if a caller's value was refused: ${said}`, () =>
      Effect.gen(function* () {
        const { post, seen } = yield* stage({
          box: refusing(said, ({ service_tier }) => service_tier === "auto")
        })
        const ask = (service_tier: string) =>
          post("/v1/responses", { model: "box/m", input: "hi", service_tier })
        assert.strictEqual((yield* ask("auto")).status, 200)
        yield* ask("default")
        assert.strictEqual(seen.box?.at(-1)?.body.service_tier, "default")
      })
    )
  }
})

describe("fields of routing", () => {
  const body = (provider: object) => ({ model: "box/m", messages: system.slice(0, 1), provider })
  const order = { order: ["a"] }

  it.live("that a target has taken are not left out for all once those of one caller are wrong", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({
        box: refusing(
          "provider: Unrecognized key(s) in object: 'bogus'",
          ({ provider }) => provider?.bogus !== undefined
        )
      })
      yield* post("/v1/chat/completions", body(order))
      assert.strictEqual((yield* post("/v1/chat/completions", body({ bogus: 1 }))).status, 200)
      yield* post("/v1/chat/completions", body(order))
      assert.deepStrictEqual(seen.box?.at(-1)?.body.provider, order)
    })
  )
})

describe("what was learned about a target", () => {
  it("is forgotten after an hour: the server may take more by then", () => {
    let now = 1_000
    const dialect = resolve({ protocol: "openai", model: "m" })
    const { add, dialectOf } = learning(
      () => dialect,
      () => now
    )
    const [a, b] = [target("a"), target("b")]
    const known = () => [dialectOf(a).effort, dialectOf(a).serviceTier, dialectOf(b).effort]
    assert.deepStrictEqual(known(), [true, true, true])
    add(a, { effort: false })
    now += 30 * 60_000
    add(a, { serviceTier: false })
    assert.deepStrictEqual(known(), [false, false, true])
    now += 30 * 60_000 - 1
    assert.deepStrictEqual(known(), [false, false, true])
    now += 1
    assert.deepStrictEqual(known(), [true, true, true])
    add(a, { serviceTier: false })
    assert.deepStrictEqual(known(), [true, false, true])
  })
})
