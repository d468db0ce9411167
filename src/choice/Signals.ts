/**
 * What was learnt about targets from their attempts: load, times, failures and limits.
 *
 * Signals are kept apart from targets and chains, so that all chains share them and they survive a reload. They are kept only
 * for targets with equals, a learned limit or a hedge; other targets cost nothing.
 */
import { Capacity } from "../capacity/Capacity.ts"
import { LatestKeys } from "../util/LatestKeys.ts"
import { HedgeBudget } from "./HedgeBudget.ts"
import { Load } from "./Load.ts"
import type { Outcomes } from "./Outcomes.ts"
import { RecentTimes } from "./RecentTimes.ts"

/** The most targets that are kept, apart from those in use. The oldest are dropped. */
export const capacity = 10_000

/** The signals of one target. */
export class Signals {
  readonly load = new Load()
  /** Its learned limits, from its first refusal on. */
  capacity: Capacity | undefined
  /** The latest times to the first content, or to the whole answer. */
  readonly times = { stream: new RecentTimes(), effect: new RecentTimes() }
  /** Its outcomes, from its first failure on. */
  outcomes: Outcomes | undefined
  /** How many times in a row it was ejected, and when the last ejection ends. */
  ejections = 0
  outUntil = Number.NEGATIVE_INFINITY
}

/** A target and its equals. */
export interface Group {
  readonly items: ReadonlyArray<object>
  /** The signals of each, in the same order. */
  readonly signals: ReadonlyArray<Signals>
}

/** A target, with its cached signals. */
export interface Keeping {
  readonly key: string
  readonly kept: { signalsOf: object | undefined; signals: Signals | undefined }
}

/** The signals of all targets, by key. */
export class SignalsOf {
  readonly hedges = new HedgeBudget()
  /** The group of each target that has equals. */
  readonly groups = new WeakMap<object, Group>()
  /** Targets that have refused attempts, by their keys. */
  readonly refusing = new Map<string, Signals>()
  readonly #known = new LatestKeys<Signals>(capacity)

  /** How many targets are known. */
  get size(): number {
    return this.#known.size
  }

  /** The signals of a target, made on first use. */
  of(key: string): Signals {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const made = new Signals()
    this.#known.add(key, made)
    return made
  }

  /** The same for a target object. It caches its signals, so that attempts need no lookup. */
  ofTarget({ key, kept }: Keeping): Signals {
    if (kept.signalsOf !== this || kept.signals === undefined) {
      kept.signalsOf = this
      kept.signals = this.of(key)
    }
    return kept.signals
  }

  /** The signals of a target, if there are any. */
  peek(key: string): Signals | undefined {
    return this.#known.get(key)
  }

  /** Starts to learn the limits of a target. */
  learn(key: string, known: Signals): Capacity {
    // Only made-up names can be so many. The limits of the oldest are no longer listed.
    for (const oldest of this.refusing.keys()) {
      if (this.refusing.size < capacity) break
      this.refusing.delete(oldest)
    }
    this.refusing.set(key, known)
    known.capacity ??= new Capacity()
    return known.capacity
  }
}
