/** Words of one server for what others say in other words, so that it is judged and read as they are. */
import type { JsonObject } from "./Wire.ts"

/** What a server says in its own way. */
export interface DialectWords {
  /** An answer or an event in words that everybody knows; the very same one where nothing in it is the server's own. */
  readonly plain: (json: JsonObject) => JsonObject
  /** Whether an answer without content is an answer. */
  readonly mayBeEmpty: boolean
}
