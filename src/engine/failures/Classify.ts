/** Classifies the cause of a failed attempt as exactly one failure. */
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import type { Target } from "../../domain/Target.ts"
import * as Failure from "../../failure/Failure.ts"
import * as UserCode from "../../util/UserCode.ts"

/** The result of `classify` for an error that is no evidence against the target and goes to the caller. */
export interface NotMine {
  readonly _tag: "NotMine"
}

/**
 * For `classify`: this error is an answer of the application's own service and no failure of the target. It goes to the
 * caller unchanged and at once; nothing is benched, retried or counted.
 */
export const notMine: NotMine = { _tag: "NotMine" }

/** Classifies an error of the application. */
export type Classify<in E> = (error: E, target: Target) => Failure.Failure | NotMine

/**
 * Classifies a cause as exactly one failure, or as `NotMine`. Failures among the defects are found, too (a finalizer may turn a
 * failure into a defect). An error that cannot be classified is `Transient/Unknown`.
 */
export const failureOf = <E>(
  cause: Cause.Cause<unknown>,
  target: Target,
  classify: Classify<E> | undefined
): Failure.Failure | NotMine => {
  for (const reason of cause.reasons) {
    const error = reason._tag === "Fail" ? reason.error : reason._tag === "Die" ? reason.defect : undefined
    if (isKnownFailure(error)) return error
  }
  const failed = cause.reasons.find((reason) => reason._tag === "Fail")
  if (failed === undefined) {
    const died = cause.reasons.find((reason) => reason._tag === "Die")
    if (died === undefined) return unknown(target, "the attempt interrupted itself", cause)
    return isOurs(died.defect) ? ours(target, died.defect) : unknown(target, "a defect", died.defect)
  }
  return classify === undefined
    ? unknown(target, "an error without a classification", failed.error)
    : classify(failed.error as E, target)
}

/** Whether the stack or the memory of this process ran out, which is not a failure of the target. */
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

/**
 * Contains a `classify` of the application: if it throws, or returns neither a failure nor `notMine`, the error is
 * `Transient/Unknown`, and a warning is logged once for each `owner`.
 */
export const contained =
  <E>(classify: Classify<E>, owner: object, context: Context.Context<never>): Classify<E> =>
  (error, target) => {
    let did = "returned no failure"
    try {
      const result: unknown = classify(error, target)
      if (isKnownFailure(result)) return result
      if (result === notMine) return notMine
      if (UserCode.isPromise(result)) did = "returned a promise"
    } catch (thrown) {
      did = UserCode.threw(thrown)
    }
    UserCode.name(owner, "classify", did, "the error counts as Transient/Unknown", context)
    return unknown(target, "an error whose classifier failed", error)
  }

/** Whether a value is a failure with a row in the decision table. The reason is checked too, since code without type checks may set any. */
const isKnownFailure = (u: unknown): u is Failure.Failure =>
  Failure.isFailure(u) && classes.has(Failure.classOf(u))

const classes = new Set<string>(Failure.failureClasses)

const unknown = (target: Target, message: string, cause: unknown): Failure.Failure =>
  new Failure.Transient({ target: target.key, reason: "Unknown", message, cause })
