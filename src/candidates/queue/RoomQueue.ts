/**
 * The requests that wait for room at a target with a learned limit, in order of arrival.
 *
 * The limit controls how many are admitted, so no request waits for the outcome of another one, as it would at a failed target. A
 * request is admitted when an attempt ends or when the learned rate allows it. After a failure there is a pause, which doubles with
 * each failure in a row. When the target is benched for longer than a request waits, and the request may call a benched target, it
 * moves to the other queue of the target.
 */
import type * as Context from "effect/Context"
import type { Target } from "../../domain/Target.ts"
import { stranger } from "../../health/state/HeldFor.ts"
import { RunClock } from "../../time/RunClock.ts"
import { MovableTimer } from "../../util/MovableTimer.ts"
import type { Room } from "./Room.ts"
import {
  type Line,
  look,
  mayCall,
  never,
  type Peek,
  type Place,
  pauseAfter,
  type Waiting
} from "./WaitQueue.ts"

/** The requests that wait for room at one target. */
export class RoomQueue implements Line {
  readonly #target: Target
  readonly #now: RunClock
  readonly #room: Room
  readonly #peek: Peek
  readonly #onEmpty: () => void
  readonly #alarm: MovableTimer
  readonly #waiting = new Map<Waiting, Place>()
  #failures = 0
  #failedAt = Number.NEGATIVE_INFINITY
  /** When the first request gives up. */
  #endsAt = Number.POSITIVE_INFINITY
  #isTurning = false
  #turnAgain = false

  /** `peek` returns why the first request cannot call the target now. */
  constructor(
    target: Target,
    context: Context.Context<never>,
    { onEmpty, peek, room }: { readonly room: Room; readonly peek: Peek; readonly onEmpty: () => void }
  ) {
    this.#target = target
    this.#now = new RunClock(context)
    this.#room = room
    this.#peek = peek
    this.#onEmpty = onEmpty
    this.#alarm = new MovableTimer(context, () => this.turn())
  }

  /** Adds a request at the end. If there is room, it is admitted before this returns. */
  join(waiting: Waiting, place: Place): void {
    this.#waiting.set(waiting, place)
    this.#room.wait(this.#target, 1)
    this.#endsAt = Math.min(this.#endsAt, endOf(waiting))
    this.turn()
  }

  /** Removes a request. */
  drop(waiting: Waiting): void {
    if (!this.#remove(waiting)) return
    if (this.#waiting.size === 0) this.turn()
  }

  /** The target answered. */
  succeeded(): void {
    this.#failures = 0
    this.turn()
  }

  /** An attempt at the target failed. */
  failed(): void {
    this.#failures++
    this.#failedAt = this.#now.millis()
    this.turn()
  }

  /** The attempt of a request that was admitted is over. */
  left(): void {
    this.turn()
  }

  /** Admits requests as long as there is room. */
  turn(): void {
    if (this.#isTurning) {
      this.#turnAgain = true
      return
    }
    this.#isTurning = true
    let at: number
    do {
      this.#turnAgain = false
      at = this.#look()
    } while (this.#turnAgain)
    this.#isTurning = false
    if (this.#waiting.size > 0) {
      this.#alarm.set(at)
      return
    }
    this.#alarm.stop()
    this.#onEmpty()
  }

  /** Returns when to look again. */
  #look(): number {
    const now = this.#now.millis()
    if (now >= this.#endsAt) this.#giveUp(now)
    const pausedUntil = this.#failures === 0 ? 0 : this.#failedAt + pauseAfter(this.#failures)
    let nextAt = Number.POSITIVE_INFINITY
    for (const [waiting, place] of this.#waiting) {
      if (pausedUntil > now) return Math.min(this.#endsAt, pausedUntil)
      const why = this.#peek(this.#target, now, waiting.who)
      if (why === undefined) {
        this.#remove(waiting)
        waiting.enter(this)
        continue
      }
      nextAt = Math.min(nextAt, why.until > now ? Math.min(why.until, now + look) : now + look)
      if (never.has(why.reason)) break
      if (mayCall(place, why) && why.until > endOf(waiting)) this.#moveOut(waiting)
      // The others may move as well, or be callers for whom the bench does not hold.
      else if (why.until <= this.#endsAt && this.#isForAll(now)) break
    }
    return nextAt === Number.POSITIVE_INFINITY ? nextAt : Math.min(this.#endsAt, nextAt)
  }

  /** Moves a request that may call the benched target to the other queue, where it makes its one attempt as in any other cooldown. */
  #moveOut(waiting: Waiting): void {
    this.#remove(waiting)
    waiting.giveUp(this, true)
  }

  /** Whether the target is benched for all callers. */
  #isForAll(now: number): boolean {
    return this.#peek(this.#target, now, stranger) !== undefined
  }

  #giveUp(now: number): void {
    this.#endsAt = Number.POSITIVE_INFINITY
    for (const waiting of this.#waiting.keys()) {
      if (now >= endOf(waiting)) {
        this.#remove(waiting)
        waiting.giveUp(this)
      } else this.#endsAt = Math.min(this.#endsAt, endOf(waiting))
    }
  }

  #remove(waiting: Waiting): boolean {
    const wasThere = this.#waiting.delete(waiting)
    if (wasThere) this.#room.wait(this.#target, -1)
    return wasThere
  }
}

const endOf = ({ deadlineAt, until }: Waiting): number => Math.min(until, deadlineAt)
