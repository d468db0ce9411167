/** Codex sleeps for the whole `retry-after`, so it is not told one that no client should wait for. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, openai, provider, start } from "../../support/gateway.ts"

const reasons = {
  "a retired model": FaultServer.json(
    openai.error("model_not_found", "The model `m` has been deprecated"),
    404
  ),
  "a dead key": FaultServer.json(openai.error("invalid_api_key", "no"), 401)
}

const throttled = FaultServer.json(openai.error("rate_limit_exceeded", "slow"), 429, { "retry-after": "7" })

const policy = { retries: { times: 0 }, maxWait: 0, whenAllBenched: "fail" }

const asked = Effect.fnUntraced(function* (reason: FaultServer.Behaviour, headers: Record<string, string>) {
  const server = yield* FaultServer.make
  server.play(reason)
  const url = yield* start({
    providers: { a: provider("openai", server) },
    models: { smart: ["a/m"] },
    policy
  })
  const once = () =>
    ask(`${url}/v1/responses`, { headers, body: { model: "smart", input: "hi", stream: true } })
  return [yield* once(), yield* once()]
})

describe("a wait of more than a minute", () => {
  for (const [name, reason] of Object.entries(reasons)) {
    it.live(`because of ${name} is not named to Codex, which would sleep that long`, () =>
      Effect.gen(function* () {
        for (const headers of [{ "user-agent": "codex_exec/0.171.0" }, { originator: "codex_cli_rs" }]) {
          for (const got of yield* asked(reason, headers)) {
            assert.isAtLeast(got.status, 500)
            assert.isUndefined(got.headers["retry-after"])
            assert.strictEqual(got.headers["x-should-retry"], "false")
          }
        }
      })
    )

    it.live(`because of ${name} is named to others`, () =>
      Effect.gen(function* () {
        for (const got of yield* asked(reason, { "user-agent": "OpenAI/JS" })) {
          assert.isAbove(Number(got.headers["retry-after"]), 60)
        }
      })
    )
  }

  it.live("is left out, unlike a short one", () =>
    Effect.gen(function* () {
      for (const got of yield* asked(throttled, { originator: "codex_exec" })) {
        assert.isAtMost(Number(got.headers["retry-after"]), 7)
      }
    })
  )
})
