/** Converts whole answers and deltas from the common form to the parts of `effect/ai`. */
import type * as Response from "effect/ai/Response"
import type { Answer, Delta, Ending, Left, Spoken, Stop, Usage } from "../../translate/common/Common.ts"
import { parse } from "../../translate/common/Json.ts"
import { hidden, signed } from "./Thoughts.ts"

/** The context for reading an answer. */
export interface Reading {
  /** The full names of tools that were shortened for the target. */
  readonly toolNames: ReadonlyMap<string, string>
  /** A new id, for a call without one. */
  readonly newId: () => string
}

const reasons: Readonly<Record<Stop, Response.FinishReason>> = {
  end: "stop",
  stopSequence: "stop",
  length: "length",
  calls: "tool-calls",
  refusal: "content-filter",
  pause: "pause",
  window: "length"
}

/** The parts of a whole answer. */
export const fromAnswer = (answer: Answer, reading: Reading): Array<Response.PartEncoded> => [
  { type: "response-metadata", id: answer.id, modelId: answer.model },
  ...answer.parts.flatMap((part) => (part.type === "left" ? [] : whole(part, reading))),
  finish(answer, answer.usage)
]

const whole = (part: Exclude<Spoken, Left>, reading: Reading): Response.PartEncoded => {
  switch (part.type) {
    case "text":
    case "refusal":
      return { type: "text", text: part.text }
    case "thinking":
      return {
        type: "reasoning",
        text: part.text,
        ...(part.signature !== undefined && { metadata: signed(part.signature) })
      }
    case "redacted":
      return { type: "reasoning", text: "", metadata: hidden(part.data) }
    case "call":
      return toolCall(part.id === "" ? reading.newId() : part.id, part.name, part.arguments, reading)
  }
}

/** Arguments that are not JSON stay as they are: the toolkit reports the error to the model. */
const toolCall = (
  id: string,
  name: string,
  json: string,
  { toolNames }: Reading
): Response.ToolCallPartEncoded => ({
  type: "tool-call",
  id,
  name: toolNames.get(name) ?? name,
  params: json.trim() === "" ? {} : (parse(json) ?? json),
  providerExecuted: false
})

const finish = (ending: Ending | undefined, usage: Usage | undefined): Response.FinishPartEncoded => ({
  type: "finish",
  reason: ending === undefined ? "unknown" : reasons[ending.stop],
  usage: {
    inputTokens: {
      uncached: usage && Math.max(0, usage.input - (usage.cacheRead ?? 0) - (usage.cacheWrite ?? 0)),
      total: usage?.input,
      cacheRead: usage?.cacheRead,
      cacheWrite: usage?.cacheWrite
    },
    outputTokens: {
      total: usage?.output,
      text: usage && Math.max(0, usage.output - (usage.thinking ?? 0)),
      reasoning: usage?.thinking
    }
  }
})

interface Incoming {
  readonly id: string
  readonly name: string
  json: string
}

/** Reads the deltas of one stream in order. */
export class DeltaReader {
  #blocks = 0
  /** The open block of text or reasoning. */
  #open: { readonly type: "text" | "reasoning"; readonly id: string } | undefined
  #signature = ""
  readonly #calls = new Map<number, Incoming>()
  #ending: Ending | undefined
  #usage: Usage | undefined
  readonly #reading: Reading

  constructor(reading: Reading) {
    this.#reading = reading
  }

  /** Appends the parts of a delta. */
  read(delta: Delta, into: Array<Response.StreamPartEncoded>): void {
    switch (delta.type) {
      case "start":
        into.push({ type: "response-metadata", id: delta.id, modelId: delta.model })
        break
      case "text":
      case "refusal":
        into.push({ type: "text-delta", id: this.#block("text", into), delta: delta.text })
        break
      case "thinking":
        into.push({ type: "reasoning-delta", id: this.#block("reasoning", into), delta: delta.text })
        break
      case "signature":
        this.#block("reasoning", into)
        this.#signature += delta.signature
        break
      case "redacted": {
        this.#close(into)
        const id = String(this.#blocks++)
        into.push(
          { type: "reasoning-start", id, metadata: hidden(delta.data) },
          { type: "reasoning-end", id }
        )
        break
      }
      case "call": {
        this.#close(into)
        const id = delta.id === "" ? this.#reading.newId() : delta.id
        const name = this.#reading.toolNames.get(delta.name) ?? delta.name
        this.#calls.set(delta.call, { id, name, json: "" })
        into.push({ type: "tool-params-start", id, name, providerExecuted: false })
        break
      }
      case "arguments": {
        const call = this.#calls.get(delta.call)
        if (call === undefined) break
        call.json += delta.json
        into.push({ type: "tool-params-delta", id: call.id, delta: delta.json })
        break
      }
      case "usage":
        this.#usage = delta.usage
        break
      case "stop":
        this.#ending = delta
        this.#closeAll(into)
    }
  }

  /** The closing parts of a complete answer. */
  end(): ReadonlyArray<Response.StreamPartEncoded> {
    const parts: Array<Response.StreamPartEncoded> = []
    this.#closeAll(parts)
    parts.push(finish(this.#ending, this.#usage))
    return parts
  }

  #block(type: "text" | "reasoning", into: Array<Response.StreamPartEncoded>): string {
    if (this.#open?.type === type) return this.#open.id
    this.#close(into)
    const id = String(this.#blocks++)
    this.#open = { type, id }
    into.push(type === "text" ? { type: "text-start", id } : { type: "reasoning-start", id })
    return id
  }

  #close(into: Array<Response.StreamPartEncoded>): void {
    if (this.#open === undefined) return
    const { id, type } = this.#open
    this.#open = undefined
    if (type === "text") into.push({ type: "text-end", id })
    else
      into.push({
        type: "reasoning-end",
        id,
        ...(this.#signature !== "" && { metadata: signed(this.#signature) })
      })
    this.#signature = ""
  }

  /** Calls may be interleaved, so they are complete only at the end. */
  #closeAll(into: Array<Response.StreamPartEncoded>): void {
    this.#close(into)
    for (const { id, json, name } of this.#calls.values()) {
      into.push({ type: "tool-params-end", id }, toolCall(id, name, json, this.#reading))
    }
    this.#calls.clear()
  }
}
