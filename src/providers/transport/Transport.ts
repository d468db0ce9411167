/**
 * The transport of providers: one HTTP request, answered whole or as a stream of bytes.
 *
 * Providers use no other HTTP, so the transport can be exchanged: `UndiciTransport` calls undici directly and costs
 * the least, `HttpClientTransport` works over any `HttpClient` of effect/http.
 *
 * A transport follows no redirects, makes no retries, adds no trace headers and has only a connect timeout.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"

/** One POST of JSON, or a GET. */
export interface Request {
  /** Default `POST`. A `GET` has an empty body. */
  readonly method?: "GET" | undefined
  /** `https://api.openai.com` */
  readonly origin: string
  /** `/v1/chat/completions` */
  readonly path: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The connect timeout, in milliseconds. */
  readonly connectTimeout: number
}

/** Status and headers of an answer. Header names are lower-case. */
export interface Head {
  readonly status: number
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
}

/** A whole answer. */
export interface WholeResponse extends Head {
  readonly body: Uint8Array
}

/** An answer with a body that is still arriving. */
export interface OpenResponse extends Head {
  /** The bytes that have arrived since the last pull. */
  readonly pull: Pull.Pull<NonEmptyReadonlyArray<Uint8Array>, TransportError>
  /**
   * Marks the answer as complete. The connection is then reused if the answer ends within half a second of the
   * scope's end. Without this call, the end of the scope aborts an unfinished answer.
   */
  readonly finish: () => void
}

/** The connection failed or could not be made. `cause` is the error underneath. */
export class TransportError extends Schema.TaggedError<TransportError>()("TransportError", {
  /** True if the head of the answer had arrived. */
  answered: Schema.Boolean,
  /** True if the transport aborted the answer because it exceeded the size limit. */
  tooLarge: Schema.Boolean,
  cause: Schema.Defect()
}) {}

/** Size and time limits of an answer. */
export interface Limits {
  /** The largest answer, in bytes. */
  readonly answer: number
  /** How much is read of the body of an answer with a status of 300 or more, in bytes. */
  readonly error: number
  /** How long that body may take, in milliseconds. */
  readonly errorWait: number
}

/** Sends requests to providers. Interrupting a call aborts its request. */
export class Transport extends Context.Service<
  Transport,
  {
    /** The whole answer; with a status of 300 or more only as much of its body as `limits` allows. */
    readonly exchange: (request: Request, limits: Limits) => Effect.Effect<WholeResponse, TransportError>
    /**
     * The head of the answer, and the bytes of its body as they arrive. Closing the scope ends the request. The effect is
     * run once.
     */
    readonly open: (request: Request) => Effect.Effect<OpenResponse, TransportError, Scope.Scope>
  }
>()("effect-failover/Transport") {}
