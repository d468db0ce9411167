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

/**
 * Draws all items one after another, each with a chance in proportion to its weight; weightless ones come last.
 *
 * Takes time in proportion to the number of items. Items are grouped by their weight, rounded up to a power of two. A
 * draw picks a group by the sum of its rounded weights, then an item of it with equal chances, and keeps the item with
 * the chance weight / rounded weight, which is at least a half; else it draws again.
 */
const draw = <C>(
  items: ReadonlyArray<C>,
  weight: (item: C) => number,
  chance: () => number
): ReadonlyArray<C> => {
  const groups = new Map<number, Array<{ readonly item: C; readonly weight: number }>>()
  const weightless: Array<C> = []
  for (const item of items) {
    const own = weight(item)
    if (!(own > 0)) {
      weightless.push(item)
      continue
    }
    const rounded = 2 ** Math.ceil(Math.log2(own))
    const group = groups.get(rounded)
    if (group === undefined) groups.set(rounded, [{ item, weight: own }])
    else group.push({ item, weight: own })
  }
  const drawn: Array<C> = []
  const total = items.length - weightless.length
  for (let rejected = 0; drawn.length < total; ) {
    const [rounded, group] = groupAt(groups, chance())
    const index = Math.min(group.length - 1, Math.floor(chance() * group.length))
    const entry = group[index]!
    if (entry.weight < rounded && rejected < mostRejections && chance() * rounded >= entry.weight) {
      rejected++
      continue
    }
    rejected = 0
    drawn.push(entry.item)
    // Its place is taken by the last one, so that nothing has to move up.
    group[index] = group[group.length - 1]!
    group.pop()
    if (group.length === 0) groups.delete(rounded)
  }
  for (const item of weightless) drawn.push(item)
  return drawn
}

/** After so many rejections in a row the next item is kept: chance itself is broken then. */
const mostRejections = 64

/** The group at a point from 0 to below 1 of the sum of all rounded weights. There are at most some dozens of groups. */
const groupAt = <A>(groups: ReadonlyMap<number, Array<A>>, at: number) => {
  let sum = 0
  for (const [rounded, group] of groups) sum += rounded * group.length
  let point = at * sum
  let last: readonly [number, Array<A>] | undefined
  for (const entry of groups) {
    last = entry
    point -= entry[0] * entry[1].length
    if (point < 0) break
  }
  return last!
}
