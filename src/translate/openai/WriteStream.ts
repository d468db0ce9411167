/** Writes deltas as the chunks of a streamed chat completion. */
import type { Delta, Redacted, Thinking, Usage } from "../common/Common.ts"
import type { JsonObject } from "../common/Json.ts"
import * as Sources from "../common/Sources.ts"
import type { Context } from "../protocol/Context.ts"
import { writeError } from "../protocol/Errors.ts"
import type { OutEvent, StreamWriter } from "../protocol/Protocol.ts"
import * as Reasoning from "./parts/Reasoning.ts"
import * as Words from "./Words.ts"
import { CallWriter } from "./WriteCalls.ts"

/** A writer for one stream. */
export class OpenAiStreamWriter implements StreamWriter {
  readonly #context: Context
  #id: string
  #model: string
  #begin: string | undefined
  #isStarted = false
  #usage: Usage | undefined
  #hasRefused = false
  /** Complete reasoning that its provider requires back. */
  readonly #thoughts: Array<Thinking | Redacted> = []
  #thought = ""
  readonly #calls: CallWriter

  constructor(context: Context) {
    this.#context = context
    this.#calls = new CallWriter(context)
    this.#id = context.id
    this.#model = context.model
  }

  write(delta: Delta): ReadonlyArray<OutEvent> {
    switch (delta.type) {
      case "start":
        this.#id = delta.id ?? this.#id
        this.#model = delta.model ?? this.#model
        this.#begin = undefined
        return this.#chunks()
      case "text":
        return this.#chunks({ content: delta.text })
      case "refusal":
        this.#hasRefused = true
        return this.#chunks({ refusal: delta.text })
      case "thinking":
        this.#thought += delta.text
        return this.#chunks({ reasoning_content: delta.text })
      case "signature":
        this.#thoughts.push({ type: "thinking", text: this.#thought, signature: delta.signature })
        this.#thought = ""
        return []
      case "redacted":
        this.#thoughts.push(delta)
        return []
      case "call":
        return this.#chunks(this.#calls.begin(delta.call, delta.id, delta.name))
      case "arguments": {
        const said = this.#calls.argue(delta.call, delta.json)
        return said === undefined ? [] : this.#chunks(said)
      }
      case "source":
        return this.#chunks({ annotations: [Sources.writtenInside(delta)] })
      case "hangs":
      case "left":
        return []
      case "usage":
        this.#usage = delta.usage
        return []
      case "stop":
        return this.#stop(delta)
      case "end":
        return this.#end()
      case "error":
        return [{ data: JSON.stringify(writeError(delta.error)) }]
    }
  }

  /** Complete reasoning is sent in one chunk before the last, because the official client keeps only the latest. */
  #stop(delta: Delta & { readonly type: "stop" }): ReadonlyArray<OutEvent> {
    const events: Array<OutEvent> = []
    const { explanation } = delta
    for (const rest of this.#calls.rest()) events.push(...this.#chunks(rest))
    const reasoning_details = Reasoning.write(this.#thoughts)
    if (reasoning_details !== undefined) events.push(...this.#chunks({ reasoning_details }))
    if (explanation !== undefined && !this.#hasRefused) events.push(...this.#chunks({ refusal: explanation }))
    events.push(...this.#chunks({}, Words.writeStop(delta.stop, this.#context.isLegacy)))
    return events
  }

  #end(): ReadonlyArray<OutEvent> {
    const done: OutEvent = { data: "[DONE]" }
    if (!this.#context.includeUsage || this.#usage === undefined) return [done]
    const usage = JSON.stringify(Words.writeUsage(this.#usage))
    return [{ data: `${this.#head}"choices":[],"usage":${usage}}` }, done]
  }

  /** The first chunk holds only the role. */
  #chunks(delta?: JsonObject, finish_reason: string | null = null): ReadonlyArray<OutEvent> {
    const events: Array<OutEvent> = []
    if (!this.#isStarted) {
      this.#isStarted = true
      events.push(this.#chunk({ role: "assistant", content: "", refusal: null }, null))
    }
    if (delta !== undefined) events.push(this.#chunk(delta, finish_reason))
    return events
  }

  /** Nearly all of a chunk is the same in all chunks, so only the delta is written as JSON each time. */
  #chunk(delta: JsonObject, finish_reason: string | null): OutEvent {
    const reason = finish_reason === null ? "null" : JSON.stringify(finish_reason)
    const usage = this.#context.includeUsage ? ',"usage":null' : ""
    const choice = `{"index":0,"delta":${JSON.stringify(delta)},"logprobs":null,"finish_reason":${reason}}`
    return { data: `${this.#head}"choices":[${choice}]${usage}}` }
  }

  /** The members that all chunks begin with. */
  get #head(): string {
    if (this.#begin === undefined) {
      const { created } = this.#context
      const head = { id: this.#id, object: "chat.completion.chunk", created, model: this.#model }
      this.#begin = `${JSON.stringify(head).slice(0, -1)},`
    }
    return this.#begin
  }
}
