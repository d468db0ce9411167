/**
 * Calls into code of the application: observers, classifiers, schedules, limiters and so on. Exceptions and invalid results
 * of such code never fail a request. They are logged as a warning, once for each kind of code.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { RunClock } from "../time/RunClock.ts"
import * as Running from "./Running.ts"

/** How long code of the application may take that should return at once (a retry's delay, a limiter), in milliseconds. */
export const maxWait = 1_000

const named = new WeakMap<object, Set<string>>()

/**
 * Logs a warning about code of the application: which code, what it did, and what happens instead. Once for each `owner`.
 * Error messages and values are left out, since they may contain a key or a prompt.
 */
export const name = (
  owner: object,
  seam: string,
  did: string,
  instead: string,
  context: Context.Context<never>
): void => {
  const seams = named.get(owner) ?? new Set()
  if (seams.has(seam)) return
  seams.add(seam)
  named.set(owner, seams)
  Effect.runForkWith(context)(Effect.logWarning(`${seam} ${did}; ${instead}`))
}

/** The class of an error: the only part of it that is logged. */
export const threw = (error: unknown): string =>
  `threw ${error instanceof Error ? error.constructor.name : `a ${typeof error}`}`

/** True for a promise, the result of an async function. Its rejection is caught. */
export const isPromise = (u: unknown): u is Promise<unknown> => {
  if (typeof u !== "object" || u === null || typeof (u as { then?: unknown }).then !== "function")
    return false
  void (u as Promise<unknown>).then(undefined, () => {})
  return true
}

/** How an effect of the application ended: with a value, or with a description of what it did. */
export type Outcome<A> =
  | { readonly _tag: "Succeeded"; readonly value: A }
  | { readonly _tag: "Failed"; readonly did: string }

/**
 * Runs an effect of the application and waits for it no longer than `millis`. One that ends in the turn in which it begins
 * costs no timer.
 */
export const run = <A>(
  effect: Effect.Effect<A, unknown>,
  millis: number = maxWait
): Effect.Effect<Outcome<A>> =>
  Effect.callback<Outcome<A>>((resume) => {
    const { context } = Fiber.getCurrent()!
    const running = Running.start(effect, context)
    const exit = running.pollUnsafe()
    if (exit !== undefined) return resume(Effect.succeed(outcomeOf(exit)))
    return Running.park(
      running,
      {
        dueAt: new RunClock(context).millis() + millis,
        context,
        onEnd: (ended) =>
          Effect.succeed<Outcome<A>>(
            ended === "timeout"
              ? { _tag: "Failed", did: `did not end within ${millis} ms` }
              : outcomeOf(ended)
          ),
        onInterrupt: () => {}
      },
      resume
    )
  })

const outcomeOf = <A>(exit: Exit.Exit<A, unknown>): Outcome<A> => {
  if (Exit.isSuccess(exit)) return { _tag: "Succeeded", value: exit.value }
  const [reason] = exit.cause.reasons
  const error = reason?._tag === "Die" ? reason.defect : reason?._tag === "Fail" ? reason.error : undefined
  return { _tag: "Failed", did: reason?._tag === "Fail" ? "failed" : threw(error) }
}
