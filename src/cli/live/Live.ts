/**
 * Calls every credential of a config once, and every model that it names, as `serve` would.
 *
 * At each endpoint (a base URL) every enabled credential is called with the first model that the config names
 * for the provider. Its other models are called with the credentials that worked. If the config names no
 * model, a credential requests the list of models. There are no retries, and nothing is benched.
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
import * as CheckRequest from "./CheckRequest.ts"

/** The result of one call. */
export interface CheckResult {
  /** `provider#credential` */
  readonly credential: string
  /** `undefined` if the credential requested the list of models. */
  readonly model: string | undefined
  /** How it ended; `undefined` if there was no working credential. */
  readonly outcome: Check.Outcome | undefined
  /** The operation that was answered. */
  readonly operation: string | undefined
}

/** The credentials of a provider at one endpoint, and the provider's models in the config. */
interface Endpoint {
  readonly config: ProviderConfig
  readonly credentials: ReadonlyArray<Credential>
  readonly models: ReadonlyArray<string>
}

/** The most calls at once. */
const concurrency = 8

/** The endpoints of every provider. */
export const endpoints = (config: GatewayConfig): ReadonlyArray<Endpoint> => {
  const specs = [...ConfiguredNames.make(config).specs].flatMap((spec) => ModelSpec.parse(spec) ?? [])
  return config.providers.flatMap((provider) => {
    const models = specs.filter((spec) => spec.provider === provider.name).map(({ model }) => model)
    const enabled = provider.credentials.filter((credential) => credential.enabled)
    return [...new Set(enabled.map(({ baseUrl }) => baseUrl))].map((endpoint) => ({
      config: provider,
      credentials: enabled.filter(({ baseUrl }) => baseUrl === endpoint),
      models
    }))
  })
}

/** The number of credentials to call, and of models besides the first one of each endpoint. */
export const count = (
  config: GatewayConfig
): { readonly credentials: number; readonly moreModels: number } => {
  const all = endpoints(config)
  const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((total, number) => total + number, 0)
  return {
    credentials: sum(all.map(({ credentials }) => credentials.length)),
    moreModels: sum(all.map(({ models }) => Math.max(0, models.length - 1)))
  }
}

/** Makes all calls. `timeout`: of each call, in milliseconds. */
export const run = (
  config: GatewayConfig,
  { timeout }: { readonly timeout: number }
): Effect.Effect<ReadonlyArray<CheckResult>, never, Transport> =>
  Effect.gen(function* () {
    const semaphore = yield* Semaphore.make(concurrency)

    const checker = Effect.fnUntraced(function* (endpoint: Endpoint) {
      const provider = yield* Providers.make(endpoint.config)
      return (credential: Credential, model: string | undefined): Effect.Effect<CheckResult> =>
        semaphore.withPermit(check(config, endpoint.config, provider, credential, model, timeout))
    })

    const checkEndpoint = Effect.fnUntraced(function* (endpoint: Endpoint) {
      const check = yield* checker(endpoint)
      const [first, ...others] = endpoint.models
      const each = { concurrency: "unbounded" } as const
      const results = yield* Effect.forEach(
        endpoint.credentials,
        (credential) => check(credential, first),
        each
      )
      const good = endpoint.credentials.filter((_, index) => isGood(results[index]))
      const more = yield* Effect.forEach(
        others,
        (model, index) => {
          const credential = good[index % good.length]
          return credential === undefined
            ? Effect.succeed(notChecked(endpoint, model))
            : check(credential, model)
        },
        each
      )
      return [...results, ...more]
    })

    const found = yield* Effect.forEach(endpoints(config), checkEndpoint, { concurrency: "unbounded" })
    return found.flat()
  })

const check = (
  config: GatewayConfig,
  provider: ProviderConfig,
  built: GatewayProvider,
  credential: Credential,
  model: string | undefined,
  timeout: number
): Effect.Effect<CheckResult> => {
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
  const call =
    model === undefined ? CheckRequest.key(built, target) : CheckRequest.model(provider, built, target)
  return Check.run(
    Effect.map(call, (answeredIn) => {
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

/** Whether the key was accepted, whatever the model's result. */
const isGood = (result: CheckResult | undefined): boolean => {
  const failure = result?.outcome?.failure
  return result?.outcome !== undefined && (failure === undefined || CheckRequest.isRefusal(failure))
}

const notChecked = ({ config }: Endpoint, model: string): CheckResult => ({
  credential: config.name,
  model,
  outcome: undefined,
  operation: undefined
})
