/**
 * The bench as a service: one per process, shared by all chains, so that one request benefits from the failures of others.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type BenchKey, parse as parseKey } from "../domain/BenchKey.ts"
import type { Target } from "../domain/Target.ts"
import type { Failure } from "../failure/Failure.ts"
import type { Rest } from "../policy/Rule.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import { RunClock } from "../time/RunClock.ts"
import * as Checks from "../util/Checks.ts"
import * as AttemptCounts from "./AttemptCounts.ts"
import * as Bench from "./Bench.ts"
import { type BenchChange, type BenchInfo, type Health, infoOf, statusOf } from "./BenchInfo.ts"
import * as EngineBench from "./EngineBench.ts"

export type { Admission, Benched, Go, Probe } from "../domain/Admission.ts"
export {
  type BenchChange,
  type BenchInfo,
  type Health,
  isBenching,
  isRelease,
  type Status
} from "./BenchInfo.ts"

/** For how long and why a key is benched manually. */
export interface BenchOptions {
  /** A duration from now. Default: until the key is released manually. */
  readonly for?: Duration.Input | undefined
  /** Or a time, in milliseconds since the epoch by the wall clock. */
  readonly until?: number | undefined
  readonly reason?: string | undefined
  readonly by?: string | undefined
}

/** What the registry does. Times are milliseconds since the epoch. */
export interface Registry {
  /**
   * Decides whether this target may be called now. A probe's slot is held until the attempt is recorded or the scope
   * closes.
   */
  readonly admit: (target: Target) => Effect.Effect<Bench.Admission, never, Scope.Scope>
  /** Records how an admitted attempt ended: `undefined` for an answer. `rest` states what is benched then. */
  readonly record: (
    target: Target,
    admission: Bench.Go | Bench.Probe,
    failure: Failure | undefined,
    rest?: Rest | undefined
  ) => Effect.Effect<void>
  /** Benches a key manually. Only `unbench` or its end clears it; a longer manual bench stays. */
  readonly bench: (key: BenchKey, options?: BenchOptions) => Effect.Effect<void>
  /** Takes a key off the bench, with its history. False when it was not there. */
  readonly unbench: (key: BenchKey) => Effect.Effect<boolean>
  /** True while the key is benched, manually or by failures. */
  readonly isBenched: (key: BenchKey) => Effect.Effect<boolean>
  /** Every key that is benched, half-open or being probed. */
  readonly list: Effect.Effect<ReadonlyArray<BenchInfo>>
  /** Counts and state of every target seen, and the state of every other key on the bench. */
  readonly report: Effect.Effect<ReadonlyArray<Health>>
  /**
   * Counts of every credential seen, all its models together, and the state of its own key (`openai#backup`);
   * `report` has the state of its models.
   */
  readonly credentials: Effect.Effect<ReadonlyArray<Health>>
  /** Every change from now on. A slow reader loses the oldest of 256. */
  readonly changes: Stream.Stream<BenchChange>

  /** The engine's half; internal. */
  readonly [EngineBench.key]: EngineBench.EngineBench
}

/**
 * The bench of the process. For applications and operators: `bench`, `unbench`, `isBenched`, `list`, `report`,
 * `credentials`, `changes`, and `admit`/`record` for code that makes attempts of its own.
 *
 * @category services
 */
export class BenchRegistry extends Context.Service<BenchRegistry, Registry>()(
  "effect-failover/BenchRegistry"
) {}

function* benchProblems(key: BenchKey, options: BenchOptions): Iterable<string> {
  if (typeof key !== "string" || parseKey(key) === undefined) {
    yield `${Checks.quoted(key)} is not a bench key; it has to be one such as "openai", "openai/gpt-5.2" or "openai/gpt-5.2#backup"`
  }
  yield* Checks.fieldProblems(options, {
    for: Checks.duration,
    until: Checks.number("a time, in milliseconds since the epoch", { most: Number.POSITIVE_INFINITY }),
    reason: Checks.text,
    by: Checks.text
  })
  if (Checks.object(options) !== undefined) return
  if (options.for !== undefined && options.until !== undefined) {
    yield "for and until are both given; it has to be one of them"
  }
}

/** Builds a registry in memory. */
export const makeMemory: Effect.Effect<Registry> = Effect.sync(() => {
  const bench = EngineBench.makeMemory()

  /** The health of keys at a time. */
  const healthAt = (now: number) => {
    const state = bench.stateUnsafe()
    const { held } = state
    return (key: BenchKey, tally: AttemptCounts.AttemptCounts): Health => {
      const entry = state.entries.get(key)
      if (entry === undefined) return { ...tally, key, status: "free", until: undefined }
      const { status, until } = infoOf(key, entry, now, held.has(key))
      return { ...tally, key, status, until }
    }
  }

  return {
    [EngineBench.key]: bench,
    admit: (target) =>
      Effect.acquireRelease(
        Effect.map(Effect.context<never>(), (context) => bench.admitUnsafe(target, new RunClock(context))),
        (admission) =>
          admission._tag === "Probe"
            ? Effect.map(MonotonicClock.currentTimeMillis, (now) => bench.releaseUnsafe(admission, now))
            : Effect.void
      ),
    record: (target, admission, failure, rest) =>
      Effect.map(Effect.context<never>(), (context) => {
        const now = new RunClock(context)
        if (failure === undefined) bench.succeedUnsafe(target, admission, now)
        else bench.failUnsafe(target, admission, failure, rest, now.millis())
      }),
    bench: (key, options = {}) =>
      Effect.zipWith(MonotonicClock.currentTimeMillis, MonotonicClock.ahead, (now, ahead) => {
        Checks.refuse("BenchRegistry.bench", benchProblems(key, options))
        const until =
          options.until !== undefined
            ? options.until - ahead
            : options.for === undefined
              ? Number.POSITIVE_INFINITY
              : now + Duration.toMillis(options.for)
        const manual = { since: now, until, reason: options.reason, by: options.by }
        bench.modifyUnsafe((state) => [undefined, Bench.bench(state, key, manual)], now)
      }),
    unbench: (key) =>
      Effect.map(MonotonicClock.currentTimeMillis, (now) => {
        const state = bench.stateUnsafe()
        const entry = state.entries.get(key)
        if (entry === undefined || statusOf(entry, now) === "free") return false
        bench.modifyUnsafe((state) => [undefined, Bench.unbench(state, key, now)], now)
        return true
      }),
    isBenched: (key) =>
      Effect.map(MonotonicClock.currentTimeMillis, (now) => {
        const { entries, held } = bench.stateUnsafe()
        const entry = entries.get(key)
        const status = entry === undefined ? "free" : statusOf(entry, now, held.has(key))
        return status === "resting" || status === "manual"
      }),
    list: Effect.map(MonotonicClock.currentTimeMillis, (now) => {
      const { entries, held } = bench.stateUnsafe()
      return [...entries]
        .map(([key, entry]) => infoOf(key, entry, now, held.has(key)))
        .filter((info) => info.status !== "free")
    }),
    report: Effect.map(MonotonicClock.currentTimeMillis, (now) => {
      const health = healthAt(now)
      const report = new Map<string, Health>()
      for (const [key, tally] of bench.counts.targets()) report.set(key, health(key, tally))
      for (const key of bench.stateUnsafe().entries.keys()) {
        if (report.has(key)) continue
        const untried = health(key, AttemptCounts.none)
        if (untried.status !== "free") report.set(key, untried)
      }
      return [...report.values()]
    }),
    credentials: Effect.map(MonotonicClock.currentTimeMillis, (now) =>
      Array.from(bench.counts.credentials(), ([key, tally]) => healthAt(now)(key, tally))
    ),
    changes: Stream.callback<BenchChange>(
      (queue) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            const listener = (change: BenchChange) => void Queue.offerUnsafe(queue, change)
            bench.listeners.add(listener)
            return listener
          }),
          (listener) => Effect.sync(() => bench.listeners.delete(listener))
        ),
      { bufferSize: 256, strategy: "sliding" }
    )
  }
})

/** Provides a registry in the memory of this process. It is bounded: keys that have been idle for an hour are forgotten. */
export const layerMemory: Layer.Layer<BenchRegistry> = Layer.effect(
  BenchRegistry,
  Effect.suspend(() => makeMemory)
)
