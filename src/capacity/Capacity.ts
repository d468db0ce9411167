/**
 * The limits of a target, learned from its refusals: how many attempts at once, and how many per second.
 *
 * A provider limits one or the other and does not say which. Accepted attempts show it: if a target has accepted as many attempts
 * at once before, the refusal is about the rate.
 *
 * Attempts are spread evenly over time. At an even pace a bucket, a sliding window and a fixed window of the same rate all accept
 * everything, so only the rate has to be found, not how the provider counts. What was accepted in a whole minute is not too
 * much. A row of refusals means that a window is full, and then the rate becomes that of the last minute.
 *
 * Without a refusal no limit is known. A target that refuses everything shows no limit: no limit is lowered twice without an
 * accepted attempt in between, and both are forgotten when they have not been reached for a while, or when lowering them does not
 * help (`Chance`).
 */
import { Accepted, longest } from "./Accepted.ts"
import { Ceiling, type Steps } from "./Ceiling.ts"
import { Chance } from "./Chance.ts"
import { Row } from "./Row.ts"

/** How limits are learned. */
export interface Settings extends Steps {
  /** A limit that was not reached for this long is forgotten, in milliseconds. */
  readonly memory: number
}

/** The defaults. */
export const defaults: Settings = { decrease: 0.05, period: 128, memory: 600_000 }

/** The longest learned time between two attempts, in milliseconds. Slower targets are benched instead. */
export const longestGap = 10_000

/** If an attempt was late, the next one may begin this much sooner than the rate allows, in milliseconds. */
const slack = 10

/** Over how many seconds a rate is measured at a refusal, unless the target is known to count in longer windows. */
const short = 15

const minute = longest * 1_000

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
  /** Whether the target was benched, so that the attempt was a probe or a last attempt. Nothing is learned from its refusal. */
  readonly isBenched?: boolean | undefined
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
  readonly #row = new Row()
  readonly #chance = new Chance()
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

  /** Whether a limit is known that was reached recently. */
  isKnown(now: number): boolean {
    return (this.limit.isKnown || this.rate.isKnown) && now - this.#neededAt <= this.#memory
  }

  /** When another attempt may begin while this many are under way: in the past, or infinite until one ends. */
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
    this.#accepted.began(now)
    const ticket = ++this.#tickets
    if (place + 1 > this.limit.value) this.#fullTicket = ticket
    const isPaced = this.rate.isKnown && this.#pace(now)
    if (this.rate.isKnown) this.#nextAt = Math.max(this.#nextAt, this.#row.began(ticket, now))
    return { place, at: now, isPaced, ticket }
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
    this.#chance.add(false)
    if (begun === undefined) return
    const { at, isPaced, place, ticket } = begun
    this.#accepted.add(place)
    const isFull = ticket <= this.#fullTicket
    if (isFull || isPaced) this.#neededAt = Math.max(this.#neededAt, at)
    this.limit.succeeded(isFull, settings)
    this.rate.succeeded(isPaced, settings)
  }

  /**
   * An attempt was refused. True when the load of the target explains it, or chance, so that no bench is needed; false when the
   * target has refused everything for a while, or when no accepted attempt is known.
   */
  refused(refusal: Refusal, now: number, settings: Settings): boolean {
    const { begun, others } = refusal
    this.#memory = settings.memory
    this.#chance.add(true)
    const isFirst = this.#loweredAfter < 0
    const ticket = begun?.ticket ?? 0
    if (begun !== undefined) {
      this.#accepted.refused(begun.at)
      if (ticket > this.#loweredAfter) {
        this.#taken--
        this.#row.took(now - begun.at)
      }
    }
    if (!isFirst && ticket <= this.#loweredAfter) {
      // It was under way together with the last refused one, so the remaining ones were accepted.
      if (this.#wasLimit) this.limit.atMost(others + 0.5)
      return true
    }
    const isAgain =
      refusal.isBenched === true || (!isFirst && (this.#taken === 0 || this.#row.isTrial(ticket)))
    if (this.#chance.isRandom(now)) {
      this.#mark(false)
      return !isAgain
    }
    return isAgain ? this.#refusedAgain(refusal, now, settings) : this.#lower(refusal, now, settings)
  }

  #lower({ begun, isThrottle, others }: Refusal, now: number, settings: Settings): boolean {
    const place = begun?.place ?? others + 1
    const known = Math.min(minute, this.#accepted.age(now))
    const taken = this.#accepted.rate(longest, now) * known
    this.#row.begin(now, taken, known)
    const rate = this.#accepted.rate(short, now)
    const isLimit = place > 1 && !this.#accepted.hasProved(place)
    if (!isLimit && (!isThrottle || (!this.rate.isKnown && rate === 0))) {
      this.#mark(this.#wasLimit)
      return false
    }
    if (isLimit) this.limit.lower(Math.min(place, this.limit.value + 1), settings, false)
    else {
      const isMeasured = rate > 0 && !(begun?.isPaced === true && this.rate.isKnown)
      this.rate.lower(isMeasured ? Math.min(this.rate.value, rate) : this.rate.value, settings, true)
      // What was accepted within the last minute is not too much for a minute.
      this.rate.atLeast((taken / minute) * (1 - settings.decrease))
      this.#pause(now)
    }
    this.#neededAt = now
    this.#mark(isLimit)
    if (this.#chance.isFound(this.limit.tries + this.rate.tries, now, settings.memory)) {
      this.#forget()
      this.#mark(false)
    }
    return true
  }

  /** Nothing was accepted since the last refusal. */
  #refusedAgain({ begun, isThrottle, others }: Refusal, now: number, settings: Settings): boolean {
    this.#row.goOn()
    const place = begun?.place ?? others + 1
    // Not even a single attempt was accepted, so the number is not the reason.
    if (place <= 1) this.limit.forget()
    else if (!this.#accepted.hasProved(place)) this.limit.atMost(place - 0.5)
    this.#mark(false)
    if (isThrottle) {
      const rate = this.#row.rate(now, minute)
      if (rate > 0 && rate < this.rate.value) this.rate.lower(rate, settings, false)
      // Whether a rate is too high for a window of a minute shows only after a minute.
      this.rate.isSlow = this.rate.isKnown
    }
    this.#neededAt = now
    if (!this.rate.isKnown || this.#row.isTooLong(now)) return false
    this.#pause(now)
    return true
  }

  #pause(now: number): void {
    this.#nextAt = Math.max(this.#nextAt, now + Math.max(1 / this.rate.value, this.#row.pause))
  }

  #mark(wasLimit: boolean): void {
    this.#loweredAfter = this.#tickets
    this.#taken = 0
    this.#answers = 0
    this.#wasLimit = wasLimit
  }

  #forget(): void {
    this.limit.forget()
    this.rate.forget()
    this.#row.end()
    this.#nextAt = Number.NEGATIVE_INFINITY
  }
}
