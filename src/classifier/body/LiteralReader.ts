/**
 * A lenient parser of object literals: JSON, truncated JSON, JSON with escaped quotes, and printed Python dicts.
 * Providers and relays paste all of these into messages.
 */

/** The deepest nesting of a literal. */
const maxDepth = 48

interface Cursor {
  readonly text: string
  readonly end: number
  at: number
  /** True once the text ended inside an object or array. */
  isCut: boolean
}

/** The text ended inside a literal: what was read so far counts. */
const Cut = Symbol("Cut")

/** Not a literal. */
const Bad = Symbol("Bad")

const constants: { readonly [word: string]: unknown } = {
  true: true,
  True: true,
  false: false,
  False: false,
  null: null,
  None: null,
  NaN: null,
  undefined: null
}

const escapes: { readonly [letter: string]: string } = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" }

/**
 * Skips white space, also when spelled `
 * ` as in the Python form of bytes.
 */
const skipSpace = (c: Cursor): void => {
  while (c.at < c.end) {
    const code = c.text.charCodeAt(c.at)
    if (code === 32 || code === 10 || code === 13 || code === 9) c.at++
    else if (code === 92 && "nrt".includes(c.text[c.at + 1] ?? "?")) c.at += 2
    else return
  }
}

const readText = (c: Cursor): string => {
  const quote = c.text[c.at]!
  const parts: Array<string> = []
  let from = ++c.at
  while (c.at < c.end) {
    const char = c.text[c.at]!
    if (char === quote) {
      parts.push(c.text.slice(from, c.at++))
      return parts.join("")
    }
    if (char === "\\") {
      parts.push(c.text.slice(from, c.at))
      const letter = c.text[c.at + 1] ?? ""
      if (letter === "u") {
        const code = Number.parseInt(c.text.slice(c.at + 2, c.at + 6), 16)
        parts.push(Number.isNaN(code) ? "" : String.fromCharCode(code))
        c.at = Math.min(c.end, c.at + 6)
      } else {
        parts.push(escapes[letter] ?? letter)
        c.at = Math.min(c.end, c.at + 2)
      }
      from = c.at
    } else c.at++
  }
  parts.push(c.text.slice(from, c.end))
  return parts.join("")
}

const readWord = (c: Cursor): unknown => {
  const from = c.at
  while (c.at < c.end && c.at - from < 40 && /[\w.+-]/.test(c.text[c.at]!)) c.at++
  const word = c.text.slice(from, c.at)
  if (word === "") return Bad
  if (Object.hasOwn(constants, word)) return constants[word]
  const number = Number(word)
  if (!Number.isNaN(number)) return number
  return c.at >= c.end ? null : Bad
}

const readValue = (c: Cursor, depth: number): unknown => {
  skipSpace(c)
  if (c.at >= c.end) return Cut
  const char = c.text[c.at]!
  if (char === "{" || char === "[") return depth >= maxDepth ? Bad : readGroup(c, depth + 1, char === "{")
  if (char === '"' || char === "'") return readText(c)
  return readWord(c)
}

const readGroup = (c: Cursor, depth: number, isObject: boolean): unknown => {
  const fields: { [key: string]: unknown } = Object.create(null)
  const items: Array<unknown> = []
  const group = isObject ? fields : items
  c.at++
  while (true) {
    skipSpace(c)
    if (c.at >= c.end) break
    const char = c.text[c.at]!
    if (char === (isObject ? "}" : "]")) {
      c.at++
      return group
    }
    if (char === ",") {
      c.at++
      continue
    }
    if (!isObject) {
      const item = readValue(c, depth)
      if (item === Bad) return Bad
      if (item !== Cut) items.push(item)
      continue
    }
    if (char !== '"' && char !== "'") return Bad
    const key = readText(c)
    skipSpace(c)
    if (c.at >= c.end) break
    if (c.text[c.at] !== ":") return Bad
    c.at++
    const value = readValue(c, depth)
    if (value === Bad) return Bad
    if (value !== Cut) fields[key] = value
  }
  c.isCut = true
  return group
}

/**
 * Reads the object or array that begins at `from`; `undefined` if there is none. A truncated literal yields the
 * complete part, its last string as far as it goes. Reads the text once.
 */
export const readLiteral = (
  text: string,
  from = 0
): { readonly value: unknown; readonly end: number; readonly whole: boolean } | undefined => {
  const cursor: Cursor = { text, end: text.length, at: from, isCut: false }
  skipSpace(cursor)
  const open = text[cursor.at]
  if (open !== "{" && open !== "[") return undefined
  const value = readValue(cursor, 0)
  if (value === Bad || value === Cut) return undefined
  return { value, end: cursor.at, whole: !cursor.isCut }
}

/** The most positions in a text that are tried as the start of a literal. */
const maxAttempts = 12

/** Removes one level of escaped quotes. */
const unescapeOnce = (text: string): string =>
  text.replace(/\\(["\\nrt])/g, (_, c: string) => escapes[c] ?? c)

/**
 * Finds the object literals inside a sentence, and returns the sentence without them.
 *
 * @example
 * import { embedded } from "./LiteralReader.ts"
 *
 * embedded("Error code: 429 - {'error': {'code': 'slow_down'}}").prose // => "Error code: 429 -  "
 */
export const embedded = (
  text: string
): { readonly values: ReadonlyArray<unknown>; readonly prose: string } => {
  const values: Array<unknown> = []
  const prose: Array<string> = []
  let from = 0
  let at = 0
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const open = text.indexOf("{", at)
    if (open < 0) break
    const escaped = /^\{(?:\s|\\[nrt]){0,64}\\"/.test(text.slice(open, open + 160))
    const found = escaped ? readLiteral(unescapeOnce(text.slice(open))) : readLiteral(text, open)
    if (found === undefined || Object.keys(found.value as object).length === 0) {
      at = open + 1
      continue
    }
    values.push(found.value)
    prose.push(text.slice(from, open))
    if (escaped) {
      from = text.length
      break
    }
    from = at = Math.max(found.end, open + 1)
  }
  prose.push(text.slice(from))
  return { values, prose: prose.join(" ") }
}
