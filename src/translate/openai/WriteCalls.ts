/** Writes tool calls for a chat client: of functions, of tools that take one text, or in the legacy form. */

import { JsonEnd } from "../../util/JsonEnd.ts"
import type { Call } from "../common/Common.ts"
import type { JsonObject } from "../common/Json.ts"
import type { Context } from "../protocol/Context.ts"
import * as CustomTools from "../protocol/CustomTools.ts"

/** The id of a call without one. */
export const callId = (context: Context, index: number): string => `call_${context.id}_${index}`

/**
 * The message fields for its calls. A client that uses `functions` reads one call per message; any others are written
 * as tool calls.
 *
 * https://github.com/openai/openai-node/blob/master/src/resources/chat/completions/completions.ts (function_call)
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
  /** The calls of tools that take one text, until the text is written. */
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

  /** Adds arguments; an incomplete text is not written yet. */
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

  /** The end of the answer: writes what there is of the incomplete texts. */
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
