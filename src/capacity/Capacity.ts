/**
 * The limits of a target, learnt from its refusals: how many attempts at once, and how many per second.
 *
 * A provider limits one or the other and does not say which. Accepted attempts show it: if a target has accepted as many attempts
 * at once before, the refusal is about the rate. When both limits are known, the one that attempts had to wait for is lowered.
 *
 * Without a refusal no limit is known. A target that refuses everything shows no limit: no limit is lowered twice without an
 * accepted attempt in between, and both are forgotten when they have not been reached for a while.
 */
import { Accepted, remembered } from "./Accepted.ts"
import { Ceiling, type Steps } from "./Ceiling.ts"

/** How limits are learnt. */
export interface Settings extends Steps {
  /** A limit that was not reached for this long is forgotten, in milliseconds. */
  readonly memory: number
}

/** The defaults. */
export const defaults: Settings = { decrease: 0.05, period: 128, memory: 600_000 }

/** The longest learned time between two attempts, in milliseconds. Slower targets are benched instead. */
export const longestGap = 2_500

/** How much sooner than the rate allows an attempt may begin if the previous one was late, in milliseconds. */
const slack = 10

/** An attempt at a target that has refused before. */
export interface Begun {
  /** How many were under way, this one included. */
  readonly place: number
  /** When it began, in milliseconds since the epoch. */
  readonly at: number
  /** Whether it began as soon as the rate allowed. */
  readonly isPaced: boolean
  /** The number of the attempt. */
  readonly ticket: number
}

/** A refusal. */
export interface Refusal {
  /** `undefined` for an attempt that began before the first refusal. */
  readonly begun: Begun | undefined
  /** How many others are under way now. */
  readonly others: number
  /** True for a `RateLimit` without a named wait. Only such a refusal can be about the rate. */
  readonly isThrottle: boolean
}

/** The limits of one target. Times are milliseconds since the epoch. */
export class Capacity {
  /** How many attempts at once. */
  readonly limit = new Ceiling({ least: 1, leastStep: 0.5, spread: 1 / 16 })
  /** How many attempts per millisecond. A step up takes two seconds at first. */
  readonly rate = new Ceiling({ least: 1 / longestGap, leastStep: 0, spread: 250 })
  /** Requests that wait until there is room. */
  waiting = 0
  readonly #accepted = new Accepted()
  /** When the rate allows the next attempt. */
  #nextAt = Number.NEGATIVE_INFINITY
  #tickets = 0
  /** The last attempt that used up the limit of attempts at once. */
  #fullTicket = 0
  /** The last attempt that had begun when a limit was lowered. */
  #loweredAfter = -1
  /** When a limit was last lowered, or made an attempt wait. */
  #neededAt = Number.NEGATIVE_INFINITY
  /** How long a limit is remembered, by the settings of the last refusal. */
  #memory = 0
  /** Attempts that began since the last lowering, without those that were refused. */
  #taken = 0
  #wasLimit = false
  /** Answers since the last lowering. */
  #answers = 0
  /** What attempts recently waited for: 1 for other attempts to end, -1 for the rate. */
  #bound = 0

  /** Whether a limit is known that was reached recently. */
  isKnown(now: number): boolean {
    return (this.limit.isKnown || this.rate.isKnown) && now - this.#neededAt <= this.#memory
  }

  /** When another attempt may begin with so many under way: in the past, or infinite until one ends. */
  opensAt(inFlight: number, now: number, { memory }: Settings): number {
    if (now - this.#neededAt > memory) this.#forget()
    // None of the attempts under way was accepted, so their number was not the reason.
    if (inFlight === 0 && this.#wasLimit && this.#answers === 0) this.limit.forget()
    if (inFlight + 1 > this.limit.value) return Number.POSITIVE_INFINITY
    return this.rate.isKnown ? this.#nextAt : Number.NEGATIVE_INFINITY
  }

  /** An attempt begins, as the `place`th under way. */
  began(place: number, now: number): Begun {
    this.#taken++
    const ticket = ++this.#tickets
    if (place + 1 > this.limit.value) this.#fullTicket = ticket
    return { place, at: now, isPaced: this.rate.isKnown && this.#pace(now), ticket }
  }

  /** Counts an attempt against the rate; true if it began as soon as it could. */
  #pace(now: number): boolean {
    const gap = 1 / this.rate.value
    const early = Math.min(gap, slack)
    const isPaced = now - this.#nextAt <= early
    this.#nextAt = Math.max(this.#nextAt, now - early) + gap
    return isPaced
  }

  /** An attempt was accepted; `undefined` for one that began before the first refusal. */
  answered(begun: Begun | undefined, settings: Settings): void {
    this.#answers++
    if (begun === undefined) return
    const { at, isPaced, place, ticket } = begun
    this.#accepted.add(place, at)
    const isFull = ticket <= this.#fullTicket
    if (isFull || isPaced) this.#neededAt = Math.max(this.#neededAt, at)
    this.#bound += ((isFull ? 1 : 0) - (isPaced ? 1 : 0) - this.#bound) / remembered
    this.limit.succeeded(isFull, settings)
    this.rate.succeeded(isPaced, settings)
  }

  /**
   * An attempt was refused. True when the load of the target explains it, so that no bench is needed; false when the target has
   * refused everything since the last time, or when no accepted attempt is known.
   */
  refused({ begun, isThrottle, others }: Refusal, now: number, settings: Settings): boolean {
    this.#memory = settings.memory
    const isFirst = this.#loweredAfter < 0
    const { isPaced, place, ticket } = begun ?? { isPaced: false, place: others + 1, ticket: 0 }
    if (!isFirst && ticket <= this.#loweredAfter) {
      // It was under way together with the last refused one, so the remaining ones were accepted.
      if (this.#wasLimit) this.limit.atMost(others + 0.5)
      return true
    }
    if (begun !== undefined) this.#taken--
    if (!isFirst && this.#taken === 0) {
      // Not even a single attempt was accepted, so the number is not the reason.
      if (place <= 1) this.limit.forget()
      else if (!this.#accepted.hasProved(place)) this.limit.atMost(place - 0.5)
      this.#mark(false)
      return false
    }
    const rate = this.#accepted.rate(now)
    const isLimit = place > 1 && this.#isAboutLimit(place, isPaced, isThrottle)
    if (!isLimit && (!isThrottle || (!this.rate.isKnown && rate === 0))) {
      this.#mark(this.#wasLimit)
      return false
    }
    if (isLimit) this.limit.lower(Math.min(place, this.limit.value + 1), settings, false)
    else {
      const isMeasured = rate > 0 && !(isPaced && this.rate.isKnown)
      this.rate.lower(isMeasured ? Math.min(this.rate.value, rate) : this.rate.value, settings, true)
      this.#nextAt = Math.max(this.#nextAt, now + 1 / this.rate.value)
    }
    this.#neededAt = now
    this.#mark(isLimit)
    return true
  }

  #mark(wasLimit: boolean): void {
    this.#loweredAfter = this.#tickets
    this.#taken = 0
    this.#answers = 0
    this.#wasLimit = wasLimit
  }

  #isAboutLimit(place: number, isPaced: boolean, isThrottle: boolean): boolean {
    if (this.#accepted.hasProved(place)) return false
    if (!isThrottle || !this.rate.isKnown) return true
    return this.limit.isKnown ? this.#bound > 0 : !isPaced
  }

  #forget(): void {
    this.limit.forget()
    this.rate.forget()
    this.#nextAt = Number.NEGATIVE_INFINITY
  }
}
