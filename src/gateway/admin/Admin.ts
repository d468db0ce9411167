/** The admin API: one handler for everything under `/admin`. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import { MaxBodySize } from "effect/http/HttpIncomingMessage"
import * as HttpRouter from "effect/http/HttpRouter"
import { HttpServerError } from "effect/http/HttpServerError"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as SchemaIssue from "effect/SchemaIssue"
import type * as Scope from "effect/Scope"
import type { BenchRegistry } from "../../health/BenchRegistry.ts"
import type { Decisions } from "../../observe/Decisions.ts"
import * as Tokens from "../server/Tokens.ts"
import * as WrongTokens from "../server/WrongTokens.ts"
import { AdminApi, AdminAuth, InvalidRequest, Readable, TooManyTries, Unauthorized } from "./AdminApi.ts"
import * as Handlers from "./Handlers.ts"
import * as Methods from "./Methods.ts"

type Response = HttpServerResponse.HttpServerResponse

/** What the handler needs. */
export interface Options extends Handlers.Options {
  readonly token: Redacted.Redacted
  /** Counts requests with a wrong token. */
  readonly retrySeconds: WrongTokens.Guard
}

/** Answers requests to `/admin` and below. */
export type Handler = Effect.Effect<Response, never, HttpServerRequest | Scope.Scope>

/** True for `/admin` and paths below it. */
export const owns = (path: string): boolean =>
  path.startsWith("/admin") && (path.length === 6 || path[6] === "/")

/** The largest body, in bytes. Bodies hold a key and a reason. */
const maxBytes = 1024 * 1024

/** Builds the handler. */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<Handler, never, BenchRegistry | Decisions | Scope.Scope> {
  const isToken = Tokens.verifier([options.token])
  const routes = Layer.merge(HttpApiBuilder.layer(AdminApi), openApi(isToken)).pipe(
    Layer.provide(Handlers.layer(options)),
    Layer.provide([layerAuth(isToken), layerReadable]),
    Layer.provide(NodeHttpServer.layerHttpServices)
  )
  // The path may have a bench key, and names of models can be long.
  const router = yield* Effect.provideService(HttpRouter.toHttpEffect(routes), HttpRouter.RouterConfig, {
    maxParamLength: 1_000
  })
  const limit = ByteSize.bytes(Math.min(maxBytes, options.revision.config.server.maxBodyBytes))
  return Effect.updateService(router, HttpServerRequest, withKeyInOnePart).pipe(
    Effect.provideService(MaxBodySize, limit),
    Effect.catch(onServerError),
    Effect.catchDefect((defect) =>
      defect instanceof HttpServerError ? onServerError(defect) : Effect.die(defect)
    ),
    Effect.flatMap((response) =>
      response.status === 401
        ? Effect.map(HttpServerRequest, unauthorized(options.retrySeconds, response))
        : Effect.succeed(response)
    ),
    // Proxies must not buffer live events.
    Effect.map(HttpServerResponse.setHeaders({ "cache-control": "no-store", "x-accel-buffering": "no" }))
  )
})

/** The answer without a valid token: 401, or 429 after too many wrong tokens. */
const unauthorized =
  (retrySeconds: WrongTokens.Guard, response: Response) =>
  (incoming: HttpServerRequest): Response => {
    const seconds = retrySeconds(incoming)
    return seconds === undefined
      ? HttpServerResponse.setHeader(response, "www-authenticate", "Bearer")
      : HttpServerResponse.setHeaders(
          refused(429, new TooManyTries({ message: WrongTokens.message })),
          WrongTokens.headers(seconds)
        )
  }

/** Accepts unencoded slashes: `/admin/benches/openai/gpt-5.2` is `/admin/benches/openai%2Fgpt-5.2`. */
const withKeyInOnePart = (request: HttpServerRequest): HttpServerRequest => {
  const match = /^(\/admin\/benches\/)([^?]*\/[^?]*)(.*)$/s.exec(request.url)
  return match === null
    ? request
    : request.modify({ url: `${match[1]}${match[2]!.replaceAll("/", "%2F")}${match[3]}` })
}

const wrong = (credential: string) =>
  new Unauthorized({
    message:
      credential === ""
        ? "the admin API requires the admin token, as `authorization: Bearer …`"
        : "this is not the admin token"
  })

const layerAuth = (isToken: (token: string) => boolean) =>
  Layer.succeed(
    AdminAuth,
    AdminAuth.of({
      token: (handler, { credential }) => {
        const given = Redacted.value(credential)
        return isToken(given) ? handler : Effect.fail(wrong(given))
      }
    })
  )

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

const layerReadable = HttpApiMiddleware.layerSchemaErrorTransform(Readable, (error) => {
  // An invalid response is a defect of the gateway, not the caller's fault.
  if (error.kind === "Body" || error.kind === "ResponseHeaders") return Effect.die(error.cause)
  const message = issuesOf(error.cause.issue)
    .issues.map(({ message, path = [] }) => {
      const place = path.map((part) => String(typeof part === "object" ? part.key : part)).join(".")
      return place === "" ? message : `${place}: ${message}`
    })
    .join("; ")
  return Effect.fail(new InvalidRequest({ message }))
})

/** The document has no secrets, but everything under `/admin` requires the token. */
const openApi = (isToken: (token: string) => boolean) =>
  HttpRouter.use((router) => {
    const document = HttpServerResponse.jsonUnsafe(OpenApi.fromApi(AdminApi))
    return router.add("GET", Methods.documentPath, (request) => {
      const given = Tokens.bearer(request.headers.authorization) ?? ""
      return Effect.succeed(isToken(given) ? document : refused(401, wrong(given)))
    })
  })

const notFound = (url: string): Response => {
  const allow = Methods.of(url)
  return allow === undefined
    ? refused(404, { _tag: "NotFound", message: "unknown path of the admin API" })
    : HttpServerResponse.setHeader(
        refused(405, { _tag: "MethodNotAllowed", message: `only ${allow} is allowed here` }),
        "allow",
        allow
      )
}

const refused = (status: number, error: { readonly _tag: string; readonly message: string }): Response =>
  HttpServerResponse.jsonUnsafe({ _tag: error._tag, message: error.message }, { status })

/** Errors outside the endpoints: an unknown path or method, or an unreadable body. */
const onServerError = (error: HttpServerError): Effect.Effect<Response> => {
  const { reason } = error
  switch (reason._tag) {
    case "RouteNotFound":
      return Effect.succeed(notFound(reason.request.url))
    case "RequestParseError":
      return Effect.succeed(
        reason.reason === "BodyTooLarge"
          ? refused(413, { _tag: "InvalidRequest", message: "the body is too large" })
          : refused(400, { _tag: "InvalidRequest", message: "the body could not be read" })
      )
    default:
      return Effect.die(error)
  }
}
