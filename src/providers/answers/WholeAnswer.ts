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
  const texts = kind === "json" ? valuesOf(body, max) : dataOf(body, max)
  const events: Array<JsonObject> = []
  let isComplete = false
  for (const text of texts) {
    isComplete ||= text.startsWith("[DONE]")
    const json = parse(text)
    if (!isObject(json)) continue
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

const valuesOf = (body: Uint8Array, max: number): ReadonlyArray<string> =>
  new JsonValues(max).push(body).map((value) => decoder.decode(value))

const dataOf = (body: Uint8Array, max: number): ReadonlyArray<string> => {
  const splitter = new SseSplitter(max)
  const events = [...splitter.feed(body)]
  const rest = splitter.rest()
  if (rest !== undefined) events.push(rest)
  return events.flatMap((event) => SseEvent.read(event).data ?? [])
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
