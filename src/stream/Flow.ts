/**
 * A stream that is read without a fiber: available items are taken, and a reader that waits is called back.
 *
 * All streams inside are flows. A chunk of a Stream suspends and resumes its reader's fiber; a chunk of a flow costs a call:
 * a stream of 100 chunks, each in a turn of its own, takes the engine 64 µs as a flow and 100 µs over a single fiber (CPU, least
 * of interleaved runs, 2026-11-29). Without flows there would be such a fiber at the provider, the translation and the caller.
 *
 * A Stream made of a flow is an ordinary Stream, and code that needs no fiber finds the flow in it (`of`); any other Stream
 * becomes a flow by a `Pump`.
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

/** A stream that is read without a fiber, by one reader. */
export interface Flow<out A, out E = never> {
  /** The available items, without waiting; `undefined` when there are none. */
  take(): NonEmptyReadonlyArray<A> | undefined
  /** How it ended; `undefined` while items are available or may still come. */
  ended(): Exit.Exit<void, E> | undefined
  /**
   * Calls back once when items are available or the flow has ended, at once if that is so already. Another reader replaces
   * the one before.
   */
  onReady(reader: () => void): void
  /** Stops reading and releases the source without waiting. Does nothing after the end. */
  cancel(): void
  /** Calls back once when the source is released, after `cancel` or the end. Absent if `cancel` releases it at once. */
  released?(f: () => void): void
  /** The reader does not look at single items: several may be joined into one from now on. */
  gather?(): void
}

/** Begins to read, with the services of a context. */
export type Begin<out A, out E> = (context: Context.Context<never>) => Flow<A, E>

const TypeId = "effect-failover/Flow"

/** A Stream made of a flow, which begins when the Stream is run and is cancelled when its consumer stops. */
export const toStream = <A, E>(begin: Begin<A, E>): Stream.Stream<A, E> =>
  Object.assign(
    Stream.fromChannel(
      Channel.fromTransform((_, scope) =>
        Effect.withFiber((fiber) => {
          let flow: Flow<A, E> | undefined
          const stop = Effect.suspend(() => (flow === undefined ? Effect.void : close(flow)))
          return Effect.map(Scope.addFinalizer(scope, stop), () => {
            flow = begin(fiber.context)
            return pull(flow)
          })
        })
      )
    ),
    { [TypeId]: begin }
  )

/** Begins the flow that a Stream is made of; `undefined` for other Streams. */
export const of = <A, E>(stream: Stream.Stream<A, E, unknown>): Begin<A, E> | undefined =>
  (stream as { readonly [TypeId]?: Begin<A, E> })[TypeId]

/** A flow that has failed. */
export const fail = <E>(error: E): Flow<never, E> => {
  const end = Exit.fail(error)
  return { take: () => undefined, ended: () => end, onReady: (reader) => reader(), cancel: () => {} }
}

/** The flow, with a function that sees each item when it is taken. */
export const tap = <A, E>(flow: Flow<A, E>, look: (item: A) => void): Flow<A, E> => ({
  take: () => {
    const items = flow.take()
    if (items !== undefined) for (const item of items) look(item)
    return items
  },
  ended: () => flow.ended(),
  onReady: (reader) => flow.onReady(reader),
  cancel: () => flow.cancel(),
  released: (f) => released(flow, f),
  ...(flow.gather !== undefined && { gather: () => flow.gather?.() })
})

/** Calls back once when the source of a cancelled or ended flow is released. */
export const released = (flow: Flow<unknown, unknown>, f: () => void): void => {
  if (flow.released === undefined) f()
  else flow.released(f)
}

/** Cancels the flow, and waits until its source is released. */
export const close = (flow: Flow<unknown, unknown>): Effect.Effect<void> =>
  Effect.callback((resume) => {
    flow.cancel()
    released(flow, () => resume(Effect.void))
  })

/** A pull of the next items, for a fiber. */
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
    return Effect.sync(() => flow.onReady(ignore))
  })
  return Effect.suspend(next)
}

const ignore = () => {}
