/**
 * Shortens tool names that are longer than OpenAI allows.
 *
 * OpenAI allows 64 characters, Anthropic 128, and tool servers make use of them (`mcp__server__tool`). A longer name
 * is cut and gets a checksum, always in the same way, so that it can be mapped back in the answer.
 * https://github.com/openai/openai-node/blob/master/src/resources/chat/completions/completions.ts
 */

const longest = 64

/** The name for OpenAI. */
export const shorten = (name: string): string =>
  name.length <= longest ? name : `${name.slice(0, longest - 9)}_${checksum(name)}`

/** The full names by the shortened ones. */
export const shortened = (names: Iterable<string>): ReadonlyMap<string, string> => {
  let whole: Map<string, string> | undefined
  for (const name of names) {
    if (name.length > longest) (whole ??= new Map<string, string>()).set(shorten(name), name)
  }
  return whole ?? none
}

const none: ReadonlyMap<string, string> = new Map()

/** FNV-1a, 32 bits, as eight hexadecimal digits. */
const checksum = (name: string): string => {
  let hash = 0x811c9dc5
  for (let at = 0; at < name.length; at++) {
    hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193) >>> 0
  }
  return hash.toString(16).padStart(8, "0")
}
