/** Finds the dialect of each target of a provider, once per target. */
import type { ProviderConfig } from "../../config/GatewayConfig.ts"
import { type Dialect, type Overrides, resolve } from "../../dialect/index.ts"
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

/** The most targets of one provider that are remembered. Callers may make up names of models. */
const most = 1_000

/**
 * What targets refused in requests that were then answered without it: rules that take precedence over those of their
 * dialects, so that the next requests do not pay for the same refusal. A reload of the config forgets them.
 */
export interface Learned {
  /** The dialect of each target, with what was learned about it. */
  readonly dialectOf: DialectOf
  /** Remembers rules for a target, by its name: its objects differ between the protocols of callers. */
  readonly add: (target: Target, overrides: Overrides) => void
}

/** Makes it over the dialects as they are configured. */
export const learning = (configured: DialectOf): Learned => {
  const known = new Map<string, Overrides>()
  let dialects = new WeakMap<Target, Dialect>()
  return {
    dialectOf: (target) => {
      if (known.size === 0) return configured(target)
      const found = dialects.get(target)
      if (found !== undefined) return found
      const overrides = known.get(target.key)
      const dialect =
        overrides === undefined ? configured(target) : Object.assign({}, configured(target), overrides)
      dialects.set(target, dialect)
      return dialect
    },
    add: (target, overrides) => {
      known.set(target.key, { ...known.get(target.key), ...overrides })
      const oldest = known.size > most ? known.keys().next().value : undefined
      if (oldest !== undefined) known.delete(oldest)
      dialects = new WeakMap()
    }
  }
}
