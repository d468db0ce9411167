/** The meaning of a provider's finish reason for the stream. */
import * as Phase from "../../domain/Phase.ts"
import { finishOf } from "../../words/FinishReasons.ts"
import type { Meaning } from "./Protocol.ts"

/**
 * The meaning of a finish reason.
 *
 * - `length`: an answer, with or without content
 * - a content filter, or the end of the window: an answer if there was content before, otherwise a failure
 * - a fault of the provider: a failure, even after content
 * - an ordinary end: the answer is complete; with `mayBeEmpty` also without content
 * - anything else: the answer is complete
 */
export const meaning = (reason: string, hasContent: boolean, mayBeEmpty = false): Meaning => {
  switch (finishOf(reason)) {
    case "end":
      return mayBeEmpty && !hasContent ? Phase.answer : Phase.complete
    case "length":
      return Phase.answer
    case "refusal":
    case "window":
      return hasContent ? Phase.complete : "failed"
    case "overloaded":
    case "fault":
    case "malformed":
      return "failed"
    default:
      return Phase.complete
  }
}
