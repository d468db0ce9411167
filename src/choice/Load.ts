/**
 * How busy and how slow one target is, and which of two is the better one.
 *
 * Times of streams are those to their first content, for how long an answer is says nothing of who gives it. Whole answers
 * are compared among themselves.
 */
import { PeakEwma } from "./PeakEwma.ts"

/** What is measured: until the first content of a stream, or until the whole answer is there. */
export type Kind = "stream" | "effect"

/** Says the time, in milliseconds. It is asked only where it matters. */
export interface Clock {
  readonly now: () => number
}

/** A failed attempt counts as one that took so many times as long as usual, for to fail fast is not to be fast. */
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

  /** An attempt is over, however it went. */
  ended(): void {
    if (this.inFlight > 0) this.inFlight--
  }

  /** So long the first content, or the whole answer, took. */
  took(kind: Kind, millis: number, now: number): void {
    this.#of(kind).observe(millis, now)
  }

  /** An attempt failed after so long, for a reason that concerns the target. */
  failed(kind: Kind, millis: number, now: number): void {
    const times = this.#of(kind)
    times.observe(Math.max(millis, Math.min(longestFailure, times.value * failureFactor)), now)
  }

  /**
   * How long it lately took, in milliseconds; 0 when nothing is known. It fades only while nothing is under way: one request
   * goes to a target that was slow, and no more of them before that one has told how it is now.
   */
  time(kind: Kind, clock: Clock): number {
    const times = this.#of(kind)
    return this.inFlight === 0 && times.value > 0 ? times.faded(clock.now()) : times.value
  }

  /** The same before it faded: an upper bound that needs no clock. */
  slowest(kind: Kind): number {
    return this.#of(kind).value
  }

  #of(kind: Kind): PeakEwma {
    return kind === "stream" ? this.#stream : this.#effect
  }
}

/**
 * What a further request has to expect of two targets, as a quotient: below 1 the first is the better one, above 1 the
 * second. Each is (attempts under way + 1) × time; where the time of one is not known, only the attempts are compared.
 */
export const compare = (one: Load, other: Load, kind: Kind, clock: Clock): number => {
  const attempts = (one.inFlight + 1) / (other.inFlight + 1)
  if (one.slowest(kind) === 0 || other.slowest(kind) === 0) return attempts
  return (attempts * one.time(kind, clock)) / other.time(kind, clock)
}
