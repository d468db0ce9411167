/**
 * Handles a request: checks its token, reads it, finds its chain, and writes the answer.
 *
 * It is a plain function with a table of routes, because it has to add little time to a call.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type { GatewayConfig } from "../config/GatewayConfig.ts"
import type { Chain } from "../domain/Chain.ts"
import type { CallOptions, Failover } from "../engine/Failover.ts"
import type { FailedAttempt, RunError } from "../failure/RunError.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import * as Admin from "./admin/Admin.ts"
import * as Refusal from "./http/Refusal.ts"
import { requestId } from "./http/RequestId.ts"
import { dialectOf, pathOf, protocolOf, type Route, routeOf, routes } from "./http/Route.ts"
import type { GatewayProvider } from "./providers/GatewayProvider.ts"
import * as Metered from "./providers/Metered.ts"
import { chainFacts, type GatewayCatalog, keeping } from "./providers/Providers.ts"
import type * as CurrentConfig from "./reload/CurrentConfig.ts"
import * as AffinityKey from "./request/AffinityKey.ts"
import * as Conversation from "./request/Conversation.ts"
import * as Declined from "./request/Declined.ts"
import * as Estimate from "./request/Estimate.ts"
import * as GatewayRequest from "./request/GatewayRequest.ts"
import * as Models from "./request/Models.ts"
import * as Reply from "./request/Reply.ts"
import { RequestAbout } from "./request/RequestAbout.ts"
import * as RequestLog from "./request/RequestLog.ts"
import type { Bodies } from "./server/Bodies.ts"
import * as Cors from "./server/Cors.ts"
import * as Hosts from "./server/Hosts.ts"
import type { InFlight } from "./server/InFlight.ts"
import * as NodeAnswer from "./server/NodeAnswer.ts"
import * as Tokens from "./server/Tokens.ts"
import * as WrongTokens from "./server/WrongTokens.ts"

type Response = HttpServerResponse.HttpServerResponse

/** What the handler needs. */
export interface Options {
  readonly config: GatewayConfig
  readonly catalog: GatewayCatalog
  readonly failover: Failover["Service"]
  /** When the gateway started, in milliseconds since the epoch. */
  readonly startedAt: number
  /** Pages that need no client token, by path: `/readyz`, `/metrics`, the status page. */
  readonly pages: ReadonlyMap<string, Effect.Effect<Response, never, HttpServerRequest>>
  /** The admin API; `undefined` without an admin token. */
  readonly admin: Admin.Handler | undefined
  /** Counts the requests that go to providers. */
  readonly inFlight: InFlight
  /** Reads request bodies. */
  readonly bodies: Bodies
  /** Counts requests with a wrong token. */
  readonly wrongTokens: WrongTokens.WrongTokens
  /** Writes an entry for each request, if the config enables it. */
  readonly requestLog: RequestLog.RequestLog
}

/** Makes the handler. */
export const make = ({
  admin,
  bodies,
  catalog,
  config,
  failover,
  inFlight,
  pages,
  requestLog,
  startedAt,
  wrongTokens
}: Options): CurrentConfig.Handler => {
  const tokenRefusal = Tokens.make(config.server.tokens, config.server.cors)
  const cors = Cors.make(config.server.cors)
  const hostRefusal = Hosts.make(config.server)
  const isOpen = config.server.tokens.length === 0
  const retrySeconds = wrongTokens.at("client", config.server.wrongTokens)
  const models = Models.make(catalog.names, startedAt)
  const factsOf = chainFacts(config.policy)
  const ofProtocol = {
    openai: keeping(({ protocol }) => protocol === "openai"),
    anthropic: keeping(({ protocol }) => protocol === "anthropic")
  }
  const untranslated = keeping(({ translatedFrom }) => translatedFrom === undefined)
  const logged = config.log?.requests ?? false

  /** A refusal, if the request has no valid token. */
  const accessRefusal = (
    incoming: HttpServerRequest,
    headers: NodeAnswer.Headers
  ): Refusal.Refusal | undefined => {
    const refusal = tokenRefusal(headers)
    const seconds = refusal?.status === 401 ? retrySeconds(incoming) : undefined
    return seconds === undefined ? refusal : WrongTokens.refusal(seconds)
  }

  /** The chain of a request, or a refusal if no target can serve it. */
  const chainOf = (
    call: GatewayRequest.GatewayRequest,
    route: Route
  ): Chain<GatewayProvider> | Refusal.Refusal | Refusal.PassedOn => {
    const { fallbacks, model } = call
    const models = route.translates ? catalog.calledIn[route.dialect] : catalog
    const resolved = models.resolve(model, { fallbacks, configured: route.configuredFallbacks })
    if (Result.isFailure(resolved)) {
      return Refusal.unknownModel(resolved.failure, resolved.failure.model === model ? "model" : "fallbacks")
    }
    const isLarge = (call.request.text?.length ?? 0) > GatewayRequest.maxTranslated
    const found = isLarge ? untranslated(resolved.success) : resolved.success
    if (found === undefined) return GatewayRequest.tooLargeToTranslate
    if (route.dialect === "responses") {
      if (call.request.body.background === true) return Conversation.background
      return Conversation.isStateful(call.request) ? (untranslated(found) ?? Conversation.stateful) : found
    }
    if (route.translates) {
      return Conversation.refusal(call.request, route, factsOf(found)) ?? found
    }
    return (
      ofProtocol[route.protocol](found) ??
      Refusal.make(
        400,
        wrongProtocol,
        `${JSON.stringify(model)} has another protocol than the called one (${route.protocol}), and ${route.operation} is not translated`,
        { param: "model" }
      )
    )
  }

  const serve = (
    caller: Reply.Caller,
    call: GatewayRequest.GatewayRequest,
    chain: Chain<GatewayProvider>
  ): Effect.Effect<Response, never, Scope.Scope> => {
    const failed: Array<FailedAttempt> = []
    const { request } = call
    const { entry } = caller
    if (entry !== undefined) entry.failed = failed
    const affinity = AffinityKey.of(request, config.server.affinity)
    const options: CallOptions = {
      deadline: call.deadline === undefined ? undefined : Math.min(call.deadline, factsOf(chain).deadline),
      since: call.since,
      affinity,
      about: new RequestAbout(
        caller.requestId,
        call.model,
        request.operation,
        request.headers?.traceparent,
        affinity
      ),
      observer: (event) => {
        entry?.observe(event)
        if (event._tag === "AttemptFailed") failed.push({ target: event.target.key, failure: event.failure })
      }
    }
    const onRunError = (error: RunError | Refusal.Refusal): Effect.Effect<Response> =>
      Effect.map(MonotonicClock.currentTimeMillis, (now) => {
        const response =
          error._tag === "Refusal"
            ? undefined
            : Estimate.isCount(request) && Estimate.isUnknown(error)
              ? Estimate.answer(request, caller.requestId)
              : Declined.answer(error, caller, { request, stream: call.stream, failed, now })
        if (response !== undefined) return response
        const refusal =
          error._tag === "Refusal" ? error : Refusal.fromRunError(error, now, caller.protocol, failed)
        if (entry !== undefined) entry.outcome = Refusal.isCallersFault(refusal) ? "refused" : "failed"
        return Reply.refused(caller, refusal, "attempts" in error ? error.attempts : failed)
      })
    const answered: Effect.Effect<Response, RunError | Refusal.Refusal, Scope.Scope> = call.stream
      ? Effect.flatMap(failover.open(chain, request, options), (opened) => Reply.streamed(caller, opened))
      : Effect.flatMap(failover.answer(chain, request, options), (answer) => Reply.whole(caller, answer))
    return Effect.catch(
      config.usage === true ? Metered.metered(answered, entry && usageInto(entry)) : answered,
      onRunError
    )
  }

  const post = (
    incoming: HttpServerRequest,
    headers: NodeAnswer.Headers,
    route: Route,
    caller: Reply.Caller
  ): Effect.Effect<Response, never, Scope.Scope> =>
    Effect.matchEffect(GatewayRequest.read(incoming, headers, route, bodies, config.server), {
      onFailure: (refusal) => Effect.succeed(Reply.refused(caller, refusal, undefined)),
      onSuccess: (call) => callProvider(call, route, caller)
    })

  /** Answers a request that was read and is valid. */
  const callProvider = (
    read: GatewayRequest.GatewayRequest,
    route: Route,
    caller: Reply.Caller
  ): Effect.Effect<Response, never, Scope.Scope> => {
    const call =
      route.dialect === "responses" ? { ...read, request: catalog.items.recall(read.request) } : read
    if (caller.entry !== undefined) {
      caller.entry.model = call.model
      caller.entry.stream = call.stream
    }
    const chain = chainOf(call, route)
    return "models" in chain
      ? serve(caller, call, chain)
      : Effect.succeed(
          Estimate.isCount(call.request) && chain._tag === "Refusal" && chain.code === wrongProtocol
            ? Estimate.answer(call.request, caller.requestId)
            : Reply.refused(caller, chain, undefined)
        )
  }

  /** A request that came over a WebSocket. It is handled as over HTTP, in its own fiber. */
  const socketHandler: CurrentConfig.SocketHandler = {
    mayOpen: (headers) => tokenRefusal(headers) === undefined,
    respond: ({ headers, out, text }) =>
      Effect.withFiber((fiber) => {
        const isFull = inFlight.count >= config.server.maxConcurrent
        inFlight.enter(fiber)
        const path = "/v1/responses"
        const id = requestId({}, fiber.getRef(Random.Random))
        const entry = logged === false ? undefined : new RequestLog.Entry(id, "websocket", path)
        const caller: Reply.Caller = { protocol: "openai", dialect: "responses", requestId: id, out, entry }
        const route = routes.get(path)
        const refusal = tokenRefusal(headers) ?? (isFull ? full : undefined)
        if (refusal !== undefined || route === undefined) {
          const refused = Effect.succeed(Reply.refused(caller, refusal ?? notFound(path), undefined))
          return entry === undefined ? refused : requestLog.around(refused, entry, out)
        }
        const answered = Effect.clockWith((clock) =>
          Effect.matchEffect(GatewayRequest.parse(text, headers, route, clock.monotonicTimeNanosUnsafe()), {
            onFailure: (refusal) => Effect.succeed(Reply.refused(caller, refusal, undefined)),
            onSuccess: (call) => callProvider(call, route, caller)
          })
        )
        const result = Effect.catchDefect(answered, (defect) =>
          Effect.as(
            Effect.logError("a request failed with an internal error", defect),
            Reply.refused(caller, broken, undefined)
          )
        )
        return entry === undefined ? result : requestLog.around(untilStopped(result, entry), entry, out)
      })
  }

  const handle = (
    incoming: HttpServerRequest,
    headers: NodeAnswer.Headers,
    path: string,
    caller: Reply.Caller,
    fiber: Fiber.Fiber<unknown, unknown>
  ): Effect.Effect<Response, never, HttpServerRequest | Scope.Scope> => {
    const route = routes.get(path)
    if (route === undefined) return answerDirectly(incoming, headers, path, caller)
    const isFull = inFlight.count >= config.server.maxConcurrent
    inFlight.enter(fiber)
    const refusal =
      accessRefusal(incoming, headers) ??
      (incoming.method !== "POST" ? notPost(route, headers) : isFull ? full : undefined)
    return refusal === undefined
      ? post(incoming, headers, route, caller)
      : Effect.succeed(Reply.refused(caller, refusal, undefined))
  }

  /** Pages, the admin API, the list of models, and unknown paths. */
  const answerDirectly = (
    incoming: HttpServerRequest,
    headers: NodeAnswer.Headers,
    path: string,
    caller: Reply.Caller
  ): Effect.Effect<Response, never, HttpServerRequest | Scope.Scope> => {
    const refuse = (refusal: Refusal.Refusal) => Effect.succeed(Reply.refused(caller, refusal, undefined))
    const isGet = incoming.method === "GET" || incoming.method === "HEAD"
    const page = path === "/healthz" ? healthy : pages.get(path)
    if (page !== undefined) {
      const refusal = page === healthy ? undefined : hostRefusal(headers)
      return refusal !== undefined ? refuse(refusal) : isGet ? page : refuse(notAllowed("GET"))
    }
    if (Admin.owns(path)) return admin ?? refuse(notFound(path))
    const refusal = accessRefusal(incoming, headers)
    if (refusal !== undefined) return refuse(refusal)
    if (path !== "/v1/models") return refuse(notFound(path))
    const wrongHost = isOpen ? hostRefusal(headers) : undefined
    if (wrongHost !== undefined) return refuse(wrongHost)
    return isGet ? Effect.succeed(models(caller)) : refuse(notAllowed("GET"))
  }

  const answer = (
    fiber: Fiber.Fiber<unknown, unknown>
  ): Effect.Effect<Response, never, HttpServerRequest | Scope.Scope> => {
    const incoming = Context.get(fiber.context as Context.Context<HttpServerRequest>, HttpServerRequest)
    const headers = NodeAnswer.headersOf(incoming)
    const path = pathOf(incoming.url)
    const protocol = protocolOf(path, headers)
    const id = requestId(headers, fiber.getRef(Random.Random))
    const entry =
      logged === false || (logged !== "all" && (RequestLog.isPage(path) || pages.has(path)))
        ? undefined
        : new RequestLog.Entry(id, incoming.method, routeOf(path))
    if (entry !== undefined) requestLog.follow(NodeAnswer.requestOf(incoming), entry)
    const caller: Reply.Caller = {
      protocol,
      dialect: dialectOf(path, protocol),
      requestId: id,
      out: NodeAnswer.responseOf(incoming),
      entry
    }
    if (cors?.(headers, incoming.method, path, NodeAnswer.responseOf(incoming)) === "preflight") {
      return Effect.succeed(HttpServerResponse.empty({ status: 204 }))
    }
    const answered = Effect.catchDefect(handle(incoming, headers, path, caller, fiber), (defect) =>
      Effect.as(
        Effect.logError("a request failed with an internal error", defect),
        Reply.refused(caller, broken, undefined)
      )
    )
    // The server runs handlers uninterruptibly. A disconnect of the caller must stop all work.
    return Effect.interruptible(entry === undefined ? answered : untilStopped(answered, entry))
  }
  return Object.assign(answer, { socketHandler })
}

const wrongProtocol = "wrong_protocol"

/** Connects the usage of an entry to the meter of its request. */
const usageInto = (entry: RequestLog.Entry) => (meter: Metered.Meter) => {
  entry.usage = () => Metered.readingOf(meter, entry.target)
}

/** Marks an interrupted request as broken off by the gateway, unless its outcome is known. */
const untilStopped = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  entry: RequestLog.Entry
): Effect.Effect<A, E, R> =>
  Effect.onInterrupt(effect, () =>
    Effect.sync(() => {
      entry.outcome ??= "broke off"
    })
  )

const healthy = Effect.succeed(
  HttpServerResponse.text('{"status":"ok"}', { contentType: "application/json" })
)

const full = Refusal.make(503, "too_many_requests_in_flight", "too many requests in flight", {
  headers: { "retry-after": "1" }
})

const broken = Refusal.make(500, "internal_error", "an internal error of the gateway")

const notFound = (path: string): Refusal.Refusal =>
  Refusal.make(404, "not_found", `there is nothing at ${JSON.stringify(path.slice(0, 200))}`)

/** A refused WebSocket upgrade gets 426, so that the client switches to HTTP at once. */
const notPost = (route: Route, { upgrade }: NodeAnswer.Headers): Refusal.Refusal =>
  route.dialect === "responses" && upgrade?.toLowerCase() === "websocket" ? httpOnly : notAllowed("POST")

/** https://www.rfc-editor.org/rfc/rfc9110#section-15.5.22 requires the header. */
const httpOnly = Refusal.make(
  426,
  "upgrade_required",
  "no WebSocket connection is accepted now: send a POST over HTTP",
  {
    headers: { upgrade: "HTTP/1.1", connection: "upgrade, close" }
  }
)

const notAllowed = (allow: string): Refusal.Refusal =>
  Refusal.make(405, "method_not_allowed", `only ${allow} is allowed here`, { headers: { allow } })
