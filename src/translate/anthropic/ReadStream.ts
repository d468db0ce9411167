/**
 * From the events of a streamed message to deltas.
 *
 * https://docs.anthropic.com/en/docs/build-with-claude/streaming
 */
import type { Delta, Usage } from "../Common.ts"
import { isObject, type JsonObject, object, string, text, write } from "../Json.ts"
import type { SseEvent, StreamReader } from "../Protocol.ts"
import { readError } from "./Errors.ts"
import * as Words from "./Words.ts"

/** The call whose block is open. */
interface Open {
  readonly call: number
  /** The arguments the block began with, which some servers give as a whole. */
  readonly input: unknown
  hasArguments: boolean
}

/** A reader for one stream. Blocks are told apart by their index. */
export class AnthropicStreamReader implements StreamReader {
  #calls = 0
  #isEnded = false
  #usage: Usage | undefined
  readonly #open = new Map<unknown, Open>()

  get isComplete(): boolean {
    return this.#isEnded
  }

  read(event: SseEvent, json: unknown): ReadonlyArray<Delta> {
    if (this.#isEnded || !isObject(json)) return []
    switch (event.event === "error" ? "error" : json.type) {
      case "message_start":
        return this.#start(object(json.message))
      case "content_block_start":
        return this.#blockStart(json.index, object(json.content_block))
      case "content_block_delta":
        return this.#blockDelta(json.index, object(json.delta))
      case "content_block_stop":
        return this.#blockStop(json.index)
      case "message_delta":
        return this.#messageDelta(json)
      case "message_stop":
        this.#isEnded = true
        return [{ type: "end" }]
      case "error":
        this.#isEnded = true
        return [{ type: "error", error: readError(json, undefined) }]
      default:
        return [] // pings, and events that are yet to be invented
    }
  }

  /** Without `message_stop` the answer is not complete, and nothing can be added to it. */
  end(): ReadonlyArray<Delta> {
    return []
  }

  #start(message: JsonObject): ReadonlyArray<Delta> {
    this.#usage = Words.readUsage(message.usage)
    return [{ type: "start", id: text(message.id), model: text(message.model) }]
  }

  #blockStart(index: unknown, block: JsonObject): ReadonlyArray<Delta> {
    switch (block.type) {
      case "text":
        return said("text", block.text)
      case "thinking":
        return said("thinking", block.thinking)
      case "redacted_thinking":
        return [{ type: "redacted", data: string(block.data) ?? "" }]
      case "tool_use": {
        const call = this.#calls++
        this.#open.set(index, { call, input: block.input, hasArguments: false })
        return [{ type: "call", call, id: string(block.id) ?? "", name: string(block.name) ?? "" }]
      }
      default:
        return []
    }
  }

  #blockDelta(index: unknown, delta: JsonObject): ReadonlyArray<Delta> {
    switch (delta.type) {
      case "text_delta":
        return said("text", delta.text)
      case "thinking_delta":
        return said("thinking", delta.thinking)
      case "signature_delta":
        return text(delta.signature) === undefined
          ? []
          : [{ type: "signature", signature: string(delta.signature) ?? "" }]
      case "input_json_delta": {
        const open = this.#open.get(index)
        const json = text(delta.partial_json)
        if (open === undefined || json === undefined) return []
        open.hasArguments = true
        return [{ type: "arguments", call: open.call, json }]
      }
      default:
        return []
    }
  }

  /** A call without arguments is a call with no arguments: `{}`. */
  #blockStop(index: unknown): ReadonlyArray<Delta> {
    const open = this.#open.get(index)
    this.#open.delete(index)
    if (open === undefined || open.hasArguments) return []
    return [{ type: "arguments", call: open.call, json: write(object(open.input)) }]
  }

  #messageDelta(json: JsonObject): ReadonlyArray<Delta> {
    const deltas: Array<Delta> = []
    this.#usage = Words.readUsage(json.usage, this.#usage)
    if (this.#usage !== undefined) deltas.push({ type: "usage", usage: this.#usage })
    const delta = object(json.delta)
    if (text(delta.stop_reason) !== undefined) deltas.push({ type: "stop", ...Words.readEnding(delta) })
    return deltas
  }
}

const said = (type: "text" | "thinking", value: unknown): ReadonlyArray<Delta> => {
  const said = text(value)
  return said === undefined ? [] : [{ type, text: said }]
}
