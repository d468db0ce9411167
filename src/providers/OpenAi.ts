/** OpenAI, and every server with a compatible API for chat completions and embeddings. */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ProviderService from "../domain/ProviderService.ts"
import * as HttpProvider from "./HttpProvider.ts"
import * as ProviderKeys from "./ProviderKeys.ts"
import * as OpenAiProtocol from "./protocols/OpenAiProtocol.ts"
import * as UndiciTransport from "./transport/UndiciTransport.ts"

export declare namespace OpenAi {
  /** The operations of the API. */
  type Operation = OpenAiProtocol.OperationName
  /** A provider that uses the OpenAI protocol. */
  type Provider = HttpProvider.HttpProvider<Operation> & { readonly protocol: "openai" }
  /** Options of {@link OpenAi.make}. */
  interface Options extends Omit<HttpProvider.Options, "name"> {
    /** The provider name in its model specs (`openai/gpt-…`). Default `openai`. */
    readonly name?: string | undefined
    /** How the key is sent: as a bearer token (default), or in the header `api-key` as Azure requires. */
    readonly auth?: OpenAiProtocol.Auth | undefined
  }
  /** What can be configured besides keys and base URL, which are read from the configuration. */
  interface ConfigOptions
    extends Omit<Options, "name" | "apiKey" | "apiKeys" | "credentials" | "baseUrl">,
      ProviderKeys.KeyConfig {}
}

/**
 * OpenAI as a service. Its models are values: `OpenAi.model("gpt-5.2")`.
 *
 * @example
 * import { Chain } from "effect-failover"
 * import { OpenAi } from "effect-failover/providers"
 * import { Config } from "effect"
 *
 * const chain = Chain.make(OpenAi.model("gpt-5.2"), OpenAi.model("gpt-4.1"))
 *
 * const layer = OpenAi.layerConfig({
 *   apiKeys: { primary: Config.Redacted("OPENAI_API_KEY"), backup: Config.Redacted("OPENAI_API_KEY_2") }
 * })
 *
 * @example
 * import { ProviderService } from "effect-failover"
 * import { OpenAi } from "effect-failover/providers"
 * import { Layer, Redacted } from "effect"
 *
 * // any number of compatible servers, side by side
 * class Groq extends ProviderService.Service<Groq, OpenAi.Provider>()("groq") {
 *   static readonly layer = Layer.effect(Groq, OpenAi.make({
 *     name: Groq.provider,
 *     baseUrl: "https://api.groq.com/openai/v1",
 *     apiKey: Redacted.make("gsk-1")
 *   }))
 * }
 * class Azure extends ProviderService.Service<Azure, OpenAi.Provider>()("azure") {
 *   static readonly layer = Layer.effect(Azure, OpenAi.make({
 *     name: Azure.provider,
 *     baseUrl: "https://my-resource.openai.azure.com/openai/deployments/{model}",
 *     query: { "api-version": "2024-10-21" },
 *     auth: "api-key",
 *     apiKey: Redacted.make("0123")
 *   }))
 * }
 * class Ollama extends ProviderService.Service<Ollama, OpenAi.Provider>()("ollama") {
 *   static readonly layer = Layer.effect(Ollama, OpenAi.make({
 *     name: Ollama.provider,
 *     baseUrl: "http://localhost:11434/v1"
 *   }))
 * }
 *
 * @category services
 */
export class OpenAi extends ProviderService.Service<OpenAi, OpenAi.Provider>()("openai") {
  /**
   * Makes a provider with the OpenAI protocol, for a service of your own. It uses the `Transport` of the context, or a
   * transport over undici shared by the whole process. Throws `InvalidOptions` for invalid options.
   */
  static readonly make = (options: OpenAi.Options = {}): Effect.Effect<OpenAi.Provider> =>
    Effect.map(UndiciTransport.orShared, (transport) => ({
      ...HttpProvider.make(OpenAiProtocol.protocol(options.auth ?? "bearer"), transport, {
        ...options,
        name: options.name ?? OpenAi.provider
      }),
      protocol: "openai"
    }))

  /** Provides OpenAI itself. */
  static readonly layer = (options?: Omit<OpenAi.Options, "name">): Layer.Layer<OpenAi> =>
    Layer.effect(OpenAi, OpenAi.make(options))

  /**
   * Provides OpenAI with keys from the configuration. Default: the key in `OPENAI_API_KEY` and, if set, the base
   * URL in `OPENAI_BASE_URL`. Without a key it fails with a `ConfigError` that says
   * what to set.
   *
   * @example
   * import { OpenAi } from "effect-failover/providers"
   * import { Config } from "effect"
   *
   * OpenAi.layerConfig({ apiKeys: { primary: Config.Redacted("OPENAI_KEY_1"), backup: Config.Redacted("OPENAI_KEY_2") } })
   */
  static readonly layerConfig = (
    options: OpenAi.ConfigOptions = {}
  ): Layer.Layer<OpenAi, Config.ConfigError> =>
    Layer.effect(
      OpenAi,
      Effect.flatMap(
        ProviderKeys.fromConfig(options, {
          where: "OpenAi.layerConfig",
          apiKey: "OPENAI_API_KEY",
          baseUrl: "OPENAI_BASE_URL"
        }),
        (keys) => OpenAi.make({ ...options, ...keys })
      )
    )
}
