/**
 * Collects the dialect settings of a provider: its own, those of its models, and those of the chains they are
 * in.
 */

import * as Catalog from "../catalog/Catalog.ts"
import * as Links from "../catalog/Links.ts"
import type { Choice } from "../dialect/index.ts"
import * as ModelSpec from "../domain/ModelSpec.ts"
import type { ConfigFile } from "./file/ConfigFile.ts"

/** The dialect settings of a provider. */
export interface DialectConfig {
  readonly all?: Choice | undefined
  /** By model: the settings of its chains, then the model's own. */
  readonly models: Readonly<Record<string, ReadonlyArray<Choice>>>
}

/** The dialect settings of a provider; `undefined` without any. */
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
    for (const link of Links.namesIn(links)) {
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
