/** Long lists in messages: the first few and a count, so that a message stays readable however long a chain is. */

/** How many items a message names. */
export const shown = 5

/**
 * The first items of a list, and how many more there are. Only the items that are named are rendered.
 * Of seven letters: `a, b, c, d, e, … (2 more)`.
 */
export const few = <A>(
  items: ReadonlyArray<A>,
  render: (item: A) => string,
  separator: string,
  most = shown
): string => {
  const named = items.slice(0, most).map(render).join(separator)
  const more = items.length - most
  return more > 0 ? `${named}${separator}… (${more} more)` : named
}
