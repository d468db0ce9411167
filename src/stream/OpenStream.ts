/**
 * A stream that is read up to its commit point before the caller receives it.
 *
 * It reads its flow in the turn in which chunks arrive and keeps at most `readAhead` of them ready; before the commit point
 * it holds all of them back.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import type * as Stream from "effect/Stream"
import * as Phase from "../domain/Phase.ts"
import { Transient } from "../failure/Failure.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import type { Running } from "../util/Running.ts"
import * as UserCode from "../util/UserCode.ts"
import { CommitPoint, type Meaning } from "./CommitPoint.ts"
import * as Flow from "./Flow.ts"
import * as Pump from "./Pump.ts"

/** How many chunks are read ahead: enough to batch chunks that arrive together. */
export const readAhead = 16

/** The same for gathered chunks: each may contain a whole read of a socket, 64 KiB. */
export const readAheadGathered = 2

/** How a stream is opened. */
export interface StreamOptions<C, R> extends Meaning<C> {
  readonly context: Context.Context<R>
  /** The owner for warnings about code of the application, which are logged once for each owner. */
  readonly owner: object
}

/** A stream that is being opened. When it commits, its observers are called, and it can be read. */
export class OpenStream<C> implements Running<OpenStream<C>>, Flow.Flow<C, unknown> {
  readonly #options: StreamOptions<C, never>
  readonly #point: CommitPoint<C>
  #flow: Flow.Flow<C, unknown> | undefined
  #ready: Array<C> = []
  #ahead = readAhead
  #committed = false
  #opened: Exit.Exit<OpenStream<C>, unknown> | undefined
  #result: Exit.Exit<void, unknown> | undefined
  #observers: Array<(exit: Exit.Exit<OpenStream<C>, unknown>) => void> = []
  #reader: (() => void) | undefined
  #isFull = false
  #onEnd: ((exit: Exit.Exit<void, unknown>) => void) | undefined
  #watcher: (() => void) | undefined
  #onContent: (() => void) | undefined

  private constructor(options: StreamOptions<C, never>) {
    const { context } = options
    this.#options = options
    this.#point = new CommitPoint(options, () => MonotonicClock.millis(Context.get(context, Clock.Clock)))
  }

  /** Begins to read a stream, in this turn. */
  static start<C, R>(stream: Stream.Stream<C, unknown, R>, options: StreamOptions<C, R>): OpenStream<C> {
    const self = new OpenStream<C>(options)
    try {
      self.#flow = Pump.begin(stream, options.context)
      self.#read()
    } catch (defect) {
      self.#end(Exit.die(defect))
    }
    return self
  }

  // -- until the commit point ---------------------------------------------------------------------------------------

  pollUnsafe = (): Exit.Exit<OpenStream<C>, unknown> | undefined => this.#opened

  addObserver = (observer: (exit: Exit.Exit<OpenStream<C>, unknown>) => void): void => {
    if (this.#opened !== undefined) observer(this.#opened)
    else this.#observers.push(observer)
  }

  /** Before the commit point the stream ends when its source is released, after it at once. */
  interruptUnsafe = (): void => {
    const flow = this.#flow
    if (flow === undefined || this.#result !== undefined) return
    this.#letGo(flow)
    if (this.#committed) this.#end(Exit.interrupt())
    else Flow.released(flow, () => this.#end(Exit.interrupt()))
  }

  dueAt = (): number => this.#point.dueAt()

  /** Called at the timeout. True when the stream is complete and only its usage was still missing. */
  timeUp = (): boolean => {
    if (!this.complete || !this.#point.hasContent) return false
    this.#commit()
    this.interruptUnsafe()
    return true
  }

  // -- as a flow ----------------------------------------------------------------------------------------------------

  take(): NonEmptyReadonlyArray<C> | undefined {
    if (this.#ready.length === 0) return undefined
    const taken = this.#ready
    this.#ready = []
    if (this.#isFull) {
      this.#isFull = false
      this.#read()
    }
    return taken as [C, ...Array<C>]
  }

  ended(): Exit.Exit<void, unknown> | undefined {
    return this.#ready.length === 0 ? this.#result : undefined
  }

  onReady(reader: () => void): void {
    if (this.#ready.length > 0 || this.#result !== undefined) reader()
    else this.#reader = reader
  }

  cancel(): void {
    this.interruptUnsafe()
  }

  released(f: () => void): void {
    if (this.#flow === undefined) f()
    else Flow.released(this.#flow, f)
  }

  gather(): void {
    if (this.#flow?.gather === undefined) return
    this.#flow.gather()
    this.#ahead = readAheadGathered
  }

  // -- for the run --------------------------------------------------------------------------------------------------

  /** Whether the protocol has marked the answer as complete. */
  get complete(): boolean {
    return this.#point.complete
  }

  /** Calls back once when there is content before a later commit point. */
  onContent(f: () => void): void {
    if (this.#point.hasContent) f()
    else this.#onContent = f
  }

  /** Calls back once with the end of the stream, in the turn in which it ends, whether or not there is a reader. */
  onEnd(f: (exit: Exit.Exit<void, unknown>) => void): void {
    if (this.#result !== undefined) f(this.#result)
    else this.#onEnd = f
  }

  /** Like `onEnd`, but called before it: for counters. */
  watch(f: () => void): void {
    if (this.#result !== undefined) f()
    else this.#watcher = f
  }

  // -- reading ------------------------------------------------------------------------------------------------------

  /** Reads what has arrived. An exception is a defect of the attempt. */
  readonly #read = (): void => {
    const flow = this.#flow!
    try {
      this.#readOn(flow)
    } catch (defect) {
      this.#letGo(flow)
      this.#end(Exit.die(defect))
    }
  }

  #readOn(flow: Flow.Flow<C, unknown>): void {
    while (this.#result === undefined) {
      if (this.#committed && this.#ready.length >= this.#ahead) {
        this.#isFull = true
        return
      }
      const chunks = flow.take()
      if (chunks === undefined) {
        const end = flow.ended()
        if (end === undefined) flow.onReady(this.#read)
        else this.#end(end)
        return
      }
      if (this.#push(chunks)) {
        this.#letGo(flow)
        this.#end(Exit.void)
      }
    }
  }

  /** Adds chunks; true when no more are wanted: the protocol's last event is among them, or too much is held back. */
  #push(chunks: NonEmptyReadonlyArray<C>): boolean {
    const { phaseOf } = this.#options
    const point = this.#point
    // Without phases a chunk after the commit point needs no check (a stream of 100 takes 26.4 µs, and 28.7 without this line).
    if (phaseOf === undefined && this.#committed) return this.#add(chunks)
    for (const chunk of chunks) {
      const phase = phaseOf === undefined ? Phase.content : this.#phase(phaseOf, chunk)
      point.add(phase)
      this.#ready.push(chunk)
      const excess = this.#committed ? undefined : point.hold(chunk)
      if (excess !== undefined) {
        this.#ready = []
        this.#settle(Exit.fail(excess))
        return true
      }
      if (phase.last) {
        this.#progress()
        return true
      }
    }
    this.#progress()
    return false
  }

  #add(chunks: NonEmptyReadonlyArray<C>): false {
    for (const chunk of chunks) this.#ready.push(chunk)
    this.#wake()
    return false
  }

  /** A phase that fails is a defect of the attempt: what the chunk means for the answer is not known. */
  #phase(phaseOf: (chunk: C) => Phase.Phase, chunk: C): Phase.Phase {
    let did = "returned no phase"
    try {
      const phase: Phase.Phase | undefined = phaseOf(chunk)
      if (typeof phase?.content === "boolean") return phase
      UserCode.isPromise(phase)
    } catch (error) {
      did = UserCode.threw(error)
    }
    this.#trouble("the phase of a chunk", did, "the attempt has failed")
    throw new Error(`the phase of a chunk: ${did}`)
  }

  #progress(): void {
    if (this.#committed) this.#wake()
    else if (this.#point.isReached) this.#commit()
    else if (this.#point.hasContent) this.#hasContent()
    else if (this.complete) {
      this.#settle(Exit.fail(new Transient({ reason: "Empty", message: "the answer has no content" })))
    }
  }

  /** Content has arrived, and the commit point is a later one. */
  #hasContent(): void {
    const onContent = this.#onContent
    this.#onContent = undefined
    this.#point.moved()
    onContent?.()
  }

  #commit(): void {
    this.#committed = true
    this.#settle(Exit.succeed(this))
  }

  #settle(opened: Exit.Exit<OpenStream<C>, unknown>): void {
    if (this.#opened !== undefined) return
    this.#opened = opened
    const observers = this.#observers
    this.#observers = []
    for (const observer of observers) observer(opened)
  }

  #wake(): void {
    const reader = this.#reader
    this.#reader = undefined
    reader?.()
  }

  // -- the end ------------------------------------------------------------------------------------------------------

  #end(exit: Exit.Exit<void, unknown>): void {
    if (this.#result !== undefined) return
    this.#result = this.#judge(exit)
    if (!this.#committed) {
      if (Exit.isFailure(this.#result)) this.#settle(Exit.failCause(this.#result.cause))
      else this.#commit()
    }
    this.#watcher?.()
    this.#onEnd?.(this.#result)
    this.#wake()
  }

  /** After the answer is complete, a failure is ignored; before, even a clean end is a failure. */
  #judge(exit: Exit.Exit<void, unknown>): Exit.Exit<void, unknown> {
    if (this.complete) return Exit.void
    return Exit.isFailure(exit) || this.#options.phaseOf === undefined ? exit : Exit.fail(this.#incomplete())
  }

  #incomplete(): Transient {
    return this.#ready.length === 0 && !this.#point.hasContent
      ? new Transient({ reason: "Empty", message: "the stream ended without content" })
      : new Transient({ reason: "Truncated", message: "the stream ended before the answer was complete" })
  }

  #letGo(flow: Flow.Flow<C, unknown>): void {
    try {
      UserCode.isPromise(flow.cancel())
    } catch (error) {
      this.#trouble("a flow, when it was cancelled,", UserCode.threw(error), "the error is ignored")
    }
  }

  #trouble(seam: string, did: string, instead: string): void {
    UserCode.name(this.#options.owner, seam, did, instead, this.#options.context)
  }
}
