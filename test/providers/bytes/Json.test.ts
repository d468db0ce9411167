/** The JSON of an answer is available when it is read, whatever its size and wherever the commit point was. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Chain, Failover, Model } from "../../../src/index.ts"
import { OpenAi } from "../../../src/providers/index.ts"
import * as FaultServer from "../../support/FaultServer.ts"
import { anthropic, dialects, openai, transports, withTransport } from "../../support/providers.ts"

for (const [name, transport] of transports) {
  describe(`JSON over ${name}`, () => {
    for (const dialect of dialects) {
      for (const size of [10, 300 * 1024]) {
        it.live(`can be read from an answer of ${size} bytes of ${dialect.name}`, () =>
          Effect.gen(function* () {
            const server = yield* FaultServer.make
            server.play(FaultServer.json({ ...dialect.answer, padding: "x".repeat(size) }))
            const provider = yield* dialect.make(server.origin)
            const { body, json } = yield* Failover.complete(
              Chain.make(Model.make(provider, "m")),
              dialect.request
            )
            assert.deepStrictEqual(json, JSON.parse(Buffer.from(body).toString()))
          }).pipe(Effect.provide(Failover.layer()), withTransport(transport))
        )
      }

      it.live(`can be read from every event of ${dialect.name} that has data`, () =>
        Effect.gen(function* () {
          const server = yield* FaultServer.make
          const content = dialect === openai ? openai.events[2]! : anthropic.events[3]!
          const events = [...dialect.events]
          events.splice(events.indexOf(content), 1, ...Array.from({ length: 20 }, () => content))
          server.play(FaultServer.sse(events))
          const provider = yield* dialect.make(server.origin)
          const chunks = yield* Stream.runCollect(
            Failover.stream(Chain.make(Model.make(provider, "m")), dialect.request)
          )
          const parsed = (text: string) => {
            const data = /^data: (.*)$/m.exec(text)?.[1]
            return data === undefined || data === "[DONE]" ? undefined : JSON.parse(data)
          }
          assert.deepStrictEqual(
            chunks.map(({ json }) => json),
            chunks.map(({ bytes }) => parsed(Buffer.from(bytes).toString()))
          )
          assert.isAbove(chunks.filter(({ json }) => json !== undefined).length, 20)
        }).pipe(Effect.provide(Failover.layer()), withTransport(transport))
      )
    }
  })
}

it.live("a large answer that only looks whole has no JSON", () =>
  Effect.gen(function* () {
    const server = yield* FaultServer.make
    server.play(FaultServer.text(`{"a":${"x".repeat(300 * 1024)}}`))
    const provider = yield* OpenAi.make({ baseUrl: `${server.origin}/v1` })
    const { json } = yield* Failover.complete(Chain.make(Model.make(provider, "m")), {
      operation: "chat/completions",
      body: { model: "m", messages: [] }
    })
    assert.isUndefined(json)
  }).pipe(Effect.provide(Failover.layer()), withTransport(transports[0]![1]))
)
