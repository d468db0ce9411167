/**
 * Handles a request over HTTP: finds the route of its path and method, and checks access.
 *
 * It is a plain function with a table of routes, because it has to add little time to a call.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import type { GatewayConfig } from "../config/GatewayConfig.ts"
import type { Secrets } from "../redaction/Secrets.ts"
import * as Admin from "./admin/Admin.ts"
import * as OwnRefusals from "./http/OwnRefusals.ts"
import type { Refusal } from "./http/Refusal.ts"
import { requestId } from "./http/RequestId.ts"
import { modelOf, modelsPath, pathOf, protocolOf, type Route, routeOf, routes } from "./http/Route.ts"
import type * as CurrentConfig from "./reload/CurrentConfig.ts"
import * as GatewayAnswer from "./request/GatewayAnswer.ts"
import * as GatewayRequest from "./request/GatewayRequest.ts"
import * as Guarded from "./request/Guarded.ts"
import type { ModelCalls } from "./request/ModelCalls.ts"
import * as Models from "./request/Models.ts"
import * as Page from "./request/Page.ts"
import * as RequestLog from "./request/RequestLog.ts"
import type { Access } from "./server/Access.ts"
import type { Bodies } from "./server/Bodies.ts"
import * as Cors from "./server/Cors.ts"
import * as Framing from "./server/Framing.ts"
import type { InFlight } from "./server/InFlight.ts"
import * as NodeAnswer from "./server/NodeAnswer.ts"

type Response = HttpServerResponse.HttpServerResponse

/** What the handler needs. */
export interface Options {
  readonly config: GatewayConfig
  /** The models that a request may name. */
  readonly names: ReadonlyArray<string>
  /** When the gateway started, in milliseconds since the epoch. */
  readonly startedAt: number
  /** Pages that need no client token, by path: `/readyz`, `/metrics`, the status page. */
  readonly pages: ReadonlyMap<string, Effect.Effect<Response, never, HttpServerRequest>>
  /** The admin API; `undefined` without an admin token. */
  readonly admin: Admin.Handler | undefined
  /** Answers the requests that go to providers. */
  readonly calls: ModelCalls
  /** Counts the requests that go to providers. */
  readonly inFlight: InFlight
  /** Checks who may send a request. */
  readonly access: Access
  /** The secrets that no answer may have. */
  readonly secrets: Secrets
  /** Reads request bodies. */
  readonly bodies: Bodies
  /** Writes an entry for each request, if the config enables it. */
  readonly requestLog: RequestLog.RequestLog
}

/** The answer, and the services that pages and the admin API need. */
type Answering = Effect.Effect<Response, never, HttpServerRequest | Scope.Scope>

/** Codex requests its catalog of models with its version. */
const isCodex = /[?&]client_version=/

/** Makes the handler. */
export const make = (options: Options): CurrentConfig.HttpHandler => {
  const { access, admin, bodies, calls, config, inFlight, names, pages, requestLog, secrets, startedAt } =
    options
  const cors = Cors.make(config.server.cors)
  const models = Models.make(names, startedAt)
  const logged = config.log?.requests ?? false

  const handle = (
    incoming: HttpServerRequest,
    headers: NodeAnswer.Headers,
    path: string,
    route: Route | undefined,
    caller: GatewayAnswer.Caller,
    fiber: Fiber.Fiber<unknown, unknown>
  ): Answering => {
    if (route === undefined) return answerDirectly(incoming, headers, path, caller)
    const isFull = inFlight.count >= config.server.maxConcurrent
    inFlight.enter(fiber)
    const refusal =
      access.request(incoming, headers) ??
      (incoming.method !== "POST"
        ? OwnRefusals.notPost(route, headers.upgrade)
        : isFull
          ? OwnRefusals.full
          : undefined)
    return refusal === undefined
      ? Effect.matchEffect(
          GatewayRequest.read(incoming, headers, route, bodies, config.server, fiber.getRef(Clock.Clock)),
          {
            onFailure: (refusal) => Effect.succeed(GatewayAnswer.refused(caller, refusal)),
            onSuccess: (call) => calls(call, route, caller)
          }
        )
      : Effect.succeed(GatewayAnswer.refused(caller, refusal))
  }

  /** Pages, the admin API, the list of models, and unknown paths. */
  const answerDirectly = (
    incoming: HttpServerRequest,
    headers: NodeAnswer.Headers,
    path: string,
    caller: GatewayAnswer.Caller
  ): Answering => {
    const refuse = (refusal: Refusal) => Effect.succeed(GatewayAnswer.refused(caller, refusal))
    const send = (page: Answering) => Effect.map(page, (response) => Page.answer(caller, response))
    const isGet = incoming.method === "GET" || incoming.method === "HEAD"
    const page = pages.get(path)
    if (path === "/healthz" || page !== undefined) {
      const refusal = page === undefined ? undefined : access.page(headers)
      if (refusal !== undefined) return refuse(refusal)
      if (!isGet) return refuse(OwnRefusals.notAllowed("GET"))
      return page === undefined ? Effect.succeed(GatewayAnswer.own(caller, healthy)) : send(page)
    }
    if (Admin.owns(path)) return admin === undefined ? refuse(OwnRefusals.notFound(path)) : send(admin)
    const refusal = access.request(incoming, headers)
    if (refusal !== undefined) return refuse(refusal)
    const single = modelOf(path)
    if (path !== modelsPath && single === undefined) return refuse(OwnRefusals.notFound(path))
    const wrongHost = access.list(headers)
    if (wrongHost !== undefined) return refuse(wrongHost)
    if (!isGet) return refuse(OwnRefusals.notAllowed("GET"))
    const { protocol } = caller
    const found =
      single !== undefined
        ? models.one(single, protocol)
        : protocol === "openai" && isCodex.test(incoming.url)
          ? models.codex
          : models.lists[protocol]
    return found === undefined
      ? refuse(OwnRefusals.notFound(path))
      : Effect.succeed(GatewayAnswer.own(caller, found))
  }

  return (fiber) => {
    const incoming = Context.get(fiber.context as Context.Context<HttpServerRequest>, HttpServerRequest)
    const headers = NodeAnswer.headersOf(incoming)
    const path = pathOf(incoming.url)
    const route = routes.get(path)
    const protocol = route?.protocol ?? protocolOf(path, headers)
    const id = requestId(headers, fiber.getRef(Random.Random), secrets)
    const entry = RequestLog.isLogged(logged, path)
      ? new RequestLog.Entry(id, incoming.method, routeOf(path))
      : undefined
    if (entry !== undefined) requestLog.follow(NodeAnswer.requestOf(incoming), entry)
    const out = NodeAnswer.responseOf(incoming)
    const caller: GatewayAnswer.Caller = {
      protocol,
      dialect: route?.dialect ?? protocol,
      requestId: id,
      out,
      entry,
      secrets
    }
    const misread = Framing.check(NodeAnswer.requestOf(incoming), headers)
    if (misread !== undefined) return Effect.succeed(GatewayAnswer.refused(caller, misread))
    if (cors?.(headers, incoming.method, path, out) === "preflight") {
      return Effect.succeed(Page.answer(caller, preflight))
    }
    // The server runs handlers uninterruptibly. A disconnect of the caller must stop all work.
    return Effect.interruptible(Guarded.run(caller, handle(incoming, headers, path, route, caller, fiber)))
  }
}

const preflight = HttpServerResponse.empty({ status: 204 })

const healthy: GatewayAnswer.Own = { contentType: "application/json", body: '{"status":"ok"}' }
