/**
 * A stream that is read up to its commit point before the caller receives it.
 *
 * A fiber of its own (the pump) pulls the upstream and keeps at most `readAhead` chunks ready. An available chunk costs the
 * reader no fiber and no timer, a timeout does not touch the reader's fiber, and interrupting the pump releases the
 * upstream. A stream made of a flow needs no pump: it is read in the turn in which its chunks arrive.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Channel from "effect/Channel"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Phase from "../domain/Phase.ts"
import type { Holding } from "../domain/Provider.ts"
import { Transient } from "../failure/Failure.ts"
import { type Commit, contentNeeded } from "../policy/Commit.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import type { Running } from "../util/Running.ts"
import * as UserCode from "../util/UserCode.ts"
import * as Flow from "./Flow.ts"

/** Chunks that are read ahead: enough to batch what arrives together. */
export const readAhead = 16

/** The same for gathered chunks: each may hold a whole read of a socket, 64 KiB. */
export const readAheadGathered = 2

/** How long a complete stream may still bring metadata (usage) before it is ended, in milliseconds. */
export const usageGrace = 2_000

/** The phase of a chunk. Without it every chunk is content, and the end of the stream completes it. */
export type PhaseOf<C> = ((chunk: C) => Phase.Phase) | undefined

/** The timeouts of a stream, in milliseconds; see `Policy.Timeouts`. */
export interface Waits {
  readonly firstContent: number
  readonly queue: number
  readonly idle: number
}

/** How a stream is opened. */
export interface StreamOptions<C, R> {
  readonly phaseOf: PhaseOf<C>
  readonly commit: Commit
  readonly waits: Waits
  /** How much may be held back until the commit point. */
  readonly holding?: Holding<C> | undefined
  readonly context: Context.Context<R>
  /** The owner for warnings about code of the application, which are logged once for each owner. */
  readonly owner: object
}

/** A stream that is being opened. When it commits, its observers are called, and it can be read. */
export class OpenStream<C> implements Running<OpenStream<C>>, Flow.Flow<C, unknown> {
  /** Whether the protocol has marked the answer as complete. */
  complete = false
  #ready: Array<C> = []
  #content = 0
  #held = 0
  #committed = false
  #result: Exit.Exit<void, unknown> | undefined
  #opened: Exit.Exit<OpenStream<C>, unknown> | undefined
  #observers: Array<(exit: Exit.Exit<OpenStream<C>, unknown>) => void> = []
  #reader: (() => void) | undefined
  #room: (() => void) | undefined
  #onEnd: ((exit: Exit.Exit<void, unknown>) => void) | undefined
  #watcher: (() => void) | undefined
  #pump: Fiber.Fiber<void, unknown> | undefined
  #flow: Flow.Flow<C, unknown> | undefined
  #ahead = readAhead
  #movedAt: number | undefined
  /** When the last sign of life before the first content came. */
  #aliveAt: number | undefined
  readonly #phaseOf: PhaseOf<C>
  readonly #needed: number
  readonly #waits: Waits
  readonly #clock: () => Clock.Clock
  readonly #holding: Holding<C> | undefined
  readonly #owner: object
  readonly #context: Context.Context<never>

  private constructor(
    { commit, context, holding, owner, phaseOf, waits }: StreamOptions<C, never>,
    clock: () => Clock.Clock
  ) {
    this.#owner = owner
    this.#context = context
    this.#phaseOf = phaseOf
    this.#needed = contentNeeded(commit)
    this.#waits = waits
    this.#clock = clock
    this.#holding = holding
  }

  /** Begins to pull a stream, in this turn. */
  static start<C, R>(stream: Stream.Stream<C, unknown, R>, options: StreamOptions<C, R>): OpenStream<C> {
    const clock = () => Context.get(options.context, Clock.Clock)
    const self = new OpenStream<C>(options, clock)
    const begin = Flow.of(stream)
    if (begin === undefined) {
      const pump = Effect.runForkWith(options.context)(self.#run(stream))
      self.#pump = pump
      pump.addObserver((exit) => self.#end(exit))
    } else {
      self.#begin(begin, options.context)
    }
    return self
  }

  pollUnsafe = (): Exit.Exit<OpenStream<C>, unknown> | undefined => this.#opened

  addObserver = (observer: (exit: Exit.Exit<OpenStream<C>, unknown>) => void): void => {
    if (this.#opened !== undefined) observer(this.#opened)
    else this.#observers.push(observer)
  }

  interruptUnsafe = (): void => {
    this.#pump?.interruptUnsafe()
    if (this.#flow === undefined || this.#result !== undefined) return
    this.#letGo(this.#flow)
    this.#end(Exit.interrupt())
  }

  #letGo(flow: Flow.Flow<C, unknown>): void {
    try {
      UserCode.isPromise(flow.cancel())
    } catch (error) {
      this.#trouble("a flow, when it was cancelled,", UserCode.threw(error), "the error is ignored")
    }
  }

  #trouble(seam: string, did: string, instead: string): void {
    UserCode.name(this.#owner, seam, did, instead, this.#context)
  }

  cancel(): void {
    this.interruptUnsafe()
  }

  gather(): void {
    if (this.#flow?.gather === undefined) return
    this.#flow.gather()
    this.#ahead = readAheadGathered
  }

  /**
   * The timeout of the current wait, in milliseconds since the epoch: for the first content, or for the next chunk while a
   * later commit point is waited for.
   */
  dueAt = (): number => {
    const now = MonotonicClock.millis(this.#clock())
    this.#movedAt ??= now
    const { firstContent, idle, queue } = this.#waits
    if (this.complete) return this.#movedAt + usageGrace
    if (this.#content > 0) return this.#movedAt + idle
    if (this.#aliveAt === undefined) return this.#movedAt + firstContent
    return (
      this.#movedAt + Math.max(firstContent, Math.min(queue, this.#aliveAt - this.#movedAt + firstContent))
    )
  }

  /** Called at the timeout. True when the stream is complete and only its usage was still missing. */
  timeUp = (): boolean => {
    if (!this.complete || this.#content === 0) return false
    this.#commit()
    this.interruptUnsafe()
    return true
  }

  /** Calls back once with the end of the stream, in the turn in which it ends, whether or not there is a reader. */
  onEnd(f: (exit: Exit.Exit<void, unknown>) => void): void {
    if (this.#result !== undefined) f(this.#result)
    else this.#onEnd = f
  }

  /** The same for who only counts, once and before `onEnd`. */
  watch(f: () => void): void {
    if (this.#result !== undefined) f()
    else this.#watcher = f
  }

  take(): NonEmptyReadonlyArray<C> | undefined {
    if (this.#ready.length === 0) return undefined
    const taken = this.#ready
    this.#ready = []
    const room = this.#room
    this.#room = undefined
    room?.()
    return taken as [C, ...Array<C>]
  }

  ended(): Exit.Exit<void, unknown> | undefined {
    return this.#ready.length === 0 ? this.#result : undefined
  }

  onReady(reader: () => void): void {
    if (this.#ready.length > 0 || this.#result !== undefined) reader()
    else this.#reader = reader
  }

  /** Releases the upstream. Waits for the end of a pump; a flow is released when `cancel` returns. */
  close(): Effect.Effect<void> {
    this.cancel()
    const pump = this.#pump
    if (pump === undefined || pump.pollUnsafe() !== undefined) return Effect.void
    return Effect.callback<void>((resume) => {
      pump.addObserver(() => resume(Effect.void))
    })
  }

  #begin(begin: Flow.Begin<C, unknown>, context: Context.Context<never>): void {
    try {
      this.#flow = begin(context)
      this.#read(this.#flow)
    } catch (defect) {
      this.#end(Exit.die(defect))
    }
  }

  /** Reads a flow, in the turn in which its items arrive. An exception is a defect of the attempt. */
  #read(flow: Flow.Flow<C, unknown>): void {
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
        this.#room = () => this.#read(flow)
        return
      }
      const chunks = flow.take()
      if (chunks === undefined) {
        const end = flow.ended()
        if (end === undefined) flow.onReady(() => this.#read(flow))
        else this.#end(end)
        return
      }
      if (this.#push(chunks)) {
        this.#letGo(flow)
        this.#end(Exit.void)
      }
    }
  }

  #run<R>(stream: Stream.Stream<C, unknown, R>): Effect.Effect<void, unknown, R> {
    const scope = Scope.makeUnsafe()
    return Channel.toPullScoped(Stream.toChannel(stream), scope).pipe(
      Effect.flatMap((pull) => this.#pullAll(pull)),
      Effect.onExit((exit) => Scope.close(scope, exit))
    )
  }

  #pullAll<R>(
    pull: Pull.Pull<NonEmptyReadonlyArray<C>, unknown, unknown, R>
  ): Effect.Effect<void, unknown, R> {
    const next: Effect.Effect<void, unknown, R> = Effect.matchCauseEffect(pull, {
      onSuccess: (chunks) =>
        this.#push(chunks) ? Effect.void : this.#ready.length < readAhead ? next : this.#whenRoom(next),
      onFailure: (cause) => (Pull.isDoneCause(cause) ? Effect.void : Effect.failCause(cause))
    })
    return next
  }

  #whenRoom<R>(next: Effect.Effect<void, unknown, R>): Effect.Effect<void, unknown, R> {
    if (!this.#committed) return next // before the commit point all chunks are held back
    return Effect.callback<void, unknown, R>((resume) => {
      // The reader may have taken all there was since the pump looked.
      if (this.#ready.length < readAhead) resume(next)
      else this.#room = () => resume(next)
    })
  }

  /** Adds chunks; true when the protocol's last event is among them. */
  #push(chunks: NonEmptyReadonlyArray<C>): boolean {
    for (const chunk of chunks) {
      const phase = this.#phaseOf === undefined ? Phase.content : this.#phase(this.#phaseOf, chunk)
      if (phase.content) this.#content++
      if (phase.complete) this.complete = true
      if (phase.alive === true && this.#content === 0) this.#aliveAt = MonotonicClock.millis(this.#clock())
      this.#ready.push(chunk)
      if (!this.#committed && this.#holding !== undefined && this.#isTooMuch(chunk, this.#holding))
        return true
      if (phase.last) {
        this.#progress()
        return true
      }
    }
    this.#progress()
    return false
  }

  /** A phase that fails is a defect of the attempt: what the chunk means for the answer is not known. */
  #phase(phaseOf: (chunk: C) => Phase.Phase, chunk: C): Phase.Phase {
    let did = "gave no phase"
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

  /** Whether more is held back than allowed: the stream fails then. */
  #isTooMuch(chunk: C, holding: Holding<C>): boolean {
    this.#held += holding.sizeOf(chunk)
    if (this.#held <= holding.most) return false
    this.complete = false
    this.#ready = []
    const message = "more came before the commit point of the answer than may be held back"
    this.#settle(Exit.fail(new Transient({ reason: "Malformed", message })))
    return true
  }

  #progress(): void {
    if (!this.#committed) {
      const whole = this.complete && this.#needed !== Number.POSITIVE_INFINITY
      if (this.#content > 0) {
        if (whole || this.#content >= this.#needed) this.#commit()
        else this.#movedAt = MonotonicClock.millis(this.#clock())
      } else if (this.complete) {
        this.#settle(Exit.fail(new Transient({ reason: "Empty", message: "the answer has no content" })))
      }
      return
    }
    const reader = this.#reader
    this.#reader = undefined
    reader?.()
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

  #end(exit: Exit.Exit<void, unknown>): void {
    if (this.#result !== undefined) return
    this.#result = this.#judge(exit)
    if (!this.#committed) {
      if (Exit.isFailure(this.#result)) this.#settle(Exit.failCause(this.#result.cause))
      else this.#commit()
    }
    this.#watcher?.()
    this.#onEnd?.(this.#result)
    const reader = this.#reader
    this.#reader = undefined
    reader?.()
  }

  /** After the answer is complete, a failure is ignored; before, even a clean end is a failure. */
  #judge(exit: Exit.Exit<void, unknown>): Exit.Exit<void, unknown> {
    if (this.complete) return Exit.void
    return Exit.isFailure(exit) || this.#phaseOf === undefined ? exit : Exit.fail(this.#incomplete())
  }

  #incomplete(): Transient {
    return this.#ready.length === 0 && this.#content === 0
      ? new Transient({ reason: "Empty", message: "the stream ended before it began" })
      : new Transient({ reason: "Truncated", message: "the stream ended before the answer was complete" })
  }
}
