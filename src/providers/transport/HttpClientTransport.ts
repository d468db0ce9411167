/**
 * A transport over any `HttpClient` of effect/http: another runtime's, one with a proxy, or a fake in a test.
 *
 * Its requests have neither spans nor trace headers, whatever the client's settings. The connect timeout is the
 * client's own, because a client of effect/http takes none per request.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import type * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ByteChunks } from "../bytes/ByteChunks.ts"
import { type Head, type Limits, type Request, Transport, TransportError } from "./Transport.ts"

/** A fetch would follow a redirect, and take the key to whatever address it names. */
const withoutRedirects = (context: Context.Context<never>): Context.Context<never> =>
  Context.add(context, FetchHttpClient.RequestInit, {
    ...Context.getOrUndefined(context, FetchHttpClient.RequestInit),
    redirect: "manual"
  })

/** Makes a `Transport` from a client. */
export const make = (client: HttpClient.HttpClient): Transport["Service"] => {
  const send = (request: Request): Effect.Effect<HttpClientResponse.HttpClientResponse, TransportError> =>
    client
      .execute(
        request.method === "GET"
          ? HttpClientRequest.get(request.origin + request.path, { headers: request.headers })
          : HttpClientRequest.post(request.origin + request.path, {
              headers: request.headers,
              body: HttpBody.text(request.body, request.headers["content-type"])
            })
      )
      .pipe(
        Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
        Effect.updateContext(withoutRedirects),
        Effect.mapError((error) => failure(error, false))
      )

  return Transport.of({
    exchange: (request, limits) =>
      Effect.flatMap(send(request), (response) => {
        const head = headOf(response)
        return head.status < 300
          ? Effect.map(collect(response, limits.answer), (body) => ({ ...head, body }))
          : Effect.map(excerpt(response, limits), (body) => ({ ...head, body }))
      }),
    open: Effect.fnUntraced(function* (request) {
      const outer = yield* Effect.scope
      const scope = yield* Scope.make()
      let finished = false
      const close = (exit: Exit.Exit<unknown, unknown>) => Scope.close(scope, exit)
      let drain: Effect.Effect<unknown> = Effect.void
      yield* Scope.addFinalizerExit(outer, (exit) =>
        finished ? Effect.asVoid(Effect.forkDetach(Effect.andThen(drain, close(Exit.void)))) : close(exit)
      )
      const response = yield* send(request)
      const pull = yield* Stream.toPull(bodyOf(response)).pipe(Scope.provide(scope))
      const next = mapFailure(pull)
      drain = Effect.timeoutOption(Effect.ignore(Effect.forever(next)), "500 millis")
      return {
        ...headOf(response),
        pull: next,
        finish: () => {
          finished = true
        }
      }
    })
  })
}

/** Provides `Transport` over the `HttpClient` in the context. */
export const layer: Layer.Layer<Transport, never, HttpClient.HttpClient> = Layer.effect(
  Transport,
  Effect.map(HttpClient.HttpClient, make)
)

/** A browser hides a redirect as status 0: https://fetch.spec.whatwg.org/#concept-filtered-response-opaque-redirect */
const headOf = ({ headers, status }: HttpClientResponse.HttpClientResponse): Head => ({
  status: status === 0 ? 302 : status,
  headers
})

/** The body of a response. One without a body is empty; effect/http fails for it. */
const bodyOf = ({
  stream
}: HttpClientResponse.HttpClientResponse): Stream.Stream<Uint8Array, HttpClientError.HttpClientError> =>
  Stream.catchIf(
    stream,
    (error) => error._tag === "HttpClientError" && error.reason._tag === "EmptyBodyError",
    () => Stream.empty
  )

/**
 * The underlying cause of an error of effect/http. The error itself is dropped: it holds the request, and so the key.
 */
const failure = (error: HttpClientError.HttpClientError, answered: boolean): TransportError =>
  new TransportError({
    answered,
    tooLarge: false,
    cause: "cause" in error.reason ? error.reason.cause : new Error(error.reason._tag)
  })

const mapFailure = <A>(pull: Pull.Pull<A, HttpClientError.HttpClientError>): Pull.Pull<A, TransportError> =>
  Effect.mapError(pull, (error) => (error._tag === "HttpClientError" ? failure(error, true) : error))

const collect = (
  response: HttpClientResponse.HttpClientResponse,
  limit: number
): Effect.Effect<Uint8Array, TransportError> =>
  Effect.suspend(() => {
    const parts = new ByteChunks()
    return bodyOf(response).pipe(
      Stream.mapError((error) => failure(error, true)),
      Stream.runForEach((part) => {
        parts.push(part)
        return parts.size > limit
          ? Effect.fail(new TransportError({ answered: true, tooLarge: true, cause: undefined }))
          : Effect.void
      }),
      Effect.map(() => parts.join())
    )
  })

/** The beginning of a body; a later error is ignored. */
const excerpt = (
  response: HttpClientResponse.HttpClientResponse,
  limits: Limits
): Effect.Effect<Uint8Array> =>
  Effect.suspend(() => {
    const parts = new ByteChunks()
    return bodyOf(response).pipe(
      Stream.takeWhile((part) => {
        parts.push(part)
        return parts.size <= limits.error
      }),
      Stream.runDrain,
      Effect.ignore,
      Effect.timeoutOption(limits.errorWait),
      Effect.map(() => parts.join().subarray(0, limits.error))
    )
  })
