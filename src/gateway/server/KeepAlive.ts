/**
 * Keep-alive messages for streams that are quiet for a while: the model thinks, and the caller did not request its
 * thoughts. Clients and proxies close connections without bytes after 20 to 180 seconds.
 *
 * At each tick, a stream without bytes since the last tick but one gets a message, so the longest gap is two ticks.
 */
import type * as Context from "effect/Context"
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

/** Writes keep-alive messages while one stream is quiet. */
export class KeepAlive {
  #quietTicks = 0
  readonly #timer: Running.Running<never>

  /** `ping` writes a message. */
  constructor(context: Context.Context<never>, ping: () => void) {
    const tick = Effect.sync(() => {
      if (this.#quietTicks++ === 0) return
      this.#quietTicks = 0
      ping()
    })
    this.#timer = Running.start(Effect.forever(Effect.andThen(Effect.sleep(interval), tick)), context)
  }

  /** The stream has sent bytes. */
  hasSent(): void {
    this.#quietTicks = 0
  }

  /** The stream has ended. */
  stop(): void {
    this.#timer.interruptUnsafe()
  }
}
