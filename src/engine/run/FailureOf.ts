/** From whatever an attempt ended with to exactly one failure. */
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import type { Target } from "../../domain/Target.ts"
import * as Failure from "../../failure/Failure.ts"
import * as UserCode from "../../util/UserCode.ts"

/** What a classification may say besides a failure: the error speaks of no target, it goes to the caller. */
export interface NotMine {
  readonly _tag: "NotMine"
}

/**
 * For `classify`: this error is an answer of the application's own service and no trouble of the target. It goes to the
 * caller as it is, at once; nothing rests, nothing is tried again, and nothing is counted.
 */
export const notMine: NotMine = { _tag: "NotMine" }

/** Says what an error of the user's own means. */
export type Classify<in E> = (error: E, target: Target) => Failure.Failure | NotMine

/**
 * Turns whatever an attempt failed with into exactly one failure, or into the word that it is none. A failure that a
 * broken finalizer turned into a defect is still found; what nobody can place is `Transient` with the reason `Unknown`.
 */
export const failureOf = <E>(
  cause: Cause.Cause<unknown>,
  target: Target,
  classify: Classify<E> | undefined
): Failure.Failure | NotMine => {
  for (const reason of cause.reasons) {
    const error = reason._tag === "Fail" ? reason.error : reason._tag === "Die" ? reason.defect : undefined
    if (isPlaced(error)) return error
  }
  const failed = cause.reasons.find((reason) => reason._tag === "Fail")
  if (failed === undefined) {
    const died = cause.reasons.find((reason) => reason._tag === "Die")
    if (died === undefined) return unknown(target, "interrupted by itself", cause)
    return isOurs(died.defect) ? ours(target, died.defect) : unknown(target, "a defect", died.defect)
  }
  return classify === undefined
    ? unknown(target, "an error nobody classified", failed.error)
    : classify(failed.error as E, target)
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

/**
 * A `classify` of the user's own, whatever it does: what it throws, and what is neither a failure nor `notMine`, makes the
 * error an unknown one, and is named in the log once for each `owner`.
 */
export const contained =
  <E>(classify: Classify<E>, owner: object, context: Context.Context<never>): Classify<E> =>
  (error, target) => {
    let did = "gave no failure"
    try {
      const said: unknown = classify(error, target)
      if (isPlaced(said)) return said
      if (said === notMine) return notMine
      if (UserCode.isPromise(said)) did = "gave a promise"
    } catch (thrown) {
      did = UserCode.threw(thrown)
    }
    UserCode.name(owner, "classify", did, "the error counts as Transient/Unknown", context)
    return unknown(target, "an error that broke its classifier", error)
  }

/** A failure whose class is in the decision table. Reasons are checked where failures are made, but not by force. */
const isPlaced = (u: unknown): u is Failure.Failure => Failure.isFailure(u) && classes.has(Failure.classOf(u))

const classes = new Set<string>(Failure.failureClasses)

const unknown = (target: Target, message: string, cause: unknown): Failure.Failure =>
  new Failure.Transient({ target: target.key, reason: "Unknown", message, cause })
