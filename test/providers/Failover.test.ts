import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as Failure from "../../src/failure/Failure.ts"
import { OpenAi } from "../../src/providers/OpenAi.ts"
import * as UndiciTransport from "../../src/providers/transport/UndiciTransport.ts"
import type * as Wire from "../../src/providers/wire/Wire.ts"
import * as FaultServer from "../support/FaultServer.ts"
import { eventually, openai, textOf, withTransport } from "../support/providers.ts"

const request: Wire.Request<OpenAi.Operation> = {
  operation: "chat/completions",
  body: { model: "smart", messages: [] }
}
const { events } = openai
const head = FaultServer.sseHead

/** A first provider with a script, and a healthy second one. */
const start = Effect.gen(function* () {
  const first = yield* FaultServer.make
  const second = yield* FaultServer.make
  second.answer((seen) =>
    seen.body.includes('"stream":true') ? FaultServer.sse(events) : FaultServer.json(openai.answer)
  )
  const policy = {
    retries: { times: 0 },
    timeouts: { firstContent: "100 millis", headers: "100 millis", idle: "100 millis", answer: "100 millis" }
  } as const
  const one = yield* OpenAi.make({ name: "one", baseUrl: first.origin, policy })
  const two = yield* OpenAi.make({ name: "two", baseUrl: second.origin })
  return { first, second, chain: Chain.make(Model.make(one, "a"), Model.make(two, "b")) }
}).pipe(withTransport(UndiciTransport.layer()))

describe("a chain of providers over HTTP", () => {
  const lost: ReadonlyArray<readonly [name: string, FaultServer.Behaviour]> = [
    ["no headers", [{ hang: true }]],
    ["a stall before the first content", [head, { send: events[0]! }, { hang: true }]],
    [
      "pings that go on for ever",
      [head, ...Array.from({ length: 50 }, () => [{ send: ": ping\n\n" }, { wait: 10 }]).flat()]
    ],
    ["an end before the first content", FaultServer.sse(events.slice(0, 2))],
    ["an empty stream", FaultServer.sse([])],
    ["a finish without content", FaultServer.sse([events[0]!, ...events.slice(4)])],
    [
      "an error event before the first content",
      FaultServer.sse([events[0]!, 'data: {"error":{"message":"busy"}}\n\n'])
    ],
    ["a 503", FaultServer.json({ error: { message: "busy" } }, 503)],
    ["a reset", [{ reset: true }]],
    ["HTML with status 200", FaultServer.text("<html></html>", 200, { "content-type": "text/html" })]
  ]

  for (const [name, behaviour] of lost) {
    it.live(`saves a stream from ${name}`, () =>
      Effect.gen(function* () {
        const { chain, first, second } = yield* start
        first.play(behaviour)
        const chunks = yield* Stream.runCollect(Failover.stream(chain, request))
        assert.strictEqual(textOf(chunks), events.join(""))
        assert.strictEqual(second.requests.length, 1)
        assert.strictEqual(first.requests.length, 1)
      }).pipe(Effect.provide(Failover.layer()))
    )
  }

  it.live("never mixes two answers: a failure after the first content ends the stream", () =>
    Effect.gen(function* () {
      const { chain, first, second } = yield* start
      const begun = events.slice(0, 3)
      const sent = [head, ...begun.map((send) => ({ send }))]
      const rows: ReadonlyArray<readonly [FaultServer.Behaviour, Failure.FailureClass]> = [
        [[...sent, { hang: true }], "Timeout"],
        [[...sent, { wait: 20 }, { reset: true }], "Truncated"],
        [[...sent, { end: true }], "Truncated"],
        [[...sent, { send: "data: {\n\n" }, { hang: true }], "Malformed"]
      ]
      for (const [behaviour, expected] of rows) {
        first.play(behaviour)
        const chunks: Array<Wire.Chunk> = []
        const error = yield* Failover.stream(chain, request).pipe(
          Stream.runForEach((chunk) => Effect.sync(() => void chunks.push(chunk))),
          Effect.flip,
          Effect.provide(Failover.layer(), { local: true })
        )
        assert(error._tag === "StreamBroken")
        assert.strictEqual(Failure.classOf(error.failure), expected)
        assert.strictEqual(textOf(chunks), begun.join(""))
      }
      assert.strictEqual(second.requests.length, 0)
      yield* eventually(() => first.requests[0]!.aborted)
    })
  )

  it.live("aborts the first provider's request if its whole answer does not arrive", () =>
    Effect.gen(function* () {
      const { chain, first } = yield* start
      first.play([{ hang: true }])
      const answer = yield* Failover.complete(chain, request)
      assert.strictEqual(Buffer.from(answer.body).toString(), JSON.stringify(openai.answer))
      yield* eventually(() => first.requests[0]!.aborted)
    }).pipe(Effect.provide(Failover.layer()))
  )
})
