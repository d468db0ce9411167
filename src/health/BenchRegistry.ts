/**
 * The bench as a service: one per process, shared by all chains, so that one request benefits from the failures of others.
 *
 * Its state is an immutable map in one `Ref`. The decisions of the hot path (`admitUnsafe`, `succeedUnsafe`, …) are
 * synchronous, so that a decision and its record cannot be separated; a shared registry keeps a local copy for them and
 * publishes the changes.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as MutableRef from "effect/MutableRef"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type BenchKey, parse as parseKey } from "../domain/BenchKey.ts"
import type { Target } from "../domain/Target.ts"
import type { Failure } from "../failure/Failure.ts"
import type { Rest } from "../policy/Rule.ts"
import { RunClock } from "../time/RunClock.ts"
import * as Checks from "../util/Checks.ts"
import { AdmissionCache } from "./AdmissionCache.ts"
import * as AttemptCounts from "./AttemptCounts.ts"
import * as Bench from "./Bench.ts"
import { type BenchChange, type BenchInfo, type Health, infoOf, statusOf } from "./BenchInfo.ts"

export {
  type BenchChange,
  type BenchInfo,
  type Health,
  infoOf,
  isRelease,
  isRest,
  type Status,
  statusOf
} from "./BenchInfo.ts"

import * as MonotonicClock from "../time/MonotonicClock.ts"

/** For how long and why a key is benched manually. */
export interface BenchOptions {
  /** A duration from now. Default: until the key is released manually. */
  readonly for?: Duration.Input | undefined
  /** Or a time, in milliseconds since the epoch by the wall clock. */
  readonly until?: number | undefined
  readonly reason?: string | undefined
  readonly by?: string | undefined
}

/**
 * The bench of the process. For applications and operators: `bench`, `unbench`, `isBenched`, `list`, `report`,
 * `credentials`, `changes`, and `admit`/`record` for code that makes attempts of its own. The methods ending in `Unsafe` are the
 * engine's.
 *
 * @category services
 */
export class BenchRegistry extends Context.Service<
  BenchRegistry,
  {
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

    /**
     * Claims a probe among all processes of a shared bench. False means that another process is probing; the slot has been
     * released then. Absent on a bench that is not shared.
     */
    readonly claim?: ((probe: Bench.Probe) => Effect.Effect<boolean>) | undefined
    /** The state now. */
    readonly stateUnsafe: () => Bench.State
    /** Reads the clock only if there are entries, as do the methods below. */
    readonly admitUnsafe: (target: Target, now: RunClock) => Bench.Admission
    /**
     * Why a target is benched; `undefined` for one that may be called or probed, which then has to be admitted. Cheaper than
     * `admitUnsafe` if the same targets are benched for many requests.
     */
    readonly restingUnsafe: (target: Target, now: number) => Bench.Resting | undefined
    readonly releaseUnsafe: (probe: Bench.Probe, now: number) => void
    readonly reopenUnsafe: (probe: Bench.Probe, now: number) => void
    readonly succeedUnsafe: (target: Target, admission: Bench.Go | Bench.Probe, now: RunClock) => void
    readonly failUnsafe: (
      target: Target,
      admission: Bench.Go | Bench.Probe,
      failure: Failure,
      rest: Rest | undefined,
      now: number
    ) => void
    /** Any other step of the state machine, for health checks for example. */
    readonly modifyUnsafe: <A>(f: (state: Bench.State) => readonly [A, Bench.State], now: number) => A
  }
>()("effect-failover/BenchRegistry") {}

function* benchProblems(key: BenchKey, options: BenchOptions): Iterable<string> {
  if (typeof key !== "string" || parseKey(key) === undefined) {
    yield `${JSON.stringify(key)} is no bench key; it has to be one such as "openai", "openai/gpt-5.2" or "openai/gpt-5.2#backup"`
  }
  yield* Checks.fieldProblems(options, {
    for: Checks.duration,
    until: Checks.number("a moment, in milliseconds since the epoch", { most: Number.POSITIVE_INFINITY })
  })
  if (options.for !== undefined && options.until !== undefined) {
    yield "for and until are both given; it has to be one of them"
  }
}

const free: BenchChange["before"] = { status: "free", until: undefined }

/** Builds a registry in memory. */
export const makeMemory: Effect.Effect<BenchRegistry["Service"]> = Effect.sync(() => {
  const ref = Ref.makeUnsafe(Bench.make())
  const tallies = new AttemptCounts.Tallies(Bench.room)
  const listeners = new Set<(change: BenchChange) => void>()
  const glances = new AdmissionCache()
  let go: Bench.Go = { _tag: "Go", generation: 0 }

  const set = (next: Bench.State, now: number, expires = true) => {
    const before = Ref.getUnsafe(ref)
    if (next === before) return
    if (expires) glances.expire()
    MutableRef.set(ref.ref, next)
    if (next.generation !== go.generation) go = { _tag: "Go", generation: next.generation }
    if (listeners.size === 0) return
    for (const [key, old] of before.entries.replacedBy(next.entries)) {
      const entry = next.entries.get(key)
      // No change is published for forgotten entries: they were free, or idle.
      if (entry === undefined || entry === old) continue
      const change: BenchChange = {
        at: now,
        info: infoOf(key, entry, now, next.held.has(key)),
        before: old === undefined ? free : infoOf(key, old, now, before.held.has(key))
      }
      for (const listener of listeners) listener(change)
    }
  }

  const admitUnsafe = (target: Target, time: RunClock): Bench.Admission => {
    const state = Ref.getUnsafe(ref)
    if (!Bench.knows(state, target)) return go
    const now = time.millis()
    const [admission, next] = Bench.admit(state, target, now)
    set(next, now)
    return admission._tag === "Go" ? go : admission
  }
  const restingUnsafe = (target: Target, now: number): Bench.Resting | undefined => {
    const state = Ref.getUnsafe(ref)
    if (state.entries.size === 0) return undefined
    const seen = glances.of(target, now)
    if (seen !== undefined) return seen
    const why = Bench.peek(state, target, now)
    if (why !== undefined) glances.saw(target, why, now)
    return why
  }
  const releaseUnsafe = (probe: Bench.Probe, now: number) =>
    set(Bench.release(Ref.getUnsafe(ref), probe, now), now)
  const reopenUnsafe = (probe: Bench.Probe, now: number) =>
    set(Bench.reopen(Ref.getUnsafe(ref), probe, now), now)
  const succeedUnsafe = (target: Target, admission: Bench.Go | Bench.Probe, time: RunClock) => {
    tallies.succeeded(target)
    const state = Ref.getUnsafe(ref)
    if (!Bench.knows(state, target)) return
    const now = time.millis()
    set(Bench.succeed(state, target, admission, now), now)
  }
  const failUnsafe = (
    target: Target,
    admission: Bench.Go | Bench.Probe,
    failure: Failure,
    rest: Rest | undefined,
    now: number
  ) => {
    tallies.failed(target, failure, now)
    const state = Ref.getUnsafe(ref)
    // A first bench of a key changes nothing for targets that are benched already.
    const isNew = rest !== undefined && state.entries.get(target.benchKeys[rest.scope])?.reason === undefined
    set(Bench.fail(state, target, admission, failure, rest, now), now, !isNew)
  }

  /** The health of keys at a time. */
  const healthAt = (now: number) => {
    const state = Ref.getUnsafe(ref)
    const { held } = state
    return (key: BenchKey, tally: AttemptCounts.AttemptCounts): Health => {
      const entry = state.entries.get(key)
      if (entry === undefined) return { ...tally, key, status: "free", until: undefined }
      const { status, until } = infoOf(key, entry, now, held.has(key))
      return { ...tally, key, status, until }
    }
  }

  const modifyUnsafe = <A>(f: (state: Bench.State) => readonly [A, Bench.State], now: number): A => {
    const [result, next] = f(Ref.getUnsafe(ref))
    set(next, now)
    return result
  }

  return {
    stateUnsafe: () => Ref.getUnsafe(ref),
    modifyUnsafe,
    admitUnsafe,
    restingUnsafe,
    releaseUnsafe,
    reopenUnsafe,
    succeedUnsafe,
    failUnsafe,
    admit: (target) =>
      Effect.acquireRelease(
        Effect.map(Effect.context<never>(), (context) => admitUnsafe(target, new RunClock(context))),
        (admission) =>
          admission._tag === "Probe"
            ? Effect.map(MonotonicClock.currentTimeMillis, (now) => releaseUnsafe(admission, now))
            : Effect.void
      ),
    record: (target, admission, failure, rest) =>
      Effect.map(Effect.context<never>(), (context) => {
        const now = new RunClock(context)
        if (failure === undefined) succeedUnsafe(target, admission, now)
        else failUnsafe(target, admission, failure, rest, now.millis())
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
        set(Bench.bench(Ref.getUnsafe(ref), key, manual), now)
      }),
    unbench: (key) =>
      Effect.map(MonotonicClock.currentTimeMillis, (now) => {
        const state = Ref.getUnsafe(ref)
        const entry = state.entries.get(key)
        if (entry === undefined || statusOf(entry, now) === "free") return false
        set(Bench.unbench(state, key, now), now)
        return true
      }),
    isBenched: (key) =>
      Effect.map(MonotonicClock.currentTimeMillis, (now) => {
        const { entries, held } = Ref.getUnsafe(ref)
        const entry = entries.get(key)
        const status = entry === undefined ? "free" : statusOf(entry, now, held.has(key))
        return status === "resting" || status === "manual"
      }),
    list: Effect.map(MonotonicClock.currentTimeMillis, (now) => {
      const { entries, held } = Ref.getUnsafe(ref)
      return [...entries]
        .map(([key, entry]) => infoOf(key, entry, now, held.has(key)))
        .filter((info) => info.status !== "free")
    }),
    report: Effect.map(MonotonicClock.currentTimeMillis, (now) => {
      const health = healthAt(now)
      const report = new Map<string, Health>()
      for (const [key, tally] of tallies.targets()) report.set(key, health(key, tally))
      for (const key of Ref.getUnsafe(ref).entries.keys()) {
        if (report.has(key)) continue
        const untried = health(key, AttemptCounts.none)
        if (untried.status !== "free") report.set(key, untried)
      }
      return [...report.values()]
    }),
    credentials: Effect.map(MonotonicClock.currentTimeMillis, (now) =>
      Array.from(tallies.credentials(), ([key, tally]) => healthAt(now)(key, tally))
    ),
    changes: Stream.callback<BenchChange>(
      (queue) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            const listener = (change: BenchChange) => void Queue.offerUnsafe(queue, change)
            listeners.add(listener)
            return listener
          }),
          (listener) => Effect.sync(() => listeners.delete(listener))
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
