/**
 * `GET /readyz`: can a request be served now?
 *
 * It is ready while at least one target of one of the config's models can be called; without named models, while some
 * provider has a credential that does not rest. Nothing is called to find out.
 */
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Result from "effect/Result"
import type { Explained } from "../../candidates/Explain.ts"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import type { Catalog } from "../../domain/Catalog.ts"
import type { Runtime } from "../../engine/Failover.ts"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import { retryAfter } from "../http/Refusal.ts"
import type { GatewayProvider } from "../providers/GatewayProvider.ts"

/** A credential over its own limit is well, and will be called in a moment. */
const serves: ReadonlySet<Explained["state"]> = new Set(["callable", "probe", "limited"])

/** Targets that are told about; the first ones say enough. */
const told = 50

/** An effect that answers 200, or 503 with what keeps the targets away. */
export const make = (options: {
  readonly config: GatewayConfig
  readonly catalog: Catalog<GatewayProvider>
  readonly failover: Runtime
}): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  const { catalog, config, failover } = options
  // A model that nothing is known of rests only if its credential or its provider does.
  const names =
    catalog.names.length > 0 ? catalog.names : config.providers.map(({ name }) => `${name}/any model`)
  const chains = names.flatMap((name) => {
    const found = catalog.resolve(name)
    return Result.isSuccess(found) ? [found.success] : []
  })
  return Effect.gen(function* () {
    const resting = new Map<string, Explained>()
    for (const chain of chains) {
      for (const explained of yield* failover.explain(chain)) {
        if (serves.has(explained.state)) return ready
        resting.set(explained.target.key, explained)
      }
    }
    return unavailable([...resting.values()], yield* MonotonicClock.currentTimeMillis)
  })
}

const ready = HttpServerResponse.jsonUnsafe({ status: "ready" })

const unavailable = (
  resting: ReadonlyArray<Explained>,
  now: number
): HttpServerResponse.HttpServerResponse => {
  const ends = resting.flatMap(({ why }) =>
    why !== undefined && Number.isFinite(why.until) ? [why.until] : []
  )
  return HttpServerResponse.jsonUnsafe(
    {
      status: "unavailable",
      message:
        resting.length === 0 ? "no credential of any model is enabled" : "no target can be called, all rest",
      targets: resting.slice(0, told).map(({ clears, state, target, why }) => ({
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
