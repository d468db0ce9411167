/**
 * `GET /readyz`: whether the gateway can serve a request now.
 *
 * It is ready if at least one target of a configured model can be called; without configured models, if some
 * provider has a credential that is not benched. Nothing is called to find out.
 */
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Result from "effect/Result"
import type { Explained } from "../../candidates/Explain.ts"
import type { Catalog } from "../../catalog/Catalog.ts"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import type { Runtime } from "../../engine/Failover.ts"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import { retryAfter } from "../http/Refusal.ts"
import type { GatewayProvider } from "../providers/GatewayProvider.ts"

/** A credential over its own limit recovers in a moment. */
const serves: ReadonlySet<Explained["state"]> = new Set(["callable", "probe", "limited"])

/** The most targets in the answer. */
const maxTargets = 50

/** An effect that answers 200, or 503 with the reasons of the targets. */
export const make = (options: {
  readonly config: GatewayConfig
  readonly catalog: Catalog<GatewayProvider>
  readonly failover: Runtime
}): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  const { catalog, config, failover } = options
  // An unknown model is benched only if its credential or its provider is.
  const names =
    catalog.names.length > 0 ? catalog.names : config.providers.map(({ name }) => `${name}/any model`)
  const chains = names.flatMap((name) => {
    const found = catalog.resolve(name)
    return Result.isSuccess(found) ? [found.success] : []
  })
  return Effect.gen(function* () {
    const benched = new Map<string, Explained>()
    for (const chain of chains) {
      for (const explained of yield* failover.explain(chain)) {
        if (serves.has(explained.state)) return ready
        benched.set(explained.target.key, explained)
      }
    }
    return unavailable([...benched.values()], yield* MonotonicClock.currentTimeMillis)
  })
}

const ready = HttpServerResponse.jsonUnsafe({ status: "ready" })

const unavailable = (
  benched: ReadonlyArray<Explained>,
  now: number
): HttpServerResponse.HttpServerResponse => {
  const ends = benched.flatMap(({ why }) =>
    why !== undefined && Number.isFinite(why.until) ? [why.until] : []
  )
  return HttpServerResponse.jsonUnsafe(
    {
      status: "unavailable",
      message:
        benched.length === 0
          ? "no credential of any model is enabled"
          : "no target can be called, all are benched",
      targets: benched.slice(0, maxTargets).map(({ clears, state, target, why }) => ({
        target: target.key,
        state,
        key: why?.key,
        reason: why?.reason,
        clears
      }))
    },
    { status: 503, headers: retryAfter(ends.length === 0 ? undefined : Math.min(...ends), now) }
  )
}
