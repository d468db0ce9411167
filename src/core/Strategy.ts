/** The order in which a provider's credentials are tried. */
/**
 * - `sequential` (default): always in the order they were given
 * - `roundRobin`: every request begins one further
 * - `random`: shuffled for every request
 * - `weighted`: shuffled so that a credential comes first as often as its share of the weights says
 */
export type Strategy = "sequential" | "roundRobin" | "random" | "weighted"

/** All strategies. */
export const strategies = [
  "sequential",
  "roundRobin",
  "random",
  "weighted"
] as const satisfies ReadonlyArray<Strategy>

/**
 * The order for one request. `turn` counts the requests at this provider (for `roundRobin`), `chance` gives numbers
 * from 0 to below 1. Nothing is allocated for a single item or for `sequential`.
 */
export const order = <A>(
  strategy: Strategy,
  items: ReadonlyArray<A>,
  weight: (item: A) => number,
  turn: number,
  chance: () => number
): ReadonlyArray<A> => {
  if (items.length < 2) return items
  switch (strategy) {
    case "sequential":
      return items
    case "roundRobin": {
      const first = turn % items.length
      return first === 0 ? items : [...items.slice(first), ...items.slice(0, first)]
    }
    case "random":
      return draw(items, () => 1, chance)
    case "weighted":
      return draw(items, weight, chance)
  }
}

/** Draws all items one after another, each with a chance in proportion to its weight; weightless ones come last. */
const draw = <C>(
  items: ReadonlyArray<C>,
  weight: (item: C) => number,
  chance: () => number
): ReadonlyArray<C> => {
  const left = items.map((item) => ({ item, weight: Math.max(0, weight(item)) }))
  const drawn: Array<C> = []
  while (left.length > 0) {
    let point = chance() * left.reduce((sum, entry) => sum + entry.weight, 0)
    let index = 0
    while (index < left.length - 1 && point >= left[index]!.weight) {
      point -= left[index]!.weight
      index++
    }
    drawn.push(left[index]!.item)
    left.splice(index, 1)
  }
  return drawn
}
