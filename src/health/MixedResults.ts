/**
 * Targets that fail some requests and answer others. Such a target is not down: some requests cause their failures themselves. Where
 * nothing tells their callers apart, only a longer row of failures shows an outage.
 *
 * A request that is answered at the same target after a failed attempt has not caused the failure. If many are, the target fails by
 * chance, and few of its failures come from requests.
 */
import type { Target } from "../domain/Target.ts"
import { LatestTargets } from "../util/LatestKeys.ts"
import type { Answers, AnswersBetween } from "./AnswersBetween.ts"

/** After this many milliseconds a failure and an answer count half. */
export const halfLife = 300_000

/** The chance that a row of failures is as long although the target is not down. */
export const chance = 0.001

/** The share of the answers that came after a failed attempt (0 to 1) from which on the target fails by chance. */
export const byChance = 0.25

/** The longest row that is waited for. */
export const longest = 100

/** The most targets that are kept; the oldest are dropped. */
export const capacity = 10_000

interface Known {
  failed: number
  answered: number
  rescued: number
  at: number
  /** The target's count of answers, and how many of them have been read. */
  answers: Answers
  read: number
}

/** The latest results of targets that have failed. Times are milliseconds since the epoch. */
export class MixedResults {
  readonly #known = new LatestTargets<Known>(capacity)
  readonly #answers: AnswersBetween

  constructor(answers: AnswersBetween) {
    this.#answers = answers
  }

  /** A visit to a target that was not benched has failed, in a way that its request may have caused. */
  failed(target: Target, now: number): void {
    const known = this.#known.get(target)
    if (known === undefined) {
      const answers = this.#answers.of(target)
      this.#known.add(target, { failed: 1, answered: 0, rescued: 0, at: now, answers, read: answers.count })
      return
    }
    this.#read(known, target, now)
    known.failed++
  }

  /** A target has answered a request after a failed attempt of the same visit. */
  rescued(target: Target, now: number): void {
    const known = this.#known.get(target)
    if (known === undefined) return
    this.#read(known, target, now)
    known.rescued++
  }

  /** After how many failures in a row a target counts as down: 1 for one that has lately answered all requests, or none, or fails by chance. */
  leastInRow(target: Target, now: number): number {
    if (this.#known.isEmpty) return 1
    const known = this.#known.get(target)
    if (known === undefined) return 1
    this.#read(known, target, now)
    if (known.answered < 1 || known.rescued >= byChance * known.answered) return 1
    const share = known.failed / (known.failed + known.answered)
    return Math.max(1, Math.min(longest, Math.ceil(Math.log(chance) / Math.log(share))))
  }

  #read(known: Known, target: Target, now: number): void {
    const answers = this.#answers.of(target)
    if (answers !== known.answers) {
      known.answers = answers
      known.read = 0
    }
    const kept = 0.5 ** (Math.max(0, now - known.at) / halfLife)
    known.failed *= kept
    known.rescued *= kept
    known.answered = known.answered * kept + answers.count - known.read
    known.read = answers.count
    known.at = now
  }
}
