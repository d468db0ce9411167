/** Finds the dialect of each target of a provider, once per target. */
import type { ProviderConfig } from "../../config/GatewayConfig.ts"
import { type Dialect, resolve } from "../../dialect/index.ts"
import type { Target } from "../../domain/Target.ts"

/** The dialect of a target. */
export type DialectOf = (target: Target) => Dialect

/** Makes the lookup. `baseUrl` is the address of targets with a credential that has none. */
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
