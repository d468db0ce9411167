/** Compares simulations of small cases with results computed by hand, and with queueing theory. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { fromFile, type GatewayConfig } from "../../src/config/GatewayConfig.ts"
import type { Options } from "../../src/policy/Policy.ts"
import { minute, report, second, targetOf, told } from "../support/simulator.ts"

const providers = (names: ReadonlyArray<string>, policy: Options, retryBudget?: number): GatewayConfig => ({
  ...fromFile(
    {
      providers: Object.fromEntries(names.map((name) => [name, { protocol: "openai" as const }])),
      models: { it: names.map((name) => `${name}/large`) }
    },
    []
  ),
  policy,
  ...(retryBudget !== undefined && { retryBudget })
})

/** Three standard deviations of how many of `n` happen, each with probability `p`. */
const margin = (n: number, p: number) => 3 * Math.sqrt(n * p * (1 - p))

describe("retries at a provider that fails a share of its calls", { timeout: 120_000 }, () => {
  it.effect(
    "lose the third power of that share, and make as many calls as the sum of its powers, if nothing is benched",
    () =>
      Effect.gen(function* () {
        const p = 0.3
        // One retry per request in the long run, and no bench: so each request has its two retries.
        const config = providers(["one"], { rules: { ServerError: { rest: null } } }, 1)
        const { requests } = yield* report(
          {
            duration: 8 * minute,
            requests: { perSecond: 5 },
            faults: [{ target: "one", fault: "serverError", share: p }]
          },
          config
        )
        const { asked, calls, failed } = requests
        assert.approximately(failed, asked * p ** 3, margin(asked, p ** 3))
        // A second call with probability p, a third one with its square.
        assert.approximately(calls, asked * (1 + p + p ** 2), margin(asked, p) + margin(asked, p ** 2))
      })
  )
})

describe("an outage", { timeout: 120_000 }, () => {
  it.effect("is probed after a second, and after cooldowns of 5, 10, 15, 15 … seconds", () =>
    Effect.gen(function* () {
      const config = providers(["one", "two"], { retries: { times: 0 } })
      const { faults, targets, timeline } = yield* report(
        {
          duration: 4 * minute,
          // One request at a time, often enough that a probe starts at most a tenth of a second late.
          requests: { perSecond: 10, stream: false },
          answers: { firstWord: 50, whole: 50 },
          faults: [{ target: "one", fault: "serverError", from: 0, until: 2 * minute }]
        },
        config
      )
      // One early probe after a second, since the callers cannot be told apart. The cooldown starts again with it: probes at 6, 16, 31, 46 … 106
      // and 121 s; the last one succeeds.
      const one = targets.find(({ target }) => target === "one/large#default")!
      assert.strictEqual(one.probes, 10)
      // Calls that were made before the first failure was known: eighty milliseconds at ten a second.
      assert.strictEqual(faults[0]?.calls, 1 + 9)
      const [back] = told({ timeline } as Parameters<typeof told>[0], "back")
      assert.approximately(back!.at, 121 * second, 1_500)
    })
  )

  it.effect("of a provider that does not answer costs each request in flight exactly the timeout", () =>
    Effect.gen(function* () {
      const config = providers(["one", "two"], {
        timeouts: { headers: "7 seconds", firstContent: "7 seconds" }
      })
      const { requests, times } = yield* report(
        {
          duration: minute,
          requests: { perSecond: 1 },
          faults: [{ target: "one", fault: "silent", from: 0, until: minute }]
        },
        config
      )
      assert.approximately(times.added!.max, 7 * second, 5)
      // The calls of the first seven seconds, and then one probe for each cooldown of 5, 10 and 20 s.
      assert.approximately(requests.rescued, 7 + 3, 1)
    })
  )
})

/** The mean wait in a queue with `c` servers, `load` (arrivals times service) and a mean service time: Erlang's C. */
const erlangC = (c: number, load: number, service: number) => {
  let term = 1
  let sum = 1
  for (let k = 1; k < c; k++) {
    term *= load / k
    sum += term
  }
  const last = (term * load) / c / (1 - load / c)
  const waits = last / (sum + last)
  return { waits, mean: (waits * service) / (c - load) }
}

describe("a provider with a limited number of slots", { timeout: 120_000 }, () => {
  const cases = [
    { slots: 1, perSecond: 5, service: 100 },
    { slots: 3, perSecond: 4, service: 600 },
    { slots: 10, perSecond: 8, service: 1_000 }
  ]
  for (const { perSecond, service, slots } of cases) {
    it.effect(`makes its callers wait like an M/M/${slots} queue`, () =>
      Effect.gen(function* () {
        const { faults, requests, times } = yield* report(
          {
            duration: (12_000 / perSecond) * second,
            requests: { perSecond, arrivals: "random", stream: false },
            answers: { firstWord: service, whole: service, spread: "exponential" },
            faults: [{ target: "one", fault: "crowded", slots }]
          },
          providers(["one"], {})
        )
        const expected = erlangC(slots, (perSecond * service) / 1000, service)
        assert.strictEqual(requests.answered, requests.asked)
        assert.approximately(times.all!.mean, service + expected.mean, 0.1 * (service + expected.mean))
        assert.approximately(faults[0]!.calls / requests.asked, expected.waits, 0.05)
      })
    )
  }
})

describe("equals", { timeout: 120_000 }, () => {
  it.effect("share the requests evenly when they are alike", () =>
    Effect.gen(function* () {
      const config: GatewayConfig = {
        ...providers(["a", "b", "c"], {}),
        ...fromFile(
          {
            providers: { a: { protocol: "openai" }, b: { protocol: "openai" }, c: { protocol: "openai" } },
            models: { it: [["a/large", "b/large", "c/large"]] }
          },
          []
        )
      }
      const played = yield* report({ duration: 5 * minute, requests: { perSecond: 10 }, faults: [] }, config)
      for (const name of ["a", "b", "c"]) {
        const { answered } = targetOf(played, `${name}/large#default`)
        assert.approximately(answered, 1_000, margin(3_000, 1 / 3))
      }
    })
  )
})
