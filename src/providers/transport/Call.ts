/**
 * A request in flight, read without a fiber.
 *
 * A transport that works without fibers makes the effect of its `open` from a call; providers find the call in it. The effect
 * of any other transport is run by a pump.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Flow from "../../stream/Flow.ts"
import { Pump } from "../../stream/Pump.ts"
import type { Head, OpenResponse, TransportError } from "./Transport.ts"

/** A request in flight: the bytes of its answer as a flow. */
export interface Call extends Flow.Flow<Uint8Array, TransportError> {
  /** The head of the answer, once it has arrived; `onReady` also reports its arrival. */
  head(): Head | undefined
  /** As in `OpenResponse`; here `cancel` takes the place of the scope's end. */
  finish(): void
}

/** An effect that sends a request and completes with the head of its answer. */
export type Open = Effect.Effect<OpenResponse, TransportError, Scope.Scope>

type Begin = (context: Context.Context<never>) => Call

const TypeId = "effect-failover/Call"

/** The effect that begins a call. */
export const toEffect = (begin: Begin): Open =>
  Object.assign(
    Effect.withFiber<OpenResponse, TransportError, Scope.Scope>((fiber) => {
      let call: Call | undefined
      const stop = Effect.suspend(() => (call === undefined ? Effect.void : Flow.close(call)))
      return Effect.andThen(
        Effect.addFinalizer(() => stop),
        Effect.suspend(() => {
          call = begin(fiber.context)
          return opened(call)
        })
      )
    }),
    { [TypeId]: begin }
  )

/** Begins the call that an effect is made of, or runs the effect with a pump. */
export const begin = (open: Open, context: Context.Context<never>): Call =>
  (open as { readonly [TypeId]?: Begin })[TypeId]?.(context) ?? pumped(open, context)

/** Waits for the head of an answer. */
const opened = (call: Call): Effect.Effect<OpenResponse, TransportError> =>
  Effect.suspend(() => {
    const head = call.head()
    if (head !== undefined) {
      return Effect.succeed({ ...head, pull: Flow.pull(call), finish: () => call.finish() })
    }
    const end = call.ended()
    if (end !== undefined) {
      return Exit.isFailure(end)
        ? Effect.failCause(end.cause)
        : Effect.die(new Error("an answer without a head"))
    }
    const ready = Effect.callback<void>((resume) => call.onReady(() => resume(Effect.void)))
    return Effect.andThen(ready, opened(call))
  })

const pumped = (open: Open, context: Context.Context<never>): Call => {
  let response: OpenResponse | undefined
  const pump: Pump<Uint8Array, TransportError> = new Pump(
    (scope) =>
      Effect.map(Scope.provide(open, scope), (opened) => {
        response = opened
        pump.wake()
        return opened.pull
      }),
    context
  )
  return Object.assign(pump, { head: () => response, finish: () => response?.finish() })
}
