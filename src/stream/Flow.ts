/**
 * A stream that is read without a fiber: what is there is taken, and who waits is called back.
 *
 * A chunk of a Stream costs its reader some sleep of a fiber; one of a flow costs a call. A Stream that is made of a flow
 * is a Stream to everybody, and who can do without fibers finds the flow in it: the runtime in the streams of providers,
 * and whoever passes the runtime's own streams on.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** Something that is read without a fiber. Who reads it does so alone. */
export interface Flow<out A, out E = never> {
  /** What is there, without waiting; `undefined` when nothing is. */
  take(): NonEmptyReadonlyArray<A> | undefined
  /** How it ended; `undefined` as long as there is something to take, or to come. */
  ended(): Exit.Exit<void, E> | undefined
  /**
   * Calls back once when there is something to take or the end has come; at once if that is so already. A next reader
   * takes the place of the one before.
   */
  onReady(reader: () => void): void
  /** Nobody reads on: lets go of what is behind it, and waits for nothing. What had ended has ended. */
  cancel(): void
  /** The reader passes things on and does not look at them: several may come as one from now on. */
  gather?(): void
}

/** Begins to read, with the services of a context. */
export type Begin<out A, out E> = (context: Context.Context<never>) => Flow<A, E>

const TypeId = "effect-failover/Flow"

/**
 * A Stream that is read from a flow, which begins when somebody runs the Stream and is cancelled when nobody reads on.
 *
 * @example
 * import { Flow } from "effect-failover"
 * import { Effect, Exit, Stream } from "effect"
 *
 * const ticks = Flow.toStream<string, never>(() => {
 *   const left = ["tick", "tock"]
 *   return {
 *     take: () => (left.length === 0 ? undefined : [left.shift()!]),
 *     ended: () => (left.length === 0 ? Exit.void : undefined),
 *     onReady: (reader) => reader(),
 *     cancel: () => {}
 *   }
 * })
 * Effect.runSync(Stream.runCollect(ticks)) // => ["tick", "tock"]
 */
export const toStream = <A, E>(begin: Begin<A, E>): Stream.Stream<A, E> =>
  Object.assign(
    Stream.fromChannel(
      Channel.fromTransform((_, scope) =>
        Effect.withFiber((fiber) => {
          let flow: Flow<A, E> | undefined
          const cancel = Effect.sync(() => flow?.cancel())
          return Effect.map(Scope.addFinalizer(scope, cancel), () => {
            flow = begin(fiber.context)
            return pull(flow)
          })
        })
      )
    ),
    { [TypeId]: begin }
  )

/** How to begin the flow that a Stream is made of; `undefined` for a Stream that is made of something else. */
export const of = <A, E>(stream: Stream.Stream<A, E, unknown>): Begin<A, E> | undefined =>
  (stream as { readonly [TypeId]?: Begin<A, E> })[TypeId]

/** The flow, whose items are looked at when they are taken. */
export const tap = <A, E>(flow: Flow<A, E>, look: (item: A) => void): Flow<A, E> => ({
  take: () => {
    const items = flow.take()
    if (items !== undefined) for (const item of items) look(item)
    return items
  },
  ended: () => flow.ended(),
  onReady: (reader) => flow.onReady(reader),
  cancel: () => flow.cancel(),
  gather: () => flow.gather?.()
})

/** The next of a flow, for a fiber. */
export const pull = <A, E>(flow: Flow<A, E>): Pull.Pull<NonEmptyReadonlyArray<A>, E> => {
  const next = (): Pull.Pull<NonEmptyReadonlyArray<A>, E> => {
    const there = flow.take()
    if (there !== undefined) return Exit.succeed(there)
    const end = flow.ended()
    if (end === undefined) return wait
    return Exit.isSuccess(end) ? Cause.done() : Exit.failCause(end.cause)
  }
  const wait: Pull.Pull<NonEmptyReadonlyArray<A>, E> = Effect.callback((resume) => {
    flow.onReady(() => resume(Effect.suspend(next)))
    return Effect.sync(() => flow.onReady(nobody))
  })
  return Effect.suspend(next)
}

const nobody = () => {}
