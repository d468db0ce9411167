/**
 * Timers by their times, the soonest first, in a binary heap.
 *
 * Nearly all timers are moved to later times again and again, and stopped before they are due. So a timer that is moved to a later
 * time stays where it is until it reaches the top: moving it costs nothing.
 */

/** A timer. */
export interface Timed {
  /** In milliseconds since the epoch. */
  readonly dueAt: number
  /** Its place in the heap; -1 outside. Only the heap changes it. */
  place: number
  /** The time by which it is ordered, at most `dueAt`. Only the heap changes it. */
  orderedAt: number
  /** Of timers with the same time the first one added comes first. Only the heap changes it. */
  turn: number
}

/** Timers, the soonest first. */
export class TimerHeap<T extends Timed> {
  readonly #timers: Array<T> = []
  #turns = 0

  /** How many there are. */
  get size(): number {
    return this.#timers.length
  }

  /** Adds a timer, which is not in the heap. */
  add(timer: T): void {
    timer.orderedAt = timer.dueAt
    timer.turn = this.#turns++
    this.#timers.push(timer)
    this.#up(timer, this.#timers.length - 1)
  }

  /** Removes a timer of the heap. */
  remove(timer: T): void {
    const { place } = timer
    const last = this.#timers.pop()!
    timer.place = -1
    if (last === timer) return
    if (isBefore(last, timer)) this.#up(last, place)
    else this.#down(last, place)
  }

  /** The time of a timer has changed. */
  moved(timer: T): void {
    if (timer.dueAt >= timer.orderedAt) return
    timer.orderedAt = timer.dueAt
    this.#up(timer, timer.place)
  }

  /** The timer that is due first. */
  get first(): T | undefined {
    const timers = this.#timers
    while (timers.length > 0 && timers[0]!.orderedAt < timers[0]!.dueAt) {
      const top = timers[0]!
      top.orderedAt = top.dueAt
      this.#down(top, 0)
    }
    return timers[0]
  }

  #up(timer: T, from: number): void {
    const timers = this.#timers
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const other = timers[above]!
      if (!isBefore(timer, other)) break
      this.#put(other, place)
      place = above
    }
    this.#put(timer, place)
  }

  #down(timer: T, from: number): void {
    const timers = this.#timers
    let place = from
    while (true) {
      let below = 2 * place + 1
      if (below >= timers.length) break
      if (below + 1 < timers.length && isBefore(timers[below + 1]!, timers[below]!)) below++
      const other = timers[below]!
      if (!isBefore(other, timer)) break
      this.#put(other, place)
      place = below
    }
    this.#put(timer, place)
  }

  #put(timer: T, place: number): void {
    this.#timers[place] = timer
    timer.place = place
  }
}

const isBefore = (one: Timed, other: Timed): boolean =>
  one.orderedAt === other.orderedAt ? one.turn < other.turn : one.orderedAt < other.orderedAt
