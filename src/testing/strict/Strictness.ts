/** A strict server as data: what it refuses, and what its model says. */
import type { Check, JsonObject } from "./Check.ts"

/** What a server refuses, and how: `{value}` and `{index}` in the body stand for what was found. */
export interface Refusal {
  readonly check: Check
  readonly status: number
  readonly body: JsonObject
  /** Where it is documented or was reported. */
  readonly source: string
}

/** A server as data. */
export interface Strictness {
  /** The name of its row in the table of dialects. */
  readonly name: string
  readonly protocol: "openai" | "anthropic"
  readonly refusals: ReadonlyArray<Refusal>
  /** The id of the call with this number, from 0: `call_{n}`, or so many characters. */
  readonly callId: string
  /** The field for thoughts; none where it has no thoughts. */
  readonly thoughts?: string | undefined
  /** Fields that it hangs on each of its calls. */
  readonly onCalls?: JsonObject | undefined
}

/** A call that the model of a script makes. */
export interface ScriptedCall {
  readonly name: string
  readonly arguments: JsonObject
}

/** What the model of a script says in one turn. */
export interface Said {
  readonly thoughts?: string | undefined
  readonly text?: string | undefined
  readonly calls?: ReadonlyArray<ScriptedCall> | undefined
}
