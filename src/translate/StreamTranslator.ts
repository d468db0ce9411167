/** Streamed answers from one protocol to another, event by event. */
import type { Delta, Remark } from "./common/Common.ts"
import { append, parse } from "./common/Json.ts"
import * as Restore from "./fit/Restore.ts"
import { Packer } from "./Pack.ts"
import type { Context } from "./protocol/Context.ts"
import type { BrokenOff, Dialect, OutEvent, Protocol, SseEvent } from "./protocol/Protocol.ts"
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
  /** The last events of a stream that broke off; `undefined` where an error of the called protocol says it all. */
  readonly brokenOff: ((why: BrokenOff) => ReadonlyArray<OutEvent>) | undefined
  /** Has the protocol of the target said that the answer is complete? */
  readonly isComplete: boolean
  /** Why the stream cannot go on: content came that belongs to nothing. No event follows. */
  readonly malformed: string | undefined
  /** The names of content that found no place, since this was last asked. */
  readonly dropped: () => ReadonlyArray<string>
}

/**
 * A translator for one stream, from the protocol of the target to that of the caller. `onMalformed` says what becomes of
 * a stream with content that belongs to nothing: it ends, or the content is dropped and named.
 */
export const makeStreamTranslator = (
  from: Protocol,
  to: Dialect,
  context: Context,
  onMalformed: "fail" | "drop" = "fail"
): StreamTranslator => {
  const reader = codecs[from].streamReader(context.dialect)
  const writer = callers[to].streamWriter(context)
  const restored = context.restore === undefined ? undefined : Restore.deltas(context.restore)
  const known = new Set<string>()
  let malformed: string | undefined
  let dropped: Array<string> = []

  let isOver = false

  const drop = (name: string): void => {
    if (known.has(name)) return
    known.add(name)
    dropped.push(name)
  }

  const packer = context.carry === undefined ? undefined : new Packer(context.carry, from, to, context)
  const pass = (delta: Delta, events: Array<OutEvent>): void => {
    if (packer === undefined || packer.isPlain(delta)) append(events, writer.write(delta))
    else for (const packed of packer.pack(delta)) append(events, writer.write(packed))
  }

  /** A stream that its protocol has called complete fails no more, so its caller is told in its last event. */
  const write = (deltas: ReadonlyArray<Delta | Remark>, wasComplete: boolean): ReadonlyArray<OutEvent> => {
    const events: Array<OutEvent> = []
    for (const delta of restored === undefined ? deltas : deltas.flatMap(restored)) {
      if (delta.type === "dropped") drop(delta.name)
      else if (delta.type !== "malformed") pass(delta, events)
      else if (onMalformed === "drop") drop("malformed")
      else {
        isOver = true
        if (!wasComplete) malformed = delta.message
        else
          append(events, writer.write({ type: "error", error: { kind: "server", message: delta.message } }))
        break
      }
    }
    return events
  }

  return {
    event(event) {
      if (isOver) return []
      const json = event.json ?? (event.data === undefined ? undefined : parse(event.data))
      const wasComplete = reader.isComplete
      return write(reader.read(event, json), wasComplete)
    },
    brokenOff: writer.brokenOff,
    end: () => (isOver ? [] : write(reader.end(), reader.isComplete)),
    get isComplete() {
      return reader.isComplete
    },
    get malformed() {
      return malformed
    },
    dropped() {
      const names = dropped
      if (names.length > 0) dropped = []
      return names
    }
  }
}
