/** Counts of attempts per target and per credential, for reports only. They are updated in place. */

import type { Target } from "../domain/Target.ts"
import { classOf, type Failure, type FailureClass } from "../failure/Failure.ts"

/** The counts of one target, or of one credential with all its models, since the process started. */
export interface AttemptCounts {
  /** Attempts that ended by themselves; those that a caller interrupted are not counted. */
  readonly attempts: number
  readonly failures: number
  readonly failuresInRow: number
  readonly lastFailure:
    | { readonly class: FailureClass; readonly at: number; readonly evidence: string | undefined }
    | undefined
}

type Counts = { -readonly [K in keyof AttemptCounts]: AttemptCounts[K] }

/** The counts of a target, and those of its credential. */
interface Counted {
  readonly own: Counts
  readonly credential: Counts
}

/**
 * The counts of all targets and credentials. Of targets without configuration (`Target.unlisted`) at most `room` are
 * kept, the latest ones. They displace no others.
 */
export class Tallies {
  readonly #byTarget = new Map<string, Counted>()
  readonly #byCredential = new Map<string, Counts>()
  readonly #room: number
  /** The unlisted targets, in a ring. */
  readonly #unlisted: Array<string> = []
  #next = 0

  constructor(room: number) {
    this.#room = room
  }

  succeeded(target: Target): void {
    const { credential, own } = this.#of(target)
    countAnswer(own)
    countAnswer(credential)
  }

  failed(target: Target, failure: Failure, at: number): void {
    const { credential, own } = this.#of(target)
    const last = { class: classOf(failure), at, evidence: failure.evidence }
    countFailure(own, last)
    countFailure(credential, last)
  }

  *targets(): Iterable<readonly [string, AttemptCounts]> {
    for (const [key, { own }] of this.#byTarget) yield [key, own]
  }

  credentials(): Iterable<readonly [string, AttemptCounts]> {
    return this.#byCredential
  }

  #of({ benchKeys, key, unlisted }: Target): Counted {
    const known = this.#byTarget.get(key)
    if (known !== undefined) return known
    let credential = this.#byCredential.get(benchKeys.credential)
    if (credential === undefined) {
      credential = { ...none }
      this.#byCredential.set(benchKeys.credential, credential)
    }
    if (unlisted) this.#makeRoom(key)
    const counted = { own: { ...none }, credential }
    this.#byTarget.set(key, counted)
    return counted
  }

  #makeRoom(key: string): void {
    const first = this.#unlisted[this.#next]
    if (first !== undefined) this.#byTarget.delete(first)
    this.#unlisted[this.#next] = key
    this.#next = (this.#next + 1) % this.#room
  }
}

/** No attempts. */
export const none: AttemptCounts = { attempts: 0, failures: 0, failuresInRow: 0, lastFailure: undefined }

const countAnswer = (counts: Counts): void => {
  counts.attempts++
  counts.failuresInRow = 0
}

const countFailure = (counts: Counts, last: NonNullable<AttemptCounts["lastFailure"]>): void => {
  counts.attempts++
  counts.failures++
  counts.failuresInRow++
  counts.lastFailure = last
}
