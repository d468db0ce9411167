/**
 * The requests that wait for one target, in order of arrival.
 *
 * A request waits here when it has no other target: its retry exceeded the retry budget, the target is benched, or another
 * request is probing it. Five rules decide which requests may call the target:
 *
 * - *An answer admits two requests.* So they come back in batches of 1, 2, 4, 8, …, each after the success of the one
 *   before, and never all at once.
 * - *While an attempt is under way, the others wait for its outcome.* If it takes as long as `quiet`, as many again are
 *   admitted: a slow answer is not a failure.
 * - *Once the target answers again, a request goes in time before its deadline*: when twice the time is left that an
 *   answer has lately taken, although its batch has not come yet.
 * - *After a failure, requests that have called the target before go one at a time*: 50 ms after the failure, then 100 ms,
 *   200 ms and so on up to 250 ms. A benched target is called this way only if the request may try it anyway, otherwise
 *   when its cooldown ends.
 * - *After a failure, requests that have not called it yet are spread*: every 10 ms as many are admitted as needed for
 *   each to have its one attempt within its maxWait.
 */
import type * as Context from "effect/Context"
import type { Target } from "../../domain/Target.ts"
import type * as Bench from "../../health/Bench.ts"
import { stranger } from "../../health/state/HeldFor.ts"
import { transientClasses } from "../../policy/Rule.ts"
import { RunClock } from "../../time/RunClock.ts"
import { MovableTimer } from "../../util/MovableTimer.ts"

/** The first pause after a failure, in milliseconds; it doubles with every failure in a row. */
export const firstPause = 50

/** The longest such pause, in milliseconds: a recovered target is noticed within it. */
export const longestPause = 250

/** The interval at which requests that have not called the target yet are admitted, in milliseconds. */
export const tick = 10

/** The interval at which the bench is checked for changes from elsewhere (another process, a manual release), in milliseconds. */
export const look = 1_000

/** The shortest wait for the outcome of an attempt before others are admitted as well, in milliseconds. */
const shortestQuiet = 250

/** One request in one queue. Times are milliseconds since the epoch. */
export interface Place {
  readonly target: Target
  /** When the delay of its retry, or the wait that the provider asked for, ends. */
  readonly notBefore: number
  /** Whether it has not called this target yet. */
  readonly isFirst: boolean
  /** Whether it may call the target although that is benched. */
  readonly anyway: boolean
  /** Whether it was throttled without a named wait: it calls the target once more although that is benched. */
  readonly isThrottled?: boolean | undefined
  /** Whether it waits for room at a target that is at a learned limit. */
  readonly forRoom?: boolean | undefined
}

/** A request, as its queues see it. */
export interface Waiting {
  /** When it gives up, unless an attempt is under way. */
  readonly until: number
  /** When it gives up in any case. */
  readonly deadlineAt: number
  /** Its caller, for whom a bench may not hold; without one every bench holds. */
  readonly who?: Bench.Who | undefined
  /** Called when it is admitted. */
  readonly enter: (queue: Line) => void
  /** Called when it has to give up in this queue; `isBenched`: it waited for room, and may call the target although that is benched now. */
  readonly giveUp: (queue: Line, isBenched?: boolean) => void
}

/** Where requests wait. */
export interface Line {
  /** Adds a request at the end; it may be admitted before this returns. */
  readonly join: (waiting: Waiting, place: Place) => void
  /** Removes a request. */
  readonly drop: (waiting: Waiting) => void
  /** The attempt of a request that was admitted is over. */
  readonly left: () => void
}

/** Why a target cannot be called, according to the bench; without a caller every bench holds. */
export type Peek = (target: Target, now: number, who?: Bench.Who) => Bench.Benched | undefined

/** How long an answer of a target has lately taken, in milliseconds; 0 where that is not known. */
export type Usual = (target: Target) => number

/**
 * The state for one pass over the queue. `isForAll`: the bench, if there is one, holds for all callers. `most` more of the spread
 * requests are admitted. `lead` is the time before its deadline at which a request goes in any case.
 */
interface View {
  readonly now: number
  readonly why: Bench.Benched | undefined
  readonly isForAll: boolean
  readonly isAwaited: boolean
  readonly tickAt: number
  readonly lead: number
  most: number
}

/** The requests that wait for one target. */
export class WaitQueue implements Line {
  readonly #target: Target
  readonly #now: RunClock
  readonly #peek: Peek
  readonly #usual: Usual
  readonly #quiet: number
  readonly #maxWait: number
  readonly #onEmpty: () => void
  readonly #alarm: MovableTimer
  readonly #waiting = new Map<Waiting, Place>()
  /** Attempts under way of requests that were admitted. */
  #underWay = 0
  /** How many more are admitted because of answers. */
  #credit = 0
  #failures = 0
  /** Whether it has answered since its last failure. */
  #isAnswering = false
  /** The soonest deadline of the requests, or a sooner one of a request that has left. */
  #soonest = Number.POSITIVE_INFINITY
  #failedAt = Number.NEGATIVE_INFINITY
  /** When a request was last let in, or the first began to wait. */
  #quietSince: number
  #tickedAt: number
  /** When the queue is checked next, if nothing happens before. */
  #lookAt = Number.POSITIVE_INFINITY
  #isTurning = false
  #turnAgain = false

  constructor(
    target: Target,
    context: Context.Context<never>,
    { onEmpty, peek, usual }: { readonly peek: Peek; readonly usual: Usual; readonly onEmpty: () => void }
  ) {
    this.#target = target
    this.#usual = usual
    this.#now = new RunClock(context)
    this.#peek = peek
    this.#onEmpty = onEmpty
    this.#alarm = new MovableTimer(context, () => this.turn())
    this.#maxWait = Math.max(1, target.policy.maxWait)
    this.#quiet = Math.max(shortestQuiet, target.policy.maxWait)
    this.#quietSince = this.#now.millis()
    this.#tickedAt = this.#quietSince - tick
  }

  /** Adds a request at the end. If it may go at once, it is admitted before this returns. */
  join(waiting: Waiting, place: Place): void {
    const { deadlineAt } = waiting
    this.#waiting.set(waiting, place)
    const now = this.#now.millis()
    // A full pass for each request that joins would be quadratic. The others are checked when they are due.
    const isQuiet = !this.#isTurning && this.#credit === 0 && now < this.#lookAt
    this.#soonest = Math.min(this.#soonest, deadlineAt)
    this.#lookAt = Math.min(this.#lookAt, deadlineAt)
    this.turn(
      isQuiet && this.#waiting.size > 1 ? () => this.#consider(waiting, place, this.#view(now)) : undefined
    )
  }

  /** Removes a request. */
  drop(waiting: Waiting): void {
    if (this.#waiting.delete(waiting)) this.#rest()
  }

  /** The target answered: two more requests are admitted. */
  succeeded(): void {
    this.#failures = 0
    this.#isAnswering = true
    this.#credit = Math.min(this.#credit + 2, this.#waiting.size)
    this.turn()
  }

  /** An attempt failed: answers before it do not admit any more requests. */
  failed(): void {
    this.#failures++
    this.#isAnswering = false
    this.#failedAt = this.#now.millis()
    this.#credit = 0
    this.turn()
  }

  /** The attempt of a request that was admitted is over. */
  left(): void {
    this.#underWay--
    this.turn()
  }

  /** Admits requests and ends waits that are over: by a full pass, or by the given one. */
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

  /** Passes over the queue as far as something can change; returns when to do so again. */
  #look(): number {
    const lookAt = this.#lookAt
    // A request that joins meanwhile is added at the end and sets the latest time itself.
    this.#lookAt = Number.POSITIVE_INFINITY
    let left = this.#waiting.size
    if (left === 0) return Number.POSITIVE_INFINITY
    const now = this.#now.millis()
    const view = this.#view(now)
    const { isAwaited, isForAll, lead } = view
    const known = Math.min(lookAt, this.#soonest - lead)
    if (now >= known) this.#soonest = Number.POSITIVE_INFINITY
    if (isAwaited && this.#credit === 0 && now >= this.#quietSince + this.#quiet) {
      this.#credit = Math.max(1, this.#underWay)
      this.#quietSince = now
    }
    let nextAt = isAwaited ? Math.min(this.#quietSince + this.#quiet, now + look) : now + look
    for (const [waiting, place] of this.#waiting) {
      // While an attempt is under way, only answers admit others, and all deadlines are known.
      if (isAwaited && isForAll && this.#credit === 0 && now < known) return Math.min(nextAt, known)
      if (left-- === 0) break
      this.#soonest = Math.min(this.#soonest, waiting.deadlineAt)
      nextAt = Math.min(nextAt, this.#consider(waiting, place, view))
    }
    this.#credit = 0
    return nextAt
  }

  /** The state for one pass, the same for all requests. */
  #view(now: number): View {
    const why = this.#peek(this.#target, now)
    const isAwaited = this.#underWay > 0 || why?.probing === true
    const lead = this.#isAnswering && why === undefined ? 2 * this.#usual(this.#target) : 0
    const isForAll = why === undefined || isSame(why, this.#peek(this.#target, now, stranger))
    return { now, why, isForAll, isAwaited, tickAt: this.#tickedAt + tick, lead, most: this.#spread(now) }
  }

  /** Why one request cannot call the target, and whether it waits for the outcome of an attempt. */
  #viewOf({ who }: Waiting, view: View): Pick<View, "why" | "isAwaited"> {
    if (view.isForAll || who === undefined) return view
    const why = this.#peek(this.#target, view.now, who)
    return { why, isAwaited: this.#underWay > 0 || why?.probing === true }
  }

  /** Admits one request or ends its wait; otherwise returns when to check it again. */
  #consider(waiting: Waiting, place: Place, view: View): number {
    const { now } = view
    const { deadlineAt } = waiting
    if (now >= deadlineAt) return this.#giveUp(waiting)
    const lastAt = deadlineAt - view.lead
    if (now >= lastAt) return this.#enter(waiting, now)
    const { isAwaited, why } = this.#viewOf(waiting, view)
    if (this.#credit > 0 && mayCall(place, why)) {
      this.#credit--
      return this.#enter(waiting, now)
    }
    // Requests that call a benched target are spread. A free or half-open target is called by one at a time.
    const isSpread = place.isFirst && why !== undefined
    if (isAwaited || (this.#underWay > 0 && !isSpread)) return lastAt
    const at = Math.max(this.#opensAt(waiting, place, why, now), isSpread ? view.tickAt : this.#pausedUntil())
    const isLast = now >= waiting.until
    // A request that would be lost takes precedence over those that have not waited.
    const isLost = isLast || at >= deadlineAt
    if (at <= now || (isLost && place.isFirst && mayCall(place, why))) {
      if (!isSpread || isLost || view.most-- > 0) return this.#enter(waiting, now)
      return Math.min(deadlineAt, now + tick)
    }
    if (isLast || at >= deadlineAt || (at > waiting.until && !place.isFirst)) return this.#giveUp(waiting)
    return Math.min(lastAt, at, waiting.until)
  }

  /** How many requests that have not called the target yet are admitted now, so that each goes within its maxWait. */
  #spread(now: number): number {
    return Math.ceil((this.#waiting.size * Math.max(tick, now - this.#tickedAt)) / this.#maxWait)
  }

  #pausedUntil(): number {
    return this.#failures === 0 ? 0 : this.#failedAt + pauseAfter(this.#failures)
  }

  /** When the bench allows a request to call the target. */
  #opensAt(waiting: Waiting, place: Place, why: Bench.Benched | undefined, now: number): number {
    if (why === undefined) return place.notBefore
    // Benched past the end of its cooldown: a health check has to pass first.
    const end = why.until > now ? why.until : now + look
    if (!mayCall(place, why)) return Math.max(place.notBefore, end)
    if (why.until <= now) return place.notBefore
    // The request waits for the end of a throttle, or for an end that the provider named, if there is time.
    const isFault = faults.has(why.reason)
    return isFault || end > waiting.until ? place.notBefore : Math.max(place.notBefore, end)
  }

  /** Admits a request. */
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

/** The pause after this many failures in a row, in milliseconds. */
export const pauseAfter = (failures: number): number =>
  Math.min(longestPause, firstPause * 2 ** Math.min(failures - 1, 10))

const faults: ReadonlySet<string> = new Set(transientClasses)

/** A target that is benched by hand or at a limit is never called. */
export const never: ReadonlySet<string> = new Set(["Manual", "OwnLimit", "LearnedLimit"])

const isSame = (one: Bench.Benched, other: Bench.Benched | undefined): boolean =>
  other !== undefined && one.key === other.key && one.until === other.until

/** Whether a request may call a target with this state. */
export const mayCall = (place: Place, why: Bench.Benched | undefined): boolean =>
  why === undefined || (place.anyway && !never.has(why.reason) && (place.isFirst || mayRepeat(place, why)))

const mayRepeat = ({ isThrottled = false }: Place, { reason }: Bench.Benched): boolean =>
  faults.has(reason) || (isThrottled && reason === "RateLimit")
