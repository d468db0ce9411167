/** Refusals that are about how a request had to be said for a target, so that the next one is asked. */

import type { Target } from "../../domain/Target.ts"
import { BadRequest, type Failure } from "../../failure/Failure.ts"

/** The evidence of what was not sent at all. */
const evidence = "inexpressible"

/** True for a target that was not asked, because content of the request cannot be shown to it. */
export const isUnsent = (failure: Failure): boolean =>
  failure._tag === "BadRequest" && failure.reason === "Unsupported" && failure.evidence === evidence

/** A target that is not asked, because content of the request cannot be shown to it. */
export const unsent = (target: Target, lost: ReadonlyArray<string>): BadRequest =>
  new BadRequest({
    target: target.key,
    reason: "Unsupported",
    message: `the model cannot be shown ${lost.join(", ")}, and content is never left out`,
    evidence
  })

/** What a target says that was asked in other words than the caller's. What it says of the content itself stands. */
export const changed = (failure: Failure): Failure => {
  if (failure._tag !== "BadRequest" || (failure.reason !== "Invalid" && failure.reason !== "TooLarge"))
    return failure
  const { cause, evidence, message, status, target } = failure
  return new BadRequest({
    reason: "Unsupported",
    message,
    ...(target !== undefined && { target }),
    ...(status !== undefined && { status }),
    ...(evidence !== undefined && { evidence }),
    ...(cause !== undefined && { cause })
  })
}
