/** What the end of an answer means, from the reason its provider gives. */
import { fromFinish } from "../classifier/Finish.ts"
import * as Phase from "../core/Phase.ts"
import type { Meaning } from "./Protocol.ts"

/**
 * The meaning of a finish reason.
 *
 * - cut by the length limit: an answer, with or without content
 * - stopped by a content filter or at the end of the window: an answer if there was content before, else a failure
 * - a fault of the provider: a failure, whatever was said before
 * - anything else: the answer is complete
 */
export const meaning = (reason: string, hasContent: boolean): Meaning => {
  switch (fromFinish(reason)) {
    case undefined:
      return Phase.complete
    case "MaxTokens":
      return Phase.answer
    case "ContentPolicy":
    case "ContextExceeded":
      return hasContent ? Phase.complete : "failed"
    default:
      return "failed"
  }
}
