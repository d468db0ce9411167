/**
 * Calls of tools as the client of a chat knows them: of functions, of tools that take one text, or as they were before there
 * were tools.
 */
import type { Call } from "../common/Common.ts"
import type { JsonObject } from "../common/Json.ts"
import { JsonEnd } from "../common/JsonEnd.ts"
import type { Context } from "../protocol/Context.ts"
import * as CustomTools from "../protocol/CustomTools.ts"

/** The id of a call that came without one. */
export const callId = (context: Context, index: number): string => `call_${context.id}_${index}`

/**
 * The members of a message that hold its calls. A client that defined `functions` knows one call in a message: were there more, the
 * others stand where those of tools stand.
 *
 * https://platform.openai.com/docs/api-reference/chat/object (function_call)
 */
export const writeCalls = (calls: ReadonlyArray<Call>, context: Context): JsonObject => {
  if (calls.length === 0) return {}
  const written = calls.map((call, index) => {
    const name = context.toolNames.get(call.name) ?? call.name
    const id = call.id === "" ? callId(context, index) : call.id
    return context.customTools.has(name)
      ? { id, type: "custom", custom: { name, input: CustomTools.inputOf(call.arguments) } }
      : { id, type: "function", function: { name, arguments: call.arguments } }
  })
  if (!context.isLegacy) return { tool_calls: written }
  const [first, ...others] = written
  return { function_call: first?.function, tool_calls: others.length === 0 ? undefined : others }
}

/** A call of a tool that takes one text: its text is known once its arguments are complete. */
interface Waiting {
  readonly end: JsonEnd
  json: string
}

/** The deltas of the calls of one stream. */
export class CallWriter {
  readonly #context: Context
  /** The calls of tools that take one text, until that is told. */
  readonly #waiting = new Map<number, Waiting>()

  constructor(context: Context) {
    this.#context = context
  }

  /** A call begins. */
  begin(index: number, given: string, name: string): JsonObject {
    const whole = this.#context.toolNames.get(name) ?? name
    const id = given === "" ? callId(this.#context, index) : given
    if (this.#context.customTools.has(whole)) {
      this.#waiting.set(index, { end: new JsonEnd(), json: "" })
      return { tool_calls: [{ index, id, type: "custom", custom: { name: whole, input: "" } }] }
    }
    const called = { name: whole, arguments: "" }
    if (!this.#context.isLegacy) return { tool_calls: [{ index, id, type: "function", function: called }] }
    return index === 0
      ? { function_call: called }
      : { tool_calls: [{ index: index - 1, id, type: "function", function: called }] }
  }

  /** Its arguments go on; nothing is told of a text that is not complete. */
  argue(index: number, json: string): JsonObject | undefined {
    if (this.#waiting.size > 0) {
      const waiting = this.#waiting.get(index)
      if (waiting !== undefined) {
        waiting.json += json
        waiting.end.push(json)
        return waiting.end.isComplete ? this.#told(index, waiting) : undefined
      }
    }
    const called = { arguments: json }
    if (!this.#context.isLegacy) return { tool_calls: [{ index, function: called }] }
    return index === 0 ? { function_call: called } : { tool_calls: [{ index: index - 1, function: called }] }
  }

  /** The answer is over: what there is of the texts that were not completed. */
  rest(): ReadonlyArray<JsonObject> {
    return this.#waiting.size === 0
      ? nothing
      : [...this.#waiting].map(([index, waiting]) => this.#told(index, waiting))
  }

  #told(index: number, { json }: Waiting): JsonObject {
    this.#waiting.delete(index)
    return { tool_calls: [{ index, custom: { input: CustomTools.inputOf(json) } }] }
  }
}

const nothing: ReadonlyArray<JsonObject> = []
