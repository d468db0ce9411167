/** Streamed answers from one protocol to another, event by event. */
import type { Context } from "./Context.ts"
import { parse } from "./Json.ts"
import type { Dialect, OutEvent, Protocol, SseEvent } from "./Protocol.ts"
import { callers, codecs } from "./Translate.ts"

/** Translates one stream. */
export interface StreamTranslator {
  /** The events that say what an event says; none for one that says nothing, is malformed or unknown. */
  readonly event: (event: SseEvent) => ReadonlyArray<OutEvent>
  /**
   * The stream is over: the events that complete the answer, where its protocol had said that it is complete. A
   * stream that was cut gets no clean end.
   */
  readonly end: () => ReadonlyArray<OutEvent>
  /** Has the protocol of the target said that the answer is complete? */
  readonly isComplete: boolean
}

/** A translator for one stream, from the protocol of the target to that of the caller. */
export const makeStreamTranslator = (from: Protocol, to: Dialect, context: Context): StreamTranslator => {
  const reader = codecs[from].streamReader()
  const writer = callers[to].streamWriter(context)
  return {
    event(event) {
      const json = event.json ?? (event.data === undefined ? undefined : parse(event.data))
      return reader.read(event, json).flatMap((delta) => writer.write(delta))
    },
    end: () => reader.end().flatMap((delta) => writer.write(delta)),
    get isComplete() {
      return reader.isComplete
    }
  }
}

/** The text of events as an event stream carries them. */
export const encode = (events: ReadonlyArray<OutEvent>): string => {
  let text = ""
  for (const { event, data } of events)
    text += `${event === undefined ? "" : `event: ${event}\n`}data: ${data}\n\n`
  return text
}
