/** The keys of a provider in the short forms that its options take, and where they come from. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as SchemaIssue from "effect/SchemaIssue"
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

/** Where `layerConfig` reads from: itself, for messages, and the environment variables of the vendor's own SDK. */
export interface Defaults {
  /** `OpenAi.layerConfig` */
  readonly where: string
  readonly apiKey: string
  readonly baseUrl: string
}

/** Reads keys and base URL. Where no key is configured, `defaults` names the variables. */
export const fromConfig = (
  config: KeyConfig,
  defaults: Defaults
): Effect.Effect<
  {
    readonly apiKeys: Keys<Redacted.Redacted> | undefined
    readonly apiKey: Redacted.Redacted | undefined
    readonly baseUrl: string | undefined
  },
  Config.ConfigError
> =>
  Effect.gen(function* () {
    const baseUrl = yield* Config.option(config.baseUrl ?? Config.String(defaults.baseUrl)).pipe(
      Effect.mapError((error) =>
        explained(`${defaults.where} cannot use its base URL: ${error.message}`, error)
      )
    )
    const entries: Array<readonly [string, Redacted.Redacted]> = []
    for (const [name, key] of named(config.apiKeys ?? [])) {
      entries.push([name, yield* keyOf(key, `the key of its credential ${JSON.stringify(name)}`, defaults)])
    }
    const apiKey =
      config.apiKeys !== undefined && config.apiKey === undefined
        ? undefined
        : yield* keyOf(config.apiKey ?? Config.Redacted(defaults.apiKey), "its key", defaults)
    return {
      apiKey,
      apiKeys: config.apiKeys === undefined ? undefined : Object.fromEntries(entries),
      baseUrl: Option.getOrUndefined(baseUrl)
    }
  })

/** Reads one key; a failure names what is missing, which provider needs it and what to set. */
const keyOf = (
  key: Config.Config<Redacted.Redacted>,
  what: string,
  { where }: Defaults
): Effect.Effect<Redacted.Redacted, Config.ConfigError> =>
  Effect.catch(key, (error) =>
    Effect.matchEffect(Config.option(key), {
      onFailure: () => Effect.fail(explained(`${where} cannot read ${what}: ${error.message}`, error)),
      onSuccess: () => {
        const name = variableIn(error)
        const set =
          name === undefined
            ? "Set it in the environment or in the ConfigProvider"
            : `Set ${name} in the environment or in the ConfigProvider`
        const layer = where.replace(/Config$/, "")
        return Effect.fail(
          explained(`${where} is missing ${what}. ${set}, or pass the key to ${layer}({ apiKey }).`, error)
        )
      }
    })
  )

const explained = (message: string, cause: Config.ConfigError): Config.ConfigError =>
  new Config.ConfigError(new ConfigProvider.SourceError({ message, cause }))

/** The environment variable that an error is about; `undefined` when it names none. */
const variableIn = ({ cause }: Config.ConfigError): string | undefined => {
  if (!Schema.isSchemaError(cause)) return undefined
  const path: Array<PropertyKey> = []
  let issue: SchemaIssue.Issue = cause.issue
  while (issue._tag === "Pointer") {
    path.push(...issue.path)
    issue = issue.issue
  }
  return path.length === 0 ? undefined : path.map(String).join("_")
}
