/** The admin API as one handler, for everything under `/admin`. */
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

type Response = HttpServerResponse.HttpServerResponse

/** What the admin API is about, and who may use it. */
export interface Options extends Handlers.Options {
  readonly token: Redacted.Redacted
  /** Counts the requests with a wrong token. */
  readonly retrySeconds: WrongTokens.Guard
}

/** Answers a request whose path is `/admin` or below. */
export type Handler = Effect.Effect<Response, never, HttpServerRequest | Scope.Scope>

/** True for the paths that belong to the admin API. */
export const owns = (path: string): boolean =>
  path.startsWith("/admin") && (path.length === 6 || path[6] === "/")

/** The largest body of the admin API, in bytes: a key and a reason. */
const mostBytes = 1024 * 1024

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
  // A key of the bench stands in the path, and a model's name can be long.
  const router = yield* Effect.provideService(HttpRouter.toHttpEffect(routes), HttpRouter.RouterConfig, {
    maxParamLength: 1_000
  })
  const limit = ByteSize.bytes(Math.min(mostBytes, options.revision.config.server.maxBodyBytes))
  return Effect.updateService(router, HttpServerRequest, withKeyInOnePart).pipe(
    Effect.provideService(MaxBodySize, limit),
    Effect.catch(turnedDown),
    Effect.catchDefect((defect) =>
      defect instanceof HttpServerError ? turnedDown(defect) : Effect.die(defect)
    ),
    Effect.flatMap((response) =>
      response.status === 401
        ? Effect.map(HttpServerRequest, stranger(options.retrySeconds, response))
        : Effect.succeed(response)
    ),
    // What is live must not wait in somebody's buffer.
    Effect.map(HttpServerResponse.setHeaders({ "cache-control": "no-store", "x-accel-buffering": "no" }))
  )
})

/** What somebody without the token gets; a little of it only, where it is one wrong token after the other. */
const stranger =
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

/** `/admin/benches/openai/gpt-5.2` means what `/admin/benches/openai%2Fgpt-5.2` means. */
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
        ? "the admin API wants the admin token, as `authorization: Bearer …`"
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
  // An answer that does not fit is not the caller's fault.
  if (error.kind === "Body" || error.kind === "ResponseHeaders") return Effect.die(error.cause)
  const message = issuesOf(error.cause.issue)
    .issues.map(({ message, path = [] }) => {
      const place = path.map((part) => String(typeof part === "object" ? part.key : part)).join(".")
      return place === "" ? message : `${place}: ${message}`
    })
    .join("; ")
  return Effect.fail(new InvalidRequest({ message }))
})

/** The document has no secrets, but what is under `/admin` is for those who hold the token. */
const openApi = (isToken: (token: string) => boolean) =>
  HttpRouter.use((router) => {
    const document = HttpServerResponse.jsonUnsafe(OpenApi.fromApi(AdminApi))
    return router.add("GET", "/admin/openapi.json", (request) => {
      const given = Tokens.bearer(request.headers.authorization) ?? ""
      return Effect.succeed(isToken(given) ? document : refused(401, wrong(given)))
    })
  })

const refused = (status: number, error: { readonly _tag: string; readonly message: string }): Response =>
  HttpServerResponse.jsonUnsafe({ _tag: error._tag, message: error.message }, { status })

/** What no endpoint has answered: nothing is there, or the body could not be read. */
const turnedDown = (error: HttpServerError): Effect.Effect<Response> => {
  const { reason } = error
  switch (reason._tag) {
    case "RouteNotFound":
      return Effect.succeed(refused(404, { _tag: "NotFound", message: "the admin API has nothing here" }))
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
