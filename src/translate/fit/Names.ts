/**
 * Replaces names that a target does not accept.
 *
 * A name is always changed in the same way, so that a tool has the same name in every request, and a checksum keeps
 * changed names distinct.
 */

/** A target's rule for names. */
export interface NameRule {
  /** The inside of a character class; empty for any character. */
  readonly characters: string
  readonly longest: number
}

/** Of a longer name only this many characters are rewritten. The checksum is of all of them. */
const mostRewritten = 1_024

const others = new Map<string, RegExp>()

/** A pattern for every character outside the set; made once for each set. */
const notAmong = (characters: string): RegExp => {
  const known = others.get(characters)
  if (known !== undefined) return known
  const made = new RegExp(`[^${characters}]`, "gu")
  others.set(characters, made)
  return made
}

/** True for a name that the target accepts. */
export const isTaken = (name: string, { characters, longest }: NameRule): boolean =>
  name.length <= longest && name !== "" && (characters === "" || name.search(notAmong(characters)) === -1)

/** The name for the target. */
export const fit = (name: string, rule: NameRule): string => {
  if (isTaken(name, rule)) return name
  const { characters, longest } = rule
  const filler = characters === "" || isAmong("_", characters) ? "_" : ""
  const sum = spelled(checksum(name), characters)
  const begin = name.slice(0, mostRewritten)
  const plain = characters === "" ? begin : begin.replaceAll(notAmong(characters), filler)
  return `${plain.slice(0, Math.max(0, longest - sum.length - 1))}${filler}${sum}`.slice(0, longest)
}

/** A hash of a text with an exact number of characters; another `turn` gives another hash. */
export const hashed = (text: string, turn: number, characters: string, length: number): string => {
  let made = ""
  for (let round = 0; made.length < length; round++) {
    made += spelled(checksum(`${turn}.${round}.${text}`), characters)
  }
  return made.slice(0, length)
}

const hexadecimal = "0123456789abcdef"
const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/** A number in the allowed letters and digits. */
const spelled = (number: number, characters: string): string => {
  const all = characters === "" ? digits : [...digits].filter((digit) => isAmong(digit, characters)).join("")
  const taken = all.startsWith(hexadecimal) ? hexadecimal : all
  let rest = number
  let made = ""
  do {
    made = taken[rest % taken.length] + made
    rest = Math.floor(rest / taken.length)
  } while (rest > 0)
  return made.padStart(Math.ceil(32 / Math.log2(taken.length)), taken[0])
}

const isAmong = (character: string, characters: string): boolean =>
  character.search(notAmong(characters)) === -1

/** FNV-1a, 32 bits. */
const checksum = (text: string): number => {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0
  return hash
}
