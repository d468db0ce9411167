/**
 * `npm run bench -- --scale`: the cost of a decision by the number of known keys and the length of the chain. Each line has its aim.
 *
 * Most aims are ratios: the same operation at 10 and at 100,000.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Strategy from "../src/domain/Strategy.ts"
import * as Bench from "../src/health/Bench.ts"
import * as EngineBench from "../src/health/EngineBench.ts"
import {
  Backend,
  BenchRegistry,
  Chain,
  Credential,
  Failover,
  Failure,
  Model,
  Policy,
  Target
} from "../src/index.ts"
import { RunClock } from "../src/time/RunClock.ts"
import { measure, type Subject } from "./measure.ts"

const repeated = (name: string, operation: () => void): Subject => ({
  name,
  run: async (count) => {
    for (let i = 0; i < count; i++) operation()
  }
})

const inFiber = (name: string, operation: Effect.Effect<unknown, unknown>): Subject => ({
  name,
  run: (count) =>
    Effect.runPromise(
      Effect.gen(function* () {
        for (let i = 0; i < count; i++) yield* operation
      })
    )
})

const throttled = new Failure.RateLimit({ message: "slow down" })
const rest = Policy.defaults.rules.RateLimit.rest
const credential = Credential.make("k")
const now = new RunClock(Context.empty())

const targetOf = (model: string, provider = "p") =>
  Target.make({ provider, model, credential, policy: Policy.defaults })

/** Benches this many keys, then uses `among` of them in turn. */
const registryOf = (known: number, byHand = 0) => {
  const registry = EngineBench.makeMemory()
  const at = Date.now()
  for (let i = 0; i < known; i++) {
    registry.failUnsafe(
      targetOf(`m${i}`),
      { _tag: "Go", generation: 0 },
      throttled,
      { ...rest!, base: 3_600_000, max: 3_600_000 },
      at
    )
  }
  for (let i = 0; i < byHand; i++) {
    registry.modifyUnsafe(
      (state) => [
        undefined,
        Bench.bench(state, `p/by-hand${i}`, {
          since: at,
          until: Number.POSITIVE_INFINITY,
          reason: undefined,
          by: undefined
        })
      ],
      at
    )
  }
  return registry
}

/** One admission of a benched target, one of a free one, one recorded failure and one recorded answer. */
const decisions = (known: number, byHand = 0): Subject => {
  const registry = registryOf(known, byHand)
  const benched = targetOf("m0")
  const free = targetOf("free", "other")
  const failing = targetOf("failing", "third")
  return repeated(`${known + byHand} known`, () => {
    registry.admitUnsafe(benched, now)
    const admission = registry.admitUnsafe(free, now)
    if (admission._tag !== "Benched") registry.succeedUnsafe(free, admission, now)
    registry.failUnsafe(
      failing,
      { _tag: "Go", generation: registry.stateUnsafe().generation },
      throttled,
      rest,
      now.millis()
    )
  })
}

const answers = Effect.succeed("answer")
const fails = Effect.fail(throttled)
const healthy = Backend.make("healthy", { call: answers as Effect.Effect<string, Failure.Failure> })
const failing = Backend.make("failing", { call: fails as Effect.Effect<string, Failure.Failure> })

/** A request to a chain of this many models, of which the first `benched` are benched. */
const request = (name: string, models: number, benched = 0, first = healthy): Effect.Effect<Subject> =>
  Effect.gen(function* () {
    const failover = yield* Failover.Failover
    const registry = yield* BenchRegistry.BenchRegistry
    const links = Array.from({ length: models }, (_, i) => Model.make(i === 0 ? first : healthy, `m${i}`))
    for (let i = 0; i < benched; i++) yield* registry.bench(`healthy/m${i}`)
    const chain = Chain.withPolicy(Chain.fromLinks(links), { rules: { RateLimit: { rest: null } } })
    return inFiber(
      name,
      failover.useAnswered(chain, (backend) => backend.service.call)
    )
  }).pipe(Effect.provide(Failover.layer(), { local: true }))

/** A request that fails while this many keys are known. */
const failingRequest = (known: number): Effect.Effect<Subject> =>
  Effect.gen(function* () {
    const failover = yield* Failover.Failover
    const registry = yield* BenchRegistry.BenchRegistry
    for (let i = 0; i < known; i++) yield* registry.bench(`other/m${i}`)
    const chain = Chain.withPolicy(Chain.make(Model.make(failing, "a"), Model.make(failing, "b")), {
      rules: { RateLimit: { retry: "never", rest: { threshold: 1_000_000_000 } } }
    })
    return inFiber(
      `${known} known`,
      Effect.exit(failover.useAnswered(chain, (backend) => backend.service.call))
    )
  }).pipe(Effect.provide(Failover.layer(), { local: true }))

const order = (strategy: Strategy.Strategy, count: number): Subject => {
  const items = Array.from({ length: count }, (_, i) => i)
  return repeated(
    `${strategy}, ${count}`,
    () => void Strategy.order(strategy, items, (i) => 1 + (i % 7), 0, Math.random)
  )
}

type Aim =
  | { readonly _tag: "Times"; readonly most: number }
  | { readonly _tag: "Micros"; readonly most: number }

/** Measures subjects. The aim applies to the last one, in microseconds or as a multiple of the first one. */
const table = async (title: string, subjects: ReadonlyArray<Subject>, aim: Aim): Promise<void> => {
  if (only !== undefined && !title.includes(only)) return
  const rows = await measure(subjects)
  console.log(`\n${title.padEnd(52)}   median     least      most`)
  for (const { least, median, most, name } of rows) {
    const columns = [median, least, most].map((n) => n.toFixed(2).padStart(9)).join(" ")
    console.log(`  ${name.padEnd(50)}${columns}`)
  }
  const last = rows.at(-1)!.median
  const is = aim._tag === "Times" ? last / rows[0]!.median : last
  const unit = aim._tag === "Times" ? " times" : " µs"
  console.log(
    `  aim: at most ${aim.most}${unit}; is ${is.toFixed(2)}${unit}: ${is <= aim.most ? "reached" : "missed"}`
  )
}

/** A word of a title, to measure only that table. */
const only = process.argv[process.argv.indexOf("--scale") + 1]

const run = Effect.runPromise

/** Prints all tables. */
export const print = async (): Promise<void> => {
  const twice: Aim = { _tag: "Times", most: 2 }
  await table(
    "Admit, record and pick",
    [10, 1_000, 100_000].map((known) => decisions(known)),
    twice
  )
  await table("The same, with 100,000 manual benches", [decisions(10), decisions(10, 100_000)], twice)
  await table(
    "A request whose first target is free",
    await Promise.all([10, 1_000, 100_000].map((models) => run(request(`a chain of ${models}`, models)))),
    twice
  )
  await table(
    "The same, the first target failing",
    await Promise.all(
      [10, 1_000, 100_000].map((models) => run(request(`a chain of ${models}`, models, 0, failing)))
    ),
    twice
  )
  await table(
    "The first 999 of 1,000 are benched",
    [await run(request("the last one answers", 1_000, 999))],
    {
      _tag: "Micros",
      most: 50
    }
  )
  // A linear cost is ten times as high for ten times as many. The rest is the cost of CPU cache misses.
  for (const strategy of ["random", "weighted"] as const) {
    await table(`The order of credentials: ${strategy}`, [order(strategy, 1_000), order(strategy, 10_000)], {
      _tag: "Times",
      most: 20
    })
  }
  await table(
    "A request that fails: 5,000 a second are 200 µs each",
    await Promise.all([10, 1_000, 100_000].map((known) => run(failingRequest(known)))),
    { _tag: "Micros", most: 200 }
  )
}
