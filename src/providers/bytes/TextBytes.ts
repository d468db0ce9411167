/** Decodes the bytes of texts, which need not be UTF-8. */

const utf8 = new TextDecoder("utf-8", { fatal: true })
const latin = new TextDecoder("windows-1252")

const decoderOf = (name: string | undefined): TextDecoder | undefined => {
  try {
    return name === undefined ? undefined : new TextDecoder(name)
  } catch {
    return undefined
  }
}

/** By a byte order mark; such a text has a zero in every other byte. */
const marked = (bytes: Uint8Array): TextDecoder | undefined =>
  bytes[0] === 0xff && bytes[1] === 0xfe
    ? new TextDecoder("utf-16le")
    : bytes[0] === 0xfe && bytes[1] === 0xff
      ? new TextDecoder("utf-16be")
      : undefined

/** Characters that no text has near its beginning. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const control = /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/

const isBinary = (bytes: Uint8Array): boolean =>
  bytes.includes(0) || control.test(Buffer.from(bytes.subarray(0, 1024)).toString("latin1"))

/** The text if the bytes are UTF-8, or UTF-16 with a mark; `undefined` if they are neither, or no text at all. */
export const decodedSafely = (bytes: Uint8Array): string | undefined => {
  const own = marked(bytes)
  if (own !== undefined) return own.decode(bytes)
  if (isBinary(bytes)) return undefined
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/**
 * The text of bytes that are declared to be text: in the character set that `label` names, in UTF-8, or in the one of old
 * Windows files, which has a character for every byte.
 */
export const decoded = (bytes: Uint8Array, label: string): string => {
  const named = decoderOf(/charset="?([\w-]+)/i.exec(label)?.[1])
  if (named !== undefined && named.encoding !== "utf-8") return named.decode(bytes)
  try {
    return (marked(bytes) ?? utf8).decode(bytes)
  } catch {
    return latin.decode(bytes)
  }
}

/** Removes a byte order mark of UTF-8; it belongs neither to JSON nor to the first event. */
export const withoutMark = (bytes: Uint8Array): Uint8Array =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes

/** Whether a content type names another character set than UTF-8, in which JSON and events are passed on. */
export const hasOtherCharset = (type: string | ReadonlyArray<string>): boolean =>
  /charset=(?!"?utf-?8\b)/i.test(String(type))
