/**
 * Asks every credential of a config once, and every model that it names: what `serve` would meet.
 *
 * At each place (a base URL) every credential that is enabled is asked for the first model that the config names of the
 * provider, and its other models are asked with the credentials that were found good. Where the config names none, a
 * credential is asked for the list of models. Nothing is tried twice, and nothing rests for what is found.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import * as Check from "../../checks/Check.ts"
import type { GatewayConfig, ProviderConfig } from "../../config/GatewayConfig.ts"
import type { Credential } from "../../domain/Credential.ts"
import * as ModelSpec from "../../domain/ModelSpec.ts"
import * as Target from "../../domain/Target.ts"
import type { GatewayProvider } from "../../gateway/providers/GatewayProvider.ts"
import * as Providers from "../../gateway/providers/Providers.ts"
import * as ConfiguredNames from "../../gateway/reload/ConfiguredNames.ts"
import * as Policy from "../../policy/Policy.ts"
import type { Transport } from "../../providers/transport/Transport.ts"
import * as Question from "./Question.ts"

/** What came of one question. */
export interface Finding {
  /** `provider#credential` */
  readonly credential: string
  /** `undefined` where the credential was asked for the list of models. */
  readonly model: string | undefined
  /** How it ended; `undefined` if there was no good credential to ask with. */
  readonly outcome: Check.Outcome | undefined
  /** The operation in which it was answered. */
  readonly operation: string | undefined
}

/** The credentials of a provider that stand at one place, and the models that the config names of it. */
interface Place {
  readonly config: ProviderConfig
  readonly credentials: ReadonlyArray<Credential>
  readonly models: ReadonlyArray<string>
}

/** As many questions are under way at once. */
const concurrency = 8

/** Of each provider, by its places. */
export const places = (config: GatewayConfig): ReadonlyArray<Place> => {
  const specs = [...ConfiguredNames.make(config).specs].flatMap((spec) => ModelSpec.parse(spec) ?? [])
  return config.providers.flatMap((provider) => {
    const models = specs.filter((spec) => spec.provider === provider.name).map(({ model }) => model)
    const enabled = provider.credentials.filter((credential) => credential.enabled)
    return [...new Set(enabled.map(({ baseUrl }) => baseUrl))].map((place) => ({
      config: provider,
      credentials: enabled.filter(({ baseUrl }) => baseUrl === place),
      models
    }))
  })
}

/** How many credentials are asked, and how many models beside those that the credentials are asked for. */
export const count = (
  config: GatewayConfig
): { readonly credentials: number; readonly moreModels: number } => {
  const all = places(config)
  const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((total, number) => total + number, 0)
  return {
    credentials: sum(all.map(({ credentials }) => credentials.length)),
    moreModels: sum(all.map(({ models }) => Math.max(0, models.length - 1)))
  }
}

/** Asks all there is to ask. `timeout`: how long each question may take, in milliseconds. */
export const run = (
  config: GatewayConfig,
  { timeout }: { readonly timeout: number }
): Effect.Effect<ReadonlyArray<Finding>, never, Transport> =>
  Effect.gen(function* () {
    const semaphore = yield* Semaphore.make(concurrency)

    const asker = Effect.fnUntraced(function* (place: Place) {
      const provider = yield* Providers.make(place.config)
      return (credential: Credential, model: string | undefined): Effect.Effect<Finding> =>
        semaphore.withPermit(ask(config, place.config, provider, credential, model, timeout))
    })

    const askPlace = Effect.fnUntraced(function* (place: Place) {
      const ask = yield* asker(place)
      const [first, ...others] = place.models
      const each = { concurrency: "unbounded" } as const
      const findings = yield* Effect.forEach(place.credentials, (credential) => ask(credential, first), each)
      const good = place.credentials.filter((_, index) => isGood(findings[index]))
      const more = yield* Effect.forEach(
        others,
        (model, index) => {
          const credential = good[index % good.length]
          return credential === undefined ? Effect.succeed(unasked(place, model)) : ask(credential, model)
        },
        each
      )
      return [...findings, ...more]
    })

    const found = yield* Effect.forEach(places(config), askPlace, { concurrency: "unbounded" })
    return found.flat()
  })

const ask = (
  config: GatewayConfig,
  provider: ProviderConfig,
  built: GatewayProvider,
  credential: Credential,
  model: string | undefined,
  timeout: number
): Effect.Effect<Finding> => {
  const known =
    model !== undefined && Object.hasOwn(provider.models, model) ? provider.models[model] : undefined
  const target = Target.make({
    provider: provider.name,
    model: model ?? "",
    credential,
    policy: Policy.make(config.policy, provider.policy, known?.policy),
    baseUrl: provider.baseUrl
  })
  let operation: string | undefined
  const question = model === undefined ? Question.key(built, target) : Question.model(provider, built, target)
  return Check.run(
    Effect.map(question, (answeredIn) => {
      operation = answeredIn
    }),
    {
      timeout,
      target: target.key,
      onEnd: (outcome) => ({ credential: target.benchKeys.credential, model, outcome, operation }),
      onInterrupt: () => {}
    }
  )
}

/** The key was taken, whatever became of the model. */
const isGood = (finding: Finding | undefined): boolean => {
  const failure = finding?.outcome?.failure
  return finding?.outcome !== undefined && (failure === undefined || Question.isRefusal(failure))
}

const unasked = ({ config }: Place, model: string): Finding => ({
  credential: config.name,
  model,
  outcome: undefined,
  operation: undefined
})
