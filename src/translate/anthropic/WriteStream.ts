/**
 * Writes deltas as the events of a streamed message.
 *
 * Its blocks are sequential, while OpenAI's calls may be interleaved. A call is buffered until the one before it, or the
 * answer, is complete.
 */

import { JsonEnd } from "../../util/JsonEnd.ts"
import type { Delta, Ending, Usage } from "../common/Common.ts"
import type { JsonObject } from "../common/Json.ts"
import type { Context } from "../protocol/Context.ts"
import type { OutEvent, StreamWriter } from "../protocol/Protocol.ts"
import { callBlock, head, thinkingBlock } from "./Answers.ts"
import { writeError } from "./Errors.ts"
import * as Words from "./Words.ts"

/** A block: its kind, its start, and what has arrived for it. */
interface Block {
  readonly type: "text" | "thinking" | "redacted" | "call"
  readonly start: JsonObject
  readonly deltas: Array<JsonObject>
  /** For a call: whether its arguments are complete. */
  readonly end?: JsonEnd
}

/** A writer for one stream. */
export class AnthropicStreamWriter implements StreamWriter {
  readonly #context: Context
  #isStarted = false
  #open: Block | undefined
  /** The last block, open or waiting. */
  #latest: Block | undefined
  #blocks = 0
  /** Every call that has begun. */
  readonly #calls = new Map<number, Block>()
  /** The blocks that wait for the open one. */
  readonly #waiting = new Set<Block>()
  #ending: Ending | undefined
  #usage: Usage | undefined

  constructor(context: Context) {
    this.#context = context
  }

  write(delta: Delta): ReadonlyArray<OutEvent> {
    const events: Array<OutEvent> = []
    this.#take(delta, events)
    return events
  }

  #take(delta: Delta, events: Array<OutEvent>): void {
    if (delta.type === "error") {
      events.push(toEvent(writeError(delta.error)))
      return
    }
    this.#start(delta, events)
    switch (delta.type) {
      case "text":
      case "refusal":
        this.#say("text", { type: "text_delta", text: delta.text }, events)
        break
      case "thinking":
        if (!this.#context.thinking) break
        this.#say("thinking", { type: "thinking_delta", thinking: delta.text }, events)
        break
      case "signature":
        if (!this.#context.thinking) break
        this.#say("thinking", { type: "signature_delta", signature: delta.signature }, events)
        if (this.#open?.type === "thinking") this.#close(events)
        break
      case "redacted":
        if (!this.#context.thinking) break
        this.#add(
          { type: "redacted", start: { type: "redacted_thinking", data: delta.data }, deltas: [] },
          events
        )
        break
      case "call": {
        const start = callBlock(delta.id, delta.call, delta.name, this.#context, {})
        const block: Block = { type: "call", start, deltas: [], end: new JsonEnd() }
        this.#calls.set(delta.call, block)
        this.#add(block, events)
        break
      }
      case "arguments":
        this.#argue(delta.call, delta.json, events)
        break
      case "usage":
        this.#usage = delta.usage
        break
      case "stop":
        this.#ending = delta
        break
      case "end":
        this.#end(events)
    }
  }

  #start(delta: Delta, events: Array<OutEvent>): void {
    if (this.#isStarted) return
    this.#isStarted = true
    const start = delta.type === "start" ? delta : undefined
    const message = {
      ...head(start?.id ?? this.#context.id, start?.model ?? this.#context.model),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: Words.writeUsage(undefined)
    }
    events.push(toEvent({ type: "message_start", message }))
  }

  #say(type: "text" | "thinking", delta: JsonObject, events: Array<OutEvent>): void {
    const latest = this.#latest
    if (latest?.type === type) this.#tell(latest, delta, events)
    else {
      const start = type === "text" ? { type, text: "" } : thinkingBlock("")
      this.#add({ type, start, deltas: [delta] }, events)
    }
  }

  #argue(call: number, partial_json: string, events: Array<OutEvent>): void {
    const block = this.#calls.get(call)
    if (block === undefined) return
    block.end?.push(partial_json)
    this.#tell(block, { type: "input_json_delta", partial_json }, events)
    this.#advance(events)
  }

  #add(block: Block, events: Array<OutEvent>): void {
    this.#latest = block
    this.#waiting.add(block)
    this.#advance(events)
  }

  #tell(block: Block, delta: JsonObject, events: Array<OutEvent>): void {
    if (block === this.#open) this.#delta(delta, events)
    else if (this.#waiting.has(block)) block.deltas.push(delta)
  }

  /** Opens the waiting blocks, up to a call that is not complete. */
  #advance(events: Array<OutEvent>): void {
    for (const block of this.#waiting) {
      if (this.#open?.end?.isComplete === false) return
      this.#begin(block, events)
    }
  }

  #begin(block: Block, events: Array<OutEvent>): void {
    this.#waiting.delete(block)
    this.#close(events)
    this.#open = block
    events.push(toEvent({ type: "content_block_start", index: this.#blocks++, content_block: block.start }))
    for (const delta of block.deltas.splice(0)) this.#delta(delta, events)
  }

  #delta(delta: JsonObject, events: Array<OutEvent>): void {
    events.push({
      event: "content_block_delta",
      data: `{"type":"content_block_delta","index":${this.#blocks - 1},"delta":${JSON.stringify(delta)}}`
    })
  }

  #close(events: Array<OutEvent>): void {
    if (this.#open === undefined) return
    if (this.#open === this.#latest) this.#latest = undefined
    this.#open = undefined
    events.push(toEvent({ type: "content_block_stop", index: this.#blocks - 1 }))
  }

  /** Only now is the usage known: OpenAI sends it after the finish reason. */
  #end(events: Array<OutEvent>): void {
    for (const block of this.#waiting) this.#begin(block, events)
    this.#close(events)
    const delta = Words.writeEnding(this.#ending ?? { stop: "end" })
    events.push(
      toEvent({ type: "message_delta", delta, usage: Words.writeUsage(this.#usage) }),
      toEvent({ type: "message_stop" })
    )
  }
}

/** An event is named after its type. */
const toEvent = (json: JsonObject & { readonly type?: unknown }): OutEvent => ({
  event: String(json.type),
  data: JSON.stringify(json)
})
