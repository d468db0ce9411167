/** A strict server as data: what it refuses, and what its model answers. */
import type { Check, JsonObject } from "./Check.ts"

/**
 * A check that refuses a request, and the error: `{value}` and `{index}` in the body are placeholders for the
 * finding.
 */
export interface Refusal {
  readonly check: Check
  readonly status: number
  readonly body: JsonObject
  /** Where it is documented or was reported. */
  readonly source: string
}

/** A server as data. */
export interface Strictness {
  /** The name of its row in the dialect table. */
  readonly name: string
  readonly protocol: "openai" | "anthropic"
  readonly refusals: ReadonlyArray<Refusal>
  /** The id of the call with this number, from 0: `call_{n}`, or a fixed number of characters. */
  readonly callId: string
  /** The field for reasoning; absent if the server has none. */
  readonly thoughts?: string | undefined
  /** Fields that it adds to each of its calls. */
  readonly onCalls?: JsonObject | undefined
}

/** A tool call of a scripted model. */
export interface ScriptedCall {
  readonly name: string
  readonly arguments: JsonObject
}

/** One turn of a scripted model. */
export interface ScriptedAnswer {
  readonly thoughts?: string | undefined
  readonly text?: string | undefined
  readonly calls?: ReadonlyArray<ScriptedCall> | undefined
}
