/**
 * Finds runs of empty events: comments, and events without data. A provider may send millions of them, at
 * three bytes each; read one by one, such an event takes a thousand times as long as a byte of text.
 */

const LF = 10
const CR = 13
const d = 0x64
const e = 0x65

/** The beginnings of lines that carry no data, whatever follows. */
const silent = [":", "id:", "retry:"].map((text) => Buffer.from(text))

/** Lines that carry no data if nothing follows. */
const empty = ["data", "data:", "data: "].map((text) => Buffer.from(text))

const event = Buffer.from("event:")
const error = Buffer.from("error")

/**
 * The end of the last complete empty event in the run that begins at `from`; `from` if there is none. Events with a
 * CR are not among them.
 */
export const endOfEmpty = (bytes: Uint8Array, from: number): number => {
  let end = from
  let hasLine = false
  let hasData = false
  for (let at = from; at < bytes.length; ) {
    if (bytes[at] === LF) {
      at++
      if (hasLine) end = at
      hasLine = false
      hasData = false
      continue
    }
    const next = endOfLine(bytes, at)
    const isData = bytes[at] === d
    // Two lines of data, even empty ones, have a line feed between them, which is data.
    if (next === -1 || (isData && hasData)) break
    hasLine = true
    hasData ||= isData
    at = next
  }
  return end
}

/** Where the line after the empty line at `at` begins; -1 if that line is not empty, or is not complete. */
const endOfLine = (bytes: Uint8Array, at: number): number => {
  let end = at
  for (let byte = bytes[end]; byte !== LF; byte = bytes[++end])
    if (byte === undefined || byte === CR) return -1
  const isSilent =
    bytes[at] === e
      ? begins(bytes, at, event) && !isError(bytes, at + event.length, end)
      : silent.some((text) => begins(bytes, at, text)) ||
        empty.some((text) => text.length === end - at && begins(bytes, at, text))
  return isSilent ? end + 1 : -1
}

/** An event named `error` is an error without data too. */
const isError = (bytes: Uint8Array, from: number, end: number): boolean => {
  for (let at = from; at + error.length <= end; at++) if (begins(bytes, at, error)) return true
  return false
}

const begins = (bytes: Uint8Array, at: number, text: Uint8Array): boolean => {
  for (let index = 0; index < text.length; index++) if (bytes[at + index] !== text[index]) return false
  return true
}
