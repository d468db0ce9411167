/**
 * The steps of a run. Every part of a run returns one, and `Run` performs them one after another.
 *
 * Steps without a wait are performed in one turn. `After` and `Wait` park the caller's fiber.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { RunError } from "../../failure/RunError.ts"
import type { Next } from "../../policy/Rule.ts"
import type { Served } from "./RunOptions.ts"

/** The effect that the caller's fiber continues with. */
export type Onward<A> = Effect.Effect<Served<A>, RunError>

/** One step of a run for an `A`. */
export type Step<A> = FindTarget | Attempt | Join | NoTargetLeft | Later<A> | After<A> | Wait<A> | End<A>

/** Find the next target of the chain and begin a visit. */
export interface FindTarget {
  readonly _tag: "FindTarget"
}

/** Make another attempt at the target of the current visit. */
export interface Attempt {
  readonly _tag: "Attempt"
  /** Where the run goes if the attempt is not permitted. */
  readonly next: Next
}

/** Continue with the hedge that is under way, as the current attempt. */
export interface Join {
  readonly _tag: "Join"
}

/** No target can be called now: wait for one, or end. */
export interface NoTargetLeft {
  readonly _tag: "NoTargetLeft"
}

/** A step that is computed when the caller's fiber runs again. */
export interface Later<A> {
  readonly _tag: "Later"
  readonly next: () => Step<A>
}

/** A step that follows an effect. The effect runs in the caller's fiber. */
export interface After<A> {
  readonly _tag: "After"
  readonly effect: Effect.Effect<() => Step<A>>
}

/** Something that is under way: an attempt, a permission, or a wait in the queues of targets. */
export interface Wait<A> {
  readonly _tag: "Wait"
  /** Starts the wait. Returns the finalizer for an interruption of the caller. */
  readonly begin: (waiting: Waiting<A>) => Effect.Effect<void>
}

/** How a wait continues the run. */
export interface Waiting<A> {
  /** The effect with which the caller's fiber performs a step. */
  readonly onward: (step: Step<A>) => Onward<A>
  /** Wakes the caller's fiber. */
  readonly resume: (onward: Onward<A>) => void
  /** Performs a step in this turn, while the caller's fiber stays parked. Returns what `begin` returns. */
  readonly goOn: (step: Step<A>) => Effect.Effect<void> | void
}

/** The run is over (`"Success"` or `"Failure"`). */
export type End<A> = Exit.Exit<Served<A>, RunError>

/** Find the next target of the chain and begin a visit. */
export const findTarget: FindTarget = { _tag: "FindTarget" }

/** Another attempt of a visit; `next` is where the run goes if it is not permitted. */
export const attemptAgain = (next: Next): Attempt => ({ _tag: "Attempt", next })

/** Continue with the hedge that is under way. */
export const join: Join = { _tag: "Join" }

/** No target can be called now: wait for one, or end. */
export const noTargetLeft: NoTargetLeft = { _tag: "NoTargetLeft" }

/** A step that is computed when the caller's fiber runs again. */
export const later = <A>(next: () => Step<A>): Later<A> => ({ _tag: "Later", next })

/** A step that follows an effect and may depend on its value. */
export const after = <V, A>(effect: Effect.Effect<V>, next: (value: V) => Step<A>): After<A> => ({
  _tag: "After",
  effect: Effect.map(effect, (value) => () => next(value))
})

/** A wait. */
export const wait = <A>(begin: Wait<A>["begin"]): Wait<A> => ({ _tag: "Wait", begin })
