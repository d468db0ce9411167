/** The learned limits of targets are on the status page, in the admin API and in the metrics. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, openai, provider, start } from "../../support/gateway.ts"

const adminToken = "admin-token-0123456789"
const bearer = { authorization: `Bearer ${adminToken}` }

/** A gateway in front of a provider that takes two requests at once, after six have come together. */
const learned = Effect.gen(function* () {
  const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
  a.answer(() =>
    a.running > 2
      ? FaultServer.json(openai.error("rate_limit_exceeded", "slow down"), 429)
      : [{ wait: 300 }, ...FaultServer.json(openai.answer)]
  )
  b.play(FaultServer.json(openai.answer))
  const url = yield* start({
    providers: { a: provider("openai", a), b: provider("openai", b) },
    models: { smart: ["a/large", "b/small"] },
    policy: { learnedLimit: true },
    server: { adminToken }
  })
  yield* Effect.all(
    Array.from({ length: 6 }, () => ask(`${url}/v1/chat/completions`, { body: chat("smart") })),
    { concurrency: "unbounded" }
  )
  return url
}).pipe(
  Effect.provideServiceEffect(
    Metric.MetricRegistry,
    Effect.sync(() => new Map())
  )
)

describe("a limit that was learned", () => {
  it.live("is in the status, in the health of the target, in its explanation and in the metrics", () =>
    Effect.gen(function* () {
      const url = yield* learned
      const of = (path: string) =>
        Effect.map(ask(`${url}${path}`, { headers: bearer }), ({ text }) => JSON.parse(text))
      const { rows } = yield* of("/status")
      const [row] = rows.filter(({ key }: { readonly key: string }) => key === "a/large#k1")
      const { atOnce } = row.takes
      assert.isAtLeast(atOnce, 1)
      assert.isAtMost(atOnce, 5)
      const health = yield* of("/admin/health")
      const [own] = health.filter(({ key }: { readonly key: string }) => key === "a/large#k1")
      assert.deepInclude(own.learned, { limit: atOnce, inFlight: 0, waiting: 0 })
      const { targets } = yield* of("/admin/explain?model=smart")
      assert.deepStrictEqual(targets[0].learned, own.learned)
      assert.isUndefined(targets[1].learned)
      const { text } = yield* ask(`${url}/metrics`)
      const labels = 'provider="a",model="large",credential="k1"'
      assert.include(text, `failover_learned_limit{${labels},of="at_once"} ${atOnce}\n`)
      assert.include(text, `failover_learned_limit_waiting{${labels}} 0\n`)
    })
  )
})
