/** Suggests a known name for a mistyped one. */

/**
 * The name with the fewest edits (insert, delete, replace or swap a letter); `undefined` if even that takes
 * more than a third of the word.
 *
 * @example
 * nearest("credentails", ["credentials", "baseUrl"]) // => "credentials"
 */
export const nearest = (word: string, names: Iterable<string>): string | undefined => {
  let best: string | undefined
  let least = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const name of names) {
    if (Math.abs(name.length - word.length) >= least) continue
    const edits = distance(word.toLowerCase(), name.toLowerCase())
    if (edits < least) {
      best = name
      least = edits
    }
  }
  return best
}

/** The number of edits between two words (optimal string alignment). */
const distance = (a: string, b: string): number => {
  let before: Array<number> = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const exchange = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      let edits = Math.min(row[j - 1]! + 1, last[j]! + 1, exchange)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, before[j - 2]! + 1)
      }
      row.push(edits)
    }
    before = last
    last = row
  }
  return last[b.length]!
}
