/** Anthropic, and every server with a compatible Messages API. */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ProviderService from "../domain/ProviderService.ts"
import * as HttpProvider from "./HttpProvider.ts"
import * as ProviderKeys from "./ProviderKeys.ts"
import * as AnthropicProtocol from "./protocols/AnthropicProtocol.ts"
import * as UndiciTransport from "./transport/UndiciTransport.ts"

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
  /** What can be configured besides keys and base URL, which are read from the configuration. */
  interface ConfigOptions
    extends Omit<Options, "name" | "apiKey" | "apiKeys" | "credentials" | "baseUrl">,
      ProviderKeys.KeyConfig {}
}

/**
 * Anthropic as a service. Its models are values: `Anthropic.model("claude-sonnet-5")`.
 *
 * @example
 * import { Chain } from "effect-failover"
 * import { Anthropic } from "effect-failover/providers"
 *
 * const chain = Chain.make(Anthropic.model("claude-sonnet-5"))
 * const layer = Anthropic.layerConfig() // ANTHROPIC_API_KEY
 *
 * @category services
 */
export class Anthropic extends ProviderService.Service<Anthropic, Anthropic.Provider>()("anthropic") {
  /**
   * Makes a provider with the Anthropic protocol, for a service of your own. It uses the `Transport` of the context, or a
   * transport over undici shared by the whole process. Throws `InvalidOptions` for invalid options.
   */
  static readonly make = (options: Anthropic.Options = {}): Effect.Effect<Anthropic.Provider> =>
    Effect.map(UndiciTransport.orShared, (transport) => ({
      ...HttpProvider.make(AnthropicProtocol.protocol, transport, {
        ...options,
        name: options.name ?? Anthropic.provider
      }),
      protocol: "anthropic"
    }))

  /** Provides Anthropic itself. */
  static readonly layer = (options?: Omit<Anthropic.Options, "name">): Layer.Layer<Anthropic> =>
    Layer.effect(Anthropic, Anthropic.make(options))

  /**
   * Provides Anthropic with keys from the configuration. Default: the key in `ANTHROPIC_API_KEY` and, if set, the base
   * URL in `ANTHROPIC_BASE_URL`. Without a key it fails with a `ConfigError` that says
   * what to set.
   *
   * @example
   * import { Anthropic } from "effect-failover/providers"
   * import { Config } from "effect"
   *
   * Anthropic.layerConfig({ apiKeys: { primary: Config.Redacted("ANTHROPIC_KEY_1"), backup: Config.Redacted("ANTHROPIC_KEY_2") } })
   */
  static readonly layerConfig = (
    options: Anthropic.ConfigOptions = {}
  ): Layer.Layer<Anthropic, Config.ConfigError> =>
    Layer.effect(
      Anthropic,
      Effect.flatMap(
        ProviderKeys.fromConfig(options, {
          where: "Anthropic.layerConfig",
          apiKey: "ANTHROPIC_API_KEY",
          baseUrl: "ANTHROPIC_BASE_URL"
        }),
        (keys) => Anthropic.make({ ...options, ...keys })
      )
    )
}
