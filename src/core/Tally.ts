/** Counts of attempts per target, for reports. They decide nothing, so they are counted in place. */
import { classOf, type Failure, type FailureClass } from "./Failure.ts"

/** What has been seen of one target since the process started. */
export interface Tally {
  /** Attempts that ended by themselves; those a caller broke off are not counted. */
  readonly attempts: number
  readonly failures: number
  readonly failuresInRow: number
  readonly lastFailure:
    | { readonly class: FailureClass; readonly at: number; readonly evidence: string | undefined }
    | undefined
}

/** The counts of all targets: at most `capacity`, the ones seen first go first. */
export class Tallies {
  readonly #byKey = new Map<string, { -readonly [K in keyof Tally]: Tally[K] }>()
  readonly #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  succeeded(key: string): void {
    const tally = this.#at(key)
    tally.attempts++
    tally.failuresInRow = 0
  }

  failed(key: string, failure: Failure, at: number): void {
    const tally = this.#at(key)
    tally.attempts++
    tally.failures++
    tally.failuresInRow++
    tally.lastFailure = { class: classOf(failure), at, evidence: failure.evidence }
  }

  entries(): Iterable<readonly [string, Tally]> {
    return this.#byKey
  }

  #at(key: string) {
    let tally = this.#byKey.get(key)
    if (tally === undefined) {
      if (this.#byKey.size >= this.#capacity) this.#byKey.delete(this.#byKey.keys().next().value!)
      tally = { attempts: 0, failures: 0, failuresInRow: 0, lastFailure: undefined }
      this.#byKey.set(key, tally)
    }
    return tally
  }
}
