/** From the bytes of an answer to a stream of its events. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as Pull from "effect/Pull"
import type { Failure } from "../core/Failure.ts"
import type { MalformedEvents } from "../core/Policy.ts"
import type * as EventReader from "./EventReader.ts"
import type { Faults } from "./Faults.ts"
import type { SseSplitter } from "./SseSplitter.ts"
import type { Opened } from "./Upstream.ts"
import { type Chunk, passedHeaders } from "./Wire.ts"

/** Counts the malformed events that a policy had dropped. */
export const droppedEvents = Metric.counter("effect_failover_malformed_events_dropped_total", {
  description: "Events of streams that were no JSON and were dropped, because the policy says so",
  incremental: true
})

/**
 * The events of an answer, as they arrive. Chunks that came before a failure are given before it. After the
 * protocol's last word the connection is left to end by itself, so that it can be used again.
 */
export const chunks = (
  opened: Opened,
  options: {
    readonly splitter: SseSplitter
    readonly read: ReturnType<typeof EventReader.make>
    readonly faults: Faults
    readonly malformedEvents: MalformedEvents
  }
): Pull.Pull<NonEmptyReadonlyArray<Chunk>, Failure> => {
  const { faults, malformedEvents, read, splitter } = options
  /** What follows when all that has been read is given away; unset while there is more to read. */
  let ending: Pull.Pull<never, Failure> | undefined
  let isFirst = true
  let dropped = 0

  /** Takes in one event; false when the stream ends with it. */
  const take = (event: ReturnType<typeof read>, into: Array<Chunk>): boolean => {
    if (!("_tag" in event)) {
      if (isFirst) {
        isFirst = false
        event.head = { status: opened.status, headers: passedHeaders(opened.headers) }
      }
      if (event.phase.last) opened.finish()
      into.push(event)
      return true
    }
    if (event._tag === "Malformed" && malformedEvents === "drop") {
      dropped++
      return true
    }
    ending =
      event._tag === "Malformed"
        ? faults.malformed("an event of the stream is not JSON")
        : faults.response(opened, event.data, { inStream: true })
    return false
  }

  const give = (events: ReadonlyArray<Chunk>): Pull.Pull<NonEmptyReadonlyArray<Chunk>, Failure> => {
    const given = isNonEmpty(events) ? Effect.succeed(events) : pull
    if (dropped === 0) return given
    const count = dropped
    dropped = 0
    return Effect.andThen(Metric.update(droppedEvents, count), given)
  }

  const onBytes = (
    parts: NonEmptyReadonlyArray<Uint8Array>
  ): Pull.Pull<NonEmptyReadonlyArray<Chunk>, Failure> => {
    const events: Array<Chunk> = []
    for (const part of parts) {
      for (const bytes of splitter.feed(part)) {
        if (!take(read(bytes), events)) return give(events)
      }
      if (splitter.overflow) {
        ending = faults.malformed("an event of the stream is larger than an event may be")
        return give(events)
      }
    }
    return give(events)
  }

  /** What stands at the end without its blank line counts if it can be read; otherwise it was cut off. */
  const onEnd = (): Pull.Pull<NonEmptyReadonlyArray<Chunk>, Failure> => {
    ending = Cause.done()
    const rest = splitter.rest()
    const event = rest === undefined ? undefined : read(rest)
    if (event === undefined || ("_tag" in event && event._tag === "Malformed")) return ending
    const events: Array<Chunk> = []
    take(event, events)
    return give(events)
  }

  const pull: Pull.Pull<NonEmptyReadonlyArray<Chunk>, Failure> = Effect.suspend(
    () =>
      ending ??
      Effect.matchEffect(opened.pull, {
        onSuccess: onBytes,
        onFailure: (error) => (Cause.isDone(error) ? onEnd() : faults.transport(error))
      })
  )
  return pull
}

const isNonEmpty = <A>(items: ReadonlyArray<A>): items is NonEmptyReadonlyArray<A> => items.length > 0
