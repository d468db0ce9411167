/**
 * What it means that a reply ended, when it ended without being one.
 *
 * The reasons stand in `words/FinishReasons.ts`. An ordinary end (`stop`, `end_turn`, `tool_calls`) and an unknown one
 * are no class: then the reply was merely empty.
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
 * The class of a reply that ended for this reason.
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
