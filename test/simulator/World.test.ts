/** The simulated providers: limits, queues, recurring faults, prompt caches. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { fromFile } from "../../src/config/GatewayConfig.ts"
import { minute, report, second, targetOf } from "../support/simulator.ts"

/** One target that is never benched, because a bench would hide its behaviour. */
const alone = fromFile(
  {
    providers: { one: { protocol: "openai" } },
    models: { it: "one/large" },
    policy: {
      attempts: 1,
      rules: {
        RateLimit: { retry: "never", rest: null, next: "stop" },
        Overloaded: { retry: "never", rest: null, next: "stop" },
        ServerError: { retry: "never", rest: null, next: "stop" }
      }
    }
  },
  []
)

describe("a provider", () => {
  it.effect("with a cap accepts its rate and a second's worth at once, and refuses the rest", () =>
    Effect.gen(function* () {
      const { faults, requests } = yield* report(
        {
          duration: minute,
          requests: { perSecond: 10 },
          faults: [{ target: "one", fault: "capped", perMinute: 240 }]
        },
        alone
      )
      // Four a second for a minute, and the four that were available at the start.
      assert.approximately(requests.answered, 4 * 60 + 4, 1)
      assert.strictEqual(faults[0]?.calls, requests.failed)
    })
  )

  it.effect("that is crowded serves its slots, queues some calls, and refuses the others", () =>
    Effect.gen(function* () {
      const crowd = (queue?: number) =>
        report(
          {
            duration: second,
            requests: { perSecond: 6, stream: false },
            answers: { firstWord: 10_000, whole: 10_000 },
            faults: [{ target: "one", fault: "crowded", slots: 2, ...(queue !== undefined && { queue }) }]
          },
          alone
        )
      const patient = yield* crowd()
      assert.strictEqual(patient.requests.answered, 6)
      // Three turns of two, ten seconds each, a fifth more or less.
      assert.isAtLeast(patient.times.all!.max, 24 * second)
      assert.isAtMost(patient.times.all!.max, 36 * second)
      const short = yield* crowd(1)
      assert.strictEqual(short.requests.answered, 3)
      assert.deepStrictEqual(targetOf(short, "one/large#default").failures, { Overloaded: 3 })
    })
  )

  it.effect("with a recurring fault has it only in the first part of each period", () =>
    Effect.gen(function* () {
      const { intervals, requests } = yield* report(
        {
          duration: 2 * minute,
          requests: { perSecond: 1 },
          faults: [
            {
              target: "one",
              fault: "serverError",
              from: 20 * second,
              until: 80 * second,
              every: 20 * second,
              lasts: 5 * second
            }
          ]
        },
        alone
      )
      assert.strictEqual(requests.failed, 3 * 5)
      const lost = intervals.filter(({ lost }) => lost > 0).map(({ from, lost }) => [from / second, lost])
      assert.deepStrictEqual(lost, [
        [20, 5],
        [40, 5],
        [60, 5]
      ])
    })
  )

  it.effect("reads the known part of a conversation from its cache, at a lower cost", () =>
    Effect.gen(function* () {
      const warm = yield* report(
        {
          duration: 100 * second,
          requests: {
            perSecond: 0.1,
            stream: false,
            conversations: { turns: 10, pause: 10 * second, grows: 1_000 },
            tokens: { prompt: 2_000, answer: 300 }
          },
          prices: { "one/large": { input: 10, cachedInput: 1, output: 100 } },
          faults: []
        },
        alone
      )
      // Ten turns of 2, 3, … 11 thousand tokens. Each reads the tokens of the previous one from the cache.
      const input = 65_000
      const cached = input - 11_000
      assert.deepStrictEqual(warm.tokens, { input, cached, output: 3_000 })
      assert.approximately(warm.cost!, (11_000 * 10 + cached * 1 + 3_000 * 100) / 1e6, 1e-9)
      assert.deepStrictEqual(warm.conversations, { conversations: 1, turns: 10, atOneTarget: 1 })
    })
  )

  it.effect("keeps conversations at one target, unless the config has no affinity", () =>
    Effect.gen(function* () {
      const stayed = (affinity: "conversation" | "off") => {
        const file = {
          providers: { one: { protocol: "openai" as const }, two: { protocol: "openai" as const } },
          models: { smart: [["one/large", "two/large"]] },
          server: { affinity }
        }
        const scenario = { duration: 5 * minute, requests: { perSecond: 2, conversations: {} }, faults: [] }
        return Effect.map(
          report(scenario, fromFile(file, [])),
          ({ conversations }) => conversations!.atOneTarget
        )
      }
      assert.isAbove(yield* stayed("conversation"), 0.9)
      assert.isBelow(yield* stayed("off"), 0.75)
    })
  )

  it.effect("with a cold cache takes longer to its first content", () =>
    Effect.gen(function* () {
      const talk = (cacheLasts: number) =>
        report(
          {
            duration: 2 * minute,
            requests: {
              perSecond: 0.5,
              conversations: { turns: 100, pause: 2 * second, grows: 0 },
              tokens: { prompt: 10_000 }
            },
            answers: { firstWord: 1_000, reading: 200, cacheLasts },
            faults: []
          },
          alone
        )
      const [warm, cold] = yield* Effect.all([talk(10 * second), talk(second)])
      assert.approximately(warm.times.all!.p50, 1_000, 200)
      assert.approximately(cold.times.all!.p50, 3_000, 200)
      assert.strictEqual(cold.tokens.cached, 0)
    })
  )
})
