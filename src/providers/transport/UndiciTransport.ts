/**
 * A transport that calls undici's dispatcher directly.
 *
 * Connections are kept alive; an idle one is closed after four seconds, or earlier if its server says so. All of
 * undici's timeouts are off except the connect timeout. Where undici cannot dispatch (Bun), the runtime's own `fetch`
 * is used.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { Agent, type Dispatcher } from "undici"
import * as Flow from "../../stream/Flow.ts"
import * as Checks from "../../util/Checks.ts"
import { ByteChunks } from "../bytes/ByteChunks.ts"
import {
  type Call,
  type Head,
  type Limits,
  type OpenResponse,
  type Request,
  Transport,
  TransportError,
  type WholeResponse
} from "./Transport.ts"

/** Options of the undici agent. */
export interface Options {
  /**
   * Whether to use HTTP/2 with servers that offer it. Default no: with one connection per request in flight, a
   * stalled request holds up no other.
   */
  readonly http2?: boolean | undefined
  /** The most connections per origin. Default: unlimited. */
  readonly connections?: number | undefined
}

/** The most received bytes that wait to be read; above it the connection is paused. */
const highWater = 256 * 1024

/** A larger body, in characters, is sent in a separate turn of the event loop. */
const largeBody = 1024 * 1024

/** How long a complete answer may take to end so that its connection can be reused. */
const usageGrace = "500 millis"

/** Provides `Transport` with its own connections; they are closed with the layer. */
export const layer = (options: Options = {}): Layer.Layer<Transport> => Layer.effect(Transport, make(options))

/** Makes a `Transport` whose connections are closed with the scope. */
export const make = (options: Options = {}): Effect.Effect<Transport["Service"], never, Scope.Scope> => {
  Checks.fields("UndiciTransport.make", options, { connections: Checks.count })
  return canDispatch(Agent) ? open(options) : overFetch
}

let sharedTransport: Transport["Service"] | undefined

/**
 * One transport for the whole process, made when it is first needed: for providers that are given none. Its connections are
 * closed when they are idle, and an idle one does not keep the process alive.
 */
export const shared: Effect.Effect<Transport["Service"]> = Effect.suspend(() =>
  sharedTransport === undefined
    ? Effect.map(
        Effect.provideService(make(), Scope.Scope, Scope.makeUnsafe()),
        (made) => (sharedTransport ??= made)
      )
    : Effect.succeed(sharedTransport)
)

/** The `Transport` of the context, or the shared one. */
export const orShared: Effect.Effect<Transport["Service"]> = Effect.flatMap(
  Effect.serviceOption(Transport),
  Option.match({ onNone: () => shared, onSome: Effect.succeed })
)

/** False in Bun, whose own `undici` has agents that cannot dispatch. */
export const canDispatch = (agent: { readonly prototype: { readonly dispatch?: unknown } }): boolean =>
  typeof agent.prototype.dispatch === "function"

/**
 * A transport over the runtime's `fetch`; loaded only where undici cannot dispatch. Ignores `http2` and
 * `connections`.
 */
export const overFetch: Effect.Effect<Transport["Service"]> = Effect.promise(async () => {
  const [{ make }, FetchHttpClient, { HttpClient }] = await Promise.all([
    import("./HttpClientTransport.ts"),
    import("effect/http/FetchHttpClient"),
    import("effect/http/HttpClient")
  ])
  return Effect.provide(Effect.map(HttpClient, make), FetchHttpClient.layer)
}).pipe(Effect.flatten)

const open = (options: Options): Effect.Effect<Transport["Service"], never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new Map<number, Agent>()),
      (agents) => Effect.promise(() => Promise.all([...agents.values()].map((agent) => agent.destroy())))
    ),
    (agents) => {
      // undici takes the connect timeout per agent (and checks it twice a second), so there is one agent for each
      // timeout.
      const agentFor = (connectTimeout: number): Agent => {
        const known = agents.get(connectTimeout)
        if (known !== undefined) return known
        const agent = new Agent({
          connect: { timeout: Number.isFinite(connectTimeout) ? connectTimeout : 0 },
          allowH2: options.http2 ?? false,
          connections: options.connections ?? null,
          headersTimeout: 0,
          bodyTimeout: 0
        })
        agents.set(connectTimeout, agent)
        return agent
      }
      return Transport.of({
        exchange: (request, limits) =>
          Effect.suspend(() => {
            const call = new UndiciCall()
            call.dispatch(agentFor(request.connectTimeout), request)
            return Effect.onInterrupt(call.exchange(limits), () => call.abort)
          }),
        call: (request, context) => {
          const call = new UndiciCall(context)
          call.dispatch(agentFor(request.connectTimeout), request)
          return call
        },
        open: (request) =>
          Effect.suspend(() => {
            const call = new UndiciCall()
            return Effect.andThen(
              Effect.addFinalizer(() =>
                Effect.map(Effect.context<never>(), (context) => call.close(context))
              ),
              Effect.suspend(() => {
                call.dispatch(agentFor(request.connectTimeout), request)
                return call.open()
              })
            )
          })
      })
    }
  )

/** The error given to undici when a request is aborted. */
const abandoned = new Error("the request was aborted")

type Until = "head" | "data" | "end"

/** One request in flight. */
class UndiciCall implements Dispatcher.DispatchHandler, Call {
  #head: Head | undefined
  readonly #gathered = new ByteChunks()
  #limit = Number.POSITIVE_INFINITY
  #state: "running" | "ended" | "failed" | "tooLarge" = "running"
  #error: unknown
  #controller: Dispatcher.DispatchController | undefined
  /** Set when the reader has left: `drain` waits for the end, `abort` does not. */
  #left: "no" | "drain" | "abort" = "no"
  #finished = false
  #paused = false
  #isDue = false
  #until: Until = "head"
  #wake: (() => void) | undefined
  readonly #context: Context.Context<never>

  constructor(context: Context.Context<never> = Context.empty()) {
    this.#context = context
  }

  dispatch(dispatcher: Dispatcher, request: Request): void {
    if (request.body.length < largeBody) this.#dispatch(dispatcher, request)
    else {
      setImmediate(() => {
        if (this.#left === "no") this.#dispatch(dispatcher, request)
        else this.#fail(abandoned)
      })
    }
  }

  #dispatch(dispatcher: Dispatcher, request: Request): void {
    try {
      dispatcher.dispatch(
        {
          origin: request.origin,
          path: request.path,
          method: request.method ?? "POST",
          headers: request.headers,
          body: request.method === undefined ? request.body : null,
          headersTimeout: 0,
          bodyTimeout: 0
        },
        this
      )
    } catch (error) {
      this.#fail(error)
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#left === "abort") controller.abort(abandoned)
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Head["headers"]): void {
    if (status < 200) return
    this.#head = { status, headers }
    if (this.#until === "head") this.#until = "data"
    else if (status < 300) return
    this.#soon()
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#left !== "no") return
    this.#gathered.push(chunk)
    if (this.#gathered.size > this.#limit) {
      this.#state = "tooLarge"
      this.#notify()
      this.#abort()
    } else if (this.#until === "data") {
      if (this.#gathered.size > highWater) {
        this.#paused = true
        controller.pause()
      }
      this.#soon()
    }
  }

  onResponseEnd(): void {
    // After an error the next attempt may follow at once. undici releases the connection one turn after the end.
    if ((this.#head?.status ?? 0) >= 300) queueMicrotask(() => setImmediate(() => this.#end()))
    else this.#end()
  }

  #end(): void {
    if (this.#state === "running") this.#state = "ended"
    this.#soon()
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: unknown): void {
    this.#fail(error)
  }

  #fail(error: unknown): void {
    if (this.#state !== "running") return
    this.#state = "failed"
    this.#error = error
    this.#notify()
  }

  /**
   * Wakes the reader in a microtask, once all data of the same packet is here: waking a fiber costs more than its
   * work.
   */
  #soon(): void {
    if (this.#isDue) return
    this.#isDue = true
    queueMicrotask(this.#onDue)
  }

  readonly #onDue = (): void => {
    this.#isDue = false
    this.#notify()
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  #abort(): void {
    this.#left = "abort"
    this.#controller?.abort(abandoned)
  }

  /** Aborts the request. Does nothing if it has ended. */
  get abort(): Effect.Effect<void> {
    return Effect.sync(() => this.#abortRunning())
  }

  #abortRunning(): void {
    if (this.#state === "running") this.#abort()
  }

  /** Ends the request: at once, or with the end of the answer after `finish`. */
  close(context: Context.Context<never>): void {
    if (this.#state !== "running") return
    if (!this.#finished) {
      this.#abort()
      return
    }
    this.#left = "drain"
    this.#resume()
    const ended = Effect.timeoutOption(this.#wait("end"), usageGrace)
    Effect.runForkWith(context)(Effect.andThen(ended, this.abort))
  }

  /** Completes at the awaited event, at the end or on an error. */
  #wait(until: Until): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      this.#until = until
      this.#wake = () => resume(Effect.void)
    })
  }

  #failure(): TransportError {
    return new TransportError({
      answered: this.#head !== undefined,
      tooLarge: this.#state === "tooLarge",
      cause: this.#error
    })
  }

  open(): Effect.Effect<OpenResponse, TransportError> {
    return Effect.suspend(() => {
      if (this.#head !== undefined) {
        return Effect.succeed({
          ...this.#head,
          pull: Flow.pull<Uint8Array, TransportError>(this),
          finish: () => this.finish()
        })
      }
      if (this.#state !== "running") return Effect.fail(this.#failure())
      return Effect.andThen(this.#wait("head"), this.open())
    })
  }

  // -- for readers without a fiber --------------------------------------------------------------------------------

  head(): Head | undefined {
    return this.#head
  }

  take(): NonEmptyReadonlyArray<Uint8Array> | undefined {
    return this.#gathered.size > 0 ? this.#take() : undefined
  }

  ended(): Exit.Exit<void, TransportError> | undefined {
    if (this.#gathered.size > 0 || this.#state === "running") return undefined
    return this.#state === "ended" ? Exit.void : Exit.fail(this.#failure())
  }

  onReady(reader: () => void): void {
    if (this.#gathered.size > 0 || this.#state !== "running") reader()
    else this.#wake = reader
  }

  finish(): void {
    this.#finished = true
  }

  cancel(): void {
    this.#wake = undefined
    this.close(this.#context)
  }

  #take(): NonEmptyReadonlyArray<Uint8Array> {
    const parts = this.#gathered.take()
    this.#resume()
    return parts as readonly [Uint8Array, ...Array<Uint8Array>]
  }

  #resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#controller?.resume()
  }

  exchange(limits: Limits): Effect.Effect<WholeResponse, TransportError> {
    this.#limit = limits.answer
    const whole: Effect.Effect<WholeResponse, TransportError> = Effect.suspend(() => {
      const head = this.#head
      if (head !== undefined && head.status >= 300) return this.#excerpt(head, limits)
      if (this.#state === "running") return Effect.andThen(this.#wait("end"), whole)
      return this.#state === "ended" && head !== undefined
        ? Effect.succeed({ ...head, body: this.#gathered.join() })
        : Effect.fail(this.#failure())
    })
    return whole
  }

  /** An answer with an error status and the beginning of its body; later errors of the body are ignored. */
  #excerpt(head: Head, limits: Limits): Effect.Effect<WholeResponse> {
    this.#limit = limits.error
    const ended =
      this.#gathered.size > limits.error || this.#state !== "running" ? Effect.void : this.#wait("end")
    return Effect.map(Effect.andThen(Effect.timeoutOption(ended, limits.errorWait), this.abort), () => ({
      ...head,
      body: this.#gathered.join().subarray(0, limits.error)
    }))
  }
}
