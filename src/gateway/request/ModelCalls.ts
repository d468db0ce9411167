/** Answers a request to providers: finds its chain, runs it, and writes the result. */
import * as Effect from "effect/Effect"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import type * as Scope from "effect/Scope"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import type { Chain } from "../../domain/Chain.ts"
import type { CallOptions, Failover } from "../../engine/Failover.ts"
import type { About } from "../../events/FailoverEvent.ts"
import type { FailedAttempt, RunError } from "../../failure/RunError.ts"
import type { Request } from "../../providers/wire/Wire.ts"
import type { Secrets } from "../../redaction/Secrets.ts"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import * as LongWait from "../http/LongWait.ts"
import * as Refusal from "../http/Refusal.ts"
import type { Route } from "../http/Route.ts"
import * as RunRefusal from "../http/RunRefusal.ts"
import type { GatewayProvider } from "../providers/GatewayProvider.ts"
import * as Metered from "../providers/Metered.ts"
import { chainFacts, type GatewayCatalog } from "../providers/Providers.ts"
import type { KeepAlive } from "../server/KeepAlive.ts"
import * as Tokens from "../server/Tokens.ts"
import * as AffinityKey from "./AffinityKey.ts"
import * as Declined from "./Declined.ts"
import * as Estimate from "./Estimate.ts"
import * as GatewayAnswer from "./GatewayAnswer.ts"
import type { GatewayRequest } from "./GatewayRequest.ts"
import * as NotServed from "./NotServed.ts"
import * as RequestedChain from "./RequestedChain.ts"
import type { Entry } from "./RequestLog.ts"

/** Answers a request that was read and is valid. */
export type ModelCalls = (
  read: GatewayRequest,
  route: Route,
  caller: GatewayAnswer.Caller
) => Effect.Effect<HttpServerResponse, never, Scope.Scope>

/** What answering needs. */
export interface Options {
  readonly config: GatewayConfig
  readonly catalog: GatewayCatalog
  readonly failover: Failover["Service"]
  readonly secrets: Secrets
  /** Keeps quiet streams alive. */
  readonly keepAlive: KeepAlive
}

/** Makes the function of one config. */
export const make = ({ catalog, config, failover, keepAlive, secrets }: Options): ModelCalls => {
  const factsOf = chainFacts(config.policy)
  const tokenOf = Tokens.callers(config.server.tokens)
  const chainOf = RequestedChain.make(config, catalog, secrets)

  const run = (
    caller: GatewayAnswer.Caller,
    call: GatewayRequest,
    chain: Chain<GatewayProvider>
  ): Effect.Effect<HttpServerResponse, never, Scope.Scope> => {
    const failed: Array<FailedAttempt> = []
    const { request } = call
    const { entry } = caller
    if (entry !== undefined) entry.failed = failed
    const affinity = AffinityKey.of(request, config.server.affinity)
    const options: CallOptions = {
      deadline: call.deadline === undefined ? undefined : Math.min(call.deadline, factsOf(chain).deadline),
      since: call.since,
      affinity,
      caller: tokenOf && (() => tokenOf(request.headers ?? {})),
      about: new AboutRequest(caller.requestId, call, affinity),
      observer: (event) => {
        entry?.observe(event)
        if (event._tag === "AttemptFailed") failed.push({ target: event.target.key, failure: event.failure })
      }
    }
    const onRunError = (error: RunError | Refusal.Refusal): Effect.Effect<HttpServerResponse> =>
      Effect.map(MonotonicClock.currentTimeMillis, (now) => {
        if (error._tag === "Refusal") return failedWith(caller, error, failed)
        const own =
          Estimate.isCount(request) && NotServed.isLast(error)
            ? Estimate.of(request)
            : Declined.of(error, caller, { request, stream: call.stream, now })
        if (own !== undefined) return GatewayAnswer.own(caller, own, failed)
        const refusal =
          NotServed.of(error, request) ?? RunRefusal.fromRunError(error, now, caller.protocol, failed)
        const told = LongWait.forClient(refusal, request.headers)
        return failedWith(caller, told, "attempts" in error ? error.attempts : failed)
      })
    const answered: Effect.Effect<HttpServerResponse, RunError | Refusal.Refusal, Scope.Scope> = call.stream
      ? Effect.flatMap(failover.open(chain, request, options), (opened) =>
          GatewayAnswer.streamed(caller, opened, keepAlive)
        )
      : Effect.flatMap(failover.answer(chain, request, options), (answer) =>
          GatewayAnswer.whole(caller, answer)
        )
    return Effect.catch(
      config.usage === true ? Metered.metered(answered, entry && usageInto(entry)) : answered,
      onRunError
    )
  }

  return (read, route, caller) => {
    const call =
      route.dialect === "responses" ? { ...read, request: catalog.items.recall(read.request) } : read
    if (caller.entry !== undefined) {
      caller.entry.model = call.model
      caller.entry.stream = call.stream
    }
    const chain = chainOf(call, route)
    if ("models" in chain) return run(caller, call, chain)
    const isEstimated =
      Estimate.isCount(call.request) &&
      ((chain._tag === "Refusal" && chain.code === RequestedChain.wrongProtocol) ||
        NotServed.isByModel(chain))
    return Effect.succeed(
      isEstimated
        ? GatewayAnswer.own(caller, Estimate.of(call.request))
        : GatewayAnswer.refused(caller, chain)
    )
  }
}

/** The description of a request in the events of its run. A class, because a literal with a getter costs more than the hash. */
class AboutRequest implements About {
  readonly [name: string]: string | undefined
  readonly requestId: string
  readonly model: string
  readonly operation: string
  readonly traceparent: string | undefined
  readonly #affinity: AffinityKey.Key | undefined
  readonly #request: Request

  constructor(requestId: string, { model, request }: GatewayRequest, affinity: AffinityKey.Key | undefined) {
    this.requestId = requestId
    this.model = model
    this.operation = request.operation
    this.traceparent = request.headers?.traceparent
    this.#affinity = affinity
    this.#request = request
  }

  /** Computed when it is read, because it hashes the beginning of the conversation. */
  get conversation(): string | undefined {
    return AffinityKey.label(this.#affinity, this.#request)
  }
}

/** The refusal of a request after its run failed. */
const failedWith = (
  caller: GatewayAnswer.Caller,
  refusal: Refusal.Refusal | Refusal.PassedOn,
  failed: ReadonlyArray<FailedAttempt>
): HttpServerResponse => {
  if (caller.entry !== undefined)
    caller.entry.outcome = Refusal.isCallersFault(refusal) ? "refused" : "failed"
  return GatewayAnswer.refused(caller, refusal, failed)
}

/** Connects the usage of an entry to the meter of its request. */
const usageInto = (entry: Entry) => (meter: Metered.Meter) => {
  entry.usage = () => Metered.readingOf(meter, entry.target)
}
