/** What the end of an answer means, from the reason its provider gives. */
import * as Phase from "../../domain/Phase.ts"
import { finishOf } from "../../words/FinishReasons.ts"
import type { Meaning } from "./Protocol.ts"

/**
 * The meaning of a finish reason.
 *
 * - cut by the length limit: an answer, with or without content
 * - stopped by a content filter or at the end of the window: an answer if there was content before, else a failure
 * - a fault of the provider: a failure, whatever was said before
 * - an ordinary end: the answer is complete; with `mayBeEmpty` also if there was nothing in it
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
