/** A large request is translated in steps, each in its own turn of the event loop, so that other requests run in between. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { resolve } from "../../../src/dialect/index.ts"
import type { GatewayProvider } from "../../../src/gateway/providers/GatewayProvider.ts"
import { Items } from "../../../src/gateway/providers/ItemMemory.ts"
import * as Translated from "../../../src/gateway/providers/Translated.ts"
import type { Request } from "../../../src/providers/wire/Wire.ts"
import * as Translate from "../../../src/translate/index.ts"
import { target } from "../../support/bench.ts"

const to = target("claude-sonnet-5")

/** A translated provider, the bodies that it was sent, and the number of turns of the event loop until then. */
const translating = (said = "x") => {
  const bodies: Array<unknown> = []
  const texts: Array<string | undefined> = []
  const turns: Array<number> = []
  let turn = 0
  const sent = (request: Request) => {
    bodies.push(request.body)
    texts.push(request.text)
    turns.push(turn)
  }
  const answer = {
    id: "m",
    type: "message",
    role: "assistant",
    content: [{ type: "text", text: said }],
    stop_reason: "end_turn"
  }
  const provider = {
    protocol: "anthropic",
    dialectOf: () => resolve({ protocol: "anthropic", model: to.model }),
    complete: (request: Request) =>
      Effect.sync(() => {
        sent(request)
        return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(answer)), json: answer }
      }),
    stream: (request: Request) => Stream.drain(Stream.fromEffect(Effect.sync(() => sent(request))))
  } as Partial<GatewayProvider> as GatewayProvider
  const made = Translated.make(provider, "openai", {
    carrier: Translate.makeCarrier("a", []),
    items: new Items()
  })
  const count = () => {
    turn++
    ticking = setImmediate(count)
  }
  let ticking = setImmediate(count)
  const stop = Effect.sync(() => clearImmediate(ticking))
  return { bodies, texts, turns, made, stop }
}

const request = (pairs: number): Request => {
  const messages = Array.from({ length: pairs }, (_, at) => [
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id: `c${at}`, type: "function", function: { name: "f", arguments: "{}" } }]
    },
    { role: "tool", tool_call_id: `c${at}`, content: "x" }
  ]).flat()
  const body = { model: "m", messages: [{ role: "user", content: "hi" }, ...messages] }
  return { operation: "chat/completions", body, text: JSON.stringify(body) }
}

describe("a request that is translated", () => {
  it.live("is sent in the turn in which it came if it is small, and after some turns if it is large", () =>
    Effect.gen(function* () {
      const { bodies, made, stop, turns } = translating()
      yield* Effect.addFinalizer(() => stop)
      const [small, large] = [request(3), request(2_000)]
      yield* made.complete(small, to)
      yield* made.complete(large, to)
      yield* Stream.runDrain(made.stream(request(2_000), to))
      assert.strictEqual(turns[0], 0)
      const [, whole = 0, streamed = 0] = turns
      assert.isAtLeast(whole, 4)
      assert.isAtLeast(streamed - whole, 4)
      assert.deepStrictEqual(
        bodies[1],
        Translate.expressRequest("openai", "anthropic", large.body, to.model).body
      )
    })
  )

  it.live("is translated once for all attempts at its model", () =>
    Effect.gen(function* () {
      const { bodies, made, stop, turns } = translating()
      yield* Effect.addFinalizer(() => stop)
      const large = request(2_000)
      yield* made.complete(large, to)
      const [first = 0] = turns
      yield* made.complete(large, to)
      assert.strictEqual(bodies[0], bodies[1])
      assert.strictEqual(turns[1], first)
    })
  )

  it.live("is written in turns too if it is large, and only when it is sent if it is small", () =>
    Effect.gen(function* () {
      const { bodies, made, stop, texts, turns } = translating()
      yield* Effect.addFinalizer(() => stop)
      yield* made.complete(request(3), to)
      assert.isUndefined(texts[0])
      const body = { model: "m", messages: [{ role: "user", content: "a".repeat(20_000_000) }] }
      yield* made.complete({ operation: "chat/completions", body, text: JSON.stringify(body) }, to)
      assert.isTrue(texts[1] === JSON.stringify(bodies[1]))
      assert.isAtLeast(turns[1]! - turns[0]!, 4 + 20_000_000 / 2 ** 21)
    })
  )

  it.live("has a large answer translated in turns", () =>
    Effect.gen(function* () {
      const { made, stop, turns } = translating("a".repeat(20_000_000))
      yield* Effect.addFinalizer(() => stop)
      const answer = yield* made.complete(request(3), to)
      yield* made.complete(request(3), to)
      assert.isAtLeast(turns[1]! - turns[0]!, 20_000_000 / 2 ** 21)
      assert.isTrue(Buffer.from(JSON.stringify(answer.json)).equals(answer.body))
    })
  )

  it.live("is translated in turns without its text too, as one whose items were recalled", () =>
    Effect.gen(function* () {
      const { made, stop, turns } = translating()
      yield* Effect.addFinalizer(() => stop)
      const { body, operation } = request(2_000)
      yield* made.complete({ operation, body }, to)
      assert.isAtLeast(turns[0]!, 4)
    })
  )
})
