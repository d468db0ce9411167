/**
 * Signs of life for callers of streams in which nothing is said for a while: the model thinks, and the caller did not ask
 * to see its thoughts. Clients, and proxies between, give up on connections without bytes after 20 to 180 seconds.
 *
 * One sleeper serves all streams of a clock: with each of its beats a stream that has been silent since the last but one
 * gets a sign, so there are at most two beats between any two bytes. A stream that speaks pays nothing for it.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Dialect } from "../../translate/index.ts"
import * as Running from "../../util/Running.ts"

/** Between two beats, in milliseconds. */
export const beat = 4_000

/** A sign of life in the words of a protocol: nothing that an application gets to see. */
export const signs: Readonly<Record<Dialect, Uint8Array>> = {
  // https://docs.anthropic.com/en/docs/build-with-claude/streaming#ping-events
  anthropic: Buffer.from('event: ping\ndata: {"type": "ping"}\n\n'),
  // https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes
  openai: Buffer.from(": keep-alive\n\n"),
  responses: Buffer.from(": keep-alive\n\n")
}

/** A stream that may fall silent. */
export interface Speaker {
  /** Beats since its last byte. */
  silence: number
  readonly sign: () => void
}

/** The streams that are open, by one clock. */
export class SignsOfLife {
  readonly #context: Context.Context<never>
  readonly #speakers = new Set<Speaker>()
  #sleeper: Running.Running<void> | undefined

  constructor(clock: Clock.Clock) {
    this.#context = Context.make(Clock.Clock, clock)
  }

  add(speaker: Speaker): void {
    this.#speakers.add(speaker)
    if (this.#sleeper === undefined) this.#sleep()
  }

  remove(speaker: Speaker): void {
    this.#speakers.delete(speaker)
    if (this.#speakers.size > 0) return
    const sleeper = this.#sleeper
    this.#sleeper = undefined
    sleeper?.interruptUnsafe()
  }

  #sleep(): void {
    const sleeper = Running.start(Effect.sleep(beat), this.#context)
    this.#sleeper = sleeper
    sleeper.addObserver(() => {
      if (this.#sleeper !== sleeper) return
      this.#sleep()
      for (const speaker of this.#speakers) {
        if (speaker.silence++ === 0) continue
        speaker.silence = 0
        speaker.sign()
      }
    })
  }
}

const known = new WeakMap<Clock.Clock, SignsOfLife>()

/** The one of a clock. */
export const of = (context: Context.Context<never>): SignsOfLife => {
  const clock = Context.get(context, Clock.Clock)
  const made = known.get(clock) ?? new SignsOfLife(clock)
  known.set(clock, made)
  return made
}
