/**
 * Converts Anthropic messages between whole answers and events.
 *
 * https://docs.anthropic.com/en/api/messages and https://docs.anthropic.com/en/docs/build-with-claude/streaming
 */
import * as JsonBounds from "../bytes/JsonBounds.ts"
import { isObject, type JsonObject } from "../wire/Wire.ts"
import { counted } from "./Counted.ts"
import type { Forms } from "./Forms.ts"
import * as Mended from "./Mended.ts"

type Draft = Record<string, unknown>

const toEvents: Forms["toEvents"] = (given) => {
  if (given.delta !== undefined || given.content_block !== undefined) return undefined
  const json = Mended.message(given) ?? given
  if (!Array.isArray(json.content)) return undefined
  const { content, stop_details, stop_reason, stop_sequence, usage, ...head } = json
  const begun = { ...head, content: [], stop_reason: null, stop_sequence: null, usage: usage ?? {} }
  const delta = {
    stop_reason,
    stop_sequence: stop_sequence ?? null,
    ...(stop_details !== undefined && { stop_details })
  }
  return [
    { type: "message_start", message: begun },
    ...content.filter(isObject).flatMap(blockEvents),
    { type: "message_delta", delta, usage: usage ?? {} },
    { type: "message_stop" }
  ]
}

const blockEvents = (block: JsonObject, index: number): ReadonlyArray<JsonObject> => {
  const delta = (delta: JsonObject) => ({ type: "content_block_delta", index, delta })
  const start = (content_block: JsonObject) => ({ type: "content_block_start", index, content_block })
  const stop = { type: "content_block_stop", index }
  switch (block.type) {
    case "text":
      return [start({ ...block, text: "" }), delta({ type: "text_delta", text: block.text }), stop]
    case "thinking": {
      const { signature, thinking } = block
      const signed =
        typeof signature === "string" && signature !== ""
          ? [delta({ type: "signature_delta", signature })]
          : []
      const begun = start({ ...block, thinking: "", signature: "" })
      return [begun, delta({ type: "thinking_delta", thinking }), ...signed, stop]
    }
    case "tool_use":
    case "server_tool_use": {
      const partial_json = typeof block.input === "string" ? block.input : JSON.stringify(block.input ?? {})
      return [start({ ...block, input: {} }), delta({ type: "input_json_delta", partial_json }), stop]
    }
    default:
      return [start(block), stop]
  }
}

const toWhole: Forms["toWhole"] = (events) => {
  let message: Draft | undefined
  const blocks = new Blocks()
  for (const event of events) {
    const delta = isObject(event.delta) ? event.delta : {}
    switch (event.type) {
      case "message_start":
        message = { ...(isObject(event.message) ? event.message : {}) }
        break
      case "content_block_start":
        blocks.begin(event.index, isObject(event.content_block) ? event.content_block : {})
        break
      case "content_block_delta":
        blocks.grow(event.index, delta)
        break
      case "message_delta": {
        const known: Draft = (message ??= {})
        Object.assign(known, delta)
        known.usage = counted(known.usage, event.usage)
      }
    }
  }
  const content = blocks.end()
  if (message === undefined || content === undefined) return undefined
  const begun = Array.isArray(message.content) ? message.content : []
  return { type: "message", role: "assistant", ...message, content: [...begun, ...content] }
}

/** The content of a message that is being put together. Some servers give all blocks the same index. */
class Blocks {
  readonly #blocks: Array<Draft> = []
  readonly #byIndex = new Map<unknown, Draft>()
  #lastCall: Draft | undefined
  readonly #inputs = new Map<Draft, string>()
  #isLost = false

  begin(index: unknown, given: JsonObject): Draft {
    const block = { ...given }
    this.#blocks.push(block)
    this.#byIndex.set(index, block)
    if (isCall(block)) this.#lastCall = block
    return block
  }

  grow(index: unknown, delta: JsonObject): void {
    const { citation, partial_json, signature, text } = delta
    if (partial_json !== undefined) {
      this.#argue(index, partial_json)
      return
    }
    // Some relays write the text of a thought into `text`.
    const isThought = delta.type === "thinking_delta" || typeof delta.thinking === "string"
    const block = this.#byIndex.get(index) ?? this.begin(index, { type: isThought ? "thinking" : "text" })
    const add = (name: string, piece: unknown) => {
      if (typeof piece === "string")
        block[name] = `${typeof block[name] === "string" ? block[name] : ""}${piece}`
    }
    add("text", isThought ? undefined : text)
    add("thinking", delta.thinking ?? (isThought ? text : undefined))
    add("signature", signature)
    if (!isObject(citation)) return
    // A copy for each of them would take a time that grows with their square.
    if (Array.isArray(block.citations)) block.citations.push(citation)
    else block.citations = [citation]
  }

  /** The blocks; `undefined` if a piece of a call's arguments belongs to none of them. */
  end(): ReadonlyArray<Draft> | undefined {
    for (const [block, json] of this.#inputs) block.input = parsed(json)
    return this.#isLost ? undefined : this.#blocks
  }

  #argue(index: unknown, piece: unknown): void {
    const json = typeof piece === "string" ? piece : isObject(piece) ? JSON.stringify(piece) : ""
    if (json === "") return
    const known = this.#byIndex.get(index)
    const call = isCall(known) ? known : this.#lastCall
    if (call === undefined) this.#isLost = true
    else this.#inputs.set(call, (this.#inputs.get(call) ?? "") + json)
  }
}

/** Blocks with an `input` in pieces: calls of all kinds. */
const isCall = (block: Draft | undefined): block is Draft =>
  typeof block?.type === "string" && block.type.endsWith("tool_use")

const parsed = (json: string): unknown => {
  try {
    return JsonBounds.excessOf(Buffer.from(json)) === undefined ? JSON.parse(json) : { arguments: json }
  } catch {
    return { arguments: json }
  }
}

/** Converts Anthropic messages between whole answers and events. */
export const messages: Forms = { mend: Mended.message, toEvents, toWhole }
