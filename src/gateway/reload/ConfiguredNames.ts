/**
 * The models and credentials that a config names. Only they become metric labels, table rows and bench keys,
 * because clients can name any number of others.
 */
import * as Links from "../../catalog/Links.ts"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import * as BenchKey from "../../domain/BenchKey.ts"
import * as ModelSpec from "../../domain/ModelSpec.ts"
import { few } from "../../util/ShortList.ts"

/** The names in a config. */
export interface ConfiguredNames {
  /** `provider/model` of every model in the config. */
  readonly specs: ReadonlySet<string>
  /** `provider/model#credential` of each of them, for enabled credentials. */
  readonly targets: ReadonlyArray<string>
  /** Why a bench key is unknown; `undefined` if it is known. */
  readonly whyNot: (key: BenchKey.BenchKey) => string | undefined
}

/** Collects the names of a config. */
export const make = (config: GatewayConfig): ConfiguredNames => {
  const credentials = new Map(config.providers.map(({ credentials, name }) => [name, credentials]))
  const specs = new Map<string, ModelSpec.ModelSpec>()
  const add = (spec: ModelSpec.ModelSpec | undefined) => {
    if (spec !== undefined && credentials.has(spec.provider)) specs.set(ModelSpec.format(spec), spec)
  }
  for (const { chain, onContentPolicy = [], onContextExceeded = [] } of Object.values(config.models)) {
    for (const link of Links.namesIn([...chain, ...onContextExceeded, ...onContentPolicy])) {
      add(ModelSpec.parse(link))
    }
  }
  for (const { fallbackModels, models, name } of config.providers) {
    for (const model of [...Object.keys(models), ...fallbackModels]) add(ModelSpec.make(name, model.trim()))
  }
  for (const link of Links.namesIn(config.fallbacks)) add(ModelSpec.parse(link))

  return {
    specs: new Set(specs.keys()),
    targets: [...specs.values()].flatMap(({ model, provider }) =>
      (credentials.get(provider) ?? [])
        .filter(({ enabled }) => enabled)
        .map(({ name }) => BenchKey.format({ provider, model, credential: name }))
    ),
    whyNot: (key) => {
      const parts = BenchKey.parse(key)
      if (parts === undefined) {
        return `${quoted(key)} is not a bench key: expected provider, provider#credential, provider/model or provider/model#credential`
      }
      const known = credentials.get(parts.provider)
      if (known === undefined)
        return `there is no provider ${quoted(parts.provider)} (known: ${few([...credentials.keys()], String, ", ", 20)})`
      const { credential } = parts
      // The name of a model may contain a `#`.
      if (credential === undefined || known.some(({ name }) => name === credential) || specs.has(key))
        return undefined
      return `${parts.provider} has no credential ${quoted(credential)} (known: ${few(known, ({ name }) => name, ", ", 20)})`
    }
  }
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 200))
