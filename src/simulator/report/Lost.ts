/** Lost requests, in groups of those that are close in time. */
import type { RequestRecord } from "./Journal.ts"

/** Some requests that were lost for the same reason. Times are milliseconds since the start. */
export interface Loss {
  readonly at: number
  readonly last: number
  readonly error: string
  readonly requests: number
}

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

/** Lost requests at most this many milliseconds apart are one group. */
const together = 10_000

/** Collects lost requests, in any order. */
export class Lost {
  readonly #byError = new Map<string, Array<Mutable<Loss>>>()

  add({ at, error, state }: RequestRecord): void {
    if (error === undefined) return
    const name = state === "broken" ? `broken off (${error})` : error
    const known = this.#byError.get(name) ?? []
    this.#byError.set(name, known)
    // The newest are at the end, and few requests end far out of order.
    let place = known.length - 1
    while (place >= 0 && known[place]!.at - together > at) place--
    const near = known[place]
    if (near === undefined || at - near.last > together) {
      known.splice(place + 1, 0, { at, last: at, error: name, requests: 1 })
      return
    }
    near.requests++
    near.at = Math.min(near.at, at)
    near.last = Math.max(near.last, at)
    const before = known[place - 1]
    if (before === undefined || near.at - before.last > together) return
    before.last = Math.max(before.last, near.last)
    before.requests += near.requests
    known.splice(place, 1)
  }

  /** In the order of their beginning. */
  get all(): ReadonlyArray<Loss> {
    return [...this.#byError.values()].flat().sort((a, b) => a.at - b.at)
  }
}
