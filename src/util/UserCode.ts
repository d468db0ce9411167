/**
 * Where the code of others is called: observers, classifiers, schedules, limiters and the like. What they throw, and what
 * they give instead of what they should, costs no request anything; it is named in the log, once for each seam.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { RunClock } from "../time/RunClock.ts"
import * as Running from "./Running.ts"

/** How long something may take that ought to be known at once: a retry's delay, a limiter's word. In milliseconds. */
export const patience = 1_000

const named = new WeakMap<object, Set<string>>()

/**
 * Names a seam in the log: which it is, what it did, and what is done about it. Once for each `owner`. Neither the message
 * of an error nor a value is part of it: they may hold a key or a prompt.
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

/** What an error is called: all of it that may stand in a log. */
export const threw = (error: unknown): string =>
  `threw ${error instanceof Error ? error.constructor.name : `a ${typeof error}`}`

/** True for a promise, which is what an async function gives. What it rejects with is caught. */
export const isPromise = (u: unknown): u is Promise<unknown> => {
  if (typeof u !== "object" || u === null || typeof (u as { then?: unknown }).then !== "function")
    return false
  void (u as Promise<unknown>).then(undefined, () => {})
  return true
}

/** How something ended that ought to end at once: with a value, or in one of the ways of a broken seam. */
export type Word<A> =
  | { readonly _tag: "Said"; readonly value: A }
  | { readonly _tag: "Failed"; readonly did: string }

/**
 * Runs an effect of others that ought to be over at once, and waits for it no longer than `millis`. One that ends in the
 * turn in which it begins costs no timer.
 */
export const word = <A>(
  effect: Effect.Effect<A, unknown>,
  millis: number = patience
): Effect.Effect<Word<A>> =>
  Effect.callback<Word<A>>((resume) => {
    const { context } = Fiber.getCurrent()!
    const running = Running.start(effect, context)
    const exit = running.pollUnsafe()
    if (exit !== undefined) return resume(Effect.succeed(wordOf(exit)))
    return Running.park(
      running,
      {
        dueAt: new RunClock(context).millis() + millis,
        context,
        onEnd: (ended) =>
          Effect.succeed<Word<A>>(
            ended === "timeout" ? { _tag: "Failed", did: `said nothing within ${millis} ms` } : wordOf(ended)
          ),
        onInterrupt: () => {}
      },
      resume
    )
  })

const wordOf = <A>(exit: Exit.Exit<A, unknown>): Word<A> => {
  if (Exit.isSuccess(exit)) return { _tag: "Said", value: exit.value }
  const [reason] = exit.cause.reasons
  const error = reason?._tag === "Die" ? reason.defect : reason?._tag === "Fail" ? reason.error : undefined
  return { _tag: "Failed", did: reason?._tag === "Fail" ? "failed" : threw(error) }
}
