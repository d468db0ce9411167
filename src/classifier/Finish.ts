/**
 * The failure class of a finish reason, for an answer that ended without content.
 *
 * `words/FinishReasons.ts` lists the reasons. An ordinary end (`stop`, `end_turn`, `tool_calls`) and an unknown one
 * have no class: the answer was merely empty.
 */
import type { FailureClass } from "../failure/Failure.ts"
import { type Finish, finishOf } from "../words/FinishReasons.ts"

const classes: { readonly [F in Finish]: FailureClass | undefined } = {
  end: undefined,
  stopSequence: undefined,
  calls: undefined,
  pause: undefined,
  length: "MaxTokens",
  window: "ContextExceeded",
  refusal: "ContentPolicy",
  overloaded: "Overloaded",
  fault: "ServerError",
  malformed: "Malformed"
}

/**
 * The class of an answer that ended with this reason.
 *
 * @example
 * import { fromFinish } from "./Finish.ts"
 *
 * fromFinish("content_filter") // => "ContentPolicy"
 * fromFinish("stop") // => undefined
 */
export const fromFinish = (reason: string): FailureClass | undefined => {
  const finish = finishOf(reason)
  return finish === undefined ? undefined : classes[finish]
}
