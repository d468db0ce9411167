/** The key that keeps a conversation at one of several equal targets. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as AffinityKey from "../../../src/gateway/request/AffinityKey.ts"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, openai, provider, start } from "../../support/gateway.ts"

const keyOf = (
  headers: Readonly<Record<string, string>>,
  body: object = { messages: [{ role: "user", content: "hello" }] },
  mode?: Parameters<typeof AffinityKey.of>[1]
) => {
  const key = AffinityKey.of({ operation: "chat/completions", body: body as never, headers }, mode)
  return typeof key === "function" ? key() : key
}

describe("the key of a conversation", () => {
  it("is what its client names, the gateway's own header first", () => {
    const all = Object.fromEntries(AffinityKey.keyHeaders.map((name) => [name, `by ${name}`]))
    for (const name of AffinityKey.keyHeaders) {
      assert.strictEqual(keyOf(all), `\nby ${name}`)
      delete all[name]
    }
    assert.strictEqual(keyOf({}, { prompt_cache_key: "codex", input: "hi" }), "\ncodex")
    assert.strictEqual(keyOf({ "x-session-id": "" }, { prompt_cache_key: "codex" }), "\ncodex")
  })

  it("belongs to one caller: the same key with another token is another one", () => {
    const one = keyOf({ "x-session-id": "7", authorization: "Bearer one" })
    assert.strictEqual(one, "one\n7")
    assert.strictEqual(keyOf({ "x-session-id": "7", "x-api-key": "one" }), one)
    assert.notStrictEqual(keyOf({ "x-session-id": "7", authorization: "Bearer two" }), one)
  })

  it("belongs to one caller, also behind a token that many clients share or a header that is empty", () => {
    const shared = { "x-session-id": "7", authorization: "Bearer shared" }
    for (const header of ["x-api-key", "api-key"]) {
      const one = keyOf({ ...shared, [header]: "one" })
      assert.strictEqual(keyOf({ ...shared, [header]: "one" }), one)
      assert.notStrictEqual(keyOf({ ...shared, [header]: "two" }), one)
    }
    assert.strictEqual(keyOf({ "x-session-id": "7", "x-api-key": "", "api-key": "one" }), "one\n7")
  })

  it("is the start of the conversation without a client's key, in every protocol", () => {
    const bodies = [
      {
        messages: [
          { role: "system", content: "be kind" },
          { role: "user", content: "hello" }
        ]
      },
      {
        messages: [
          { role: "developer", content: [{ type: "text", text: "be kind" }] },
          { role: "user", content: "hello" }
        ]
      },
      { system: "be kind", messages: [{ role: "user", content: [{ type: "text", text: "hello" }] }] },
      {
        system: [
          { type: "text", text: "be " },
          { type: "text", text: "kind" }
        ],
        messages: [{ role: "user", content: "hello" }]
      },
      { instructions: "be kind", input: "hello" },
      {
        instructions: "be kind",
        input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "hello" }] }]
      }
    ]
    const keys = new Set(bodies.map((body) => keyOf({}, body)))
    assert.deepStrictEqual([...keys], ["\n\nbe kind\nhello"])
  })

  it("stays the same during a conversation, and depends on its first message", () => {
    const turns = [{ role: "user", content: "hello" }]
    const later = [...turns, { role: "assistant", content: "hi" }, { role: "user", content: "and?" }]
    assert.strictEqual(keyOf({}, { messages: later }), keyOf({}, { messages: turns }))
    assert.notStrictEqual(
      keyOf({}, { messages: [{ role: "user", content: "good day" }] }),
      keyOf({}, { messages: turns })
    )
  })

  it("looks at both ends of long texts", () => {
    const long = (end: string) =>
      keyOf({}, { messages: [{ role: "user", content: `${"x".repeat(100_000)}${end}` }] })
    assert.notStrictEqual(long("a"), long("b"))
    assert.isBelow(long("a")!.length, 5_000)
  })

  it("is missing if there is no conversation, or if affinity is off", () => {
    for (const body of [
      { input: ["a", "b"] },
      { prompt: "hello" },
      { messages: "nonsense" },
      { messages: [null, 7] }
    ]) {
      assert.isUndefined(keyOf({}, body))
    }
    assert.isUndefined(keyOf({}, undefined, "named"))
    assert.strictEqual(keyOf({ "x-session-id": "7" }, undefined, "named"), "\n7")
    assert.isUndefined(keyOf({ "x-session-id": "7" }, undefined, "off"))
  })
})

describe("a gateway", () => {
  const gateway = (server: object = {}) =>
    Effect.gen(function* () {
      const servers = [yield* FaultServer.make, yield* FaultServer.make, yield* FaultServer.make]
      for (const each of servers) each.answer(() => FaultServer.json(openai.answer))
      const url = yield* start({
        providers: Object.fromEntries(servers.map((each, i) => [`p${i}`, provider("openai", each)])),
        models: { smart: [["p0/m", "p1/m", "p2/m"]] },
        server
      })
      const at = (headers: Readonly<Record<string, string>>, words = "hello") =>
        Effect.map(
          ask(`${url}/v1/chat/completions`, {
            headers,
            body: { ...chat("smart"), messages: [{ role: "user", content: words }] }
          }),
          (got) => {
            assert.strictEqual(got.status, 200, got.text)
            return String(got.headers["x-failover-target"])
          }
        )
      return at
    })
  const numbers = Array.from({ length: 12 }, (_, i) => String(i))

  it.live("sends the turns of a conversation to one target, however its client names it", () =>
    Effect.gen(function* () {
      const at = yield* gateway()
      const homes = yield* Effect.forEach(numbers, (number) => at({ "x-failover-affinity": number }, number))
      assert.isAbove(new Set(homes).size, 1)
      assert.deepStrictEqual(
        yield* Effect.forEach(numbers, (number) => at({ "x-session-id": number })),
        homes
      )
    }).pipe(Effect.scoped)
  )

  it.live(
    "keeps conversations by their first words without a client's key, unless the config turns that off",
    () =>
      Effect.gen(function* () {
        const at = yield* gateway()
        const homes = yield* Effect.forEach(numbers, (number) => at({}, number))
        assert.isAbove(new Set(homes).size, 1)
        assert.deepStrictEqual(yield* Effect.forEach(numbers, (number) => at({}, number)), homes)
        const loose = yield* gateway({ affinity: "off" })
        const used = yield* Effect.forEach(numbers, () => loose({ "x-failover-affinity": "one" }, "hello"))
        assert.isAbove(new Set(used).size, 1)
      }).pipe(Effect.scoped)
  )
})
