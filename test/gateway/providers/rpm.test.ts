import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, message, openai, provider, start } from "../../support/gateway.ts"

describe("a credential with rpm", () => {
  it.live(
    "serves its limit, then the next target answers, then 429 in the caller's protocol with a retry-after",
    () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make
        server.play(FaultServer.json(openai.answer))
        const at = provider("openai", server, ["key-one", "key-two"])
        const credentials = at.credentials.map((credential, index) => ({ ...credential, rpm: 2 - index }))
        const url = yield* start({ providers: { a: { ...at, credentials } } })
        const targets: Array<unknown> = []
        for (let i = 0; i < 3; i++) {
          const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/x") })
          targets.push(got.headers["x-failover-target"])
        }
        assert.deepStrictEqual(targets, ["a/x#k1", "a/x#k1", "a/x#k2"])
        const refused = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/x") })
        assert.strictEqual(refused.status, 429)
        assert.strictEqual(refused.at("error.type"), "rate_limit_error")
        assert.include(String(refused.at("error.message")), "a#k1 (OwnLimit)")
        const wait = Number(refused.headers["retry-after"])
        assert.isTrue(wait >= 25 && wait <= 30, `${wait}`)
        const other = yield* ask(`${url}/v1/messages`, { body: message("a/x") })
        assert.strictEqual(other.status, 429)
        assert.strictEqual(other.at("error.type"), "rate_limit_error")
        assert.strictEqual((yield* ask(`${url}/readyz`)).status, 200, "it is well")
        assert.lengthOf(server.requests, 3)
      })
  )
})
