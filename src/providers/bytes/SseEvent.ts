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
  const data = new Lines()
  let isKnown = false
  let isForeign = false
  for (const line of linesOf(text)) {
    if (line === "") continue
    const colon = line.indexOf(":")
    switch (colon === -1 ? line : line.slice(0, colon)) {
      case "data":
        data.add(valueOf(line, colon))
        break
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
  const joined = data.joined()
  const isBare = joined === undefined && event === undefined && isForeign && !isKnown
  return { event, data: isBare ? text.trim() : joined }
}

/** The lines, read one after the other: a list of millions of lines would take ten times the bytes of the event. */
function* linesOf(text: string): Iterable<string> {
  if (text.includes("\r")) {
    let from = 0
    for (const { 0: end, index } of text.matchAll(/\r\n|\n|\r/g)) {
      yield text.slice(from, index)
      from = index + end.length
    }
    yield text.slice(from)
    return
  }
  for (let from = 0; from <= text.length; ) {
    const end = text.indexOf("\n", from)
    yield end === -1 ? text.slice(from) : text.slice(from, end)
    if (end === -1) return
    from = end + 1
  }
}

/** Lines that become one text, joined in blocks. */
class Lines {
  readonly #blocks: Array<string> = []
  #last: Array<string> = []

  add(line: string): void {
    this.#last.push(line)
    if (this.#last.length < 1_024) return
    this.#blocks.push(this.#last.join("\n"))
    this.#last = []
  }

  /** `undefined` if there is no line. */
  joined(): string | undefined {
    if (this.#blocks.length === 0) return this.#last.length === 0 ? undefined : this.#last.join("\n")
    if (this.#last.length > 0) this.#blocks.push(this.#last.join("\n"))
    return this.#blocks.join("\n")
  }
}

const valueOf = (line: string, colon: number): string =>
  colon === -1 ? "" : line.slice(line.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1)
