/** What an answer is told in: whole, or by events. Some servers give the one where the other was asked for. */
import type { JsonObject } from "../wire/Wire.ts"

/** How the answers of an operation are turned from one form into the other. No member that is known gets lost. */
export interface Forms {
  /** The events that tell a whole answer; `undefined` for what is none, such as an event itself. */
  readonly toEvents: (json: JsonObject) => ReadonlyArray<JsonObject | "[DONE]"> | undefined
  /** The whole answer that events tell; `undefined` where they tell none. */
  readonly toWhole: (events: ReadonlyArray<JsonObject>) => JsonObject | undefined
}
