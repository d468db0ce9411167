/**
 * Those who wait for one target, in the order in which they came.
 *
 * A request waits here when it has nowhere else to go: its retry was refused by the budget of the process, the target
 * rests, or somebody else's probe is under way. Four rules say who is let in:
 *
 * - *An answer lets in two.* So those who wait come back in batches of 1, 2, 4, 8, …, each on the success of the one
 *   before, and never all at once.
 * - *While an attempt is under way the others wait for its outcome.* If it takes long, as long as `quiet`, as many again
 *   are let in: a slow answer is no failure.
 * - *After a failure those who have called the target before go one at a time*, 50 ms after the failure, then 100 ms, 200 ms
 *   and so on up to 250 ms; one that rests is called so only where a request may try it anyway, else when its rest ends.
 * - *After a failure those who have not called it yet are spread*: so many every 10 ms that each has its one try within
 *   its maxWait.
 */
import type * as Context from "effect/Context"
import type { Target } from "../domain/Target.ts"
import type * as Bench from "../health/Bench.ts"
import { transientClasses } from "../policy/Rule.ts"
import { RunClock } from "../time/RunClock.ts"
import { MovableTimer } from "../util/MovableTimer.ts"

/** The first pause after a failure, in milliseconds; it doubles with every failure in a row. */
export const firstPause = 50

/** The longest such pause: a target that is well again for so long is noticed. */
export const longestPause = 250

/** How often those are let in who have not called the target yet. */
export const tick = 10

/** How often the bench is looked at for what changes elsewhere: another process, or a rest that somebody ends by hand. */
export const look = 1_000

/** The shortest time for which the outcome of an attempt is waited before others are let in as well. */
const shortestQuiet = 250

/** One request in one line. Times are milliseconds since the epoch. */
export interface Place {
  readonly target: Target
  /** The delay of its retry, or the wait that the provider asked for, is over then. */
  readonly notBefore: number
  /** It has not called this target before. */
  readonly isFirst: boolean
  /** It may call the target although it rests. */
  readonly anyway: boolean
}

/** A request as its lines see it. */
export interface Waiting {
  /** When it gives up, unless an attempt is under way. */
  readonly until: number
  /** When it gives up in any case. */
  readonly deadlineAt: number
  /** Its turn has come. */
  readonly enter: (line: WaitQueue) => void
  /** It has waited in this line in vain. */
  readonly giveUp: (line: WaitQueue) => void
}

/** What keeps a target from being called, as far as the bench knows. */
export type Peek = (target: Target, now: number) => Bench.Resting | undefined

/** What one look at a line sees. `most` more are let in of those who are spread. */
interface View {
  readonly now: number
  readonly why: Bench.Resting | undefined
  readonly isAwaited: boolean
  readonly tickAt: number
  most: number
}

/** Those who wait for one target. */
export class WaitQueue {
  readonly #target: Target
  readonly #now: RunClock
  readonly #peek: Peek
  readonly #quiet: number
  readonly #maxWait: number
  readonly #onEmpty: () => void
  readonly #alarm: MovableTimer
  readonly #waiting = new Map<Waiting, Place>()
  /** Attempts of those who were let in. */
  #underWay = 0
  /** How many more are let in for the answers there were. */
  #credit = 0
  #failures = 0
  #failedAt = Number.NEGATIVE_INFINITY
  /** When somebody was let in last, or the first began to wait. */
  #quietSince: number
  #tickedAt: number
  /** When those who wait are looked at next, if nothing happens before. */
  #lookAt = Number.POSITIVE_INFINITY
  #isTurning = false
  #turnAgain = false

  constructor(target: Target, context: Context.Context<never>, peek: Peek, onEmpty: () => void) {
    this.#target = target
    this.#now = new RunClock(context)
    this.#peek = peek
    this.#onEmpty = onEmpty
    this.#alarm = new MovableTimer(context, this.#now, () => this.turn())
    this.#maxWait = Math.max(1, target.policy.maxWait)
    this.#quiet = Math.max(shortestQuiet, target.policy.maxWait)
    this.#quietSince = this.#now.millis()
    this.#tickedAt = this.#quietSince - tick
  }

  /** Takes the last place. Who may go at once is let in before this returns. */
  join(waiting: Waiting, place: Place): void {
    this.#waiting.set(waiting, place)
    const now = this.#now.millis()
    // To look at all of them for each that joins would be quadratic: the others are looked at when their moment comes.
    const isQuiet = !this.#isTurning && this.#credit === 0 && now < this.#lookAt
    this.#lookAt = Math.min(this.#lookAt, waiting.deadlineAt)
    this.turn(
      isQuiet && this.#waiting.size > 1 ? () => this.#consider(waiting, place, this.#view(now)) : undefined
    )
  }

  /** Gives a place up. */
  drop(waiting: Waiting): void {
    if (this.#waiting.delete(waiting)) this.#rest()
  }

  /** An answer: the target is well, and two more are let in. */
  succeeded(): void {
    this.#failures = 0
    this.#credit = Math.min(this.#credit + 2, this.#waiting.size)
    this.turn()
  }

  /** A failure: nobody is let in for what was before. */
  failed(): void {
    this.#failures++
    this.#failedAt = this.#now.millis()
    this.#credit = 0
    this.turn()
  }

  /** The attempt of somebody who was let in is over, however it went. */
  left(): void {
    this.#underWay--
    this.turn()
  }

  /** Lets in whose turn it is, and lets go who has waited in vain: of all, or by a look of the caller's own. */
  turn(first = () => this.#look()): void {
    if (this.#isTurning) {
      this.#turnAgain = true
      return
    }
    this.#isTurning = true
    this.#next(first())
    while (this.#turnAgain) {
      this.#turnAgain = false
      this.#next(this.#look())
    }
    this.#isTurning = false
    if (this.#waiting.size > 0) this.#alarm.set(this.#lookAt)
    this.#rest()
  }

  #next(at: number): void {
    this.#lookAt = Math.min(this.#lookAt, at)
  }

  /** Goes through those who wait, as far as that can change something; says when to look again. */
  #look(): number {
    const known = this.#lookAt
    // Who joins meanwhile takes the last place, and says when to look at the latest.
    this.#lookAt = Number.POSITIVE_INFINITY
    let left = this.#waiting.size
    if (left === 0) return Number.POSITIVE_INFINITY
    const now = this.#now.millis()
    const view = this.#view(now)
    const { isAwaited } = view
    if (isAwaited && this.#credit === 0 && now >= this.#quietSince + this.#quiet) {
      this.#credit = Math.max(1, this.#underWay)
      this.#quietSince = now
    }
    let nextAt = isAwaited ? Math.min(this.#quietSince + this.#quiet, now + look) : now + look
    for (const [waiting, place] of this.#waiting) {
      // While an attempt is awaited, only answers let others in, and the moments of those who wait are known.
      if (isAwaited && this.#credit === 0 && now < known) return Math.min(nextAt, known)
      if (left-- === 0) break
      nextAt = Math.min(nextAt, this.#consider(waiting, place, view))
    }
    this.#credit = 0
    return nextAt
  }

  /** What a look sees, the same for all. */
  #view(now: number): View {
    const why = this.#peek(this.#target, now)
    const isAwaited = this.#underWay > 0 || why?.probing === true
    return { now, why, isAwaited, tickAt: this.#tickedAt + tick, most: this.#spread(now) }
  }

  /** Lets one in, or lets it go, or says when to look at it again. */
  #consider(waiting: Waiting, place: Place, view: View): number {
    const { isAwaited, now, why } = view
    if (now >= waiting.deadlineAt) return this.#giveUp(waiting)
    if (this.#credit > 0 && mayCall(place, why)) {
      this.#credit--
      return this.#enter(waiting, now)
    }
    // Those who try it although it rests are spread. What is free, or half-open, is asked by one at a time.
    const isSpread = place.isFirst && why !== undefined
    if (isAwaited || (this.#underWay > 0 && !isSpread)) return waiting.deadlineAt
    const at = Math.max(this.#opensAt(waiting, place, why, now), isSpread ? view.tickAt : this.#pausedUntil())
    const isLast = now >= waiting.until
    if (at <= now || (isLast && isSpread && mayCall(place, why))) {
      if (!isSpread || isLast || view.most-- > 0) return this.#enter(waiting, now)
      return Math.min(waiting.deadlineAt, now + tick)
    }
    if (isLast || at >= waiting.deadlineAt || (at > waiting.until && !isSpread)) return this.#giveUp(waiting)
    return Math.min(waiting.deadlineAt, at, waiting.until)
  }

  /** How many of those who have not called the target yet are let in now, so that all are within their maxWait. */
  #spread(now: number): number {
    return Math.ceil((this.#waiting.size * Math.max(tick, now - this.#tickedAt)) / this.#maxWait)
  }

  #pausedUntil(): number {
    return this.#failures === 0
      ? 0
      : this.#failedAt + Math.min(longestPause, firstPause * 2 ** Math.min(this.#failures - 1, 10))
  }

  /** When a request may call the target, as far as the bench lets it. */
  #opensAt(waiting: Waiting, place: Place, why: Bench.Resting | undefined, now: number): number {
    if (why === undefined) return place.notBefore
    // Past its end and resting all the same: it waits for a passed check.
    const end = why.until > now ? why.until : now + look
    if (!mayCall(place, why)) return Math.max(place.notBefore, end)
    if (why.until <= now) return place.notBefore
    // An end that the provider named, or a throttle's, is waited for where that is possible.
    const isFault = faults.has(why.reason)
    return isFault || end > waiting.until ? place.notBefore : Math.max(place.notBefore, end)
  }

  /** It is not waited for any more. */
  #enter(waiting: Waiting, now: number): number {
    this.#underWay++
    this.#quietSince = now
    this.#tickedAt = now
    this.#waiting.delete(waiting)
    waiting.enter(this)
    return Number.POSITIVE_INFINITY
  }

  #giveUp(waiting: Waiting): number {
    this.#waiting.delete(waiting)
    waiting.giveUp(this)
    return Number.POSITIVE_INFINITY
  }

  #rest(): void {
    if (this.#waiting.size > 0 || this.#isTurning) return
    this.#alarm.stop()
    if (this.#underWay === 0) this.#onEmpty()
  }
}

const faults: ReadonlySet<string> = new Set(transientClasses)

/** Whether a request may call a target that the bench speaks so of: nobody calls what rests by hand. */
export const mayCall = ({ anyway, isFirst }: Place, why: Bench.Resting | undefined): boolean =>
  why === undefined ||
  (anyway && why.reason !== "Manual" && why.reason !== "OwnLimit" && (isFirst || faults.has(why.reason)))
