/** Anthropic, and every server with a compatible Messages API. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ProviderService from "../domain/ProviderService.ts"
import * as HttpProvider from "./HttpProvider.ts"
import * as AnthropicProtocol from "./protocols/AnthropicProtocol.ts"
import { Transport } from "./transport/Transport.ts"

export declare namespace Anthropic {
  /** The operations of the API. */
  type Operation = AnthropicProtocol.OperationName
  /** A provider that uses the Anthropic protocol. */
  type Provider = HttpProvider.HttpProvider<Operation> & { readonly protocol: "anthropic" }
  /** Options of {@link Anthropic.make}. */
  interface Options extends Omit<HttpProvider.Options, "name"> {
    /** The provider name in its model specs (`anthropic/claude-…`). Default `anthropic`. */
    readonly name?: string | undefined
  }
}

/**
 * Anthropic as a service. Its models are values: `Anthropic.model("claude-sonnet-5")`.
 *
 * @example
 * import { Chain } from "effect-failover"
 * import { Anthropic, UndiciTransport } from "effect-failover/providers"
 * import { Layer } from "effect"
 *
 * const chain = Chain.make(Anthropic.model("claude-sonnet-5"))
 * const layer = Anthropic.layerConfig.pipe(Layer.provide(UndiciTransport.layer())) // ANTHROPIC_API_KEY
 *
 * @category services
 */
export class Anthropic extends ProviderService.Service<Anthropic, Anthropic.Provider>()("anthropic") {
  /** Makes a provider that uses the Anthropic protocol, for a service of your own. */
  static readonly make = (
    options: Anthropic.Options = {}
  ): Effect.Effect<Anthropic.Provider, never, Transport> =>
    Effect.map(Transport, (transport) => ({
      ...HttpProvider.make(AnthropicProtocol.protocol, transport, {
        ...options,
        name: options.name ?? Anthropic.provider
      }),
      protocol: "anthropic"
    }))

  /** Provides Anthropic itself. */
  static readonly layer = (
    options?: Omit<Anthropic.Options, "name">
  ): Layer.Layer<Anthropic, never, Transport> => Layer.effect(Anthropic, Anthropic.make(options))

  /** Provides Anthropic with the key in `ANTHROPIC_API_KEY` and, if set, the base URL in `ANTHROPIC_BASE_URL`. */
  static readonly layerConfig: Layer.Layer<Anthropic, Config.ConfigError, Transport> = Layer.effect(
    Anthropic,
    Effect.gen(function* () {
      const apiKey = yield* Config.Redacted("ANTHROPIC_API_KEY")
      const baseUrl = yield* Config.option(Config.String("ANTHROPIC_BASE_URL"))
      return yield* Anthropic.make({ apiKey, baseUrl: Option.getOrUndefined(baseUrl) })
    })
  )
}
