/**
 * Redacts known secrets in every spelling a provider may echo them in: plain, escaped for JSON, JavaScript, URLs or
 * HTML (any part of them, up to three layers), in base64 (also inside a longer text, as in `Basic`, and twice), in
 * hexadecimal (also with something between the bytes), as a list of bytes, in two bytes for each character, in
 * quoted-printable, in several lines, and in lower or upper case.
 *
 * The time is proportional to the length of the text and independent of the number of secrets.
 */
import * as Turns from "../util/Turns.ts"
import { PatternSearch, type Range } from "./PatternSearch.ts"
import { mayBeEscaped, unescape } from "./Unescape.ts"
import { joined, mayBeWrapped, type Unescaped, unquoted } from "./Wrapped.ts"

/** The text that replaces a secret. */
export const replacement = "[redacted]"

/** Shorter strings are not treated as secrets: redacting them would damage ordinary text. */
const shortest = 4

/**
 * Secrets of at least this length are also searched in these encodings; shorter ones would match by chance.
 */
const shortestEncoded = 8

/** The number of nested escapes that are decoded. */
const layers = 3

/** How much of a large text is searched for escaped spellings, in bytes: that takes longer than anything else. */
const mostEscaped = 1024 * 1024

/** The headers of an answer. */
type Headers = Readonly<Record<string, string | ReadonlyArray<string>>>

/** Redacts a set of secrets. */
export interface Secrets {
  /** The text without any of them. */
  readonly text: (text: string) => string
  /**
   * The redacted headers, without those that have a secret in their name; the same object if there was nothing to
   * redact.
   */
  readonly headers: <H extends Headers>(headers: H) => H
  /**
   * For bytes that the caller should get unchanged except for secrets, such as a good answer. Searches only for
   * secrets that do not occur by chance: of 16 characters, or of 8 with letters and digits. Returns the same bytes if
   * there was nothing to redact.
   */
  readonly bytes: (bytes: Uint8Array) => Uint8Array
  /**
   * A JSON string with fewer bytes has none of the secrets that `bytes` searches for, however they are spelled. 0 if a secret may
   * begin outside the string.
   */
  readonly shortest: number
  /** The same in steps of a few milliseconds, for large answers. */
  readonly cleaning: (bytes: Uint8Array) => Turns.Steps<Uint8Array>
  /** True if a text has one of the secrets that `bytes` searches for. */
  readonly isIn: (text: string) => boolean
}

const replacementBytes = Buffer.from(replacement)

/** Makes a redactor for plain secrets. */
export const make = (given: Iterable<string>): Secrets => {
  const secrets = [...new Set([...given].map((secret) => secret.trim()))]
  const all = new PatternSearch(spellings(secrets.filter(({ length }) => length >= shortest)))
  const unlikely = new PatternSearch(spellings(secrets.filter(isUnlikely)))

  const text = (said: string): string => {
    if (all.isEmpty || said.length < shortest) return said
    const bytes = Buffer.from(said)
    const found = find(all, bytes)
    return found === undefined ? said : cut(bytes, found).toString()
  }

  const isIn = (text: string): boolean => find(unlikely, Buffer.from(text)) !== undefined

  /** Nearly all names and values of headers are short and plain: 0.1 instead of 0.25 µs for those of an answer, 1.5 in a request (2026-11-30). */
  const isFree = (value: string | ReadonlyArray<string>): boolean =>
    typeof value === "string" &&
    plain.test(value) &&
    !(value.includes("=") && quoted.test(value)) &&
    !all.mayBeIn(value)

  return {
    text,
    headers: (headers) => {
      if (all.isEmpty) return headers
      let clean: Record<string, string | ReadonlyArray<string>> | undefined
      for (const name in headers) {
        if (!isFree(name) && isIn(name)) {
          clean ??= { ...headers }
          delete clean[name]
          continue
        }
        const value = headers[name]!
        if (isFree(value)) continue
        const cleaned = typeof value === "string" ? text(value) : value.map(text)
        if (String(cleaned) === String(value)) continue
        clean ??= { ...headers }
        clean[name] = cleaned
      }
      return (clean as typeof headers | undefined) ?? headers
    },
    shortest: secrets.some((secret) => secret.includes('"')) ? 0 : unlikely.shortest,
    bytes: (bytes) => {
      const found = find(unlikely, bytes)
      return found === undefined ? bytes : cut(bytes, found)
    },
    *cleaning(bytes) {
      const found = yield* finding(unlikely, bytes)
      return found === undefined ? bytes : cut(bytes, found)
    },
    isIn
  }
}

/** ASCII without a character that begins an escape. */
const plain = /^[ -$'-[\]-~]*$/

/** Two escapes of quoted-printable. */
const quoted = /=[2-7][\dA-Fa-f].*=[2-7][\dA-Fa-f]/

const isUnlikely = (secret: string): boolean =>
  secret.length >= 16 || (secret.length >= 8 && /\d/.test(secret) && /[A-Za-z]/.test(secret))

/** The byte patterns to search for. Escaped spellings are not among them: escapes are decoded first. */
const spellings = (secrets: ReadonlyArray<string>): ReadonlyArray<Uint8Array> => {
  const texts = new Set<string>(secrets)
  for (const secret of secrets) {
    texts.add(JSON.stringify(secret).slice(1, -1))
    if (secret.length < shortestEncoded) continue
    const bytes = Buffer.from(secret)
    for (const inner of base64Of(bytes)) {
      texts.add(inner)
      // Twice, as in a credential of `Basic` that is kept in base64, or as a dump of it.
      for (const twice of base64Of(Buffer.from(inner))) texts.add(twice)
      texts.add(Buffer.from(inner).toString("hex"))
    }
    for (const digits of hexadecimal(bytes, ""))
      for (const inner of base64Of(Buffer.from(digits))) texts.add(inner)
    // As a number, as a fingerprint, as a dump and as a list.
    for (const between of ["", ":", " ", "-", ",0x", ", 0x", " 0x"])
      for (const digits of hexadecimal(bytes, between)) texts.add(digits)
    // As Node writes a buffer in JSON.
    for (const between of [",", ", ", " "]) texts.add(bytes.join(between))
    // As two bytes for each character, without the last zero.
    texts.add(Buffer.from(secret, "utf16le").subarray(0, -1).toString("latin1"))
    // Names of headers come in lower case. A word would occur by chance.
    if (isUnlikely(secret)) texts.add(secret.toLowerCase()).add(secret.toUpperCase())
  }
  return [...texts].map((text) => Buffer.from(text))
}

/** The characters that stand for these bytes in base64, in each of the three positions that they may have in a longer text. */
const base64Of = (bytes: Uint8Array): ReadonlyArray<string> =>
  [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "")
    // The characters at the edges also encode bits of their neighbours, so they are unknown.
    const inner = encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
    const inUrls = inner.replaceAll("+", "-").replaceAll("/", "_")
    return inUrls === inner ? [inner] : [inner, inUrls]
  })

const hexadecimal = (bytes: Uint8Array, between: string): ReadonlyArray<string> => {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
  return [digits.join(between), digits.map((two) => two.toUpperCase()).join(between)]
}

/** The ranges of all secrets; `undefined` if there are none. */
const find = (patterns: PatternSearch, bytes: Uint8Array): ReadonlyArray<Range> | undefined => {
  if (patterns.isEmpty) return undefined
  const found = patterns.find(bytes)
  return mayBeEscaped(bytes) || mayBeWrapped(bytes) ? findEscaped(patterns, bytes, found) : found
}

/** The same in steps. Where pieces overlap, a range may be found twice. */
function* finding(patterns: PatternSearch, bytes: Uint8Array): Turns.Steps<Array<Range> | undefined> {
  if (patterns.isEmpty) return undefined
  let found: Array<Range> | undefined
  let isEscaped = false
  for (let from = 0; from < bytes.length; from += Turns.piece, yield) {
    const to = from + Turns.piece
    for (const range of patterns.find(bytes, from, Math.min(bytes.length, to + patterns.longest)) ?? []) {
      found ??= []
      found.push(range)
    }
    // The character behind a backslash may be in the next piece.
    if (!isEscaped && from < mostEscaped) {
      const piece = bytes.subarray(from, to + 1)
      isEscaped = mayBeEscaped(piece) || mayBeWrapped(piece)
    }
  }
  return isEscaped ? findEscaped(patterns, bytes, found) : found
}

/** Adds the ranges of secrets that are escaped. */
const findEscaped = (
  patterns: PatternSearch,
  bytes: Uint8Array,
  plain: Array<Range> | undefined
): Array<Range> | undefined => {
  let found = plain
  let inner = bytes.length > mostEscaped ? bytes.subarray(0, mostEscaped) : bytes
  const steps: Array<Unescaped> = []
  const search = (layers: ReadonlyArray<Unescaped>): void => {
    for (const range of patterns.find(layers.at(-1)?.bytes ?? bytes) ?? []) {
      found ??= []
      found.push(
        layers.reduceRight<Range>(([start, end], { places }) => [places[start]!, places[end]!], range)
      )
    }
  }
  for (let layer = 0; layer <= layers; layer++) {
    const straight = joined(inner)
    const lines = straight === undefined ? steps : [...steps, straight]
    if (straight !== undefined) search(lines)
    const plain = unquoted(straight?.bytes ?? inner)
    if (plain !== undefined) search([...lines, plain])
    const step = layer < layers ? unescape(inner) : undefined
    if (step === undefined) break
    steps.push(step)
    inner = step.bytes
    search(steps)
  }
  return found
}

/** The bytes with one replacement for each run of ranges. */
const cut = (bytes: Uint8Array, ranges: ReadonlyArray<Range>): Buffer => {
  const parts: Array<Uint8Array> = []
  let at = 0
  for (const [start, end] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (start >= at) parts.push(bytes.subarray(at, start), replacementBytes)
    at = Math.max(at, end)
  }
  parts.push(bytes.subarray(at))
  return Buffer.concat(parts)
}

/** A redactor without secrets. */
export const none: Secrets = make([])
