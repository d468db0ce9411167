/** Tables of words with the same meaning; each group names the page that documents it. */

/** Values with one meaning, separated by spaces, and where they are documented. */
export interface Group<out Meaning extends string> {
  readonly as: Meaning
  readonly source: string
  readonly values: string
}

/** The form in which words are compared: lower case, letters and digits only. `maxTokens` equals `MAX_TOKENS`. */
export const fold = (word: string): string => word.toLowerCase().replace(/[^a-z0-9]/g, "")

/** A table by folded word; of duplicate words the last one counts. */
export const index = <Meaning extends string>(
  groups: ReadonlyArray<Group<Meaning>>
): ReadonlyMap<string, Meaning> =>
  new Map(groups.flatMap(({ as, values }) => values.split(" ").map((value) => [fold(value), as] as const)))
