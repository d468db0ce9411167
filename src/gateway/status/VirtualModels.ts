/** The model names of a config, and the targets that may answer each of them. */
import * as Result from "effect/Result"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import * as BenchKey from "../../domain/BenchKey.ts"
import type { ModelSpec } from "../../domain/ModelSpec.ts"
import type { GatewayCatalog } from "../providers/Providers.ts"
import type { Model } from "./Status.ts"

/**
 * Every name in `models`, with the targets of its chain in order, including configured fallbacks, without
 * disabled credentials.
 */
export const of = (config: GatewayConfig, catalog: Pick<GatewayCatalog, "resolve">): ReadonlyArray<Model> => {
  const credentials = new Map(config.providers.map(({ credentials, name }) => [name, credentials]))
  return Object.keys(config.models).flatMap((name) => {
    const found = catalog.resolve(name)
    if (Result.isFailure(found)) return []
    const targetsOf = ({ spec: { model, provider } }: { readonly spec: ModelSpec }) =>
      (credentials.get(provider) ?? [])
        .filter(({ enabled }) => enabled)
        .map((credential) => BenchKey.format({ provider, model, credential: credential.name }))
    const targets = found.success.models.flatMap(targetsOf)
    const first = found.success.tiers?.[0]?.models ?? []
    return [{ name, targets, ...(first.length > 1 && { equals: first.flatMap(targetsOf).length }) }]
  })
}
