/** A request that waits in the queues of the targets that it may call. */
import type * as Context from "effect/Context"
import type * as Bench from "../../health/Bench.ts"
import type { Line, Place, Waiting } from "./WaitQueue.ts"
import type { WaitQueues } from "./WaitQueues.ts"

/** The turn of a request. Its queue counts an attempt as under way until `queue.left()` is called. */
export interface Turn<out P extends Place = Place> {
  readonly queue: Line
  readonly place: P
}

/** One request that waits. */
export class Waiter<in out P extends Place> implements Waiting {
  readonly until: number
  readonly deadlineAt: number
  readonly who: Bench.Who | undefined
  readonly #places = new Map<Line, P>()
  readonly #onEnd: (turn: Turn<P> | undefined) => void
  #join: ((place: P) => void) | undefined
  #isDone = false
  #isJoining = false

  /** `onEnd` is called once: with a turn, or without one when all queues gave up. */
  constructor(
    { deadlineAt, until, who }: Pick<Waiting, "until" | "deadlineAt" | "who">,
    onEnd: (turn: Turn<P> | undefined) => void
  ) {
    this.until = until
    this.deadlineAt = deadlineAt
    this.who = who
    this.#onEnd = onEnd
  }

  /** Joins the queues of these targets, until the first one admits it, which may be at once. */
  join(queues: WaitQueues, context: Context.Context<never>, places: ReadonlyArray<P>): void {
    this.#join = (place) => {
      const queue =
        place.forRoom === true ? queues.room(place.target, context) : queues.of(place.target, context)
      this.#places.set(queue, place)
      queue.join(this, place)
    }
    this.#isJoining = true
    for (const place of places) {
      if (this.#isDone) return
      this.#join(place)
    }
    this.#isJoining = false
    if (this.#places.size === 0) this.#end(undefined)
  }

  enter(queue: Line): void {
    const place = this.#places.get(queue)
    if (place === undefined || this.#isDone) queue.left()
    else this.#end({ queue, place })
  }

  giveUp(queue: Line, isBenched = false): void {
    const place = this.#places.get(queue)
    this.#places.delete(queue)
    // From now on it waits in the target's other queue, like every request that finds the target benched.
    if (isBenched && place !== undefined && !this.#isDone) this.#join?.({ ...place, forRoom: false })
    if (this.#places.size === 0 && !this.#isJoining) this.#end(undefined)
  }

  /** The caller was interrupted: leaves all queues. */
  leave(): void {
    this.#isDone = true
    const queues = [...this.#places.keys()]
    this.#places.clear()
    for (const queue of queues) queue.drop(this)
  }

  #end(turn: Turn<P> | undefined): void {
    if (this.#isDone) return
    this.leave()
    this.#onEnd(turn)
  }
}
