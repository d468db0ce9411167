/** Gathers what a config file says of a provider's dialect: beside the provider, its models, and the chains they are in. */

import * as Catalog from "../catalog/Catalog.ts"
import type { Choice } from "../dialect/index.ts"
import * as ModelSpec from "../domain/ModelSpec.ts"
import type { ConfigFile } from "./file/ConfigFile.ts"

/** What the config says of a provider's dialect. */
export interface DialectConfig {
  readonly all?: Choice | undefined
  /** By the model's name: what its chains say, then what stands beside the model itself. */
  readonly models: Readonly<Record<string, ReadonlyArray<Choice>>>
}

/** What is said of the dialect of a provider; `undefined` where nothing is. */
export const make = (
  name: string,
  provider: ConfigFile["providers"][string],
  chains: ConfigFile["models"] = {}
): DialectConfig | undefined => {
  const models: Record<string, Array<Choice>> = {}
  const add = (model: string, choice: Choice) => {
    models[model] = [...(Object.hasOwn(models, model) ? models[model]! : []), choice]
  }
  for (const chain of Object.values(chains)) {
    if (typeof chain === "string" || !("chain" in chain) || chain.dialect === undefined) continue
    const links = typeof chain.chain === "string" ? Catalog.split(chain.chain) : chain.chain
    for (const link of Catalog.namesIn(links)) {
      const spec = ModelSpec.parse(link)
      if (spec?.provider === name) add(spec.model, chain.dialect)
    }
  }
  for (const [model, { dialect }] of Object.entries(provider.models ?? {})) {
    if (dialect !== undefined) add(model, dialect)
  }
  return provider.dialect === undefined && Object.keys(models).length === 0
    ? undefined
    : { all: provider.dialect, models }
}
