/** Field names and values of one server, translated to the standard ones before an answer is judged and read. */
import type { JsonObject } from "./Wire.ts"

/** The translation of one server's field names and finish reasons. */
export interface DialectWords {
  /** The answer or event with standard names; the same object if nothing differs. */
  readonly normalise: (json: JsonObject) => JsonObject
  /** Whether an answer without content counts as an answer. */
  readonly mayBeEmpty: boolean
}
