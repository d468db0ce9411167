/**
 * Keep-alive messages for streams that are quiet for a while: the model thinks, and the caller did not request its
 * thoughts. Clients and proxies close connections without bytes after 20 to 180 seconds.
 *
 * One timer serves all streams of a clock. At each tick, a stream without bytes since the last tick but one gets a
 * message, so the longest gap is two ticks. A stream that sends bytes pays nothing.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Dialect } from "../../translate/index.ts"
import * as Running from "../../util/Running.ts"

/** Time between two ticks, in milliseconds. */
export const interval = 4_000

/** The keep-alive message of each protocol. SDKs do not show it to applications. */
export const messages: Readonly<Record<Dialect, Uint8Array>> = {
  // https://docs.anthropic.com/en/docs/build-with-claude/streaming#ping-events
  anthropic: Buffer.from('event: ping\ndata: {"type": "ping"}\n\n'),
  // https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes
  openai: Buffer.from(": keep-alive\n\n"),
  responses: Buffer.from(": keep-alive\n\n")
}

/** An open stream. */
export interface OpenStream {
  /** Ticks since its last byte. The stream sets it to 0 with each byte. */
  quietTicks: number
  /** Writes a keep-alive message. */
  readonly ping: () => void
}

/** The open streams of one clock. */
export class KeepAlive {
  readonly #context: Context.Context<never>
  readonly #streams = new Set<OpenStream>()
  #timer: Running.Running<void> | undefined

  constructor(clock: Clock.Clock) {
    this.#context = Context.make(Clock.Clock, clock)
  }

  add(stream: OpenStream): void {
    this.#streams.add(stream)
    if (this.#timer === undefined) this.#startTimer()
  }

  remove(stream: OpenStream): void {
    this.#streams.delete(stream)
    if (this.#streams.size > 0) return
    const timer = this.#timer
    this.#timer = undefined
    timer?.interruptUnsafe()
  }

  #startTimer(): void {
    const timer = Running.start(Effect.sleep(interval), this.#context)
    this.#timer = timer
    timer.addObserver(() => {
      if (this.#timer !== timer) return
      this.#startTimer()
      for (const stream of this.#streams) {
        if (stream.quietTicks++ === 0) continue
        stream.quietTicks = 0
        stream.ping()
      }
    })
  }
}

const byClock = new WeakMap<Clock.Clock, KeepAlive>()

/** The instance of the context's clock. */
export const of = (context: Context.Context<never>): KeepAlive => {
  const clock = Context.get(context, Clock.Clock)
  const made = byClock.get(clock) ?? new KeepAlive(clock)
  byClock.set(clock, made)
  return made
}
