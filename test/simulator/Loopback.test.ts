/** Compares the real gateway over loopback, in real time, with a simulation of the same scenario. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { fromFile } from "../../src/config/GatewayConfig.ts"
import type { ScenarioFile } from "../../src/simulator/scenario/ScenarioFile.ts"
import * as FaultServer from "../support/FaultServer.ts"
import { ask, chat, openai, provider, start } from "../support/gateway.ts"
import { report, second, targetOf } from "../support/simulator.ts"

/** One minute at five times the speed. Waits and backoff are scaled too, and cooldowns are short, so that their phase matters little. */
const policy = {
  maxWait: 600,
  retries: { backoff: [100, 400] },
  cooldown: {
    transient: { base: 500, max: 500 },
    rateLimit: { base: 1_000, max: 60_000 }
  }
} as const

const whole = 80

const seeds = Array.from({ length: 10 }, (_, index) => index)

const scenarios: Readonly<Record<string, ScenarioFile & { readonly broken: FaultServer.Behaviour }>> = {
  throttled: {
    duration: 12 * second,
    requests: { perSecond: 20, stream: false },
    answers: { firstWord: whole, whole },
    faults: [{ target: "a", fault: "throttled", retryAfter: 1_000, from: 3 * second, until: 8 * second }],
    broken: FaultServer.json(openai.error("rate_limit_exceeded", "Rate limit reached"), 429, {
      "retry-after": "1"
    })
  },
  overloaded: {
    duration: 12 * second,
    requests: { perSecond: 20, stream: false },
    answers: { firstWord: whole, whole },
    faults: [{ target: "a", fault: "overloaded", from: 3 * second, until: 8 * second }],
    broken: FaultServer.json(openai.error("server_overloaded", "Overloaded"), 503)
  }
}

/** Sends requests on schedule to a gateway with two real servers. Counts which target answered, and how late. */
const real = ({ broken, duration, faults, requests }: (typeof scenarios)[string]) =>
  Effect.gen(function* () {
    const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
    const slow: FaultServer.Behaviour = [{ wait: whole }, ...FaultServer.json(openai.answer)]
    const url = yield* start({
      providers: { a: provider("openai", a), b: provider("openai", b) },
      models: { smart: ["a/large", "b/large"] },
      policy
    })
    const begun = performance.now()
    const now = () => performance.now() - begun
    const [{ from = 0, until = 0 } = {}] = faults
    const met = { calls: 0 }
    a.answer(() => {
      if (now() < Number(from) || now() >= Number(until)) return slow
      met.calls++
      return [{ wait: 80 }, ...broken]
    })
    b.play(slow)
    const gap = 1_000 / (requests?.perSecond ?? 1)
    const answers = yield* Effect.forEach(
      Array.from({ length: Number(duration) / gap }, (_, index) => index * gap),
      (at) =>
        Effect.gen(function* () {
          yield* Effect.sleep(Math.max(0, at - now()))
          const asked = performance.now()
          const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("smart") })
          return { status: got.status, by: got.headers["x-failover-target"], took: performance.now() - asked }
        }),
      { concurrency: "unbounded" }
    )
    return { answers, met: met.calls }
  })

describe("a simulation and the gateway", { timeout: 60_000 }, () => {
  it.live("agree within 12 % of the requests, in a minute that is five times as fast", () =>
    Effect.gen(function* () {
      const played = yield* Effect.all(
        Object.values(scenarios).map((scenario) => Effect.scoped(real(scenario))),
        { concurrency: "unbounded" }
      )
      for (const [index, [name, { broken: _, ...file }]] of Object.entries(scenarios).entries()) {
        const { answers, met } = played[index]!
        const config = fromFile(
          {
            providers: { a: { protocol: "openai" }, b: { protocol: "openai" } },
            models: { smart: ["a/large", "b/large"] },
            policy
          },
          []
        )
        const simulated = yield* report(file, config)
        const { answered, asked } = simulated.requests
        assert.strictEqual(answers.length, asked, name)
        assert.strictEqual(answers.filter(({ status }) => status === 200).length, answered, name)
        const by = (target: string) => answers.filter((answer) => String(answer.by).startsWith(target)).length
        // A cooldown of one second in the twelve may end just before the fault does, or just after it.
        const near = 0.12 * asked
        assert.approximately(by("a/large"), targetOf(simulated, "a/large#default").answered, near, name)
        assert.approximately(by("b/large"), targetOf(simulated, "b/large#default").answered, near, name)
        // The number of calls that meet the fault depends on random backoff, so this is the mean of ten seeds.
        const lucky = yield* Effect.forEach(seeds, (seed) => report({ ...file, seed }, config))
        const calls = lucky.reduce((sum, { faults }) => sum + faults[0]!.calls, 0) / seeds.length
        assert.approximately(met, calls, near, name)
        // The quickest one, because a busy machine delays the others.
        assert.approximately(Math.min(...answers.map(({ took }) => took)), 0.8 * whole, 0.8 * whole, name)
      }
    })
  )
})
