/** Timers in the order of their times; those of the same time keep the order in which they were set. */

/** An action at a time, in milliseconds. */
export interface Timer {
  readonly at: number
  readonly run: () => void
  /** True if it must not run any more. */
  cancelled: boolean
}

/** Timers, as a binary heap. */
export class Timers {
  readonly #heap: Array<Queued> = []
  #turns = 0

  add(at: number, run: () => void): Timer {
    const timer = { at, run, cancelled: false, turn: this.#turns++ }
    const heap = this.#heap
    let place = heap.push(timer) - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!isBefore(timer, heap[parent]!)) break
      heap[place] = heap[parent]!
      place = parent
    }
    heap[place] = timer
    return timer
  }

  /** Removes and returns the next timer that is not cancelled; `undefined` if there is none. */
  next(): Timer | undefined {
    for (let timer = this.#take(); timer !== undefined; timer = this.#take()) {
      if (!timer.cancelled) return timer
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

type Queued = Timer & { readonly turn: number }

const isBefore = (a: Queued, b: Queued): boolean => a.at < b.at || (a.at === b.at && a.turn < b.turn)
