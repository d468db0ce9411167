/**
 * A provider's stream in the caller's protocol: one chunk per chunk of the provider, even if it is empty, because it shows
 * that the stream is alive.
 *
 * A stream that breaks off gets no clean end. A complete one gets its last event, even if its connection then breaks or
 * stays open.
 */
import { isArrayNonEmpty as isNonEmpty, type NonEmptyReadonlyArray } from "effect/Array"
import type * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import * as Phase from "../../domain/Phase.ts"
import { type Failure, Transient } from "../../failure/Failure.ts"
import type { Chunk, Head, Headers } from "../../providers/wire/Wire.ts"
import * as Flow from "../../stream/Flow.ts"
import { RunClock } from "../../time/RunClock.ts"
import * as Translate from "../../translate/index.ts"
import { MovableTimer } from "../../util/MovableTimer.ts"
import * as TargetRefusal from "../http/TargetRefusal.ts"
import { addItems, type Item } from "./WrittenFlow.ts"

/**
 * How long a complete answer may still bring its usage, in milliseconds. The engine waits twice as long for
 * more.
 */
const usageGrace = 1_000

/** How a stream is translated. */
export interface Options {
  readonly translator: Translate.StreamTranslator
  /** The last event of the provider's protocol. */
  readonly lastEvent: Translate.SseEvent
  /** What was left out of the request. */
  readonly dropped: ReadonlyArray<string>
  /** Called with the translated events. */
  readonly onEvents: ((events: ReadonlyArray<Translate.OutEvent>) => void) | undefined
  /** The key of the target. */
  readonly target: string
  readonly context: Context.Context<never>
}

/** A translated stream. Its large events are not written yet. */
export class TranslatedFlow implements Flow.Flow<Item, Failure> {
  readonly #source: Flow.Flow<Chunk, Failure>
  readonly #options: Options
  readonly #now: RunClock
  readonly #alarm: MovableTimer
  readonly #brokenOff: Head["brokenOff"]
  #isComplete = false
  /** Whether a complete stream has brought nothing more in time. */
  #isLate = false
  #end: Exit.Exit<void, Failure> | undefined
  #reader: (() => void) | undefined

  constructor(source: Flow.Flow<Chunk, Failure>, options: Options) {
    const { brokenOff } = options.translator
    this.#source = source
    this.#options = options
    this.#now = new RunClock(options.context)
    this.#alarm = new MovableTimer(options.context, () => this.#late())
    this.#brokenOff = brokenOff === undefined ? undefined : (why) => Translate.encode(brokenOff(why))
  }

  take(): NonEmptyReadonlyArray<Item> | undefined {
    if (this.#end !== undefined) return undefined
    const chunks = this.#source.take()
    if (chunks !== undefined) return this.#translate(chunks)
    const end = this.#source.ended()
    if (this.#isComplete && (end !== undefined || this.#isLate)) return this.#finish()
    if (end !== undefined) {
      this.#close(Exit.isFailure(end) ? Exit.mapError(end, TargetRefusal.asUnsupported) : end)
    }
    return undefined
  }

  ended(): Exit.Exit<void, Failure> | undefined {
    return this.#end
  }

  onReady(reader: () => void): void {
    this.#reader = reader
    if (this.#end !== undefined) {
      this.#wake()
      return
    }
    if (this.#isComplete) this.#alarm.set(this.#now.millis() + usageGrace)
    this.#source.onReady(this.#wake)
  }

  cancel(): void {
    this.#reader = undefined
    this.#alarm.stop()
    this.#source.cancel()
  }

  released(f: () => void): void {
    Flow.released(this.#source, f)
  }

  readonly #wake = (): void => {
    const reader = this.#reader
    this.#reader = undefined
    reader?.()
  }

  #late(): void {
    if (this.#reader === undefined) return
    this.#isLate = true
    this.#wake()
  }

  #close(end: Exit.Exit<void, Failure>): void {
    this.#alarm.stop()
    this.#end = end
  }

  /** The chunks up to a malformed one. Its failure follows them. */
  #translate(chunks: ReadonlyArray<Chunk>): NonEmptyReadonlyArray<Item> | undefined {
    const made: Array<Item> = []
    for (const chunk of chunks) {
      const before = made.length
      this.#add(chunk, made)
      if (this.#end !== undefined) {
        made.length = before
        break
      }
      if (chunk.phase.last) {
        this.#close(Exit.void)
        break
      }
    }
    return isNonEmpty(made) ? made : undefined
  }

  #add(chunk: Chunk, made: Array<Item>): void {
    const { dropped, onEvents, target, translator } = this.#options
    const events = translator.event(chunk)
    const { malformed } = translator
    if (malformed !== undefined) {
      this.#close(Exit.fail(new Transient({ target, reason: "Malformed", message: malformed })))
    }
    onEvents?.(events)
    const lost = translator.dropped()
    const isFirst = chunk.head !== undefined
    this.#isComplete ||= chunk.phase.complete
    const at = made.length
    addItems(made, isFirst ? "" : comment(lost), events, chunk.phase)
    if (chunk.head !== undefined) {
      made[at]!.head = { ...headOf(chunk.head, [...dropped, ...lost]), brokenOff: this.#brokenOff }
    }
  }

  /** Ends a complete answer if its provider sends nothing more, as if its last event had arrived. */
  #finish(): NonEmptyReadonlyArray<Item> | undefined {
    this.#close(Exit.void)
    const { lastEvent, onEvents, translator } = this.#options
    const events = translator.event(lastEvent)
    onEvents?.(events)
    const made: Array<Item> = []
    addItems(made, "", events, Phase.last)
    return isNonEmpty(made) ? made : undefined
  }
}

/** The headers, with the names of what was dropped. */
export const withDropped = (headers: Headers, dropped: ReadonlyArray<string>): Headers =>
  dropped.length === 0
    ? headers
    : { ...headers, "x-failover-dropped": dropped.join(", ").replaceAll(/[^\w.,$? -]/g, "?") }

/** Lists dropped content in a comment, if it was found after the headers were sent. */
const comment = (dropped: ReadonlyArray<string>): string =>
  dropped.length === 0 ? "" : `: x-failover-dropped: ${dropped.join(", ").replaceAll(/[^\w.,$ -]/g, "?")}\n\n`

const headOf = ({ headers, status }: Head, dropped: ReadonlyArray<string>): Head => ({
  status,
  headers: withDropped({ ...headers, "content-type": "text/event-stream; charset=utf-8" }, dropped)
})
