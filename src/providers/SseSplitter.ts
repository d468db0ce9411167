/**
 * Cuts the bytes of an event stream into events, without changing one of them.
 *
 * An event reaches to the end of its blank line. Lines may end in LF, CRLF or CR, comments and unknown fields are
 * kept, and it makes no difference how the bytes were cut on their way. Every byte is looked at once, and an event
 * that arrives in one piece is not copied.
 *
 * The format: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */

const LF = 10
const CR = 13

/** The largest event that is taken by default: 10 MiB. An image in one event stays below that. */
export const defaultMaxEventBytes = 10 * 1024 * 1024

const nothing = new Uint8Array(0)

/**
 * A splitter for one stream.
 *
 * @example
 * const splitter = new SseSplitter()
 * const bytes = new TextEncoder().encode("data: a\n\ndata: b\n\ndata:")
 * splitter.feed(bytes).map((event) => new TextDecoder().decode(event)) // => ["data: a\n\n", "data: b\n\n"]
 */
export class SseSplitter {
  readonly #max: number
  /** The event that has begun, as far as it arrived earlier: the first `#kept` bytes of this. */
  #carry: Uint8Array = nothing
  #kept = 0
  /** No byte of the current line has been seen. */
  #blank = true
  /** The event has a line that is not blank; before that, blank lines belong to the event that follows. */
  #begun = false
  /** The last byte was a CR, whose LF may follow. */
  #afterCr = false
  /** The last byte was the CR of a blank line: the event ends here, or after one LF. */
  #closing = false
  /** A line of this event ended in a CR alone. */
  #bareCr = false
  /** Some CR has been seen in this stream. */
  #anyCr = false

  constructor(maxEventBytes: number = defaultMaxEventBytes) {
    this.#max = maxEventBytes
  }

  /** An event has grown past the limit: the splitter has given up, and takes nothing more. */
  overflow = false

  /** Takes the bytes that came and gives the events that are complete with them. */
  feed(bytes: Uint8Array): ReadonlyArray<Uint8Array> {
    const events: Array<Uint8Array> = []
    if (this.overflow) return events
    if (!this.#anyCr && bytes.indexOf(CR) === -1) this.#lines(bytes, events)
    else this.#mixed(bytes, events)
    return events
  }

  /** What is left at the end of the stream: an event whose blank line never came, or nothing. */
  rest(): Uint8Array | undefined {
    if (this.#kept === 0 || !this.#begun || this.overflow) return undefined
    const rest = this.#carry.subarray(0, this.#kept)
    this.#reset()
    return rest
  }

  /** For bytes without a CR: from LF to LF. */
  #lines(bytes: Uint8Array, events: Array<Uint8Array>): void {
    let start = 0
    let at = 0
    while (at < bytes.length) {
      const end = bytes[at] === LF ? at : bytes.indexOf(LF, at)
      if (end === -1) {
        this.#blank = false
        this.#begun = true
        break
      }
      if (end > at || !this.#blank) {
        this.#begun = true
        this.#blank = true
      } else if (this.#begun) {
        if (!this.#emit(bytes, start, end + 1, events)) return
        start = end + 1
      }
      at = end + 1
    }
    this.#keep(bytes, start)
  }

  /** For bytes with a CR somewhere in their stream: byte by byte. */
  #mixed(bytes: Uint8Array, events: Array<Uint8Array>): void {
    this.#anyCr = true
    let start = 0
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]
      if (this.#closing) {
        const end = byte === LF ? at + 1 : at
        if (!this.#emit(bytes, start, end, events)) return
        start = end
        if (byte === LF) continue
      }
      if (this.#afterCr) {
        this.#afterCr = false
        if (byte === LF) continue
        this.#bareCr = true
      }
      if (byte !== LF && byte !== CR) {
        this.#blank = false
        this.#begun = true
        continue
      }
      if (this.#blank && this.#begun) {
        // A blank line that ends in CR may have an LF to come; not in an event that ends its lines in CR alone.
        if (byte === CR && !this.#bareCr) this.#closing = true
        else {
          if (!this.#emit(bytes, start, at + 1, events)) return
          start = at + 1
        }
        continue
      }
      this.#blank = true
      this.#afterCr = byte === CR
    }
    this.#keep(bytes, start)
  }

  /** The event that ends at `end`; false when it is too large. */
  #emit(bytes: Uint8Array, start: number, end: number, events: Array<Uint8Array>): boolean {
    if (this.#kept + end - start > this.#max) return this.#giveUp()
    if (this.#kept === 0) {
      events.push(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end))
      this.#reset()
    } else {
      this.#append(bytes.subarray(start, end))
      events.push(this.#carry.subarray(0, this.#kept))
      this.#reset()
    }
    return true
  }

  #keep(bytes: Uint8Array, start: number): void {
    if (start === bytes.length) return
    if (this.#kept + bytes.length - start > this.#max) this.#giveUp()
    else this.#append(start === 0 ? bytes : bytes.subarray(start))
  }

  /** Room doubles, so that an event that comes byte by byte is still copied only a few times. */
  #append(bytes: Uint8Array): void {
    const size = this.#kept + bytes.length
    if (size > this.#carry.length) {
      const room = new Uint8Array(
        Math.min(Math.max(size, 2 * this.#carry.length, 256), Math.max(size, this.#max))
      )
      room.set(this.#carry.subarray(0, this.#kept))
      this.#carry = room
    }
    this.#carry.set(bytes, this.#kept)
    this.#kept = size
  }

  #reset(): void {
    this.#carry = nothing
    this.#kept = 0
    this.#blank = true
    this.#begun = false
    this.#afterCr = false
    this.#closing = false
    this.#bareCr = false
  }

  #giveUp(): false {
    this.overflow = true
    this.#reset()
    return false
  }
}
