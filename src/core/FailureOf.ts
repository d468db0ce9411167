/** From whatever an attempt ended with to exactly one failure. */
import type * as Cause from "effect/Cause"
import * as Failure from "./Failure.ts"
import type { Target } from "./Target.ts"

/**
 * Turns whatever an attempt failed with into exactly one failure. A failure that a broken finalizer turned into a
 * defect is still found; what nobody can place, a `classify` that throws included, is `Transient` with the reason
 * `Unknown`.
 */
export const failureOf = <E>(
  cause: Cause.Cause<unknown>,
  target: Target,
  classify: ((error: E, target: Target) => Failure.Failure) | undefined
): Failure.Failure => {
  for (const reason of cause.reasons) {
    const error = reason._tag === "Fail" ? reason.error : reason._tag === "Die" ? reason.defect : undefined
    if (Failure.isFailure(error)) return error
  }
  const failed = cause.reasons.find((reason) => reason._tag === "Fail")
  if (failed === undefined) {
    const died = cause.reasons.find((reason) => reason._tag === "Die")
    if (died === undefined) return unknown(target, "interrupted by itself", cause)
    return isOurs(died.defect) ? ours(target, died.defect) : unknown(target, "a defect", died.defect)
  }
  if (classify === undefined) return unknown(target, "an error nobody classified", failed.error)
  try {
    return classify(failed.error as E, target)
  } catch {
    return unknown(target, "an error that broke its classifier", failed.error)
  }
}

/** The stack or the memory of our own process ran out, whatever the target was doing. */
const isOurs = (defect: unknown): boolean =>
  defect instanceof RangeError && /call stack|allocation|string length|out of memory/i.test(defect.message)

const ours = (target: Target, cause: unknown): Failure.Failure =>
  new Failure.Transient({
    target: target.key,
    reason: "Local",
    message: "this process ran out of stack or memory before an answer came",
    evidence: "a defect of our own",
    cause
  })

const unknown = (target: Target, message: string, cause: unknown): Failure.Failure =>
  new Failure.Transient({ target: target.key, reason: "Unknown", message, cause })
