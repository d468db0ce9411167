/** What a config names. What clients may name besides has no end, so it is no label, no row and no key here. */
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import * as BenchKey from "../../domain/BenchKey.ts"
import * as Catalog from "../../domain/Catalog.ts"
import * as ModelSpec from "../../domain/ModelSpec.ts"
import { few } from "../../util/ShortList.ts"

/** The models and credentials of a config. */
export interface ConfiguredNames {
  /** `provider/model` of every model that stands anywhere in it. */
  readonly specs: ReadonlySet<string>
  /** `provider/model#credential` of each of them, for the credentials that are enabled. */
  readonly targets: ReadonlyArray<string>
  /** Why a key can mean nothing here; `undefined` when it can. */
  readonly whyNot: (key: BenchKey.BenchKey) => string | undefined
}

/** Collects what a config names. */
export const make = (config: GatewayConfig): ConfiguredNames => {
  const credentials = new Map(config.providers.map(({ credentials, name }) => [name, credentials]))
  const specs = new Map<string, ModelSpec.ModelSpec>()
  const add = (spec: ModelSpec.ModelSpec | undefined) => {
    if (spec !== undefined && credentials.has(spec.provider)) specs.set(ModelSpec.format(spec), spec)
  }
  for (const { chain, onContentPolicy = [], onContextExceeded = [] } of Object.values(config.models)) {
    for (const link of Catalog.namesIn([...chain, ...onContextExceeded, ...onContentPolicy])) {
      add(ModelSpec.parse(link))
    }
  }
  for (const { fallbackModels, models, name } of config.providers) {
    for (const model of [...Object.keys(models), ...fallbackModels]) add(ModelSpec.make(name, model.trim()))
  }
  for (const link of Catalog.namesIn(config.fallbacks)) add(ModelSpec.parse(link))

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
        return `${quoted(key)} is no key: expected provider, provider#credential, provider/model or provider/model#credential`
      }
      const known = credentials.get(parts.provider)
      if (known === undefined)
        return `there is no provider ${quoted(parts.provider)} (known: ${few([...credentials.keys()], String, ", ", 20)})`
      const { credential } = parts
      // The name of a model may hold a #.
      if (credential === undefined || known.some(({ name }) => name === credential) || specs.has(key))
        return undefined
      return `${parts.provider} has no credential ${quoted(credential)} (known: ${few(known, ({ name }) => name, ", ", 20)})`
    }
  }
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 200))
