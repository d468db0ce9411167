/** Counts of attempts per target and per credential, for reports only. They are updated in place. */

import type { AttemptCounts, Counted, Counts } from "../domain/Counts.ts"
import type { Target } from "../domain/Target.ts"
import { classOf, type Failure } from "../failure/Failure.ts"

export type { AttemptCounts } from "../domain/Counts.ts"

/**
 * The counts of all targets and credentials. Of targets without configuration (`Target.unlisted`) at most `mostUnlisted` are
 * kept, the latest ones. They displace no others.
 */
export class Tallies {
  readonly #byTarget = new Map<string, Counted>()
  readonly #byCredential = new Map<string, Counts>()
  readonly #mostUnlisted: number
  /** The unlisted targets, in a ring. */
  readonly #unlisted: Array<string> = []
  #next = 0

  constructor(mostUnlisted: number) {
    this.#mostUnlisted = mostUnlisted
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

  /** A configured target keeps its counts, so that attempts look nothing up. */
  #of(target: Target): Counted {
    const { kept } = target
    if (kept.counts !== undefined && kept.countsOf === this) return kept.counts
    const counted = this.#byTarget.get(target.key) ?? this.#add(target)
    if (target.unlisted) return counted
    kept.countsOf = this
    kept.counts = counted
    return counted
  }

  #add({ benchKeys, key, unlisted }: Target): Counted {
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
    this.#next = (this.#next + 1) % this.#mostUnlisted
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
