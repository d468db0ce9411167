/**
 * The load of a target: attempts under way and recent times; and the comparison of two targets.
 *
 * The time of a stream is that to its first content, because the length of an answer is not a property of the target. Whole
 * answers are compared only with whole answers.
 */
import { PeakEwma } from "./PeakEwma.ts"

/** Which time is measured: to the first content of a stream, or to the whole answer. */
export type Kind = "stream" | "effect"

/** Reads the time, in milliseconds. It is called only when needed. */
export interface Clock {
  readonly now: () => number
}

/**
 * A failed attempt counts as one that took this many times as long as usual: a target that fails quickly is not a fast one.
 */
export const failureFactor = 2

/** The longest time that a failed attempt counts as, in milliseconds. */
export const longestFailure = 30_000

/** The load of one target. */
export class Load {
  /** Attempts under way, streams to their end. */
  inFlight = 0
  readonly #stream = new PeakEwma()
  readonly #effect = new PeakEwma()

  /** An attempt began. */
  began(): void {
    this.inFlight++
  }

  /** An attempt ended, with whatever outcome. */
  ended(): void {
    if (this.inFlight > 0) this.inFlight--
  }

  /** Adds the time to the first content, or to the whole answer. */
  took(kind: Kind, millis: number, now: number): void {
    this.#of(kind).observe(millis, now)
  }

  /** Adds a failed attempt and how long it took, if the failure concerns the target. */
  failed(kind: Kind, millis: number, now: number): void {
    const times = this.#of(kind)
    times.observe(Math.max(millis, Math.min(longestFailure, times.value * failureFactor)), now)
  }

  /**
   * The recent time, in milliseconds; 0 when nothing is known. It fades only while nothing is under way, so that one request at
   * a time tests a target that was slow.
   */
  time(kind: Kind, clock: Clock): number {
    const times = this.#of(kind)
    return this.inFlight === 0 && times.value > 0 ? times.faded(clock.now()) : times.value
  }

  /** The same without fading: an upper bound that needs no clock. */
  slowest(kind: Kind): number {
    return this.#of(kind).value
  }

  #of(kind: Kind): PeakEwma {
    return kind === "stream" ? this.#stream : this.#effect
  }
}

/**
 * The ratio of the loads of two targets: below 1 the first has less load, above 1 the second. The load is (attempts under
 * way + 1) × time; if the time of one is not known, only the attempts are compared.
 */
export const compare = (one: Load, other: Load, kind: Kind, clock: Clock): number => {
  const attempts = (one.inFlight + 1) / (other.inFlight + 1)
  if (one.slowest(kind) === 0 || other.slowest(kind) === 0) return attempts
  return (attempts * one.time(kind, clock)) / other.time(kind, clock)
}
