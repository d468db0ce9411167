/**
 * From a request on its way to the events of its answer, or to the failure that it is.
 *
 * Chunks that came before a failure are given before it. After the protocol's last word the connection is left to end by
 * itself, so that it can be used again.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import type { Secrets } from "../classifier/Secrets.ts"
import { Alarm } from "../core/Alarm.ts"
import type { Failure } from "../core/Failure.ts"
import type { Flow } from "../core/Flow.ts"
import { Now } from "../core/Now.ts"
import type { EventCutter, Stop } from "./EventCutter.ts"
import * as Faults from "./Faults.ts"
import { Gathered } from "./Gathered.ts"
import type { Call, Head, TransportError } from "./Upstream.ts"
import { type Chunk, passedHeaders } from "./Wire.ts"

/** Counts the malformed events that a policy had dropped. */
export const droppedEvents = Metric.counter("effect_failover_malformed_events_dropped_total", {
  description: "Events of streams that were no JSON and were dropped, because the policy says so",
  incremental: true
})

/** What the events are read with. */
export interface Options {
  readonly cutter: EventCutter
  readonly faults: Faults.Faults
  /** What is blotted out of the headers of the answer. */
  readonly secrets: Secrets
  /** How long the headers may take, in milliseconds. */
  readonly headersTimeout: number
  readonly context: Context.Context<never>
}

/** The events of an answer, as they arrive. */
export class EventFlow implements Flow<Chunk, Failure> {
  readonly #call: Call
  readonly #options: Options
  readonly #now: Now
  readonly #alarm: Alarm
  #head: Head | undefined
  #isFirst = true
  /** The beginning of what came instead of events. */
  #excerpt: Gathered | undefined
  #end: Exit.Exit<void, Failure> | undefined
  #reader: (() => void) | undefined

  constructor(call: Call, options: Options) {
    this.#call = call
    this.#options = options
    this.#now = new Now(options.context)
    this.#alarm = new Alarm(options.context, this.#now, () => this.#late())
    this.#alarm.set(this.#now.millis() + options.headersTimeout)
  }

  take(): NonEmptyReadonlyArray<Chunk> | undefined {
    if (this.#end !== undefined) return undefined
    this.#head ??= this.#begin()
    if (this.#head === undefined) return undefined
    return this.#excerpt === undefined ? this.#events(this.#head) : this.#collect(this.#head, this.#excerpt)
  }

  ended(): Exit.Exit<void, Failure> | undefined {
    return this.#end
  }

  onReady(reader: () => void): void {
    this.#reader = reader
    if (this.#end !== undefined || this.#options.cutter.hasBytes) this.#wake()
    else this.#call.onReady(this.#wake)
  }

  gather(): void {
    this.#options.cutter.gathers = true
  }

  cancel(): void {
    this.#reader = undefined
    this.#alarm.stop()
    this.#call.cancel()
  }

  readonly #wake = (): void => {
    const reader = this.#reader
    this.#reader = undefined
    reader?.()
  }

  /** Ends with what an effect says of the end; it says so at once. What the provider goes on to say is not heard. */
  #finish(end: Effect.Effect<void, Failure>): void {
    this.#alarm.stop()
    this.#call.cancel()
    this.#end = Effect.runSyncExitWith(this.#options.context)(end)
  }

  /** The end of the connection. */
  #close(end: Exit.Exit<void, TransportError>): void {
    this.#finish(Effect.catchTag(end, "TransportError", this.#options.faults.transport))
  }

  /** The head of the answer, if it has come. What is no stream of events is a failure, with the beginning of its body. */
  #begin(): Head | undefined {
    const head = this.#call.head()
    if (head === undefined) {
      const end = this.#call.ended()
      if (end !== undefined) this.#close(end)
      return undefined
    }
    this.#alarm.stop()
    if (isEventStream(head)) return head
    this.#excerpt = new Gathered()
    this.#alarm.set(this.#now.millis() + Faults.errorWait)
    return head
  }

  /** The headers are late, or the body of an error is. */
  #late(): void {
    const { faults } = this.#options
    if (this.#head === undefined) this.#finish(faults.silent)
    else this.#fail(this.#head, this.#excerpt ?? new Gathered())
    this.#wake()
  }

  #collect(head: Head, excerpt: Gathered): undefined {
    for (const part of this.#call.take() ?? []) excerpt.push(part)
    if (excerpt.size >= Faults.maxBytes || this.#call.ended() !== undefined) this.#fail(head, excerpt)
    return undefined
  }

  #fail(head: Head, excerpt: Gathered): void {
    const body = excerpt.join().subarray(0, Faults.maxBytes)
    this.#finish(this.#options.faults.response(head, body))
  }

  #events(head: Head): NonEmptyReadonlyArray<Chunk> | undefined {
    const { context, cutter } = this.#options
    let chunks = cutter.cut()
    while (chunks.length === 0 && cutter.stop === undefined && this.#end === undefined) {
      const parts = this.#call.take()
      if (parts !== undefined) {
        cutter.add(parts)
        chunks = cutter.cut()
        continue
      }
      const end = this.#call.ended()
      if (end === undefined) break
      if (Exit.isSuccess(end)) {
        const rest = cutter.rest()
        if (rest !== undefined) chunks.push(rest)
      }
      this.#close(end)
    }
    if (cutter.stop !== undefined) this.#stopped(head, cutter.stop)
    if (cutter.dropped > 0) {
      Effect.runSyncWith(context)(Metric.update(droppedEvents, cutter.dropped))
      cutter.dropped = 0
    }
    return this.#given(head, chunks)
  }

  #stopped(head: Head, stop: Stop): void {
    const { faults } = this.#options
    if (stop === "too large") {
      this.#finish(faults.malformed("an event of the stream is larger than an event may be"))
    } else if (stop._tag === "Malformed") {
      this.#finish(faults.malformed("an event of the stream is not JSON"))
    } else this.#finish(faults.response(head, stop.data, { inStream: true }))
  }

  #given({ headers, status }: Head, chunks: ReadonlyArray<Chunk>): NonEmptyReadonlyArray<Chunk> | undefined {
    if (!isNonEmpty(chunks)) return undefined
    if (this.#isFirst) {
      this.#isFirst = false
      chunks[0].head = { status, headers: this.#options.secrets.headers(passedHeaders(headers)) }
    }
    if (chunks[chunks.length - 1]!.phase.last) this.#call.finish()
    return chunks
  }
}

const isNonEmpty = <A>(items: ReadonlyArray<A>): items is NonEmptyReadonlyArray<A> => items.length > 0

/** A good status, and nothing that says that the body is something else. Not all servers name the type. */
const isEventStream = ({ headers, status }: Head): boolean =>
  status < 300 && !/json|html/i.test(String(headers["content-type"] ?? ""))
