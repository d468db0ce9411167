/** Fills in the defaults of a config file. */
import * as Schema from "effect/Schema"
import * as Credential from "../domain/Credential.ts"
import { defaultRetryBudget } from "../engine/SharedState.ts"
import * as Policy from "../policy/Policy.ts"
import type { Rest } from "../policy/Rule.ts"
import { ConfigFile } from "./file/ConfigFile.ts"
import { policyOf } from "./file/PolicyOf.ts"
import { defaultServer } from "./GatewayConfig.ts"

type Json = Schema.Json
type JsonObject = typeof Schema.JsonObject.Type

const decode = Schema.decodeUnknownSync(ConfigFile)

/**
 * The same config with every default filled in: strategies and credentials of providers, the whole policy (a
 * preset is expanded), the server. The result has the same meaning, and filling it in again changes nothing.
 * Durations from defaults are in milliseconds.
 *
 * @example
 * import { ConfigFile, withDefaults } from "effect-failover/gateway"
 * import { Schema } from "effect"
 *
 * const file = withDefaults({ providers: { local: { protocol: "openai" } }, policy: { preset: "threeAttempts" } })
 * file.policy?.attempts // => 100
 * file.providers.local?.credentials // => [{ name: "default", enabled: true, weight: 1 }]
 *
 * // to JSON and back
 * const text = JSON.stringify(Schema.encodeSync(ConfigFile)(file))
 * withDefaults(Schema.decodeUnknownSync(ConfigFile)(JSON.parse(text))) // => file
 */
export const withDefaults = (file: ConfigFile): ConfigFile => {
  const { $schema, policy: { preset, ...own } = {}, providers, ...rest } = file
  const policy = over(
    over(over(policyDefaults, preset === undefined ? {} : plain(Policy.presets[preset])), plain(own)),
    { cooldown: movedCooldowns(file.policy ?? {}) }
  )
  const { adminToken: _, ...server } = defaultServer
  return decode({
    ...over({ models: {}, fallbacks: [], bench: { store: "memory" }, server: plain(server) }, plain(rest)),
    ...($schema !== undefined && { $schema }),
    providers: Object.fromEntries(
      Object.entries(providers).map(([name, provider]) => [name, providerWithDefaults(provider)])
    ),
    policy
  })
}

const providerWithDefaults = (provider: ConfigFile["providers"][string]): JsonObject => {
  const credentials = provider.credentials ?? []
  const list = credentials.length === 0 ? [{ name: Credential.none.name }] : credentials
  return {
    strategy: "sequential",
    fallbackModels: [],
    models: {},
    ...(provider.protocol === "openai" && { auth: "bearer" }),
    ...plain(provider),
    credentials: list.map((credential) => ({ enabled: true, weight: 1, ...plain(credential) }))
  }
}

const cooldownOf = (rest: Rest | undefined): JsonObject => ({ base: rest?.base ?? 0, max: rest?.max ?? 0 })

/** Cooldowns of which the file sets one length, which moves the other one (see `Policy.Cooldown`). */
const movedCooldowns = (policy: NonNullable<ConfigFile["policy"]>): JsonObject => {
  const { rules } = Policy.make({ cooldown: policyOf(policy).cooldown })
  const lengths: Readonly<Record<string, JsonObject>> = cooldownsOf(rules)
  return plain(
    Object.fromEntries(
      Object.entries(policy.cooldown ?? {})
        .filter(([, own]) => own !== undefined && (own.base === undefined) !== (own.max === undefined))
        .map(([group, own]) => [group, { ...lengths[group], ...own }])
    )
  )
}

const cooldownsOf = (rules: Policy.Policy["rules"]) => ({
  transient: cooldownOf(rules.ServerError.rest),
  rateLimit: cooldownOf(rules.RateLimit.rest),
  authDead: cooldownOf(rules.InvalidKey.rest),
  modelMissing: cooldownOf(rules.ModelMissing.rest)
})

const policyDefaults: JsonObject = (() => {
  // A field that is absent means no limit on targets.
  const { commit: _, rules, targets: __, ...fields } = Policy.defaults
  return {
    ...plain(fields),
    commit: "firstContent",
    retries: { times: 2, backoff: [500, 2_000], budget: defaultRetryBudget },
    threshold: {
      transient: rules.ServerError.rest?.threshold ?? 1,
      unknown: rules.Unknown.rest?.threshold ?? 1
    },
    cooldown: cooldownsOf(rules)
  }
})()

/** As JSON, without undefined fields. */
function plain(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value))
}

/** Merges two values: objects field by field, anything else as a whole. */
const over = (first: JsonObject, second: JsonObject): JsonObject => {
  const merged: Record<string, Json> = { ...first }
  for (const [key, value] of Object.entries(second)) {
    const before = merged[key]
    merged[key] = isObject(before) && isObject(value) ? over(before, value) : value
  }
  return merged
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)
