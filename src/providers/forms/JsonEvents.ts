/**
 * Converts an answer of JSON objects (a list of chunks, one per line, or a whole answer) to the requested event
 * stream.
 */

import { isError } from "../../words/ErrorPaths.ts"
import * as JsonBounds from "../bytes/JsonBounds.ts"
import { finite } from "../bytes/NotNumbers.ts"
import { isObject, type JsonObject } from "../wire/Wire.ts"
import type { Forms } from "./Forms.ts"
import { JsonValues } from "./JsonValues.ts"
import { unwrapped } from "./Wrapped.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Makes events of an answer's bytes as they arrive. */
export class JsonEvents {
  readonly #values: JsonValues
  readonly #forms: Forms | undefined
  readonly #isUsable: (answer: JsonObject) => boolean
  #lacksDone = false
  /** True after the first event. */
  hasEvents = false
  /** An object that is an error, or an answer without content, if nothing came before it. */
  error: Uint8Array | undefined

  constructor(forms: Forms | undefined, max: number, isUsable: (answer: JsonObject) => boolean) {
    this.#values = new JsonValues(max)
    this.#forms = forms
    this.#isUsable = isUsable
  }

  /** An object exceeds the size limit. */
  get overflow(): boolean {
    return this.#values.overflow
  }

  /** The bytes of the events that are complete with these parts. */
  add(parts: ReadonlyArray<Uint8Array>): ReadonlyArray<Uint8Array> {
    const events: Array<Uint8Array> = []
    for (const part of parts) {
      for (const value of this.#values.push(part)) {
        const text = this.#eventsOf(value)
        if (this.error !== undefined) return events
        this.hasEvents = true
        events.push(encoder.encode(text))
      }
    }
    return events
  }

  /** The final `[DONE]` of a finished chat, if the server did not send it; lists have none. */
  end(): ReadonlyArray<Uint8Array> {
    const lacks = this.#lacksDone
    this.#lacksDone = false
    return lacks ? [encoder.encode(eventOf("[DONE]"))] : []
  }

  #eventsOf(value: Uint8Array): string {
    const text = decoder.decode(value)
    const json = parsed(value, text) ?? parsed(value, decoder.decode(finite(value)))
    if (json === undefined) {
      return `data: ${text.replaceAll(/[\r\n]+/g, " ")}\n\n`
    }
    if (!isObject(json)) return ""
    const told = this.#forms?.toEvents(json)
    const inner = told === undefined && !this.hasEvents ? this.#inside(json) : undefined
    const whole = this.#forms?.mend(json) ?? json
    const isAnswer = told !== undefined && Array.isArray(whole.choices ?? whole.content ?? whole.output)
    if (inner === undefined && !this.hasEvents && (isError(json) || (isAnswer && !this.#isUsable(whole))))
      this.error = value
    const events = told ?? inner ?? [json]
    for (const event of events) {
      if (event === "[DONE]") this.#lacksDone = false
      else if (Array.isArray(event.choices) && event.choices.some(isFinished)) this.#lacksDone = true
    }
    return events.map(eventOf).join("")
  }

  /** The events of an answer inside something else. */
  #inside(json: JsonObject): ReturnType<Forms["toEvents"]> {
    const inner = unwrapped(json, this.#isUsable)
    return inner === undefined ? undefined : this.#forms?.toEvents(inner)
  }
}

/** What is too much to parse is passed on as it is; the reader of events refuses it. */
const parsed = (value: Uint8Array, text: string): unknown => {
  try {
    return JsonBounds.excessOf(value) === undefined ? JSON.parse(text) : undefined
  } catch {
    return undefined
  }
}

const isFinished = (choice: unknown): boolean => isObject(choice) && typeof choice.finish_reason === "string"

/** Events with a type get it as their event name; chunks of chats have no name. */
const eventOf = (event: { readonly [key: string]: unknown } | "[DONE]"): string => {
  if (event === "[DONE]") return "data: [DONE]\n\n"
  const name = typeof event.type === "string" && event.choices === undefined ? `event: ${event.type}\n` : ""
  return `${name}data: ${JSON.stringify(event)}\n\n`
}
