/** The order in which the targets of a tier are tried: the credentials of a model, or several equal models. */
import { Equals } from "../choice/Equals.ts"
import { Signals } from "../choice/Signals.ts"

/**
 * - `sequential` (default for one model): always in the given order
 * - `roundRobin`: each request starts one target further
 * - `random`: a new random order for each request
 * - `weighted`: a random order in which each target comes first in proportion to its weight
 * - `leastLoaded` (default for several models): of two targets drawn at random, the one with less load first (attempts under
 *   way × time to the first content). Different weights are kept as shares, unless one load is more than twice the other
 *
 * A conversation with a key (see `Affinity`) stays at one target under every strategy except `sequential`.
 */
export type Strategy = "sequential" | "roundRobin" | "random" | "weighted" | "leastLoaded"

/** All strategies. */
export const strategies = [
  "sequential",
  "roundRobin",
  "random",
  "weighted",
  "leastLoaded"
] as const satisfies ReadonlyArray<Strategy>

/** Whether something is the name of a strategy. */
export const isStrategy = (u: unknown): u is Strategy => strategies.some((strategy) => strategy === u)

/**
 * The order for one request, as a list. `turn` is the number of requests before it (for `roundRobin`); `chance` returns numbers
 * from 0 to below 1. Nothing is allocated for a single item or for `sequential`. `leastLoaded` assumes that nothing is under way.
 *
 * @internal
 */
export const order = <A>(
  strategy: Strategy,
  items: ReadonlyArray<A>,
  weight: (item: A) => number,
  turn: number,
  chance: () => number
): ReadonlyArray<A> => {
  if (items.length < 2 || strategy === "sequential") return items
  const names = items.map((_, index) => String(index))
  const group = new Equals(
    items,
    names,
    items.map(weight),
    items.map(() => new Signals())
  )
  const ordered = group.order(strategy, undefined, {
    kind: "effect",
    turn: () => turn,
    now: () => 0,
    chance,
    someOut: () => false,
    isOut: () => false
  })
  return items.map((_, index) => ordered.at(index)!)
}
