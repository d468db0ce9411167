/** The items of a response under construction: how they begin, grow and end, with their events. */

import { JsonEnd } from "../../util/JsonEnd.ts"
import type { Redacted, Thinking } from "../common/Common.ts"
import type { JsonObject } from "../common/Json.ts"
import { writeArguments } from "../protocol/ClientTools.ts"
import { seal } from "./Reasoning.ts"

/** Emits an event, without its number. */
export type Tell = (type: string, members: JsonObject) => void

/** An item that has begun. */
export interface OpenItem {
  /** True if nothing more is expected for it. */
  readonly isComplete: boolean
  /** Ends the item and returns it. */
  readonly close: (status: "completed" | "incomplete") => JsonObject
}

/** The position of an item. */
interface Place {
  readonly item_id: string
  readonly output_index: number
}

interface Part {
  readonly type: "output_text" | "refusal"
  readonly index: number
  text: string
  readonly annotations: Array<JsonObject>
}

/** The model's texts and refusals, each a part of the message. */
export class OpenMessage implements OpenItem {
  readonly isComplete = true
  readonly #tell: Tell
  readonly #place: Place
  readonly #parts: Array<Part> = []

  constructor(place: Place, tell: Tell) {
    this.#tell = tell
    this.#place = place
    const { item_id, output_index } = place
    tell("output_item.added", { output_index, item: message(item_id, "in_progress", []) })
  }

  say(type: Part["type"], delta: string): void {
    const last = this.#parts.at(-1)
    const part = last?.type === type ? last : this.#begin(type)
    part.text += delta
    const more = type === "output_text" ? { logprobs: [] } : {}
    this.#tell(`${type}.delta`, { ...this.#at(part), delta, ...more })
  }

  #begin(type: Part["type"]): Part {
    const last = this.#parts.at(-1)
    if (last !== undefined) this.#end(last)
    const part: Part = { type, index: this.#parts.length, text: "", annotations: [] }
    this.#parts.push(part)
    this.#tell("content_part.added", { ...this.#at(part), part: written(part) })
    return part
  }

  /** Adds a page that the last text cites; without one, that a text which may follow cites. */
  cite(annotation: JsonObject): void {
    const part = this.#parts.findLast(({ type }) => type === "output_text") ?? this.#begin("output_text")
    const annotation_index = part.annotations.push(annotation) - 1
    this.#tell("output_text.annotation.added", { ...this.#at(part), annotation_index, annotation })
  }

  close(status: "completed" | "incomplete"): JsonObject {
    const last = this.#parts.at(-1)
    if (last !== undefined) this.#end(last)
    return message(this.#place.item_id, status, this.#parts.map(written))
  }

  #at({ index }: Part): JsonObject {
    return { ...this.#place, content_index: index }
  }

  #end(part: Part): void {
    const said = part.type === "output_text" ? { text: part.text, logprobs: [] } : { refusal: part.text }
    this.#tell(`${part.type}.done`, { ...this.#at(part), ...said })
    this.#tell("content_part.done", { ...this.#at(part), part: written(part) })
  }
}

const message = (id: string, status: string, content: ReadonlyArray<JsonObject>): JsonObject => ({
  id,
  type: "message",
  status,
  role: "assistant",
  content
})

const written = ({ annotations, type, text }: Part): JsonObject =>
  type === "refusal" ? { type, refusal: text } : { type, text, annotations, logprobs: [] }

/** The model's reasoning, as the only summary of a reasoning item. */
export class OpenThought implements OpenItem {
  readonly #tell: Tell
  readonly #place: Place
  #text: string | undefined
  #sealed: string | undefined

  constructor(place: Place, tell: Tell) {
    this.#tell = tell
    this.#place = place
    const item = { id: place.item_id, type: "reasoning", summary: [] }
    tell("output_item.added", { output_index: place.output_index, item })
  }

  get isComplete(): boolean {
    return this.#sealed !== undefined
  }

  think(delta: string): void {
    const at = { ...this.#place, summary_index: 0 }
    if (this.#text === undefined)
      this.#tell("reasoning_summary_part.added", { ...at, part: { type: "summary_text", text: "" } })
    this.#text = (this.#text ?? "") + delta
    this.#tell("reasoning_summary_text.delta", { ...at, delta })
  }

  seal(thought: Thinking | Redacted): void {
    this.#sealed = seal(thought)
  }

  close(): JsonObject {
    const text = this.#text
    const part = { type: "summary_text", text }
    if (text !== undefined) {
      const at = { ...this.#place, summary_index: 0 }
      this.#tell("reasoning_summary_text.done", { ...at, text })
      this.#tell("reasoning_summary_part.done", { ...at, part })
    }
    const encrypted = this.#sealed === undefined ? {} : { encrypted_content: this.#sealed }
    return {
      id: this.#place.item_id,
      type: "reasoning",
      summary: text === undefined ? [] : [part],
      ...encrypted
    }
  }
}

/** A call of a client tool that is not a function: it is emitted as a whole once its arguments are complete. */
export class OpenClientCall implements OpenItem {
  readonly #tell: Tell
  readonly #place: Place
  readonly #call: Called
  readonly #end = new JsonEnd()
  #arguments = ""

  constructor(place: Place, call: Called, tell: Tell) {
    this.#tell = tell
    this.#place = place
    this.#call = call
    tell("output_item.added", { output_index: place.output_index, item: this.#item("in_progress", "{}") })
  }

  get isComplete(): boolean {
    return this.#end.isComplete
  }

  argue(delta: string): void {
    this.#arguments += delta
    this.#end.push(delta)
  }

  close(status: "completed" | "incomplete"): JsonObject {
    const item = this.#item(this.isComplete ? "completed" : status, this.#arguments)
    if (typeof item.input === "string") {
      if (item.input !== "") this.#tell("custom_tool_call_input.delta", { ...this.#place, delta: item.input })
      this.#tell("custom_tool_call_input.done", { ...this.#place, input: item.input })
    }
    return item
  }

  #item(status: string, args: string): JsonObject {
    const { call_id, item, name, namespace } = this.#call
    return {
      id: this.#place.item_id,
      type: item,
      status,
      call_id,
      ...(item === "custom_tool_call" ? { name, ...(namespace !== undefined && { namespace }) } : {}),
      ...writeArguments(item, args)
    }
  }
}

/** What is called, and its item. */
export interface Called {
  readonly call_id: string
  readonly name: string
  readonly namespace?: string | undefined
  readonly item: string
}

/** A call of a function. */
export class OpenCall implements OpenItem {
  readonly #tell: Tell
  readonly #place: Place
  readonly #call: Called
  readonly #end = new JsonEnd()
  #isClosed = false
  #arguments = ""

  constructor(place: Place, call: Called, tell: Tell) {
    this.#tell = tell
    this.#place = place
    this.#call = call
    tell("output_item.added", { output_index: place.output_index, item: this.#item("in_progress") })
  }

  get isComplete(): boolean {
    return this.#end.isComplete
  }

  /** After the end only blanks can follow. */
  argue(delta: string): void {
    if (this.#isClosed) return
    this.#arguments += delta
    this.#end.push(delta)
    this.#tell("function_call_arguments.delta", { ...this.#place, delta })
  }

  close(status: "completed" | "incomplete"): JsonObject {
    const { name } = this.#call
    this.#isClosed = true
    this.#tell("function_call_arguments.done", { ...this.#place, name, arguments: this.#arguments })
    return this.#item(this.isComplete ? "completed" : status)
  }

  #item(status: string): JsonObject {
    const { call_id, name, namespace } = this.#call
    return {
      id: this.#place.item_id,
      type: "function_call",
      status,
      call_id,
      name,
      ...(namespace !== undefined && { namespace }),
      arguments: this.#arguments
    }
  }
}
