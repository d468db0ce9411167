/**
 * The first law on whole days: a request is answered if, within its deadline, a target that it has not called would answer it or one
 * that it may retry is well again; a failing target gets few calls; and nothing is left when all callers have gone.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { makeRuntime } from "../../src/engine/Runtime.ts"
import { makeSharedState } from "../../src/engine/SharedState.ts"
import * as EngineBench from "../../src/health/EngineBench.ts"
import { Backend, BenchRegistry, Chain, Failure, Model } from "../../src/index.ts"
import { Day, quiet } from "./answered/day.ts"
import { laws } from "./answered/judge.ts"
import { type Played, play } from "./answered/play.ts"
import { Standings, textOf } from "./answered/standing.ts"
import { check } from "./scenario.ts"

/** All laws check the same days, so each day is played once. */
const days = new Map<string, Played>()
afterAll(() => days.clear())

const played = (day: Day): Effect.Effect<Played> => {
  const name = JSON.stringify(day)
  const known = days.get(name)
  return known === undefined
    ? Effect.tap(play(day), (seen) => Effect.sync(() => days.set(name, seen)))
    : Effect.succeed(known)
}

describe("on every day", () => {
  for (const [name, law] of Object.entries(laws)) {
    it.effect.prop(name, [Day], ([day]) => Effect.map(played(day), (seen) => law(seen, day)), check(120))
  }
})

describe("no request is lost that has a retry left at a target that has recovered", () => {
  const judge = (day: Day) =>
    Effect.map(play(day), (seen) => {
      for (const law of Object.values(laws)) law(seen, day)
    })
  const hangs = { ...quiet.services[0]!, troubles: [{ way: "hang", from: 0, lasts: 2_000 }] } as const
  const fails = {
    ...quiet.services[0]!,
    latency: 5,
    troubles: [{ way: "ServerError", from: 0, lasts: 2_000 }]
  } as const

  it.effect("when its hedge had failed there, and its other attempt has timed out", () =>
    judge({
      ...quiet,
      services: [hangs, fails],
      callers: 20,
      policy: { ...quiet.policy, hedge: 5, maxWait: 0, timeout: 30_000, deadline: 600_000 }
    })
  )

  it.effect("when the retry budget had refused the retry, and the target after it has timed out", () =>
    judge({
      ...quiet,
      services: [fails, hangs],
      callers: 60,
      policy: { ...quiet.policy, maxWait: 0, timeout: 30_000, deadline: 600_000 }
    })
  )
})

it.effect(
  "no request is lost if its target hangs and the other one is throttled until some time before the deadline",
  () => {
    const day: Day = {
      ...quiet,
      services: [
        {
          ...quiet.services[0]!,
          latency: 5,
          troubles: [{ way: "hang", from: 3_000, lasts: 40_000 }],
          rpm: 6
        },
        {
          ...quiet.services[0]!,
          latency: 900,
          troubles: [{ way: "RateLimit with its end", from: 0, lasts: 9_000 }]
        }
      ],
      strategy: "leastLoaded",
      callers: 200,
      gap: 400,
      policy: { ...quiet.policy, deadline: 10_000 }
    }
    return Effect.map(play(day), (seen) => {
      for (const law of Object.values(laws)) law(seen, day)
    })
  }
)

it.effect(
  "no request is lost if its target hangs and its hedge hangs too, while another one can be called",
  () => {
    const [service] = quiet.services
    const day: Day = {
      ...quiet,
      services: [
        {
          ...service!,
          latency: 5,
          troubles: [{ way: "RateLimit for a second", from: 300, lasts: 2_000 }],
          rpm: 6
        },
        { ...service!, latency: 0, troubles: [{ way: "ModelMissing", from: 300, lasts: 200 }], weight: 0 },
        { ...service!, latency: 0, troubles: [{ way: "hang", from: 0, lasts: 40_000 }], rpm: 6, weight: 3 },
        { ...service!, latency: 5, troubles: [{ way: "hang", from: 0, lasts: 2_000 }] }
      ],
      tiers: [2],
      strategy: "leastLoaded",
      kind: "stream",
      callers: 200,
      gap: 400,
      names: -1,
      leaves: { every: 5, after: 0 },
      policy: { ...quiet.policy, deadline: 2_500, maxWait: 1_000, retryBudget: 0, hedge: 300 }
    }
    return Effect.map(play(day), (seen) => {
      for (const law of Object.values(laws)) law(seen, day)
    })
  }
)

it.effect(
  "a request may be lost if an operator has benched its target until just before its deadline",
  () => {
    const day: Day = {
      ...quiet,
      services: [{ ...quiet.services[0]!, latency: 900 }],
      callers: 200,
      byHand: [{ service: 0, at: 0, lasts: 60_000 }],
      policy: { ...quiet.policy, whenAllBenched: "wait" }
    }
    return Effect.map(play(day), (seen) => {
      assert.isTrue(seen.ends.some(({ how }) => how === "DeadlineExceeded"))
      for (const law of Object.values(laws)) law(seen, day)
    })
  }
)

describe("a request that has a retry left at a target that has recovered", () => {
  /** Identical requests of callers without a name. They count as one caller from its second failed visit on. */
  const alike: Day = {
    ...quiet,
    seed: 6,
    services: [
      { ...quiet.services[0]!, latency: 900, troubles: [{ way: "Balance", from: 0, lasts: 1e9 }], weight: 0 },
      {
        ...quiet.services[0]!,
        latency: 5,
        troubles: [{ way: "Malformed", from: 0, lasts: 2_000 }],
        weight: 0
      },
      { ...quiet.services[0]!, latency: 900, troubles: [{ way: "Empty", from: 0, lasts: 40_000 }], weight: 3 }
    ],
    strategy: "random",
    kind: "stream",
    callers: 200,
    gap: 10,
    names: -1,
    policy: { ...quiet.policy, deadline: 2_500, whenAllBenched: "wait", retryBudget: 1_000 }
  }

  it.effect(
    "is lost with `wait` if the target is benched until its deadline, also for its caller alone",
    () =>
      Effect.map(play(alike), (seen) => {
        const end = seen.ends.find(({ caller }) => caller === 91)!
        assert.strictEqual(end.how, "ChainExhausted")
        assert.deepStrictEqual(end.standings.map(textOf), [
          "p0/m#key Balance",
          "p1/m#key Malformed",
          "p2/m#key callable"
        ])
        for (const law of Object.values(laws)) law(seen, alike)
      })
  )

  it.effect("is not excused by a bench that holds for other callers", () =>
    Effect.map(play(alike), (seen) => {
      const ends = ofCaller(seen.ends, 91).map((end) => ({
        ...end,
        standings: end.standings.map((standing) => ({ ...standing, benchedFor: undefined }))
      }))
      const law = laws["no request is lost while a target that it may retry is well again"]!
      assert.throws(() => law({ ...seen, ends }, alike), "p1 was not retried; caller 91")
    })
  )
})

const ofCaller = (ends: Played["ends"], caller: number) => ends.filter((end) => end.caller === caller)

describe("the standing of a target for a request", () => {
  it.effect("depends on whether its caller is one for whom the target is benched", () =>
    Effect.gen(function* () {
      const backend = Backend.make("p", {})
      const registry = yield* BenchRegistry.makeMemory
      const runtime = makeRuntime(registry, { policy: { threshold: { unknown: 1 } }, retryBudget: 0 }, {})
      const chain = Chain.make(Model.make(backend, "m"))
      const one = { caller: "one", request: "q" }
      const failure = new Failure.Transient({ reason: "Malformed", message: "out of order" })
      yield* Effect.flip(runtime.use(chain, () => failure, { ...one, whenAllBenched: "fail" }))
      const standings = new Standings(EngineBench.of(registry), makeSharedState())
      const { target } = (yield* runtime.explain(chain))[0]!
      const textFor = (caller: string) => textOf(standings.of(target, { ...one, caller }, 0))
      assert.deepStrictEqual(
        [textFor("one"), textFor("two")],
        ["p/m#default Malformed", "p/m#default callable"]
      )
    })
  )
})
