/** The two forms of an answer: whole, or as events. Some servers send one where the other was requested. */
import type { JsonObject } from "../wire/Wire.ts"

/** Converts the answers of an operation between the two forms. No known member is lost. */
export interface Forms {
  /** The events of a whole answer; `undefined` for anything else, such as an event. */
  readonly toEvents: (json: JsonObject) => ReadonlyArray<JsonObject | "[DONE]"> | undefined
  /** A whole answer as its protocol has it, if its content lacks the list around it; `undefined` if there is nothing to mend. */
  readonly mend: (json: JsonObject) => JsonObject | undefined
  /** The whole answer of a list of events; `undefined` if they hold none. `isDone`: `[DONE]` was among them. */
  readonly toWhole: (
    events: ReadonlyArray<JsonObject>,
    isDone: boolean
  ) => JsonObject | "truncated" | undefined
}
