/**
 * Turns a request in flight into the events of its answer, or into a failure.
 *
 * Chunks that arrived before a failure are returned before it. After the protocol's last event the connection ends by
 * itself, so that it can be reused.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import type { Failure } from "../../failure/Failure.ts"
import type { Secrets } from "../../redaction/Secrets.ts"
import type { Flow } from "../../stream/Flow.ts"
import { RunClock } from "../../time/RunClock.ts"
import { MovableTimer } from "../../util/MovableTimer.ts"
import { ByteChunks } from "../bytes/ByteChunks.ts"
import { hasOtherCharset, withoutMark } from "../bytes/TextBytes.ts"
import { type BodyKind, bodyKindOf } from "../forms/BodyKind.ts"
import type { Forms } from "../forms/Forms.ts"
import { JsonEvents } from "../forms/JsonEvents.ts"
import type { Call } from "../transport/Call.ts"
import type { Head, TransportError } from "../transport/Transport.ts"
import { type Chunk, type Headers, type JsonObject, passedHeaders } from "../wire/Wire.ts"
import type { EventCutter, Stop } from "./EventCutter.ts"
import * as ProviderFailures from "./ProviderFailures.ts"

/** Counts the malformed events that were dropped (`malformedEvents: "drop"`). */
export const droppedEvents = Metric.counter("effect_failover_malformed_events_dropped_total", {
  description: "Events of streams that were not JSON and were dropped, as the policy requires",
  incremental: true
})

/** How to read the events. */
export interface Options {
  readonly cutter: EventCutter
  readonly failures: ProviderFailures.ProviderFailures
  /** Secrets to redact from the headers of the answer. */
  readonly secrets: Secrets
  /** The headers timeout, in milliseconds. */
  readonly headersTimeout: number
  /** How answers of JSON are turned into events. */
  readonly forms: Forms | undefined
  /** Whether a whole answer holds what was requested. */
  readonly isUsable: (answer: JsonObject) => boolean
  /** The largest answer that is buffered whole, in bytes. */
  readonly most: number
  readonly context: Context.Context<never>
}

/** The events of an answer, as they arrive. */
export class EventFlow implements Flow<Chunk, Failure> {
  readonly #call: Call
  readonly #options: Options
  readonly #now: RunClock
  readonly #alarm: MovableTimer
  #head: Head | undefined
  #isFirst = true
  /** The format of the body, once its beginning has shown it. */
  #kind: BodyKind | undefined
  /** The bytes that arrived before that. */
  readonly #kept = new ByteChunks()
  #json: JsonEvents | undefined
  /** The beginning of a body that is not events. */
  #excerpt: ByteChunks | undefined
  #end: Exit.Exit<void, Failure> | undefined
  #reader: (() => void) | undefined

  constructor(call: Call, options: Options) {
    this.#call = call
    this.#options = options
    this.#now = new RunClock(options.context)
    this.#alarm = new MovableTimer(options.context, () => this.#late())
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

  /**
   * Ends with the result of an effect, which must be synchronous. Anything the provider sends afterwards is ignored.
   */
  #finish(end: Effect.Effect<void, Failure>): void {
    this.#alarm.stop()
    this.#call.cancel()
    this.#end = Effect.runSyncExitWith(this.#options.context)(end)
  }

  /** The connection has ended. */
  #close(end: Exit.Exit<void, TransportError>): void {
    this.#finish(Effect.catchTag(end, "TransportError", this.#options.failures.transport))
  }

  /** The head of the answer, if it has arrived. A bad status is a failure, with the beginning of the body. */
  #begin(): Head | undefined {
    const head = this.#call.head()
    if (head === undefined) {
      const end = this.#call.ended()
      if (end !== undefined) this.#close(end)
      return undefined
    }
    this.#alarm.stop()
    if (head.status >= 300) this.#mistake([])
    return head
  }

  /** The body is not an answer; its beginning is collected for the failure. */
  #mistake(parts: ReadonlyArray<Uint8Array>): void {
    const excerpt = new ByteChunks()
    for (const part of parts) excerpt.push(part)
    this.#excerpt = excerpt
    this.#alarm.set(this.#now.millis() + ProviderFailures.errorWait)
  }

  /** The bytes as an event stream, whatever the format of the body. */
  #read(head: Head, given: ReadonlyArray<Uint8Array>): ReadonlyArray<Uint8Array> {
    let parts = given
    const [first] = parts
    // Nearly always the first bytes show the format, and none are copied.
    if (this.#kind === undefined && this.#kept.size === 0 && first !== undefined) {
      if (bodyKindOf(first, labelOf(head)) === "events") {
        this.#kind = "events"
        return [withoutMark(first), ...parts.slice(1)]
      }
    }
    if (this.#kind === undefined) {
      for (const part of parts) this.#kept.push(part)
      if (parts.every(isBlank)) return []
      const begin = withoutMark(this.#kept.join())
      this.#kind = bodyKindOf(begin, labelOf(head))
      if (this.#kind === undefined) {
        this.#kept.push(begin)
        return []
      }
      parts = [begin]
    }
    switch (this.#kind) {
      case "events":
        return parts
      case "json":
        return this.#readJson(head, parts)
      case "other":
        this.#mistake(parts)
        return []
    }
  }

  #readJson(head: Head, parts: ReadonlyArray<Uint8Array>): ReadonlyArray<Uint8Array> {
    const { failures, forms, isUsable, most } = this.#options
    const json = (this.#json ??= new JsonEvents(forms, most, isUsable))
    // Until the first event, the body may still turn out to be an error.
    if (!json.hasEvents) for (const part of parts) this.#kept.push(part)
    const events = json.add(parts)
    if (json.error !== undefined)
      this.#finish(failures.response(head, json.error.subarray(0, ProviderFailures.maxBytes)))
    else if (json.overflow) this.#finish(failures.malformed("the answer exceeds the size limit"))
    if (json.hasEvents) this.#kept.take()
    return events
  }

  /** What is left of a buffered body at its end: too short to recognize, or JSON without an event. */
  #left(head: Head): ReadonlyArray<Uint8Array> | undefined {
    if (this.#kept.size === 0 || this.#end !== undefined) return undefined
    if (this.#kind === undefined) {
      this.#kind = "events"
      return this.#kept.take()
    }
    this.#fail(head, this.#kept)
    return undefined
  }

  /** The headers are late, or the body of an error is. */
  #late(): void {
    const { failures } = this.#options
    if (this.#head === undefined) this.#finish(failures.headersTimeout)
    else this.#fail(this.#head, this.#excerpt ?? new ByteChunks())
    this.#wake()
  }

  #collect(head: Head, excerpt: ByteChunks): undefined {
    for (const part of this.#call.take() ?? []) excerpt.push(part)
    if (excerpt.size >= ProviderFailures.maxBytes || this.#call.ended() !== undefined)
      this.#fail(head, excerpt)
    return undefined
  }

  #fail(head: Head, excerpt: ByteChunks): void {
    const body = excerpt.join().subarray(0, ProviderFailures.maxBytes)
    this.#finish(this.#options.failures.response(head, body))
  }

  #events(head: Head): NonEmptyReadonlyArray<Chunk> | undefined {
    const { context, cutter } = this.#options
    let chunks = cutter.cut()
    while (chunks.length === 0 && cutter.stop === undefined && this.#end === undefined) {
      const parts = this.#call.take()
      if (parts !== undefined) {
        cutter.add(this.#kind === "events" ? parts : this.#read(head, parts))
        if (this.#excerpt !== undefined) return this.#collect(head, this.#excerpt)
        chunks = cutter.cut()
        continue
      }
      const end = this.#call.ended()
      if (end === undefined) break
      if (Exit.isSuccess(end)) {
        const left = this.#kept.size === 0 ? this.#json?.end() : this.#left(head)
        if (this.#excerpt !== undefined) return this.#collect(head, this.#excerpt)
        if (left !== undefined && left.length > 0) {
          cutter.add(left)
          chunks = cutter.cut()
          continue
        }
        if (this.#kind === undefined && /json|html/i.test(labelOf(head))) this.#fail(head, this.#kept)
        if (this.#end !== undefined) break
        chunks.push(...cutter.rest())
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
    const { failures } = this.#options
    if (stop === "too large") {
      this.#finish(failures.malformed("an event of the stream exceeds the size limit"))
    } else if (stop._tag === "Malformed") {
      this.#finish(failures.malformed("an event of the stream is not JSON"))
    } else if (stop._tag === "Truncated") {
      this.#finish(failures.endsEarly)
    } else this.#finish(failures.response(head, stop.data, { inStream: true }))
  }

  #given({ headers, status }: Head, chunks: ReadonlyArray<Chunk>): NonEmptyReadonlyArray<Chunk> | undefined {
    if (!isNonEmpty(chunks)) return undefined
    if (this.#isFirst) {
      this.#isFirst = false
      chunks[0].head = { status, headers: this.#options.secrets.headers(asEvents(passedHeaders(headers))) }
    }
    if (chunks[chunks.length - 1]!.phase.last) this.#call.finish()
    return chunks
  }
}

const isNonEmpty = <A>(items: ReadonlyArray<A>): items is NonEmptyReadonlyArray<A> => items.length > 0

/** Blanks do not show the format, however many there are. */
const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte <= 0x20)

const labelOf = ({ headers }: Head): string => String(headers["content-type"] ?? "")

/** The headers of an event stream; corrects a wrong content type and a false `content-encoding`. */
const asEvents = (headers: Headers): Headers => {
  const { "content-encoding": packed, "content-type": type, ...rest } = headers
  const isRight = type === undefined || (/event-stream/i.test(String(type)) && !hasOtherCharset(type))
  if (packed === undefined && isRight) return headers
  return { ...rest, "content-type": "text/event-stream; charset=utf-8" }
}
