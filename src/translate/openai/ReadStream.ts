/**
 * From the chunks of a streamed chat completion to deltas.
 *
 * https://platform.openai.com/docs/api-reference/chat/streaming
 */
import type { Delta } from "../Common.ts"
import { isObject, type JsonObject, number, object, objects, string, text, write } from "../Json.ts"
import type { SseEvent, StreamReader } from "../Protocol.ts"
import { contentOf } from "./Answers.ts"
import { readError } from "./Errors.ts"
import * as Reasoning from "./Reasoning.ts"
import * as Words from "./Words.ts"

/** A call as it comes in. It begins for others once its name is known; what came before is kept until then. */
interface Incoming {
  readonly call: number
  readonly id: string
  isBegun: boolean
  kept: string
}

/** A reader for one stream. Of several choices it reads the first. */
export class OpenAiStreamReader implements StreamReader {
  #isStarted = false
  #isStopped = false
  #isEnded = false
  #refusal = ""
  #count = 0
  #begun = 0
  readonly #calls = new Map<number, Incoming>()
  #latest: Incoming | undefined

  get isComplete(): boolean {
    return this.#isStopped || this.#isEnded
  }

  read(event: SseEvent, json: unknown): ReadonlyArray<Delta> {
    if (this.#isEnded) return []
    if (event.data?.trim() === "[DONE]") return this.#end()
    if (!isObject(json)) return []
    if (isObject(json.error) || text(json.error) !== undefined || event.event === "error") {
      this.#isEnded = true
      return [{ type: "error", error: readError(json, undefined) }]
    }
    const deltas: Array<Delta> = []
    if (!this.#isStarted) {
      this.#isStarted = true
      deltas.push({ type: "start", id: text(json.id), model: text(json.model) })
    }
    const choice = objects(json.choices).find((choice) => (choice.index ?? 0) === 0)
    if (choice !== undefined && !this.#isStopped) this.#readChoice(choice, deltas)
    const usage = Words.readUsage(json.usage)
    if (usage !== undefined) deltas.push({ type: "usage", usage })
    return deltas
  }

  /** The stream is over: what is still missing, if its protocol had said that the answer is complete. */
  end(): ReadonlyArray<Delta> {
    return this.#isStopped && !this.#isEnded ? this.#end() : []
  }

  #end(): ReadonlyArray<Delta> {
    this.#isEnded = true
    const end: Delta = { type: "end" }
    return this.#isStopped ? [end] : [this.#stop({}), end]
  }

  #stop(choice: JsonObject): Delta {
    this.#isStopped = true
    const has = { calls: this.#begun > 0, refusal: this.#refusal !== "" }
    return {
      type: "stop",
      ...Words.readStop(choice, has),
      explanation: has.refusal ? this.#refusal : undefined
    }
  }

  #readChoice(choice: JsonObject, deltas: Array<Delta>): void {
    const delta = object(choice.delta ?? choice.message)
    const thoughts = Reasoning.textOf(delta)
    if (thoughts !== undefined) deltas.push({ type: "thinking", text: thoughts })
    for (const thought of Reasoning.read(delta.reasoning_details)) {
      if (thought.type === "redacted") deltas.push(thought)
      else deltas.push({ type: "signature", signature: thought.signature ?? "" })
    }
    const said = contentOf(delta.content)
    if (said !== undefined) deltas.push({ type: "text", text: said })
    const refusal = text(delta.refusal)
    if (refusal !== undefined) {
      this.#refusal += refusal
      deltas.push({ type: "refusal", text: refusal })
    }
    for (const call of objects(delta.tool_calls)) this.#readCall(call, deltas)
    if (text(choice.finish_reason) !== undefined) deltas.push(this.#stop(choice))
  }

  #readCall(call: JsonObject, deltas: Array<Delta>): void {
    const incoming = this.#incoming(call)
    const { name, arguments: args } = object(call.function)
    const json = typeof args === "string" ? args : isObject(args) ? write(args) : ""
    const known = text(name)
    if (!incoming.isBegun && known !== undefined) {
      incoming.isBegun = true
      this.#begun++
      deltas.push({ type: "call", call: incoming.call, id: incoming.id, name: known })
    }
    if (!incoming.isBegun) incoming.kept += json
    else if (incoming.kept + json !== "") {
      deltas.push({ type: "arguments", call: incoming.call, json: incoming.kept + json })
      incoming.kept = ""
    }
  }

  /**
   * The call a piece belongs to. Some servers leave the index out, some give every call the same one: there a new id
   * begins a new call.
   */
  #incoming(call: JsonObject): Incoming {
    const id = string(call.id) ?? ""
    const index = number(call.index)
    const known = index === undefined ? this.#latest : this.#calls.get(index)
    if (known !== undefined && (id === "" || known.id === "" || id === known.id)) return known
    const incoming = { call: this.#count++, id, isBegun: false, kept: "" }
    if (index !== undefined) this.#calls.set(index, incoming)
    this.#latest = incoming
    return incoming
  }
}
