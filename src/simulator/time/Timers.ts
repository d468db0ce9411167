/** Timers in the order of their times; those of the same time keep the order in which they were set. */

/** An action at a time, in milliseconds. */
export interface Timer {
  readonly at: number
  readonly run: () => void
}

/** Up to this many cancelled timers may remain; more only while they are not more than the others. */
const mostCancelled = 1_000

/** Timers, as a binary heap. */
export class Timers {
  #heap: Array<Queued> = []
  #turns = 0
  #cancelled = 0

  add(at: number, run: () => void): Timer {
    const timer = { at, run, turn: this.#turns++ }
    this.#put(timer)
    return timer
  }

  /**
   * Cancels a timer that has not run, and releases its action at once. Most timers are timeouts that are cancelled long before
   * their time; with their actions kept, they took a seventh of the time of a simulation (thread CPU, 2026-11-30).
   */
  cancel(timer: Timer): void {
    const queued = timer as Queued
    if (queued.run === nothing) return
    queued.run = nothing
    if (++this.#cancelled > mostCancelled && 2 * this.#cancelled > this.#heap.length) this.#clear()
  }

  #put(timer: Queued): void {
    const heap = this.#heap
    let place = heap.push(timer) - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!isBefore(timer, heap[parent]!)) break
      heap[place] = heap[parent]!
      place = parent
    }
    heap[place] = timer
  }

  /** Drops all cancelled timers. */
  #clear(): void {
    const left = this.#heap.filter(({ run }) => run !== nothing)
    this.#heap = []
    this.#cancelled = 0
    for (const timer of left) this.#put(timer)
  }

  /** Removes and returns the next timer that is not cancelled; `undefined` if there is none. */
  next(): Timer | undefined {
    for (let timer = this.#take(); timer !== undefined; timer = this.#take()) {
      if (timer.run !== nothing) return timer
      this.#cancelled--
    }
    return undefined
  }

  #take(): Timer | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || first === last) return first
    let place = 0
    for (let child = 1; child < heap.length; child = 2 * place + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (isBefore(last, heap[child]!)) break
      heap[place] = heap[child]!
      place = child
    }
    heap[place] = last
    return first
  }
}

interface Queued extends Timer {
  run: () => void
  readonly turn: number
}

const nothing = () => {}

const isBefore = (a: Queued, b: Queued): boolean => a.at < b.at || (a.at === b.at && a.turn < b.turn)
