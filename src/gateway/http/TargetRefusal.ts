/** Refusals that concern one target's form of a request, so that the run falls back to the next target. */

import type { Target } from "../../domain/Target.ts"
import { BadRequest, type Failure } from "../../failure/Failure.ts"

/** The evidence of a failure if its request was not sent. */
const evidence = "inexpressible"

/** True when the target was not called, because it cannot take content of the request. */
export const isNotSent = (failure: Failure): boolean =>
  failure._tag === "BadRequest" && failure.reason === "Unsupported" && failure.evidence === evidence

/** The failure of a target that is not called, because it cannot take content of the request. */
export const notSent = (target: Target, lost: ReadonlyArray<string>): BadRequest =>
  new BadRequest({
    target: target.key,
    reason: "Unsupported",
    message: `the model does not take ${lost.join(", ")}, and content is never left out`,
    evidence
  })

/**
 * A translated request that a target refuses as `Invalid` or `TooLarge` becomes `Unsupported`, so that the
 * next target is tried: the translation may be the cause. Other failures stay as they are.
 */
export const asUnsupported = (failure: Failure): Failure => {
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
