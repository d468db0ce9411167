/**
 * Random scenarios: chains, credentials, policies, what every provider does at every call, when callers come and when they
 * disconnect. They are plain data, so that a failing one is printed shrunk and can be replayed.
 */
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { Failure, type Policy as Policies, Strategy } from "../../src/index.ts"

const speaking = ["one", "two", "three", "held", "wait 5", "wait 700"] as const

/** What happens in a call. Waits are milliseconds. A failure may name a time to wait. */
export const StepName = Schema.Literals([
  ...speaking,
  "complete",
  "wait 8000",
  "wait 50000",
  "hang",
  "die",
  "end",
  ...Failure.failureClasses,
  "RateLimit after 0",
  "RateLimit after 900",
  "RateLimit after 30000",
  "Overloaded after 900",
  "InvalidKey until 20000"
])

const List = <S extends Schema.Constraint>(item: S, minimum: number, maximum: number) =>
  Schema.Array(item).check(Schema.isBetweenLength(minimum, maximum))
const Index = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))

/** Failures, after a while. The decision table has a row of its own for each. */
const telling = [
  "wait 5",
  "wait 700",
  "RateLimit after 900",
  "RateLimit after 30000",
  "InvalidKey",
  "Overloaded",
  "MaxTokens",
  "ContextExceeded"
] as const

/** A third of the calls succeed. */
const Call = Schema.Union([
  List(Schema.Literals(speaking), 1, 5),
  List(Schema.Literals(telling), 1, 3),
  List(StepName, 0, 5)
])

const Provider = Schema.Struct({
  strategy: Schema.Literals(Strategy.strategies),
  /** The base URL of each credential. */
  places: List(Schema.Literals(["own", "here", "there"]), 1, 3),
  /** It cannot be interrupted, and ends only when it has finished. */
  stubborn: Schema.Boolean,
  /** Its requests have an output limit that can be left out. */
  capped: Schema.Literals([true, false])
})

const Link = Schema.Struct({
  provider: Index(2),
  model: Index(1),
  window: Schema.Literals([0, 1_000, 4_000])
})

const Caller = Schema.Struct({
  /** Most callers come at the same time. */
  at: Schema.Literals([0, 1, 2, 3, 500, 6_000, 30_000]),
  asks: Schema.Literals(["complete", "stream", "open"]),
  /** When it disconnects: never, after a time, or after a number of turns of the scheduler. */
  leaves: Schema.Union([
    Schema.Literal("never"),
    Schema.Struct({ after: Schema.Literals([0, 3, 600, 4_000, 20_000]) }),
    Schema.Struct({ turns: Index(40) })
  ])
})

const Policy = Schema.Struct({
  attempts: Schema.Literals([8, 1, 2, 3, 4]),
  deadline: Schema.Literals([600_000, 90_000, 15_000, 2_500, 100]),
  fallbackReserve: Schema.Literals([0.5, 0, 0.25, 0.9]),
  maxWait: Schema.Literals([3_000, 0, 1_000]),
  whenAllBenched: Schema.Literals(["tryAnyway", "wait", "fail"]),
  commit: Schema.Literals(["first content", "second chunk", "complete"]),
  timeout: Schema.Literals([30_000, 5_000, 500]),
  retries: Schema.Literals([2, 0, 1, 3]),
  threshold: Schema.Literals([1, 2]),
  retryBudget: Schema.Literals([0.2, 0, 1_000])
})

/** A scenario: what happens to one runtime. */
export const Scenario = Schema.Struct({
  seed: Schema.Int,
  /** Operations between two yields of a fiber, at least 3. With fewer, fibers interleave in more ways. */
  turn: Schema.Literals([2_048, 3, 4, 5, 7]),
  providers: List(Provider, 1, 3),
  chain: List(Link, 1, 4),
  onContextExceeded: List(Link, 0, 1),
  onContentPolicy: List(Link, 0, 1),
  policy: Policy,
  /** What targets do, call by call. Each target takes one of these scripts and repeats it. */
  scripts: List(List(Call, 1, 3), 1, 4),
  callers: List(Caller, 1, 6),
  /** Keys that an operator benches. */
  byHand: List(
    Schema.Struct({
      at: Schema.Literals([0, 400, 7_000]),
      scope: Schema.Literals(["target", "credential", "model", "provider"]),
      link: Index(3),
      millis: Schema.Literals([1_000, 60_000, 1e12])
    }),
    0,
    1
  )
})

/** A scenario: what happens to one runtime. */
export interface Scenario extends Schema.Schema.Type<typeof Scenario> {
  /** Whether requests are hedged. Default: no. */
  readonly hedge?: Policies.Options["hedge"]
  /** Whether the limits of targets are learned. Default: no. */
  readonly learnedLimit?: Policies.Options["learnedLimit"]
}

/** A plain scenario, as a base for others: a provider with one model and one key for each script. */
export const quiet = (scripts: Scenario["scripts"], policy: Partial<Scenario["policy"]> = {}): Scenario => ({
  seed: 1,
  turn: 2_048,
  providers: scripts.map(() => ({ strategy: "sequential", places: ["own"], stubborn: false, capped: true })),
  chain: scripts.map((_, provider) => ({ provider, model: 0, window: 0 })),
  onContextExceeded: [],
  onContentPolicy: [],
  policy: {
    attempts: 8,
    deadline: 90_000,
    fallbackReserve: 0.5,
    maxWait: 3_000,
    whenAllBenched: "tryAnyway",
    commit: "first content",
    timeout: 30_000,
    retries: 2,
    threshold: 1,
    retryBudget: 0.2,
    ...policy
  },
  scripts,
  callers: [{ at: 0, asks: "complete", leaves: "never" }],
  byHand: []
})

/** Generates scenarios. */
export const arbitrary: Arbitrary.Arbitrary<Scenario> = Arbitrary.schema(Scenario)

/**
 * How many scenarios a law is tested with, and from which seed. The seed is fixed, so that a failure comes from the latest
 * change. `LAWS_RUNS=5000 LAWS_SEED=7 npx vitest run test/laws` tests more scenarios, and others.
 */
export const check = (runs: number) => ({
  arbitrary: {
    runs: Number(process.env.LAWS_RUNS ?? runs),
    seed: process.env.LAWS_SEED ?? "effect-failover",
    maxShrinks: 2_000
  },
  timeout: 600_000
})
