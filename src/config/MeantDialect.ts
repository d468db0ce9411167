/** The row of the table of dialects that somebody most likely meant by a name that no row has. */
import { names, table } from "../dialect/index.ts"
import { nearest } from "./file/Nearest.ts"

/** Parts of hosts and patterns that say nothing of whose they are. */
const common = new Set(["com", "api", "services", "inference", "models", "openai-compatible", "open", "www"])

const wordsOf = (text: string): ReadonlyArray<string> =>
  (text.toLowerCase().match(/[a-z]{3,}/g) ?? []).filter((word) => !common.has(word))

/** By what else a row is known: parts of providers' names, of hosts, of models' names, and its own in words. */
const known: ReadonlyMap<string, string> = new Map(
  // Of two rows with the same word the first counts.
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
 * The row: one with nearly that name, one whose name is a part of it, or one that is known by such a word.
 *
 * @example
 * meant("mistrall") // => "mistral"
 * meant("azure-openai") // => "azure"
 * meant("claude") // => "anthropic"
 */
export const meant = (said: string): string | undefined => {
  const word = said.trim().toLowerCase()
  const near = known.get(word) ?? nearest(word, names)
  if (near !== undefined) return near
  const inside = names
    .filter((name) => word.includes(name))
    .sort((a, b) => word.indexOf(a) - word.indexOf(b) || b.length - a.length)[0]
  if (inside !== undefined) return inside
  const other = nearest(word, known.keys()) ?? [...known.keys()].find((each) => word.includes(each))
  return other === undefined ? undefined : known.get(other)
}
