/**
 * What is known of targets from their attempts: how busy and slow they are, how often they fail, how much they take.
 *
 * It belongs to no target and to no chain, so that every chain sees what another one has learnt, and so that it outlives a
 * reload. Only targets that have equals, a limit or a hedge are looked at; others cost nothing.
 */
import { Capacity } from "../capacity/Capacity.ts"
import { LatestKeys } from "../util/LatestKeys.ts"
import { HedgeBudget } from "./HedgeBudget.ts"
import { Load } from "./Load.ts"
import type { Outcomes } from "./Outcomes.ts"
import { RecentTimes } from "./RecentTimes.ts"

/** More targets than this are not kept, except by those that are in use; the oldest go first. */
export const capacity = 10_000

/** What is known of one target. */
export class Signals {
  readonly load = new Load()
  /** What it takes, kept from its first refusal on. */
  capacity: Capacity | undefined
  /** The latest times to the first content, or to the whole answer. */
  readonly times = { stream: new RecentTimes(), effect: new RecentTimes() }
  /** Kept from its first failure on. */
  outcomes: Outcomes | undefined
  /** How many times in a row it was taken out for failing too often, and when the last such time ends. */
  ejections = 0
  outUntil = Number.NEGATIVE_INFINITY
}

/** A target and its equals. */
export interface Group {
  readonly items: ReadonlyArray<object>
  /** What is known of each, in their order. */
  readonly signals: ReadonlyArray<Signals>
}

/** A target, with what it keeps of the signals that it belongs to. */
export interface Keeping {
  readonly key: string
  readonly kept: { signalsOf: object | undefined; signals: Signals | undefined }
}

/** What is known of all targets, by their keys. */
export class SignalsOf {
  readonly hedges = new HedgeBudget()
  /** The groups in which targets have equals, by the targets themselves. */
  readonly groups = new WeakMap<object, Group>()
  /** Targets that have refused attempts, by their keys. */
  readonly refusing = new Map<string, Signals>()
  readonly #known = new LatestKeys<Signals>(capacity)

  /** How many targets are known. */
  get size(): number {
    return this.#known.size
  }

  /** What is known of a target; made when it is first asked for. */
  of(key: string): Signals {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const made = new Signals()
    this.#known.add(key, made)
    return made
  }

  /** The same for a target that is at hand. It keeps what it got, so that attempts look nothing up. */
  ofTarget({ key, kept }: Keeping): Signals {
    if (kept.signalsOf !== this || kept.signals === undefined) {
      kept.signalsOf = this
      kept.signals = this.of(key)
    }
    return kept.signals
  }

  /** The same, without making anything. */
  peek(key: string): Signals | undefined {
    return this.#known.get(key)
  }

  /** Begins to learn what a target takes. */
  learn(key: string, known: Signals): Capacity {
    // Only names that callers make up can be so many. What was learnt of the oldest is no longer listed.
    for (const oldest of this.refusing.keys()) {
      if (this.refusing.size < capacity) break
      this.refusing.delete(oldest)
    }
    this.refusing.set(key, known)
    known.capacity ??= new Capacity()
    return known.capacity
  }
}
