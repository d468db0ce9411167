/** Cuts the bytes of an answer into the chunks of its stream, until an event ends the stream. */

import * as Phase from "../../domain/Phase.ts"
import type { MalformedEvents } from "../../policy/Policy.ts"
import { endOfEmpty } from "../bytes/EmptyEvents.ts"
import { apart } from "../bytes/GluedEvents.ts"
import { finite } from "../bytes/NotNumbers.ts"
import type { SseSplitter } from "../bytes/SseSplitter.ts"
import { Chunk } from "../wire/Wire.ts"
import type { EventReader, Failed, Malformed, Truncated } from "./EventReader.ts"

/** Why no more events follow. */
export type Stop = Failed | Malformed | Truncated | "too large"

/** The fields of an empty event. */
const saysNothing = { event: undefined, data: undefined }

const nothing = new Uint8Array(0)

/** Cuts the bytes that are added to it into chunks. */
export class EventCutter {
  /**
   * If true, consecutive events with nothing but content may be returned as one chunk. Cutting 100 events, ten to a read,
   * takes 37 µs, and 70 one by one, of about 300 for the whole stream (2026-11-29).
   */
  gathers = false
  /** Set when an event has ended the stream. */
  stop: Stop | undefined
  /** Malformed events that were dropped since the last count. */
  dropped = 0
  readonly #splitter: SseSplitter
  readonly #reader: EventReader
  readonly #malformedEvents: MalformedEvents
  #parts: ReadonlyArray<Uint8Array> = []
  #next = 0
  #bytes: Uint8Array = nothing
  #at = 0
  #hasContent = false
  /** Whether the last event was empty; more empty ones may follow. */
  #wasEmpty = false

  constructor(splitter: SseSplitter, reader: EventReader, malformedEvents: MalformedEvents) {
    this.#splitter = splitter
    this.#reader = reader
    this.#malformedEvents = malformedEvents
  }

  /** Takes the next bytes. All bytes before must have been cut. */
  add(parts: ReadonlyArray<Uint8Array>): void {
    this.#parts = parts
    this.#next = 0
  }

  /** Whether there are bytes to cut. */
  get hasBytes(): boolean {
    return this.#at < this.#bytes.length || this.#next < this.#parts.length
  }

  /**
   * The complete chunks, in order. It stops after the first one with content, so that the reader can decide how to
   * cut the following ones.
   */
  cut(): Array<Chunk> {
    const chunks: Array<Chunk> = []
    while (this.stop === undefined && this.#more()) {
      const chunk = this.#empty() ?? this.#run() ?? this.#event()
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

  /**
   * Last events without a blank line are returned if they can be read; otherwise they count as cut off. A complete
   * stream whose last event is missing gets it.
   */
  rest(): ReadonlyArray<Chunk> {
    const chunks = this.#rest()
    const end = this.stop === undefined ? this.#reader.lacking() : undefined
    return end === undefined ? chunks : [...chunks, end]
  }

  #rest(): ReadonlyArray<Chunk> {
    const rest = this.#splitter.rest()
    const event = rest && this.#reader.read(rest)
    if (rest === undefined || event === undefined) return []
    if (!isMalformed(event)) {
      const chunk = this.#take(event)
      return chunk === undefined ? [] : [chunk]
    }
    const events = apart(rest) ?? finite(rest)
    if (events === undefined) return []
    this.add([events])
    const chunks: Array<Chunk> = []
    while (this.stop === undefined && this.hasBytes && chunks.at(-1)?.phase.last !== true) {
      chunks.push(...this.cut())
    }
    return chunks
  }

  /** Goes to the next bytes, if there are any, and releases those that have been cut. */
  #more(): boolean {
    if (this.#at < this.#bytes.length) return true
    this.#at = 0
    this.#bytes = this.#parts[this.#next++] ?? nothing
    if (this.#next >= this.#parts.length) this.add([])
    return this.#bytes.length > 0 || (this.hasBytes && this.#more())
  }

  /** All consecutive events that have only content, as one chunk. */
  #run(): Chunk | undefined {
    if (!this.gathers || !this.#splitter.isBetween) return undefined
    const from = this.#at
    const end = this.#reader.contentEnd(this.#bytes, from)
    if (end === from) return undefined
    this.#at = end
    const isAll = from === 0 && end === this.#bytes.length
    const bytes = isAll ? this.#bytes : this.#bytes.subarray(from, end)
    return new Chunk(this.#reader.cleanContent(bytes), Phase.content, undefined, undefined)
  }

  /** All consecutive empty events after the first one, as one chunk. */
  #empty(): Chunk | undefined {
    if (!this.#wasEmpty || !this.#splitter.isBetween) return undefined
    const from = this.#at
    const end = endOfEmpty(this.#bytes, from)
    if (end === from) return undefined
    this.#at = end
    return new Chunk(this.#reader.clean(this.#bytes.subarray(from, end)), Phase.alive, undefined, saysNothing)
  }

  #event(): Chunk | undefined {
    const event = this.#splitter.next(this.#bytes, this.#at)
    this.#at = this.#splitter.position
    if (this.#splitter.overflow) this.stop = "too large"
    if (event === undefined) return undefined
    const meaning = this.#reader.read(event)
    const events = isMalformed(meaning) ? (apart(event) ?? finite(event)) : undefined
    if (events !== undefined) {
      this.#insert(events)
      return undefined
    }
    const read = this.#take(meaning)
    this.#wasEmpty = read?.phase === Phase.alive
    return read
  }

  /** Inserts bytes before those that come next. */
  #insert(bytes: Uint8Array): void {
    this.#parts = [this.#bytes.subarray(this.#at), ...this.#parts.slice(this.#next)]
    this.#next = 0
    this.#bytes = bytes
    this.#at = 0
  }

  #take(event: Chunk | Failed | Malformed | Truncated): Chunk | undefined {
    if (!("_tag" in event)) return event
    if (event._tag === "Malformed" && this.#malformedEvents === "drop") this.dropped++
    else this.stop = event
    return undefined
  }
}

const isMalformed = (event: Chunk | Failed | Malformed | Truncated): event is Malformed =>
  "_tag" in event && event._tag === "Malformed"
