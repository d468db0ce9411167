/**
 * The benefit and the cost of choosing among equals: `npm run bench -- --choice`.
 *
 * Behaviour is simulated in virtual time with all defaults. Costs are measured. Each line has its aim.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"
import {
  Backend,
  BenchRegistry,
  Chain,
  Credential,
  Failover,
  Failure,
  Model,
  type Strategy
} from "../src/index.ts"
import { measure } from "./measure.ts"

const verdict = (name: string, value: number, most: number, unit: string) =>
  console.log(
    `  ${name.padEnd(72)}${value.toFixed(3).padStart(9)}${unit}   aim: at most ${most}${unit}: ${value <= most ? "reached" : "missed"}`
  )

const percentile = (numbers: ReadonlyArray<number>, share: number) =>
  numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.ceil(share * numbers.length) - 1)] ?? 0

/** A service that takes about `factor` seconds and fails for a share of its attempts. */
const service = (factor: number, errors: number) => {
  const calls = { count: 0 }
  const ask = Effect.gen(function* () {
    calls.count++
    yield* Effect.sleep(factor * (800 + 400 * (yield* Random.next)))
    if ((yield* Random.next) < errors)
      return yield* new Failure.Transient({ reason: "ServerError", message: "oops" })
  })
  return { ask, calls }
}

type Service = ReturnType<typeof service>

const chainOf = (services: ReadonlyArray<Service>, strategy: Strategy.Strategy) =>
  Chain.withStrategy(
    Chain.equalsOf(services.map((each, i) => Model.make(Backend.make(`p${i}`, each), "m"))),
    strategy
  )

interface Outcome {
  readonly began: number
  readonly took: number
  readonly attempts: number
  readonly isLost: boolean
}

/** Requests at this rate per second for this many seconds. */
const play = (
  chain: ReturnType<typeof chainOf>,
  perSecond: number,
  seconds: number,
  affinity?: (i: number) => string
) =>
  Effect.gen(function* () {
    const outcomes: Array<Outcome> = []
    const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
    for (let i = 0; i < perSecond * seconds; i++) {
      const one = Effect.gen(function* () {
        const began = yield* Clock.currentTimeMillis
        const failover = yield* Failover.Failover
        const served = yield* Effect.option(
          failover.useAnswered(chain, ({ service: { ask } }) => ask, affinity && { affinity: affinity(i) })
        )
        const took = (yield* Clock.currentTimeMillis) - began
        outcomes.push(
          served._tag === "Some"
            ? { began, took, attempts: served.value.attempts, isLost: false }
            : { began, took, attempts: 0, isLost: true }
        )
      })
      fibers.push(yield* Effect.forkChild(one))
      yield* TestClock.adjust(1_000 / perSecond)
    }
    yield* TestClock.adjust("2 minutes")
    for (const fiber of fibers) yield* Fiber.await(fiber)
    return outcomes
  }).pipe(
    Effect.provide(Failover.layer()),
    Effect.provide(TestClock.layer()),
    Random.withSeed("choice"),
    Effect.scoped
  )

const slow = async () => {
  console.log("\nOne of three equals ten times slower, 20 requests a second for five minutes, leastLoaded")
  const healthy = await Effect.runPromise(
    play(chainOf([service(1, 0), service(1, 0), service(1, 0)], "leastLoaded"), 20, 300)
  )
  for (const strategy of ["random", "leastLoaded"] as const) {
    const services = [service(1, 0), service(1, 0), service(10, 0)]
    const outcomes = await Effect.runPromise(play(chainOf(services, strategy), 20, 300))
    const ratio =
      percentile(
        outcomes.slice(200).map(({ took }) => took),
        0.99
      ) /
      percentile(
        healthy.map(({ took }) => took),
        0.99
      )
    const share = services[2]!.calls.count / outcomes.length
    console.log(`  ${strategy}: the slow one got ${(100 * share).toFixed(2)} % of the requests`)
    if (strategy === "leastLoaded") {
      verdict("p99, as a multiple of three healthy ones", ratio, 1.3, "")
      const calls = services.reduce((sum, { calls: { count } }) => sum + count, 0)
      verdict("upstream requests more than callers", (100 * calls) / outcomes.length - 100, 5, " %")
    } else console.log(`  ${strategy}: p99 is ${ratio.toFixed(1)} times that of three healthy ones`)
  }
}

const errors = async () => {
  console.log("\n30 % errors at one of two equals, 20 requests a second for two minutes")
  for (const strategy of ["leastLoaded", "random"] as const) {
    const outcomes = await Effect.runPromise(
      play(chainOf([service(1, 0), service(1, 0.3)], strategy), 20, 120)
    )
    const later = outcomes.filter(({ began }) => began >= 15_000)
    verdict(`${strategy}: requests lost`, outcomes.filter(({ isLost }) => isLost).length, 0, "")
    verdict(
      `${strategy}: attempts per request after 15 s`,
      later.reduce((sum, { attempts }) => sum + attempts, 0) / later.length,
      1.05,
      ""
    )
  }
}

/** Three replicas without shared state, for an hour, with 40 conversations, and one target benched for a minute in the middle. */
const affinity = async () => {
  console.log("\nAffinity over an hour on three replicas, with one bench of a minute in it")
  for (const conversations of [30, 300]) {
    const replica = (number: number) =>
      Effect.gen(function* () {
        const turns = new Map<string, Map<string, number>>()
        const chain = Chain.equalsOf(["a", "b", "c"].map((name) => Model.make(Backend.make(name, {}), "m")))
        const failover = yield* Failover.Failover
        const { bench } = yield* BenchRegistry.BenchRegistry
        // Every conversation has a turn about every 30 s, at a random replica.
        for (let second = 0; second < 3_600; second++) {
          if (second === 1_800) yield* bench("a/m#default", { for: "1 minute" })
          for (let i = 0; i < conversations; i++) {
            if ((yield* Random.next) > 1 / 90) continue
            const { target } = yield* failover.useAnswered(chain, () => Effect.void, {
              affinity: `conversation ${i}`
            })
            const at = turns.get(String(i)) ?? new Map<string, number>()
            turns.set(String(i), at.set(target.key, (at.get(target.key) ?? 0) + 1))
          }
          yield* TestClock.adjust("1 second")
        }
        return turns
      }).pipe(
        Effect.provide(Failover.layer()),
        Effect.provide(TestClock.layer()),
        Random.withSeed(`replica ${number}`),
        Effect.scoped
      )
    const all = await Effect.runPromise(Effect.forEach([1, 2, 3], replica))
    let [home, whole] = [0, 0]
    for (let i = 0; i < conversations; i++) {
      const at = new Map<string, number>()
      for (const turns of all)
        for (const [key, count] of turns.get(String(i)) ?? []) at.set(key, (at.get(key) ?? 0) + count)
      home += Math.max(0, ...at.values())
      for (const count of at.values()) whole += count
    }
    verdict(`${conversations} conversations: turns away from home`, 100 - (100 * home) / whole, 3, " %")
  }
}

const costs = async () => {
  console.log("\nCosts, in microseconds of this thread")
  const services = () => Array.from({ length: 3 }, (_, i) => Model.make(Backend.make(`c${i}`, {}), "m"))
  const single = Chain.fromLinks(services())
  const equals = Chain.equalsOf(services())
  const keys = Array.from({ length: 1_000 }, (_, i) => ({
    affinity: `0198c6f2-8a1e-7c3b-9d54-2f6b8e0a${i}`.padEnd(36, "0")
  }))
  // One runtime for all chains. It has prepared each chain before the measurement.
  const failover = await Effect.runPromise(
    Effect.provide(
      Effect.map(Failover.Failover, (service) => service),
      Failover.layer()
    )
  )
  const call = (name: string, chain: Chain.Chain<Backend.Backend>, isKeyed = false) => {
    const run = (count: number) =>
      Effect.runPromise(
        Effect.gen(function* () {
          for (let i = 0; i < count; i++) {
            yield* failover.useAnswered(chain, () => Effect.void, isKeyed ? keys[i % keys.length] : undefined)
          }
        })
      )
    return { name, run }
  }
  const rows = await measure([call("single", single), call("equals", equals), call("affinity", equals, true)])
  const median = (name: string) => rows.find((row) => row.name === name)?.median ?? Number.NaN
  console.log(`  a chain of three single-target tiers ${median("single").toFixed(3)} µs`)
  verdict("three equals, leastLoaded: in addition", median("equals") - median("single"), 0.25, " µs")
  verdict(
    "three equals, leastLoaded and affinity: in addition",
    median("affinity") - median("single"),
    0.25,
    " µs"
  )

  // Both call the same number of different targets, so that only the size of the tier differs.
  const tier = (size: number, strategy: Strategy.Strategy) => {
    const [first, ...rest] = Array.from({ length: size }, (_, i) =>
      Credential.make(`k${i}`, { weight: 1 + (i % 3) })
    )
    const backend = Backend.make(`${strategy}${size}`, {}, { credentials: [first!, ...rest], strategy })
    return Chain.make(Model.make(backend, "m"))
  }
  for (const strategy of ["roundRobin", "random", "weighted", "leastLoaded"] as const) {
    const subjects = [call("few", tier(10, strategy)), call("many", tier(100_000, strategy))]
    for (const { run } of subjects) await run(1)
    const calls = await measure(subjects)
    const ratio = calls[1]!.median / calls[0]!.median
    verdict(`${strategy}: a call in a tier of 100,000 targets, as a multiple of one of 10`, ratio, 2, "")
  }
  console.log("  affinity looks at every target of a tier: its cost grows with their number.")
}

/** Runs all simulations and measurements. */
export const run = async (): Promise<void> => {
  await slow()
  await errors()
  await affinity()
  await costs()
}
