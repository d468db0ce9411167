/**
 * Whether targets have room for another attempt under their learned limits. While no target has refused an attempt, nothing is
 * looked up.
 */
import type { Begun, Capacity } from "../../capacity/Capacity.ts"
import type { Signals, SignalsOf } from "../../choice/Signals.ts"
import type { Target } from "../../domain/Target.ts"
import * as Failure from "../../failure/Failure.ts"
import type * as Bench from "../../health/Bench.ts"
import type { RunClock } from "../../time/RunClock.ts"

/** The learned limits of a target, and their use. */
export interface Learned {
  /** Attempts under way, streams to their end. */
  readonly inFlight: number
  /** How many attempts may be under way at once; absent while unknown. */
  readonly limit?: number | undefined
  /** How many attempts may begin per second; absent while unknown. */
  readonly perSecond?: number | undefined
  /** Requests that wait for room. */
  readonly waiting: number
}

/** A target, and the limits that were learned of it. */
export interface LearnedLimit extends Learned {
  /** `provider/model#credential` */
  readonly key: string
}

/** A target at its limit is checked again after so many milliseconds, or when an attempt ends. */
const soon = 1_000

/** The learned limits of one runtime. */
export class Room {
  /** The signals of all targets. */
  readonly signals: SignalsOf

  constructor(signals: SignalsOf) {
    this.signals = signals
  }

  /** Whether any target has refused an attempt. Until then all targets have room. */
  get mayBeFull(): boolean {
    return !this.signals.refusing.isEmpty
  }

  /**
   * Why a target has no room for another attempt; `undefined` if it has. Requests that wait for room come first: `isNext` is
   * true for the next one of them.
   */
  why(target: Target, now: number, isNext = false): Bench.Benched | undefined {
    if (this.signals.refusing.isEmpty) return undefined
    const settings = target.policy.learnedLimit
    if (settings === undefined) return undefined
    const { capacity, load } = this.signals.ofTarget(target)
    if (capacity === undefined) return undefined
    const opensAt = capacity.opensAt(load.inFlight, now, settings)
    if (opensAt <= now && (isNext || capacity.waiting === 0)) return undefined
    const isTimed = opensAt > now && opensAt !== Number.POSITIVE_INFINITY
    return {
      _tag: "Benched",
      key: target.key,
      until: isTimed ? Math.ceil(opensAt) : now + soon,
      reason: "LearnedLimit",
      evidence: isTimed
        ? `learned: ${rounded(capacity.rate.value * 1_000)} a second`
        : `learned: ${load.inFlight} of ${Math.floor(capacity.limit.value)} under way`,
      probing: false
    }
  }

  /** The learned limits of a target; `undefined` without any. */
  of(target: Target, now: number): Learned | undefined {
    if (!this.mayBeFull || target.policy.learnedLimit === undefined) return undefined
    return learnedOf(this.signals.ofTarget(target), now)
  }

  /** All targets of which a limit is known, by their keys. */
  all(now: number): ReadonlyArray<LearnedLimit> {
    return [...this.signals.refusing].flatMap(([key, known]) => {
      const learned = learnedOf(known, now)
      return learned === undefined ? [] : [{ key, ...learned }]
    })
  }

  /** An attempt begins; `undefined` at a target that has not refused any. */
  began(target: Target, clock: RunClock): Begun | undefined {
    return this.mayBeFull ? this.#began(target, clock) : undefined
  }

  #began(target: Target, clock: RunClock): Begun | undefined {
    if (target.policy.learnedLimit === undefined) return undefined
    const { capacity, load } = this.signals.ofTarget(target)
    return capacity?.began(load.inFlight + 1, clock.millis())
  }

  /** An attempt was answered. */
  answered(target: Target, begun: Begun | undefined): void {
    const settings = target.policy.learnedLimit
    if (settings !== undefined) this.#capacity(target)?.answered(begun, settings)
  }

  /**
   * Learns from a failed attempt. True if the load of the target explains the refusal. `isCounted`: the attempt still counts as
   * under way. `isBenched`: the target was benched when it began.
   */
  failed(
    target: Target,
    begun: Begun | undefined,
    failure: Failure.Failure,
    isCounted: boolean,
    isBenched: boolean,
    now: number
  ): boolean {
    const settings = target.policy.learnedLimit
    const kind = Failure.classOf(failure)
    if (settings === undefined || (kind !== "RateLimit" && kind !== "Overloaded")) return false
    const known = this.signals.ofTarget(target)
    const others = Math.max(0, known.load.inFlight - (isCounted ? 1 : 0))
    // A wait that the provider names is better than a learned rate.
    const isThrottle = failure._tag === "RateLimit" && failure.retryAfter === undefined
    const capacity = known.capacity ?? this.signals.learn(target, known)
    return capacity.refused({ begun, others, isThrottle, isBenched }, now, settings)
  }

  /** Changes the number of requests that wait for room at a target. */
  wait(target: Target, more: number): void {
    const capacity = this.#capacity(target)
    if (capacity !== undefined) capacity.waiting += more
  }

  #capacity(target: Target): Capacity | undefined {
    return this.signals.ofTarget(target).capacity
  }
}

const learnedOf = ({ capacity, load }: Signals, now: number): Learned | undefined => {
  if (capacity === undefined || !capacity.isKnown(now)) return undefined
  const { limit, rate, waiting } = capacity
  return {
    inFlight: load.inFlight,
    ...(limit.isKnown && { limit: Math.floor(limit.value) }),
    ...(rate.isKnown && { perSecond: rounded(rate.value * 1_000) }),
    waiting
  }
}

const rounded = (value: number): number => Number(value.toPrecision(2))
