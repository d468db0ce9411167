/** A credential: a named API key of a provider, with its settings. */
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Checks from "../util/Checks.ts"

/** A credential's name: letters, digits, `.`, `_` and `-`. */
export const CredentialName = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9._-]*$/u, {
    description: "a credential name: letters, digits, '.', '_' and '-'"
  })
)

/**
 * A named API key of a provider, with its settings. The key is `Redacted`, so it prints as `<redacted>`.
 *
 * @category models
 */
export interface Credential {
  readonly name: string
  /** Absent for a server that needs no key. */
  readonly apiKey?: Redacted.Redacted | undefined
  /** Overrides the provider's own base URL. Credentials with the same base URL share an endpoint. */
  readonly baseUrl?: string | undefined
  /** A credential that is not enabled is never used. */
  readonly enabled: boolean
  /** Its share under the `weighted` strategy. */
  readonly weight: number
  /**
   * The limit of requests per minute: at most `rpm` at once, then one every 60 s / `rpm`. A credential over this limit is
   * skipped, which is not a failure. Retries and probes count too. Absent: no limit.
   */
  readonly rpm?: number | undefined
}

/**
 * Builds a credential. Defaults: enabled, weight 1, no key. Throws `InvalidOptions` for a name that is not allowed in a
 * bench key, and for options of the wrong kind.
 *
 * @example
 * import { Credential } from "effect-failover"
 * import { Redacted } from "effect"
 *
 * Credential.make("backup", { apiKey: Redacted.make("sk-1"), weight: 2 }).enabled // => true
 */
export const make = (
  name: string,
  options: {
    readonly apiKey?: Redacted.Redacted | string | undefined
    readonly baseUrl?: string | undefined
    readonly enabled?: boolean | undefined
    readonly weight?: number | undefined
    readonly rpm?: number | undefined
  } = {}
): Credential => {
  Checks.refuse(`Credential.make(${Checks.quoted(name)})`, [
    ...Checks.fieldProblems({ name: name ?? null }, { name: Checks.name }),
    ...Checks.fieldProblems(options, { apiKey, baseUrl: Checks.text, enabled: Checks.flag, weight, rpm })
  ])
  return made(name, options)
}

/** The value is never part of the message. */
const apiKey: Checks.Check = (value) =>
  typeof value === "string" || Redacted.isRedacted(value)
    ? undefined
    : "is not a key; it has to be a string or a Redacted"

const weight = Checks.number("a number, at least 0", { least: 0 })

const rpm = Checks.number("a number of requests per minute, more than 0", { above: 0 })

/**
 * Throws when there are no credentials, or two with the same name, since they would have the same bench key.
 *
 * @internal
 */
export const checkAll = (where: string, credentials: ReadonlyArray<Credential>): void => {
  const problems: Array<string> = []
  if (credentials.length === 0) problems.push("credentials is empty; at least one is needed")
  const names = new Set<string | undefined>()
  for (const credential of credentials) {
    const { name } = Object(credential) as Partial<Credential>
    if (Checks.name(name) !== undefined) {
      problems.push(
        `a credential is ${Checks.quoted(credential)}; it has to be one such as Credential.make("name")`
      )
      continue
    }
    if (names.has(name)) {
      problems.push(`two credentials are called ${JSON.stringify(name)}; each needs a name of its own`)
    }
    names.add(name)
  }
  Checks.refuse(where, problems)
}

const made = (name: string, options: NonNullable<Parameters<typeof make>[1]>): Credential => ({
  name,
  apiKey: typeof options.apiKey === "string" ? Redacted.make(options.apiKey) : options.apiKey,
  baseUrl: options.baseUrl,
  enabled: options.enabled ?? true,
  weight: options.weight ?? 1,
  rpm: options.rpm
})

/** The credential of a provider without credentials: named `default`, without a key. */
export const none: Credential = make("default")
