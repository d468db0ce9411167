/** Reads the fields of one server-sent event. */

/** The fields of an event. */
export interface Fields {
  /** The event's name, if any. */
  readonly event: string | undefined
  /** Its `data` lines, joined by line feeds; absent in a comment or a ping. */
  readonly data: string | undefined
}

const decoder = new TextDecoder() // removes a byte order mark

/**
 * Reads the fields of an event as in the standard, with one exception: a block without any standard field is taken
 * as data. Some servers send an error as bare JSON in the middle of a stream.
 *
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 *
 * @example
 * read(new TextEncoder().encode("event: ping\ndata: {}\n\n")) // => { event: "ping", data: "{}" }
 */
export const read = (bytes: Uint8Array): Fields => {
  const text = decoder.decode(bytes)
  // Nearly all events are one line of data.
  const isLine = text.startsWith("data: ") && text.endsWith("\n\n") && text.indexOf("\n") === text.length - 2
  return isLine && !text.includes("\r") ? { event: undefined, data: text.slice(6, -2) } : readLines(text)
}

const readLines = (text: string): Fields => {
  let event: string | undefined
  let data: string | undefined
  let isKnown = false
  let isForeign = false
  for (const line of text.includes("\r") ? text.split(/\r\n|\n|\r/) : text.split("\n")) {
    if (line === "") continue
    const colon = line.indexOf(":")
    switch (colon === -1 ? line : line.slice(0, colon)) {
      case "data": {
        const value = valueOf(line, colon)
        data = data === undefined ? value : `${data}\n${value}`
        break
      }
      case "event":
        event = valueOf(line, colon)
        break
      case "": // a comment
      case "id":
      case "retry":
        isKnown = true
        break
      default:
        isForeign = true
    }
  }
  if (data === undefined && event === undefined && isForeign && !isKnown) data = text.trim()
  return { event, data }
}

const valueOf = (line: string, colon: number): string =>
  colon === -1 ? "" : line.slice(line.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1)
