/** Long lists in messages: the first few items and a count of the others. */

/** How many items a message shows. */
export const shown = 5

/** Items that are compared for each one that is shown; bounds the work on lists of a hundred thousand. */
const comparedPerNamed = 10

/**
 * The first items of a list, and how many more there are. An item that occurs several times is shown once, with a count.
 * For the letters a, b, a, c, d, e, f: `a ×2, b, c, d, e, … (1 more)`.
 */
export const few = <A>(
  items: ReadonlyArray<A>,
  render: (item: A) => string,
  separator: string,
  most = shown
): string => {
  const counts = new Map<string, number>()
  let named = 0
  for (const item of items.slice(0, most * comparedPerNamed)) {
    const text = render(item)
    const count = counts.get(text)
    if (count === undefined && counts.size >= most) continue
    counts.set(text, (count ?? 0) + 1)
    named++
  }
  const texts = Array.from(counts, ([text, count]) => (count === 1 ? text : `${text} ×${count}`))
  const more = items.length - named
  return more > 0 ? `${texts.join(separator)}${separator}… (${more} more)` : texts.join(separator)
}
