/** Translates streamed answers from one protocol to another, event by event. */
import type { Delta, Remark } from "./common/Common.ts"
import { append, parse } from "./common/Json.ts"
import * as Restore from "./fit/Restore.ts"
import { Packer } from "./Pack.ts"
import type { Context } from "./protocol/Context.ts"
import { DistinctIds } from "./protocol/DistinctIds.ts"
import { Halves } from "./protocol/Halves.ts"
import type { BrokenOff, Dialect, OutEvent, Protocol, SseEvent } from "./protocol/Protocol.ts"
import { callers, codecs } from "./Translate.ts"

/** Translates one stream. */
export interface StreamTranslator {
  /** The translated events of an event; none for one that is empty, malformed or unknown. */
  readonly event: (event: SseEvent) => ReadonlyArray<OutEvent>
  /**
   * Ends the stream: returns the events that complete the answer, if its protocol had marked it as complete. A
   * truncated stream gets no clean end.
   */
  readonly end: () => ReadonlyArray<OutEvent>
  /** The last events of a stream that broke off; `undefined` if an error event of the called protocol is enough. */
  readonly brokenOff: ((why: BrokenOff) => ReadonlyArray<OutEvent>) | undefined
  /** Whether the target's protocol has marked the answer as complete. */
  readonly isComplete: boolean
  /** Why the stream cannot continue: content arrived that belongs to no block or call. No event follows. */
  readonly malformed: string | undefined
  /** The names of content that could not be translated, since the last call. */
  readonly dropped: () => ReadonlyArray<string>
}

/**
 * A translator for one stream, from the target's protocol to the caller's. `onMalformed` decides about content that
 * belongs to no block or call: the stream ends, or the content is dropped and named.
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
  const ids = new DistinctIds(context.request)
  const halves = new Halves()
  const pass = (given: Delta, events: Array<OutEvent>): void => {
    if (halves.isWhole(given)) passWhole(given, events)
    else for (const whole of halves.join(given)) passWhole(whole, events)
  }
  const passWhole = (given: Delta, events: Array<OutEvent>): void => {
    const delta = given.type === "call" ? ids.of(given) : given
    if (packer === undefined || packer.isPlain(delta)) append(events, writer.write(delta))
    else for (const packed of packer.pack(delta)) append(events, writer.write(packed))
  }

  /** A stream that was already complete does not fail any more, so the remark goes into its last event. */
  const write = (deltas: ReadonlyArray<Delta | Remark>, wasComplete: boolean): ReadonlyArray<OutEvent> => {
    const events: Array<OutEvent> = []
    for (const delta of restored === undefined ? deltas : deltas.flatMap(restored)) {
      if (delta.type === "dropped") drop(delta.name)
      else if (delta.type === "source" && to === "anthropic") drop(delta.name)
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
