/** From the bytes of an answer to the chunks of its stream, until one of its events ends it. */

import * as Phase from "../../domain/Phase.ts"
import type { MalformedEvents } from "../../policy/Policy.ts"
import type { SseSplitter } from "../bytes/SseSplitter.ts"
import { Chunk } from "../wire/Wire.ts"
import type { EventReader, Failed, Malformed } from "./EventReader.ts"

/** Why no more events follow. */
export type Stop = Failed | Malformed | "too large"

const nothing = new Uint8Array(0)

/** Cuts what is added to it into chunks. */
export class EventCutter {
  /** Events that run together may be cut out as one chunk, where they carry nothing but content. */
  gathers = false
  /** Set when an event has ended the stream. */
  stop: Stop | undefined
  /** Malformed events that were dropped and not counted yet. */
  dropped = 0
  readonly #splitter: SseSplitter
  readonly #reader: EventReader
  readonly #malformedEvents: MalformedEvents
  #parts: ReadonlyArray<Uint8Array> = []
  #next = 0
  #bytes: Uint8Array = nothing
  #at = 0
  #hasContent = false

  constructor(splitter: SseSplitter, reader: EventReader, malformedEvents: MalformedEvents) {
    this.#splitter = splitter
    this.#reader = reader
    this.#malformedEvents = malformedEvents
  }

  /** Takes the next bytes, once those before have been cut. */
  add(parts: ReadonlyArray<Uint8Array>): void {
    this.#parts = parts
    this.#next = 0
  }

  /** Whether there are bytes to cut. */
  get hasBytes(): boolean {
    return this.#at < this.#bytes.length || this.#next < this.#parts.length
  }

  /**
   * The chunks that are complete, in their order. It stops behind the first one with content, because who has waited
   * for it may want to say how the others are to come.
   */
  cut(): Array<Chunk> {
    const chunks: Array<Chunk> = []
    while (this.stop === undefined && this.#more()) {
      const chunk = this.#run() ?? this.#event()
      if (chunk === undefined) continue
      chunks.push(chunk)
      if (chunk.phase.last) break
      if (!this.#hasContent && chunk.phase.content) {
        this.#hasContent = true
        break
      }
    }
    return chunks
  }

  /** What stands at the end without its blank line counts if it can be read; otherwise it was cut off. */
  rest(): Chunk | undefined {
    const rest = this.#splitter.rest()
    const event = rest && this.#reader.read(rest)
    return event === undefined || ("_tag" in event && event._tag === "Malformed")
      ? undefined
      : this.#take(event)
  }

  /** Goes to the next bytes, if there are some. What has been cut is let go. */
  #more(): boolean {
    if (this.#at < this.#bytes.length) return true
    this.#at = 0
    this.#bytes = this.#parts[this.#next++] ?? nothing
    if (this.#next >= this.#parts.length) this.add([])
    return this.#bytes.length > 0 || (this.hasBytes && this.#more())
  }

  /** Events with nothing but content, as many as follow each other. */
  #run(): Chunk | undefined {
    if (!this.gathers || !this.#splitter.isBetween) return undefined
    const from = this.#at
    const end = this.#reader.contentEnd(this.#bytes, from)
    if (end === from) return undefined
    this.#at = end
    return new Chunk(this.#reader.clean(this.#bytes.subarray(from, end)), Phase.content, undefined, undefined)
  }

  #event(): Chunk | undefined {
    const event = this.#splitter.next(this.#bytes, this.#at)
    this.#at = this.#splitter.position
    if (this.#splitter.overflow) this.stop = "too large"
    return event && this.#take(this.#reader.read(event))
  }

  #take(event: Chunk | Failed | Malformed): Chunk | undefined {
    if (!("_tag" in event)) return event
    if (event._tag === "Malformed" && this.#malformedEvents === "drop") this.dropped++
    else this.stop = event
    return undefined
  }
}
