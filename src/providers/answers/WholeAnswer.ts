/** Makes one whole answer out of events, chunks in a list, or one chunk per line. */
import { isError } from "../../words/ErrorPaths.ts"
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

/** Counted for each event, however short it is: an answer may have so many events as fit into its largest size. */
const eventBytes = 256

/** Looks for an answer in a body; `undefined` if the body holds no events. */
export const find = (
  body: Uint8Array,
  label: string,
  forms: Forms,
  meanings: Meanings,
  max: number
): Found | undefined => {
  const kind = bodyKindOf(body, label)
  if (kind !== "json" && kind !== "events") return undefined
  const texts = kind === "json" ? valuesOf(body, max) : eventsOf(body, max)
  const events: Array<JsonObject> = []
  let isComplete = false
  for (const { data: text = "", event: name } of texts) {
    if (events.length > max / eventBytes) return undefined
    isComplete ||= text.startsWith("[DONE]")
    const given = parse(text)
    if (!isObject(given)) continue
    // Some relays say the type only in the name of the event.
    const json = name === undefined || given.type !== undefined ? given : { ...given, type: name }
    if (isError(json)) return { _tag: "Failed", data: text }
    for (const event of kind === "json" ? (forms.toEvents(json) ?? [json]) : [json]) {
      if (event === "[DONE]") continue
      const meaning = meanings(undefined, event)
      if (meaning === "failed") return { _tag: "Failed", data: text }
      isComplete ||= meaning.complete
      events.push(event)
    }
  }
  const json = events.length === 0 ? undefined : forms.toWhole(events)
  if (json === undefined) return undefined
  return isComplete ? { _tag: "Whole", json } : { _tag: "Truncated" }
}

const decoder = new TextDecoder()

/** How much of a body is split at once, in bytes. */
const piece = 64 * 1024

function* valuesOf(body: Uint8Array, max: number): Iterable<SseEvent.Fields> {
  const values = new JsonValues(max)
  for (let from = 0; from < body.length; from += piece) {
    for (const value of values.push(body.subarray(from, from + piece)))
      yield { event: undefined, data: decoder.decode(value) }
  }
}

/** One after the other: a list of millions of small events would take many times their bytes. */
function* eventsOf(body: Uint8Array, max: number): Iterable<SseEvent.Fields> {
  const splitter = new SseSplitter(max)
  for (let from = 0; from < body.length; from = splitter.position) {
    const event = splitter.next(body, from)
    if (event !== undefined) yield SseEvent.read(event)
  }
  const rest = splitter.rest()
  if (rest !== undefined) yield SseEvent.read(rest)
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
