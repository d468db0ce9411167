/** The name of a model: `"provider/model"`. */
import * as Schema from "effect/Schema"

/**
 * A provider's name: letters, digits, `.`, `_` and `-`. `/` and `#` are not allowed, because they separate
 * the parts of a bench key.
 */
export const ProviderName = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, {
    description: "a provider name: letters, digits, '.', '_' and '-'"
  })
)

/**
 * A model of a provider. Everything after the first slash is the model, further slashes included:
 * `openrouter/meta-llama/llama-4` is the model `meta-llama/llama-4` of `openrouter`.
 *
 * @category models
 */
export interface ModelSpec {
  readonly provider: string
  readonly model: string
}

/** Builds a spec from its parts. */
export const make = (provider: string, model: string): ModelSpec => ({ provider, model })

/**
 * Parses a spec; `undefined` when the text is not one (no slash, an empty part, an invalid provider name). Surrounding
 * whitespace is ignored.
 *
 * @example
 * import { ModelSpec } from "effect-failover"
 *
 * ModelSpec.parse("openrouter/meta-llama/llama-4") // => { provider: "openrouter", model: "meta-llama/llama-4" }
 * ModelSpec.parse("gpt-5.2") // => undefined
 */
export const parse = (text: string): ModelSpec | undefined => {
  // In code without type checks it may be no text.
  if (typeof text !== "string") return undefined
  const trimmed = text.trim()
  const slash = trimmed.indexOf("/")
  if (slash <= 0 || slash === trimmed.length - 1) return undefined
  const provider = trimmed.slice(0, slash)
  return isProviderName(provider) ? { provider, model: trimmed.slice(slash + 1) } : undefined
}

const isProviderName = Schema.is(ProviderName)

/** Formats a spec as `provider/model`. */
export const format = (spec: ModelSpec): string => `${spec.provider}/${spec.model}`
