/**
 * Calls into functions of the caller. What they throw or return by mistake affects at most one attempt. The first mistake of
 * each kind is logged.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Target } from "../domain/Target.ts"
import type * as Failure from "../failure/Failure.ts"
import * as Checks from "../util/Checks.ts"
import * as UserCode from "../util/UserCode.ts"
import type { CallOptions } from "./CallOptions.ts"

/** The `isBusy` of a call. A mistake is logged once for each `owner`. */
export const whileBusy =
  (owner: object, isBusy: () => boolean, context: Context.Context<never>) => (): boolean => {
    let did = "returned neither true nor false"
    try {
      const busy: unknown = isBusy()
      if (typeof busy === "boolean") return busy
      UserCode.isPromise(busy)
    } catch (error) {
      did = UserCode.threw(error)
    }
    UserCode.name(owner, "isBusy", did, "the stream counts as not busy", context)
    return false
  }

/** The affinity key or the caller key of a call. A function that throws gives no key. */
export const keyOf = (
  owner: object,
  key: CallOptions["affinity" | "caller"],
  what: "the key of a conversation" | "the key of a caller",
  context: Context.Context<never>
): CallOptions["affinity" | "caller"] =>
  typeof key === "function" ? containedKey(owner, key, what, context) : key

const containedKey =
  (owner: object, key: () => string | undefined, what: string, context: Context.Context<never>) =>
  (): string | undefined => {
    let did = "returned no text"
    try {
      const said: unknown = key()
      if (said === undefined || typeof said === "string") return said
      UserCode.isPromise(said)
    } catch (error) {
      did = UserCode.threw(error)
    }
    UserCode.name(owner, what, did, "the request counts as one without a key", context)
    return undefined
  }

/** Refuses a value that is not a function, in code without type checks. */
export const refuse = (what: string): void =>
  Checks.refuse(what, ["it has to be a function of the backend and the target"])

/** The effect of an attempt. A function that throws is a defect of the attempt, not of the run. */
export const effectOf = <P, A, E, R>(
  f: (backend: P, target: Target, amendedFor: Failure.BadRequest | undefined) => Effect.Effect<A, E, R>,
  backend: P,
  target: Target,
  amendedFor: Failure.BadRequest | undefined
): Effect.Effect<A, E, R> => {
  try {
    const effect = f(backend, target, amendedFor)
    return isEffect(effect) ? effect : Effect.die(noEffect(effect))
  } catch (defect) {
    return Effect.die(defect)
  }
}

/**
 * `Effect.isEffect` takes 30 ns of a call that takes 530 (thread CPU, 2026-11-29), so it is asked about values that are not objects only.
 * A service is such a value: it is a class, and an effect.
 */
const isEffect = (u: unknown): boolean =>
  typeof u === "object" ? u !== null && Effect.TypeId in u : Effect.isEffect(u)

/** For code without type checks. */
const noEffect = (u: unknown): TypeError =>
  new TypeError(
    UserCode.isPromise(u)
      ? "a provider returned a promise instead of an effect"
      : "a provider returned no effect"
  )

/** The stream of an attempt. A function that throws is a defect of the attempt. */
export const streamOf = <C, E, R>(f: () => Stream.Stream<C, E, R>): Stream.Stream<C, E, R> => {
  try {
    const stream: unknown = f()
    if (Stream.isStream(stream)) return stream as Stream.Stream<C, E, R>
    UserCode.isPromise(stream)
    return Stream.die(new TypeError("a provider returned no stream"))
  } catch (defect) {
    return Stream.die(defect)
  }
}
