/** From the bytes of an event to what it means. */

import * as Phase from "../../domain/Phase.ts"
import { none, type Secrets } from "../../redaction/Secrets.ts"
import { EventShape } from "../bytes/EventShape.ts"
import * as JsonBounds from "../bytes/JsonBounds.ts"
import * as SseEvent from "../bytes/SseEvent.ts"
import type { Meanings, Protocol } from "../protocols/Protocol.ts"
import type { DialectWords } from "../wire/DialectWords.ts"
import { Chunk, isObject } from "../wire/Wire.ts"

/** An event that reports a failure. */
export interface Failed {
  readonly _tag: "Failed"
  readonly data: string
}

/** An event whose data is not JSON. */
export interface Malformed {
  readonly _tag: "Malformed"
}

const malformed: Malformed = { _tag: "Malformed" }

/** So many shapes that no later event had are enough to stop looking for one. */
const maxMisses = 8

/** A reader for the events of one stream. */
export interface EventReader {
  /** What an event means. */
  readonly read: (event: Uint8Array) => Chunk | Failed | Malformed
  /** Where the events end that begin at a place, follow each other and carry nothing but content; the place itself if none does. */
  readonly contentEnd: (bytes: Uint8Array, from: number) => number
  /** What is passed on of events that are not read one by one. */
  readonly clean: (bytes: Uint8Array) => Uint8Array
}

/** Makes a reader that parses an event only if it does not look like the last one with content in all but its text. */
export const make = (
  protocol: Pick<Protocol, "texts" | "padding">,
  meanings: Meanings,
  secrets: Secrets = none,
  own?: DialectWords
): EventReader => {
  let shape: EventShape | undefined
  let misses = 0

  const read = (given: Uint8Array): Chunk | Failed | Malformed => {
    const bytes = secrets.bytes(given)
    if (shape?.fits(bytes) === true) {
      misses = 0
      return new Chunk(bytes, Phase.content, undefined, undefined)
    }
    const fields = SseEvent.read(bytes)
    const data = fields.data
    if (data === undefined || data === "") {
      return fields.event === "error"
        ? { _tag: "Failed", data: "" }
        : new Chunk(bytes, Phase.alive, undefined, fields)
    }
    if (data.startsWith("[DONE]")) return new Chunk(bytes, Phase.last, undefined, fields)
    let json: unknown
    if (JsonBounds.excessOf(bytes) !== undefined) return malformed
    try {
      json = JSON.parse(data)
    } catch {
      // What an event calls an error need not be JSON to be one.
      return fields.event === "error" ? { _tag: "Failed", data } : malformed
    }
    if (own !== undefined && isObject(json)) json = own.plain(json)
    const meaning = fields.event === "error" ? "failed" : meanings(fields.event, json)
    if (meaning === "failed") return { _tag: "Failed", data }
    // Words of its own are not among those that a shape leaves open.
    if (meaning === Phase.content && own === undefined) {
      shape = misses < maxMisses ? EventShape.of(bytes, protocol.texts, protocol.padding) : undefined
      misses++
    }
    return new Chunk(bytes, meaning, json, fields)
  }

  const contentEnd = (bytes: Uint8Array, from: number): number => {
    if (shape === undefined) return from
    let end = from
    for (let next = shape.end(bytes, from); next !== -1; next = shape.end(bytes, end)) end = next
    if (end > from) misses = 0
    return end
  }

  return { read, contentEnd, clean: secrets.bytes }
}
