/** A call over a transport that has effects only: a fiber reads the answer, a few parts ahead. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Call, Head, OpenResponse, Request, Transport, TransportError } from "./Transport.ts"

/** Parts of an answer that are read ahead. */
const readAhead = 4

/** Sends a request and reads its answer with a fiber. */
export const make = (
  open: Transport["Service"]["open"],
  request: Request,
  context: Context.Context<never>
): Call => new PumpedCall(open(request), context)

class PumpedCall implements Call {
  readonly #pump: Fiber.Fiber<void, TransportError>
  #opened: OpenResponse | undefined
  #parts: Array<Uint8Array> = []
  #end: Exit.Exit<void, TransportError> | undefined
  #reader: (() => void) | undefined
  #room: (() => void) | undefined

  constructor(open: ReturnType<Transport["Service"]["open"]>, context: Context.Context<never>) {
    const pump = Effect.flatMap(open, (opened) => {
      this.#opened = opened
      this.#wake()
      return this.#pull(opened.pull)
    })
    this.#pump = Effect.runForkWith(context)(Effect.scoped(pump))
    this.#pump.addObserver((exit) => {
      this.#end = exit
      this.#wake()
    })
  }

  head(): Head | undefined {
    return this.#opened
  }

  take(): NonEmptyReadonlyArray<Uint8Array> | undefined {
    if (this.#parts.length === 0) return undefined
    const parts = this.#parts
    this.#parts = []
    const room = this.#room
    this.#room = undefined
    room?.()
    return parts as [Uint8Array, ...Array<Uint8Array>]
  }

  ended(): Exit.Exit<void, TransportError> | undefined {
    return this.#parts.length === 0 ? this.#end : undefined
  }

  onReady(reader: () => void): void {
    if (this.#parts.length > 0 || this.#end !== undefined) reader()
    else this.#reader = reader
  }

  finish(): void {
    this.#opened?.finish()
  }

  cancel(): void {
    this.#reader = undefined
    this.#pump.interruptUnsafe()
  }

  #wake(): void {
    const reader = this.#reader
    this.#reader = undefined
    reader?.()
  }

  #pull(pull: OpenResponse["pull"]): Effect.Effect<void, TransportError> {
    const next: Effect.Effect<void, TransportError> = Effect.matchEffect(pull, {
      onSuccess: (parts) => {
        this.#parts.push(...parts)
        this.#wake()
        return this.#parts.length < readAhead ? next : this.#whenRoom(next)
      },
      onFailure: (error) => (Cause.isDone(error) ? Effect.void : Effect.fail(error))
    })
    return next
  }

  #whenRoom(next: Effect.Effect<void, TransportError>): Effect.Effect<void, TransportError> {
    return Effect.callback((resume) => {
      if (this.#parts.length < readAhead) resume(next)
      else this.#room = () => resume(next)
    })
  }
}
