/**
 * The one way from fibers to a flow: a fiber, the pump, pulls a Stream whenever the reader of the flow waits.
 *
 * It pulls on demand and holds at most the items of one pull, so a slow reader holds the source. Interrupting the pump
 * releases the source.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Channel from "effect/Channel"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Flow from "./Flow.ts"

/** Opens a source in a scope. The pump closes the scope when it ends. */
export type Open<out A, out E, out R = never> = (
  scope: Scope.Scope
) => Effect.Effect<Pull.Pull<NonEmptyReadonlyArray<A>, E, unknown, R>, E, R>

/** Begins to read a Stream as a flow: the flow that it is made of, or a pump. */
export const begin = <A, E, R>(
  stream: Stream.Stream<A, E, R>,
  context: Context.Context<R>
): Flow.Flow<A, E> =>
  Flow.of(stream)?.(context) ??
  new Pump((scope) => Channel.toPullScoped(Stream.toChannel(stream), scope), context)

/** The flow of a source that a fiber pulls. The fiber begins, in the same turn, when a reader first waits. */
export class Pump<A, E, R = never> implements Flow.Flow<A, E> {
  readonly #open: Open<A, E, R>
  readonly #context: Context.Context<R>
  #fiber: Fiber.Fiber<void, E> | undefined
  #begun = false
  #items: NonEmptyReadonlyArray<A> | undefined
  #end: Exit.Exit<void, E> | undefined
  #reader: (() => void) | undefined
  readonly #onRelease: Array<() => void> = []
  /** Lets the pump go on. Set while it waits for a reader. */
  #goOn: (() => void) | undefined
  #isCancelled = false
  /** True while the reader is called in the pump's own turn. */
  #isGiving = false

  constructor(open: Open<A, E, R>, context: Context.Context<R>) {
    this.#open = open
    this.#context = context
  }

  take(): NonEmptyReadonlyArray<A> | undefined {
    const items = this.#items
    this.#items = undefined
    return items
  }

  ended(): Exit.Exit<void, E> | undefined {
    return this.#items === undefined ? this.#end : undefined
  }

  onReady(reader: () => void): void {
    if (this.#items !== undefined || this.#end !== undefined) {
      reader()
      return
    }
    this.#reader = reader
    if (!this.#begun) {
      this.#begin()
      return
    }
    const goOn = this.#goOn
    this.#goOn = undefined
    goOn?.()
  }

  cancel(): void {
    if (this.#isCancelled) return
    this.#isCancelled = true
    this.#reader = undefined
    // A pump that is giving its items to the reader ends by itself, and its finalizers see a regular end.
    if (!this.#isGiving) this.#fiber?.interruptUnsafe()
  }

  released(f: () => void): void {
    if (!this.#begun || this.#end !== undefined) f()
    else this.#onRelease.push(f)
  }

  /** Calls the reader, if one waits: with items, at the end, or because the source is open. */
  wake(): void {
    const reader = this.#reader
    this.#reader = undefined
    this.#isGiving = true
    reader?.()
    this.#isGiving = false
  }

  #begin(): void {
    this.#begun = true
    const scope = Scope.makeUnsafe()
    const fiber = Effect.runForkWith(this.#context)(
      Effect.onExit(
        Effect.flatMap(this.#open(scope), (pull) => this.#pull(pull)),
        (exit) => Scope.close(scope, exit)
      )
    )
    this.#fiber = fiber
    if (this.#isCancelled) fiber.interruptUnsafe()
    fiber.addObserver((exit) => {
      this.#end = exit
      for (const f of this.#onRelease) f()
      this.wake()
    })
  }

  #pull(pull: Pull.Pull<NonEmptyReadonlyArray<A>, E, unknown, R>): Effect.Effect<void, E, R> {
    const next: Effect.Effect<void, E, R> = Pull.matchEffect(pull, {
      onSuccess: (items) => {
        this.#items = items
        this.wake()
        return this.#reader === undefined || this.#isCancelled ? wait : next
      },
      onFailure: Effect.failCause,
      onDone: () => Effect.void
    })
    const wait: Effect.Effect<void, E, R> = Effect.callback((resume) => {
      if (this.#isCancelled) resume(Effect.void)
      // A reader may have come since the pump looked.
      else if (this.#reader !== undefined) resume(next)
      else this.#goOn = () => resume(next)
    })
    return wait
  }
}
