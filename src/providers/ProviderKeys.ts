/** The keys of a provider in the short forms that its options take, and where they come from. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Credential from "../domain/Credential.ts"

/** Several keys: by the names of their credentials, or in order, named `key-1`, `key-2` and so on. */
export type Keys<Key> = Readonly<Record<string, Key>> | ReadonlyArray<Key>

/** The ways to give a provider its keys. At most one of them may be used. */
export interface KeyOptions {
  /** One key. Its credential is named `default`. */
  readonly apiKey?: Redacted.Redacted | string | undefined
  /** Several keys, for example `{ primary, backup }`. Bench entries carry these names, so names that stay are better than a list. */
  readonly apiKeys?: Keys<Redacted.Redacted | string> | undefined
  /** The credentials in full, with their own base URLs, weights and limits. */
  readonly credentials?: NonEmptyReadonlyArray<Credential.Credential> | undefined
}

/** What `layerConfig` reads from the `ConfigProvider`. */
export interface KeyConfig {
  /** One key. */
  readonly apiKey?: Config.Config<Redacted.Redacted> | undefined
  /** Several keys, for example `{ primary: Config.Redacted("KEY_1"), backup: Config.Redacted("KEY_2") }`. */
  readonly apiKeys?: Keys<Config.Config<Redacted.Redacted>> | undefined
  readonly baseUrl?: Config.Config<string> | undefined
}

const named = <Key>(keys: Keys<Key>): ReadonlyArray<readonly [string, Key]> =>
  Array.isArray(keys)
    ? keys.map((key: Key, index) => [`key-${index + 1}`, key] as const)
    : Object.entries(keys as Readonly<Record<string, Key>>)

/** What is wrong with the given keys, as sentences. */
export const problems = (options: KeyOptions): ReadonlyArray<string> => {
  const given = (["apiKey", "apiKeys", "credentials"] as const).filter((name) => options[name] !== undefined)
  return [
    ...(given.length > 1 ? [`${given.join(" and ")} are both given; only one of them can be used`] : []),
    ...(options.apiKeys !== undefined && named(options.apiKeys).length === 0
      ? ["apiKeys is empty; at least one key is needed"]
      : [])
  ]
}

/** The credentials of a provider: one without a key where none is given, for a local server. */
export const credentialsOf = (options: KeyOptions): NonEmptyReadonlyArray<Credential.Credential> => {
  if (options.credentials !== undefined) return options.credentials
  const [first, ...rest] = named(options.apiKeys ?? []).map(([name, apiKey]) =>
    Credential.make(name, { apiKey })
  )
  return first === undefined ? [Credential.make("default", { apiKey: options.apiKey })] : [first, ...rest]
}

/** Reads keys and base URL. Where no key is configured, `variables` names the environment variables of the vendor's own SDK. */
export const fromConfig = (
  config: KeyConfig,
  variables: { readonly apiKey: string; readonly baseUrl: string }
): Effect.Effect<
  {
    readonly apiKeys: Keys<Redacted.Redacted> | undefined
    readonly apiKey: Redacted.Redacted | undefined
    readonly baseUrl: string | undefined
  },
  Config.ConfigError
> =>
  Effect.gen(function* () {
    const baseUrl = yield* Config.option(config.baseUrl ?? Config.String(variables.baseUrl))
    const entries: Array<readonly [string, Redacted.Redacted]> = []
    for (const [name, key] of named(config.apiKeys ?? [])) entries.push([name, yield* key])
    const apiKey =
      config.apiKeys === undefined
        ? yield* config.apiKey ?? Config.Redacted(variables.apiKey)
        : config.apiKey === undefined
          ? undefined
          : yield* config.apiKey
    return {
      apiKey,
      apiKeys: config.apiKeys === undefined ? undefined : Object.fromEntries(entries),
      baseUrl: Option.getOrUndefined(baseUrl)
    }
  })
