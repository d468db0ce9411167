/**
 * The way to a provider: one HTTP request, answered whole or as a stream of bytes.
 *
 * Providers know nothing else of HTTP, so that what carries their bytes can be exchanged: `UndiciTransport` speaks to
 * undici directly and costs the least, `HttpClientTransport` works over any `HttpClient` of effect/http.
 *
 * No redirects, no retries, no trace headers, no timeouts but the one for connecting: those are the caller's.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Flow } from "../../stream/Flow.ts"

/** One POST of JSON, or a GET. */
export interface Request {
  /** `POST` where nothing is said. A `GET` has no body: its `body` is empty. */
  readonly method?: "GET" | undefined
  /** `https://api.openai.com` */
  readonly origin: string
  /** `/v1/chat/completions` */
  readonly path: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** How long connecting may take, in milliseconds. */
  readonly connectTimeout: number
}

/** The beginning of an answer. Header names are lower-case. */
export interface Head {
  readonly status: number
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
}

/** A whole answer. */
export interface WholeResponse extends Head {
  readonly body: Uint8Array
}

/** An answer whose bytes are still coming. */
export interface OpenResponse extends Head {
  /** The next bytes, all that have arrived. */
  readonly pull: Pull.Pull<NonEmptyReadonlyArray<Uint8Array>, TransportError>
  /**
   * Says that nothing of interest follows. The connection is then kept for the next request if the answer ends within
   * half a second of the scope's end; without this word the end of the scope cuts an answer off that is not at its end.
   */
  readonly finish: () => void
}

/** A request on its way, for who reads its answer without a fiber. */
export interface Call extends Flow<Uint8Array, TransportError> {
  /** The head of the answer, once it is there; readers are called back for it too. */
  head(): Head | undefined
  /** As in `OpenResponse`: the end of the scope is the call's `cancel`. */
  finish(): void
}

/** The connection failed, or it was never made. `cause` is what was thrown underneath. */
export class TransportError extends Schema.TaggedError<TransportError>()("TransportError", {
  /** True when the head of the answer had arrived. */
  answered: Schema.Boolean,
  /** True when the answer was cut off here because it was larger than an answer may be. */
  tooLarge: Schema.Boolean,
  cause: Schema.Defect()
}) {}

/** How much is read of an answer. */
export interface Limits {
  /** The largest answer, in bytes. */
  readonly answer: number
  /** As much is read of the body of an answer with a status of 300 or more, in bytes. */
  readonly error: number
  /** For so long is that body waited for, in milliseconds. */
  readonly errorWait: number
}

/** Sends requests to providers. Interrupting a call aborts its request. */
export class Transport extends Context.Service<
  Transport,
  {
    /** The whole answer; of one with a status of 300 or more only as much as `limits` says. */
    readonly exchange: (request: Request, limits: Limits) => Effect.Effect<WholeResponse, TransportError>
    /** The head of the answer; the end of the scope ends the request. */
    readonly open: (request: Request) => Effect.Effect<OpenResponse, TransportError, Scope.Scope>
    /** The same without fibers, in this turn; absent where that is not possible. */
    readonly call?: ((request: Request, context: Context.Context<never>) => Call) | undefined
  }
>()("effect-failover/Transport") {}
