/** Makes one whole answer out of events, chunks in a list, or one chunk per line. */
import type * as Turns from "../../util/Turns.ts"
import { isError } from "../../words/ErrorPaths.ts"
import { apart } from "../bytes/GluedEvents.ts"
import * as JsonBounds from "../bytes/JsonBounds.ts"
import { finite } from "../bytes/NotNumbers.ts"
import * as SseEvent from "../bytes/SseEvent.ts"
import { SseSplitter } from "../bytes/SseSplitter.ts"
import { bodyKindOf } from "../forms/BodyKind.ts"
import type { Forms } from "../forms/Forms.ts"
import { JsonValues } from "../forms/JsonValues.ts"
import type { Meanings } from "../protocols/Protocol.ts"
import { isObject, type JsonObject } from "../wire/Wire.ts"

/** The result: an answer, an event that is an error, or an answer that is truncated. */
export type Found =
  | { readonly _tag: "Whole"; readonly json: JsonObject }
  | { readonly _tag: "Failed"; readonly data: string }
  | { readonly _tag: "Truncated" }

/** Counted for each event, however short it is, since an answer may have as many events as fit into its largest size. */
const eventBytes = 256

/** Looks for an answer in a body, in steps; `undefined` if the body holds no events, or too many values to parse. */
export function* finding(
  body: Uint8Array,
  label: string,
  forms: Forms,
  meanings: Meanings,
  max: number
): Turns.Steps<Found | undefined> {
  const kind = bodyKindOf(body, label)
  if (kind !== "json" && kind !== "events") return undefined
  const values = kind === "json" ? valuesOf(body, max) : eventsOf(body, max)
  const events: Array<JsonObject> = []
  let isComplete = false
  let isDone = false
  const bounds = new JsonBounds.JsonBounds(maxWeight)
  let count = 0
  let since = 0
  for (const bytes of values) {
    if (++count > max / eventBytes) return undefined
    since += bytes.length + eventBytes
    if (since > step) {
      since = 0
      yield
    }
    if (JsonBounds.excessOf(bytes) !== undefined || bounds.feedWhole(bytes) !== undefined) return undefined
    const { data: text, event: name } = kind === "json" ? asEvent(bytes) : SseEvent.read(bytes)
    if (text === undefined) continue
    isDone ||= text.startsWith("[DONE]")
    const given = parse(text)
    if (!isObject(given)) continue
    // Some relays put the type only in the name of the event. Chunks of chats have none.
    const isNamed = name !== undefined && given.type === undefined && given.choices === undefined
    const json = isNamed ? { ...given, type: name } : given
    if (isError(json)) return { _tag: "Failed", data: text }
    for (const event of kind === "json" ? (forms.toEvents(json) ?? [json]) : [json]) {
      if (event === "[DONE]") continue
      const meaning = meanings(undefined, event)
      if (meaning === "failed") return { _tag: "Failed", data: text }
      isComplete ||= meaning.complete
      events.push(event)
    }
  }
  const json = events.length === 0 ? undefined : forms.toWhole(events, isDone)
  if (json === undefined) return undefined
  return json !== "truncated" && (isComplete || isDone) ? { _tag: "Whole", json } : { _tag: "Truncated" }
}

const decoder = new TextDecoder()

/** How much of a body is read in one step, in bytes. */
const step = 2 * 1024 * 1024

/** The most that all events together may weigh: each one may weigh as much as any other JSON. */
const maxWeight = 20 * JsonBounds.maxWeight

/** How much of a body is split at once, in bytes. */
const piece = 64 * 1024

function* valuesOf(body: Uint8Array, max: number): Iterable<Uint8Array> {
  const values = new JsonValues(max)
  for (let from = 0; from < body.length; from += piece) {
    yield* values.push(body.subarray(from, from + piece))
  }
}

const asEvent = (value: Uint8Array): SseEvent.Fields => ({ event: undefined, data: decoder.decode(value) })

/** One after the other: a list of millions of small events would take many times their bytes. */
function* eventsOf(body: Uint8Array, max: number): Iterable<Uint8Array> {
  for (const event of blocksOf(body, max)) {
    const events = isOneEvent(event) ? undefined : (apart(event) ?? finite(event))
    if (events === undefined) yield event
    else yield* blocksOf(events, max)
  }
}

const isOneEvent = (block: Uint8Array): boolean => {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.length)
  if (bytes.indexOf("data:", 6) === -1 && !bytes.includes("NaN") && !bytes.includes("Infinity")) return true
  const { data } = SseEvent.read(block)
  return data === undefined || parse(data) !== undefined
}

function* blocksOf(body: Uint8Array, max: number): Iterable<Uint8Array> {
  const splitter = new SseSplitter(max)
  for (let from = 0; from < body.length; from = splitter.position) {
    const event = splitter.next(body, from)
    if (event !== undefined) yield event
  }
  const rest = splitter.rest()
  if (rest !== undefined) yield rest
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
