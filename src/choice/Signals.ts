/**
 * What was learned about targets from their attempts: load, times, failures and limits.
 *
 * Signals are kept apart from targets and chains, so that all chains share them and they survive a reload. They are kept only
 * for targets with equals, a learned limit or a hedge; other targets cost nothing.
 */
import { Capacity } from "../capacity/Capacity.ts"
import { LatestTargets } from "../util/LatestKeys.ts"
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
  /** Its outcomes; from its first failure on if its attempts end in the turn in which they begin. */
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
  /** Whether a caller made up its name. */
  readonly unlisted: boolean
  readonly kept: {
    signalsOf: object | undefined
    signals: Signals | undefined
    group?: Group | undefined
  }
}

/** The signals of all targets, by key. */
export class SignalsOf {
  readonly hedges = new HedgeBudget()
  /** The group of each target that has equals. It is kept at the target, which belongs to one chain of one runtime. */
  readonly groups = {
    get: ({ kept }: Keeping): Group | undefined => (kept.signalsOf === this ? kept.group : undefined),
    set: (target: Keeping, group: Group): void => {
      this.ofTarget(target)
      target.kept.group = group
    }
  }
  /** Targets that have refused attempts. The limits of the oldest are not listed any more. */
  readonly refusing = new LatestTargets<Signals>(capacity)
  readonly #known = new LatestTargets<Signals>(capacity)

  /** How many targets are known. */
  get size(): number {
    return this.#known.size
  }

  /** The signals of a target, made on first use. It caches them, so that attempts need no lookup. */
  ofTarget(target: Keeping): Signals {
    const { kept } = target
    if (kept.signalsOf !== this || kept.signals === undefined) {
      kept.signalsOf = this
      kept.group = undefined
      kept.signals = this.#of(target)
    }
    return kept.signals
  }

  #of(target: Keeping): Signals {
    const known = this.#known.get(target)
    if (known !== undefined) return known
    const made = new Signals()
    this.#known.add(target, made)
    return made
  }

  /** Starts to learn the limits of a target. */
  learn(target: Keeping, known: Signals): Capacity {
    this.refusing.add(target, known)
    known.capacity ??= new Capacity()
    return known.capacity
  }
}
