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
export const most = 1_000

/** How long it is remembered, in milliseconds: a server may be replaced by one that accepts more, or the refusal was misleading. */
export const memory = 60 * 60_000

/**
 * What targets refused in requests that were then answered without it: rules that take precedence over those of their
 * dialects, so that the next requests do not pay for the same refusal. They are forgotten after an hour, and with a reload of the
 * config.
 */
export interface Learned {
  /** The dialect of each target, with what was learned about it. */
  readonly dialectOf: DialectOf
  /** Remembers rules for a target, by its name: its objects differ between the protocols of callers. */
  readonly add: (target: Target, overrides: Overrides) => void
}

/** Makes the memory over the configured dialects. `now` is in milliseconds. */
export const learning = (configured: DialectOf, now: () => number): Learned => {
  const known = new Map<string, { readonly overrides: Overrides; readonly until: number }>()
  let dialects = new WeakMap<Target, { readonly dialect: Dialect; readonly until: number }>()
  return {
    dialectOf: (target) => {
      if (known.size === 0) return configured(target)
      const found = dialects.get(target)
      if (found !== undefined && (found.until === Number.POSITIVE_INFINITY || now() < found.until))
        return found.dialect
      let learned = known.get(target.key)
      if (learned !== undefined && now() >= learned.until) {
        known.delete(target.key)
        learned = undefined
      }
      const dialect =
        learned === undefined ? configured(target) : Object.assign({}, configured(target), learned.overrides)
      dialects.set(target, { dialect, until: learned?.until ?? Number.POSITIVE_INFINITY })
      return dialect
    },
    add: (target, overrides) => {
      const before = known.get(target.key)
      const isValid = before !== undefined && now() < before.until
      known.set(target.key, {
        overrides: isValid ? { ...before.overrides, ...overrides } : overrides,
        until: isValid ? before.until : now() + memory
      })
      const oldest = known.size > most ? known.keys().next().value : undefined
      if (oldest !== undefined) known.delete(oldest)
      dialects = new WeakMap()
    }
  }
}
