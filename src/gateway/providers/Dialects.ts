/** The dialects of a provider's targets. Targets are shared by all requests, so each is looked at once. */
import type { ProviderConfig } from "../../config/GatewayConfig.ts"
import { type Dialect, resolve } from "../../dialect/index.ts"
import type { Target } from "../../domain/Target.ts"

/** Tells the dialect of a target. */
export type DialectOf = (target: Target) => Dialect

/** What tells the dialects of a provider's targets. `baseUrl` is where it is unless a credential says otherwise. */
export const make = (config: ProviderConfig, baseUrl: string | undefined): DialectOf => {
  const known = new WeakMap<Target, Dialect>()
  const { all, models = {} } = config.dialect ?? {}
  return (target) => {
    const found = known.get(target)
    if (found !== undefined) return found
    const dialect = resolve({
      protocol: config.protocol,
      provider: config.name,
      baseUrl: target.credential.baseUrl ?? baseUrl,
      model: target.model,
      choices: [all, ...(Object.hasOwn(models, target.model) ? models[target.model]! : [])]
    })
    known.set(target, dialect)
    return dialect
  }
}
