/**
 * Texts that prove their origin.
 *
 * The text of a provider is made from the request's number, the target and a size, and ends in a checksum of all of it. Anyone who
 * knows these three can tell whether an answer is whole, only its beginning, or from another provider.
 */
import { createHash } from "node:crypto"
import * as Random from "../../test/support/Random.ts"

const words = [
  "lake",
  "river",
  "Straße",
  "naïve",
  "水",
  "🙂",
  "tab\there",
  'a "quote"',
  "back\\slash",
  "line\nend"
]

const sumOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16)

const remembered = new Map<string, string>()

/** The text of a target for a request. */
export const seal = (nonce: string, target: string, size: number): string => {
  const key = `${nonce} ${target} ${size}`
  const known = remembered.get(key)
  if (known !== undefined) return known
  const random = Random.of(0, key)
  let text = `nonce=${nonce} target=${target}`
  while (text.length < size) text += ` ${random.pick(words)}`
  const sealed = `${text} sum=${sumOf(text)}`
  if (remembered.size > 200) remembered.clear()
  remembered.set(key, sealed)
  return sealed
}

/** Compares a text with the text of a target for a request. */
export const judge = (
  text: string,
  nonce: string,
  target: string,
  size: number
): "whole" | "beginning" | "foreign" => {
  const whole = seal(nonce, target, size)
  return text === whole ? "whole" : whole.startsWith(text) ? "beginning" : "foreign"
}
