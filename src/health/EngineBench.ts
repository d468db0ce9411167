/**
 * The engine's half of a bench registry: synchronous, so that a decision and its record cannot be separated. It is internal;
 * applications use the other half, `BenchRegistry`.
 *
 * A shared registry keeps a local copy for these decisions and publishes the changes.
 */
import type * as Effect from "effect/Effect"
import * as MutableRef from "effect/MutableRef"
import * as Ref from "effect/Ref"
import type { Target } from "../domain/Target.ts"
import type { Failure } from "../failure/Failure.ts"
import type { Rest } from "../policy/Rule.ts"
import type { RunClock } from "../time/RunClock.ts"
import { AdmissionCache } from "./AdmissionCache.ts"
import * as AttemptCounts from "./AttemptCounts.ts"
import * as Bench from "./Bench.ts"
import { type BenchChange, infoOf } from "./BenchInfo.ts"

/** The property under which a registry keeps its engine's half. */
export const key: unique symbol = Symbol.for("effect-failover/EngineBench")

/** What the engine decides with and records to. All times are in milliseconds by the monotonic clock. */
export interface EngineBench {
  /**
   * Claims a probe among all processes of a shared bench. False means that another process is probing; the slot has been
   * released then. Absent on a bench that is not shared.
   */
  readonly claim?: ((probe: Bench.Probe) => Effect.Effect<boolean>) | undefined
  /** The state now. */
  readonly stateUnsafe: () => Bench.State
  /** The admission of a target without an entry, which any caller may call; `undefined` for other targets. */
  readonly freeUnsafe: (target: Target) => Bench.Go | undefined
  /** Decides whether a target may be called. Reads the clock only if there are entries. Without a caller every bench holds. */
  readonly admitUnsafe: (target: Target, now: RunClock, who?: Bench.Who) => Bench.Admission
  /**
   * Why a target is benched; `undefined` for one that may be called or probed, which then has to be admitted. Cheaper than
   * `admitUnsafe` if the same targets are benched for many requests.
   */
  readonly whyBenchedUnsafe: (target: Target, now: number, who?: Bench.Who) => Bench.Benched | undefined
  /** The attempt of a probe ended without a result. */
  readonly releaseUnsafe: (probe: Bench.Probe, now: number) => void
  /** A probe got an answer that is not complete yet: others may call the target. */
  readonly reopenUnsafe: (probe: Bench.Probe, now: number) => void
  readonly succeedUnsafe: (
    target: Target,
    admission: Bench.Go | Bench.Probe,
    now: RunClock,
    who?: Bench.Who
  ) => void
  readonly failUnsafe: (
    target: Target,
    admission: Bench.Go | Bench.Probe,
    failure: Failure,
    rest: Rest | undefined,
    now: number,
    who?: Bench.Who
  ) => void
  /** Any other step of the state machine, for health checks for example. */
  readonly modifyUnsafe: <A>(f: (state: Bench.State) => readonly [A, Bench.State], now: number) => A
}

/** The engine's half of a registry. */
export const of = (registry: { readonly [key]: EngineBench }): EngineBench => registry[key]

/** The engine's half in memory, and what the other half of the registry reads. */
export interface MemoryBench extends EngineBench {
  readonly counts: AttemptCounts.Tallies
  readonly listeners: Set<(change: BenchChange) => void>
}

const free: BenchChange["before"] = { status: "free", until: undefined }

/** Builds the engine's half in memory. */
export const makeMemory = (): MemoryBench => {
  const ref = Ref.makeUnsafe(Bench.make())
  const counts = new AttemptCounts.Tallies(Bench.mostUnlisted)
  const listeners = new Set<(change: BenchChange) => void>()
  const cache = new AdmissionCache()
  let go: Bench.Go = { _tag: "Go", generation: 0 }
  /** Another object after each change. A target keeps it, and so a state that nothing else needs is not kept. */
  let version = {}

  const set = (next: Bench.State, now: number, expires = true) => {
    const before = Ref.getUnsafe(ref)
    if (next === before) return
    if (expires) cache.expire()
    version = {}
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

  /** Keeps why a target is benched, unless that depends on the caller. */
  const keep = (state: Bench.State, target: Target, why: Bench.Benched, now: number) => {
    if (Bench.isForAll(state, why.key)) cache.saw(target, why, now)
  }

  /** Whether there is an entry for a target. A call past a benched target takes 0.67 µs, with lookups each time 0.78 (thread CPU, 2026-11-30). */
  const knows = (state: Bench.State, target: Target): boolean => {
    const { glance } = target
    if (state.entries.size === 0 || glance.unknownIn === version) return false
    if (cache.has(target) || Bench.knows(state, target)) return true
    glance.unknownIn = version
    return false
  }
  const freeUnsafe = (target: Target): Bench.Go | undefined =>
    knows(Ref.getUnsafe(ref), target) ? undefined : go
  const admitUnsafe = (target: Target, time: RunClock, who?: Bench.Who): Bench.Admission => {
    const state = Ref.getUnsafe(ref)
    if (!knows(state, target)) return go
    const now = time.millis()
    const seen = cache.of(target, now)
    if (seen !== undefined) return seen
    const [admission, next] = Bench.admit(state, target, now, false, who)
    set(next, now)
    if (admission._tag === "Benched") keep(state, target, admission, now)
    return admission._tag === "Go" ? go : admission
  }
  const whyBenchedUnsafe = (target: Target, now: number, who?: Bench.Who): Bench.Benched | undefined => {
    const state = Ref.getUnsafe(ref)
    if (state.entries.size === 0) return undefined
    const seen = cache.of(target, now)
    if (seen !== undefined) return seen
    const why = Bench.peek(state, target, now, false, who)
    if (why !== undefined) keep(state, target, why, now)
    return why
  }
  const releaseUnsafe = (probe: Bench.Probe, now: number) =>
    set(Bench.release(Ref.getUnsafe(ref), probe, now), now)
  const reopenUnsafe = (probe: Bench.Probe, now: number) =>
    set(Bench.reopen(Ref.getUnsafe(ref), probe, now), now)
  const succeedUnsafe = (
    target: Target,
    admission: Bench.Go | Bench.Probe,
    time: RunClock,
    who?: Bench.Who
  ) => {
    counts.succeeded(target)
    const state = Ref.getUnsafe(ref)
    if (!knows(state, target)) return
    const now = time.millis()
    set(Bench.succeed(state, target, admission, now, who), now)
  }
  const failUnsafe = (
    target: Target,
    admission: Bench.Go | Bench.Probe,
    failure: Failure,
    rest: Rest | undefined,
    now: number,
    who?: Bench.Who
  ) => {
    counts.failed(target, failure, now)
    const state = Ref.getUnsafe(ref)
    // A first bench of a key changes nothing for targets that are benched already.
    const isNew = rest !== undefined && state.entries.get(target.benchKeys[rest.scope])?.reason === undefined
    set(Bench.fail(state, target, admission, failure, rest, now, who), now, !isNew)
  }

  const modifyUnsafe = <A>(f: (state: Bench.State) => readonly [A, Bench.State], now: number): A => {
    const [result, next] = f(Ref.getUnsafe(ref))
    set(next, now)
    return result
  }

  return {
    counts,
    listeners,
    stateUnsafe: () => Ref.getUnsafe(ref),
    modifyUnsafe,
    freeUnsafe,
    admitUnsafe,
    whyBenchedUnsafe,
    releaseUnsafe,
    reopenUnsafe,
    succeedUnsafe,
    failUnsafe
  }
}
