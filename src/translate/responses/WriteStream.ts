/**
 * Writes deltas as the events of a streamed response, and a whole answer as a response.
 *
 * Both use the same code, so they cannot differ. Calls may be interleaved: an item ends when its arguments are
 * complete and something else begins, or with the answer.
 *
 * https://developers.openai.com/api/reference/resources/responses/streaming-events
 */
import * as WriteJson from "../../providers/bytes/WriteJson.ts"
import type { Answer, Delta, Ending, Spoken, Usage } from "../common/Common.ts"
import type { JsonObject } from "../common/Json.ts"
import * as Sources from "../common/Sources.ts"
import type { Context } from "../protocol/Context.ts"
import { LargeEvent, large } from "../protocol/Encode.ts"
import type { BrokenOff, OutEvent, StreamWriter } from "../protocol/Protocol.ts"
import { OpenCall, OpenClientCall, type OpenItem, OpenMessage, OpenThought, type Tell } from "./Items.ts"
import { foreignId } from "./Reasoning.ts"
import * as Words from "./Words.ts"

/** A response under construction. */
class Draft {
  readonly #context: Context
  readonly #tell: Tell
  /** The common part of all ids of this response. */
  readonly #stem: string
  #head: JsonObject | undefined
  readonly #open = new Map<number, OpenItem>()
  readonly #done = new Map<number, JsonObject>()
  readonly #calls = new Map<number, OpenCall | OpenClientCall>()
  #items = 0
  /** The open message or reasoning. */
  #latest: OpenItem | undefined
  /** The characters of all text so far, and of those before the latest message. */
  #length = 0
  #before = 0
  #hasRefused = false
  #isBroken = false
  #ending: Ending = { stop: "end" }
  #usage: Usage | undefined

  constructor(context: Context, tell: Tell) {
    this.#context = context
    this.#tell = (type, members) => {
      if (!this.#isBroken) tell(type, members)
    }
    this.#stem = context.id.replaceAll(/[^\w-]/g, "_").slice(0, 48)
  }

  start(model: string | undefined): void {
    if (this.#head !== undefined) return
    this.#head = Words.head(this.#context, `resp_${this.#stem}`, model ?? this.#context.model)
    this.#tell("created", { response: this.#head })
    this.#tell("in_progress", { response: this.#head })
  }

  say(type: "output_text" | "refusal", delta: string): void {
    if (delta === "") return
    this.#hasRefused ||= type === "refusal"
    const latest = this.#latest
    const message =
      latest instanceof OpenMessage
        ? latest
        : this.#add("msg_", (place) => new OpenMessage(place, this.#tell))
    if (message !== latest) this.#before = this.#length
    this.#latest = message
    if (type === "output_text") this.#length += delta.length
    message.say(type, delta)
  }

  /** The characters of all text so far. */
  get length(): number {
    return this.#length
  }

  /** Whether a message is open. */
  get isSaying(): boolean {
    return this.#latest instanceof OpenMessage
  }

  /** Adds a page that the message cites; one that comes later has a message of its own. */
  cite(source: Sources.Source): void {
    let message = this.#latest
    if (!(message instanceof OpenMessage)) {
      message = this.#add("msg_", (place) => new OpenMessage(place, this.#tell))
      this.#latest = message
    }
    if (message instanceof OpenMessage) message.cite(Sources.written(source, this.#before))
  }

  think(delta: string): void {
    if (delta !== "") this.#thought().think(delta)
  }

  sign(signature: string): void {
    this.#thought().seal({ type: "thinking", text: "", signature })
  }

  redact(data: string): void {
    this.#latest = undefined
    this.#thought().seal({ type: "redacted", data })
  }

  call(index: number, id: string, name: string): void {
    this.#latest = undefined
    const call_id = id === "" ? `call_${this.#stem}_${index}` : id
    const whole = this.#context.toolNames.get(name) ?? name
    const own = this.#context.clientTools.get(whole)
    const { item, name: known, namespace } = own ?? { item: "function_call", name: whole }
    const called = { call_id, name: known, namespace, item }
    this.#calls.set(
      index,
      item === "function_call"
        ? this.#add("fc_", (place) => new OpenCall(place, called, this.#tell))
        : this.#add(
            item === "custom_tool_call" ? "ctc_" : "tc_",
            (place) => new OpenClientCall(place, called, this.#tell)
          )
    )
  }

  argue(index: number, json: string): void {
    if (json !== "") this.#calls.get(index)?.argue(json)
  }

  stop(ending: Ending): void {
    this.#ending = ending
  }

  count(usage: Usage): void {
    this.#usage = usage
  }

  /** The whole response. A refusal with text is a complete answer. */
  end(): JsonObject {
    this.start(undefined)
    const { explanation, stop } = this.#ending
    const hasRefused = this.#hasRefused
    if (explanation !== undefined && !hasRefused) this.say("refusal", explanation)
    const reason = stop === "refusal" && hasRefused ? undefined : Words.incompleteReason(stop)
    const status = reason === undefined ? "completed" : "incomplete"
    this.#close(() => true, stop === "length" || stop === "window" ? "incomplete" : "completed")
    const response = {
      ...this.#head,
      status,
      incomplete_details: reason === undefined ? null : { reason },
      output: this.#output,
      usage: this.#usage === undefined ? null : Words.writeUsage(this.#usage)
    }
    this.#tell(status, { response })
    return response
  }

  /** A response that broke off, with the output so far. */
  fail(error: BrokenOff): void {
    this.start(undefined)
    this.#isBroken = true
    this.#close(() => true, "incomplete")
    const response = {
      ...this.#head,
      status: "failed",
      error: { code: error.code, message: error.message },
      output: this.#output,
      usage: this.#usage === undefined ? null : Words.writeUsage(this.#usage)
    }
    this.#isBroken = false
    this.#tell("failed", { response })
  }

  get #output(): ReadonlyArray<JsonObject> {
    return [...this.#done].sort(([a], [b]) => a - b).map(([, item]) => item)
  }

  #thought(): OpenThought {
    const latest = this.#latest
    if (latest instanceof OpenThought && !latest.isComplete) return latest
    const thought = this.#add(foreignId, (place) => new OpenThought(place, this.#tell))
    this.#latest = thought
    return thought
  }

  #add<Item extends OpenItem>(
    prefix: string,
    begin: (place: { readonly item_id: string; readonly output_index: number }) => Item
  ): Item {
    this.start(undefined)
    const added = this.#latest
    this.#close((item) => item.isComplete || item instanceof OpenThought || item === added, "completed")
    const output_index = this.#items++
    const item = begin({ item_id: `${prefix}${this.#stem}_${output_index}`, output_index })
    this.#open.set(output_index, item)
    return item
  }

  #close(isOver: (item: OpenItem) => boolean, status: "completed" | "incomplete"): void {
    for (const [output_index, open] of this.#open) {
      if (!isOver(open)) continue
      this.#open.delete(output_index)
      const item = open.close(status)
      this.#done.set(output_index, item)
      this.#tell("output_item.done", { output_index, item })
    }
  }
}

/** A writer for one stream. */
export class ResponseStreamWriter implements StreamWriter {
  readonly #draft: Draft
  #events: Array<OutEvent> = []
  #count = 0
  /** The characters of the answer so far. No event has more than that and its frame. */
  #size = 0

  constructor(context: Context) {
    this.#draft = new Draft(context, (type, members) => this.#event(`response.${type}`, members))
  }

  write(delta: Delta): ReadonlyArray<OutEvent> {
    const draft = this.#draft
    this.#size += sizeOf(delta)
    switch (delta.type) {
      case "start":
        draft.start(delta.model)
        break
      case "text":
        draft.say("output_text", delta.text)
        break
      case "refusal":
        draft.say("refusal", delta.text)
        break
      case "thinking":
        draft.think(delta.text)
        break
      case "signature":
        draft.sign(delta.signature)
        break
      case "redacted":
        draft.redact(delta.data)
        break
      case "call":
        draft.call(delta.call, delta.id, delta.name)
        break
      case "arguments":
        draft.argue(delta.call, delta.json)
        break
      case "source":
        draft.cite(delta)
        break
      case "usage":
        draft.count(delta.usage)
        break
      case "stop":
        draft.stop(delta)
        break
      case "end":
        draft.end()
        break
      case "error":
        draft.fail(Words.error(delta.error))
    }
    return this.#events.splice(0)
  }

  /** `response.failed`, which Codex reads, and then `error`, which OpenAI's SDK turns into an exception. */
  readonly brokenOff = (why: BrokenOff): ReadonlyArray<OutEvent> => {
    this.#draft.fail(why)
    const fields = { code: why.code, message: why.message, param: null }
    this.#event("error", { ...fields, error: { type: "server_error", ...fields } })
    return this.#events.splice(0)
  }

  #event(type: string, members: JsonObject): void {
    const json = { type, sequence_number: this.#count++, ...members }
    const isLarge = this.#size >= large && WriteJson.sizeOf(json) >= large
    this.#events.push(isLarge ? new LargeEvent(type, json) : { event: type, data: JSON.stringify(json) })
  }
}

/** The characters that a delta adds to an answer. */
const sizeOf = (delta: Delta): number => {
  switch (delta.type) {
    case "text":
    case "refusal":
    case "thinking":
      return delta.text.length
    case "arguments":
      return delta.json.length
    case "signature":
      return delta.signature.length
    case "redacted":
      return delta.data.length
    default:
      return 0
  }
}

/** Writes an answer. */
export const writeAnswer = (answer: Answer, context: Context): JsonObject => {
  const draft = new Draft(context, () => {})
  draft.start(answer.model)
  let calls = 0
  const sources = byEnd(answer)
  let cited = 0
  for (const part of answer.parts) {
    if (part.type === "call") {
      draft.call(calls, part.id, part.name)
      draft.argue(calls++, part.arguments)
    } else tell(draft, part)
    while (cited < sources.length && draft.isSaying && sources[cited]!.end <= draft.length) {
      draft.cite(sources[cited++]!.source)
    }
  }
  for (const { source } of sources.slice(cited)) draft.cite(source)
  draft.stop(answer)
  if (answer.usage !== undefined) draft.count(answer.usage)
  return draft.end()
}

/** The pages that an answer cites, by the ends of their places, so that each is looked at once. An end behind the text is that of the text. */
const byEnd = ({ parts, sources = [] }: Answer) => {
  if (sources.length === 0) return []
  const length = parts.reduce((sum, part) => (part.type === "text" ? sum + part.text.length : sum), 0)
  return sources
    .map((source) => ({ source, end: Math.min(source.to, length) }))
    .sort((one, other) => one.end - other.end)
}

const tell = (draft: Draft, part: Exclude<Spoken, { readonly type: "call" }>): void => {
  switch (part.type) {
    case "text":
      draft.say("output_text", part.text)
      break
    case "refusal":
      draft.say("refusal", part.text)
      break
    case "thinking":
      draft.think(part.text)
      if (part.signature !== undefined) draft.sign(part.signature)
      break
    case "redacted":
      draft.redact(part.data)
  }
}
