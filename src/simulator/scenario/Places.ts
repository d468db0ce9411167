/** The targets that requests for a model may go to, and the positions among them that a scenario can name. */
import * as Result from "effect/Result"
import * as Catalog from "../../catalog/Catalog.ts"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import * as Backend from "../../domain/Backend.ts"
import * as BenchKey from "../../domain/BenchKey.ts"
import type { Chain } from "../../domain/Chain.ts"
import type { places } from "./ScenarioFile.ts"

/** One target, and the keys that cover it. */
export interface Place {
  /** `provider/model#credential` */
  readonly target: string
  readonly provider: string
  readonly model: string
  /** Its own key, its credential's, its model's and its provider's. */
  readonly keys: ReadonlyArray<string>
}

/** Every target of a model's chain in order, then those of its special chains; a message for an unknown name. */
export const of = (config: GatewayConfig, model: string): Result.Result<ReadonlyArray<Place>, string> =>
  Catalog.make({
    providers: config.providers.map(({ credentials, fallbackModels, name }) => ({
      backend: Backend.make(name, undefined, { credentials }),
      fallbackModels
    })),
    models: config.models,
    fallbacks: config.fallbacks
  }).pipe(
    Result.flatMap((catalog) => catalog.resolve(model)),
    Result.mapBoth({
      onFailure: (error) => error.message,
      onSuccess: (chain) => [...new Map(targetsOf(chain).map((place) => [place.target, place])).values()]
    })
  )

const targetsOf = (chain: Chain<Backend.Backend>): ReadonlyArray<Place> => [
  ...chain.models.flatMap(({ backend, spec: { model, provider } }) =>
    "credentials" in backend
      ? backend.credentials
          .filter(({ enabled }) => enabled)
          .map(({ name }): Place => {
            const target = BenchKey.format({ provider, model, credential: name })
            const credential = BenchKey.format({ provider, credential: name })
            return {
              target,
              provider,
              model: BenchKey.format({ provider, model }),
              keys: [target, credential, BenchKey.format({ provider, model }), provider]
            }
          })
      : []
  ),
  ...[chain.onContextExceeded, chain.onContentPolicy].flatMap((other) =>
    other === undefined ? [] : targetsOf(other)
  )
]

/** The key of the targets in the first half of the chain, rounded up. */
const firstHalf = "first half"

/** The bench key for a target in a scenario: a position in the chain, or a key; `"*"` for every target. */
export const keyOf = (word: string, all: ReadonlyArray<Place>): string => {
  const [first] = all
  if (first === undefined) return word
  const providers = [...new Set(all.map(({ provider }) => provider))]
  const meant: { readonly [W in (typeof places)[number]]: string | undefined } = {
    "first target": first.target,
    "first credential": first.keys[1],
    "first model": first.model,
    "first provider": first.provider,
    "second provider": providers[1],
    "last provider": providers.at(-1),
    "first half": firstHalf,
    "every target": "*"
  }
  return (meant as Readonly<Record<string, string | undefined>>)[word] ?? word
}

/** The targets that a key covers. */
export const covered = (key: string, all: ReadonlyArray<Place>): ReadonlyArray<string> =>
  all
    .filter(
      ({ keys }, index) => key === "*" || keys.includes(key) || (key === firstHalf && index < all.length / 2)
    )
    .map(({ target }) => target)
