/** A client whose prompts crash a model does not bench the model for other clients. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, openai, provider, start } from "../../support/gateway.ts"

/** What the prompt of the noisy client leads to, by failure class. */
const crashes: Readonly<Record<string, (stream: boolean) => FaultServer.Behaviour>> = {
  ServerError: () => FaultServer.json({ error: { message: "the model has crashed" } }, 500),
  Empty: (stream) =>
    stream
      ? FaultServer.sse(["data: [DONE]\n\n"])
      : FaultServer.json({ choices: [{ index: 0, message: { role: "assistant" }, finish_reason: "stop" }] }),
  Malformed: (stream) => (stream ? FaultServer.sse(["data: {\n\n"]) : FaultServer.json("{")),
  Truncated: () => [
    { head: 200, headers: { "content-type": "application/json" } },
    { send: '{"choices":' },
    { reset: true }
  ],
  Unknown: () => FaultServer.json({ error: { message: "strange", type: "strange" } })
}

const tokens = ["token-of-the-noisy-one", "token-of-another"]

/** Clients that the gateway distinguishes by their tokens, or by their conversations. */
const clients = {
  "their tokens": { server: { tokens }, noisy: tokens[0]!, other: tokens[1]! },
  "their conversations": { server: { tokens: [tokens[1]!] }, noisy: tokens[1]!, other: tokens[1]! }
}

describe("a client whose prompts crash the first model", () => {
  for (const [tell, { noisy, other, server }] of Object.entries(clients)) {
    for (const stream of [false, true]) {
      it.live(
        `takes it away from no others, told apart by ${tell}, as ${stream ? "streams" : "whole answers"}`,
        () =>
          Effect.gen(function* () {
            const [first, second] = [yield* FaultServer.make, yield* FaultServer.make]
            const good = stream ? FaultServer.sse(openai.events) : FaultServer.json(openai.answer)
            second.play(good)
            for (const [name, crash] of Object.entries(crashes)) {
              first.answer(({ body }) => (body.includes("crash") ? crash(stream) : good))
              const url = yield* start({
                providers: { first: provider("openai", first), second: provider("openai", second) },
                models: { smart: ["first/m", "second/m"] },
                policy: {
                  retries: { times: 0 },
                  cooldown: { transient: { base: "250 millis", max: "250 millis" } }
                },
                server
              })
              // A header that the client makes up does not make it another client.
              let made = 0
              const send = (token: string, content: string) =>
                ask(`${url}/v1/chat/completions`, {
                  headers: {
                    authorization: `Bearer ${token}`,
                    ...(server.tokens.length > 1 && { "x-api-key": `${made++}` })
                  },
                  body: { model: "smart", stream, messages: [{ role: "user", content }] }
                })
              let moved = 0
              const rounds = 25
              for (let round = 0; round < rounds; round++) {
                for (let i = 0; i < 3; i++) yield* send(noisy, "crash")
                const got = yield* send(other, `hello ${round}`)
                assert.strictEqual(got.status, 200, `${name}: ${got.text}`)
                if (got.headers["x-failover-target"] !== "first/m#k1") moved++
                yield* Effect.sleep("20 millis")
              }
              // A conversation is recognized from its second failure on. Until then the target is benched for a quarter of a second.
              assert.isAtMost(moved, server.tokens.length > 1 ? 0 : rounds / 2, name)
            }
          }).pipe(Effect.scoped),
        120_000
      )
    }
  }
})
