/** Results kept by name. */

/**
 * A function that finds each name's value once. It keeps as many as a gateway has models, since callers may send any number
 * of other names; the values of further names are found at each call.
 */
export const byName = <A>(find: (name: string) => A): ((name: string) => A) => {
  const known = new Map<string, A>()
  return (name) => {
    const kept = known.get(name)
    if (kept !== undefined) return kept
    const found = find(name)
    if (known.size < most) known.set(name, found)
    return found
  }
}

const most = 256
