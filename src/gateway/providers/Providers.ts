/** Builds the providers and the catalog of a config. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Catalog from "../../catalog/Catalog.ts"
import type { GatewayConfig, ProtocolName, ProviderConfig } from "../../config/GatewayConfig.ts"
import { dialectWords } from "../../dialect/index.ts"
import { type Chain, mapModels } from "../../domain/Chain.ts"
import * as Model from "../../domain/Model.ts"
import type { Target } from "../../domain/Target.ts"
import * as Policy from "../../policy/Policy.ts"
import { Anthropic } from "../../providers/Anthropic.ts"
import type { HttpProvider } from "../../providers/HttpProvider.ts"
import { OpenAi } from "../../providers/OpenAi.ts"
import type { Transport } from "../../providers/transport/Transport.ts"
import type { Secrets } from "../../redaction/Secrets.ts"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import type { Dialect } from "../../translate/index.ts"
import * as AskedModel from "../http/AskedModel.ts"
import * as AlwaysTranslated from "./AlwaysTranslated.ts"
import * as Betas from "./Betas.ts"
import * as Carried from "./Carried.ts"
import * as ConfigSecrets from "./ConfigSecrets.ts"
import * as Dialects from "./Dialects.ts"
import type { GatewayProvider } from "./GatewayProvider.ts"
import { ItemMemory, type Items } from "./ItemMemory.ts"
import * as Metered from "./Metered.ts"
import * as NativeMessages from "./NativeMessages.ts"
import * as RoutingFields from "./RoutingFields.ts"
import * as Translated from "./Translated.ts"

/** The models by name. Its providers accept the operations of their own protocol only. */
export interface GatewayCatalog extends Catalog.Catalog<GatewayProvider> {
  /** The items of translated responses. */
  readonly items: Items
  /**
   * The same models for callers of each protocol. Requests for providers with another protocol are
   * translated.
   */
  readonly calledIn: Readonly<Record<Dialect, Catalog.Catalog<GatewayProvider>>>
}

/** Builds one provider of a config. It accepts the operations of its protocol only. */
export const make = (
  config: ProviderConfig,
  secrets?: Secrets | undefined
): Effect.Effect<GatewayProvider, never, Transport> => {
  const { baseUrl, credentials, headers, maxAnswerBytes, maxEventBytes, name, policy, query, strategy } =
    config
  const limits = { maxAnswerBytes, maxEventBytes }
  /** Set once the provider's default base URL is known. */
  let dialectOf: Dialects.DialectOf | undefined
  const own = (target: Target) => (dialectOf === undefined ? undefined : dialectWords(dialectOf(target)))
  const options = {
    name,
    baseUrl,
    credentials,
    strategy,
    policy,
    headers,
    query,
    secrets,
    dialectWords: own,
    ...limits
  }
  // Requests in another protocol are translated or refused before they reach the provider.
  const made: Effect.Effect<unknown, never, Transport> =
    config.protocol === "openai" ? OpenAi.make({ ...options, auth: config.auth }) : Anthropic.make(options)
  return Effect.clockWith((clock) =>
    Effect.map(made, (provider) => {
      const configured = Dialects.make(config, (provider as HttpProvider).baseUrl)
      const now = () => MonotonicClock.millis(clock)
      const learned = Dialects.learning(configured, now)
      dialectOf = learned.dialectOf
      const { protocol } = config
      const own = { ...(provider as HttpProvider), protocol, dialectOf, learn: learned.add }
      return protocol === "anthropic" ? Betas.make(own, now) : own
    })
  )
}

/** Builds the providers and the catalog of a config. Fails if a model or fallback names an unknown provider. */
export const catalog = Effect.fnUntraced(function* (
  config: GatewayConfig
): Effect.fn.Return<GatewayCatalog, Catalog.InvalidCatalog, Transport> {
  const secrets = ConfigSecrets.of(config)
  const providers = yield* Effect.forEach(config.providers, (provider) =>
    Effect.map(make(provider, secrets), (backend) => ({
      backend: config.usage === true ? Metered.make(backend) : backend,
      models: provider.models,
      fallbackModels: provider.fallbackModels
    }))
  )
  const catalogOf = (adapt: (provider: GatewayProvider) => GatewayProvider) =>
    Effect.fromResult(
      Catalog.make({
        providers: providers.map((provider) => ({ ...provider, backend: adapt(provider.backend) })),
        models: config.models,
        fallbacks: config.fallbacks,
        namedModelsOnly: config.server.namedModelsOnly
      })
    )
  const native = yield* catalogOf((provider) => provider)
  const items = yield* ItemMemory
  const translated = (provider: GatewayProvider, from: Dialect) =>
    Translated.make(provider, from, {
      items,
      carrier: Carried.carrierOf(provider, config.server.carrySecrets)
    })
  const always = new Set(config.providers.filter(AlwaysTranslated.isConfigured).map(({ name }) => name))
  /** A provider for callers of its own protocol. */
  const ownOf = (provider: GatewayProvider, protocol: ProtocolName, isAlone: boolean): GatewayProvider => {
    const clean = isAlone ? provider : Carried.withoutCarried(provider, protocol)
    const own = protocol === "anthropic" ? NativeMessages.make(clean) : RoutingFields.make(clean)
    const isAlways = always.has(provider.name)
    if (!isAlways && protocol === "anthropic") return own
    const isOther = AlwaysTranslated.hasOtherForm(protocol)
    return AlwaysTranslated.make(
      own,
      translated(provider, protocol),
      isAlways
        ? (request, target) => isOther(request) || provider.dialectOf(target).apply === "always"
        : isOther
    )
  }
  const calledIn = (protocol: ProtocolName) => {
    const isAlone = config.providers.every((provider) => provider.protocol === protocol)
    return catalogOf((provider) => {
      const called =
        provider.protocol === protocol ? ownOf(provider, protocol, isAlone) : translated(provider, protocol)
      return protocol === "anthropic" ? AskedModel.make(called) : called
    })
  }
  /** A provider with the Responses API, for callers of it. */
  const responder = (provider: GatewayProvider): GatewayProvider =>
    AlwaysTranslated.make(
      RoutingFields.make(provider),
      translated(provider, "responses"),
      AlwaysTranslated.hasOtherForm("responses")
    )
  const responders = new Set(config.providers.filter(({ responses }) => responses).map(({ name }) => name))
  const responses =
    responders.size === config.providers.length
      ? catalogOf(responder)
      : catalogOf((provider) =>
          responders.has(provider.name)
            ? responder(Carried.withoutForeignThoughts(Carried.withoutCarried(provider, "responses")))
            : translated(provider, "responses")
        )
  return {
    ...native,
    items,
    calledIn: {
      openai: yield* calledIn("openai"),
      anthropic: yield* calledIn("anthropic"),
      responses: yield* responses
    }
  }
})

/** Facts about a whole chain. */
export interface ChainFacts {
  /** The protocols of its models, and of its special chains. */
  readonly protocols: ReadonlySet<ProtocolName>
  /** Whether it has a single target: one model with one credential. */
  readonly isSingle: boolean
  /** In milliseconds. */
  readonly deadline: number
}

/** Makes a function that computes the facts of a chain, once per chain. */
export const chainFacts = (policy: Policy.Options): ((chain: Chain<GatewayProvider>) => ChainFacts) => {
  const known = new WeakMap<Chain<GatewayProvider>, ChainFacts>()
  return (chain) => {
    const found = known.get(chain)
    if (found !== undefined) return found
    const chains = [chain, chain.onContextExceeded, chain.onContentPolicy]
    const backends = chains
      .flatMap((part) => part?.models ?? [])
      .map((model) => Model.backendOf(model, Context.empty()))
    const facts: ChainFacts = {
      protocols: new Set(backends.map(({ protocol }) => protocol)),
      isSingle:
        backends.length === 1 && backends[0]?.credentials.filter(({ enabled }) => enabled).length === 1,
      deadline: Policy.make(policy, chain.policy).deadline
    }
    known.set(chain, facts)
    return facts
  }
}

/**
 * Makes a function that keeps only the models of some providers in a chain; `undefined` if none is left. It
 * runs once per chain.
 */
export const keeping = (
  isKept: (provider: GatewayProvider) => boolean
): ((chain: Chain<GatewayProvider>) => Chain<GatewayProvider> | undefined) => {
  const known = new WeakMap<Chain<GatewayProvider>, { readonly chain: Chain<GatewayProvider> | undefined }>()

  const narrow = (chain: Chain<GatewayProvider> | undefined): Chain<GatewayProvider> | undefined => {
    if (chain === undefined) return undefined
    const kept = mapModels(chain, (model) =>
      isKept(Model.backendOf(model, Context.empty())) ? model : undefined
    )
    return kept.models.length === 0
      ? undefined
      : {
          policy: chain.policy,
          ...kept,
          onContextExceeded: narrow(chain.onContextExceeded),
          onContentPolicy: narrow(chain.onContentPolicy)
        }
  }

  return (chain) => {
    const found = known.get(chain)
    if (found !== undefined) return found.chain
    const narrowed = { chain: narrow(chain) }
    known.set(chain, narrowed)
    return narrowed.chain
  }
}
