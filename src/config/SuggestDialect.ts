/** Suggests a dialect for an unknown dialect name. */
import { names, table } from "../dialect/index.ts"
import { nearest } from "../util/Nearest.ts"

/** Words in hosts and patterns that identify no provider. */
const common = new Set(["com", "api", "services", "inference", "models", "openai-compatible", "open", "www"])

const wordsOf = (text: string): ReadonlyArray<string> =>
  (text.toLowerCase().match(/[a-z]{3,}/g) ?? []).filter((word) => !common.has(word))

/** Other words that identify a dialect: of provider names, hosts and model names. */
const known: ReadonlyMap<string, string> = new Map(
  // The first row with a word takes precedence.
  [...table]
    .reverse()
    .flatMap(({ match, name }) =>
      [
        ...(match.hosts ?? []).flatMap((host) => wordsOf(host.split(".").slice(0, -1).join("."))),
        ...wordsOf(match.models?.source ?? ""),
        ...(match.providers ?? [])
      ].map((word) => [word, name] as const)
    )
)

/**
 * The dialect with a similar name, one with a name that is part of the given name, or one that is known by such a
 * word.
 *
 * @example
 * suggestDialect("mistrall") // => "mistral"
 * suggestDialect("azure-openai") // => "azure"
 * suggestDialect("claude") // => "anthropic"
 */
export const suggestDialect = (given: string): string | undefined => {
  const word = given.trim().toLowerCase()
  const near = known.get(word) ?? nearest(word, names)
  if (near !== undefined) return near
  const inside = names
    .filter((name) => word.includes(name))
    .sort((a, b) => word.indexOf(a) - word.indexOf(b) || b.length - a.length)[0]
  if (inside !== undefined) return inside
  const other = nearest(word, known.keys()) ?? [...known.keys()].find((each) => word.includes(each))
  return other === undefined ? undefined : known.get(other)
}
