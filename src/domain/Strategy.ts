/** The order in which the targets of a tier are tried: a model's credentials, or several models that count as the same. */
import { Equals } from "../choice/Equals.ts"
import { Signals } from "../choice/Signals.ts"

/**
 * - `sequential` (default of a single model): always in the order they were given
 * - `roundRobin`: every request begins one further
 * - `random`: shuffled for every request
 * - `weighted`: shuffled so that a target comes first as often as its share of the weights says
 * - `leastLoaded` (default of several models): the better of two by chance, by the attempts under way and the time to the
 *   first content. Weights that differ are kept as shares, unless the load of one is more than twice that of the other
 *
 * A conversation with a key (see `Affinity`) stays at one target under all of them but `sequential`, which keeps its order.
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
 * The order for one request, as a list. `turn` counts the requests so far (for `roundRobin`), `chance` gives numbers from 0 to
 * below 1. Nothing is allocated for a single item or for `sequential`. For `leastLoaded` nothing is under way anywhere.
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
