/**
 * The config in force, with the field names of the config file, and with every value redacted that is or may
 * be a secret.
 */
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import type * as Catalog from "../../catalog/Catalog.ts"
import * as BenchStore from "../../config/file/BenchStore.ts"
import type { OtlpConfig, ProviderConfig } from "../../config/GatewayConfig.ts"
import type { Credential } from "../../domain/Credential.ts"
import type { ModelOptions } from "../../domain/Model.ts"
import * as Policy from "../../policy/Policy.ts"
import type { Refused } from "../reload/CurrentConfig.ts"
import type { Revision } from "../reload/Revision.ts"

type JsonObject = typeof Schema.JsonObject.Type

const redacted = "<redacted>"

/**
 * The view. Durations are milliseconds. The global `policy` is complete; the others have only what they
 * change.
 */
export const make = ({
  config,
  number,
  since
}: Pick<Revision, "config" | "number" | "since">): JsonObject => {
  const {
    bench = BenchStore.memory,
    fallbacks,
    log,
    models,
    otlp,
    policy,
    providers,
    retryBudget,
    server,
    usage
  } = config
  return plainObject({
    revision: number,
    since: new Date(since).toISOString(),
    providers: Object.fromEntries(providers.map((provider) => [provider.name, providerView(provider)])),
    models: mapValues(models, modelView),
    fallbacks,
    policy: { ...Policy.make(policy), retries: policy.retries, retryBudget },
    bench: { store: BenchStore.format(bench), prefix: bench._tag === "Redis" ? bench.prefix : undefined },
    server: {
      host: server.host,
      port: server.port,
      tokens: server.tokens === "none" ? server.tokens : server.tokens.map(() => redacted),
      adminToken: server.adminToken === undefined ? undefined : redacted,
      carrySecrets: server.carrySecrets?.map(() => redacted),
      wrongTokens: server.wrongTokens,
      maxBodyBytes: server.maxBodyBytes,
      maxBodiesBytes: server.maxBodiesBytes,
      maxHeaderBytes: server.maxHeaderBytes,
      maxConnections: server.maxConnections,
      maxConcurrent: server.maxConcurrent,
      timeouts: server.timeouts,
      drain: server.drain,
      websocket: server.websocket,
      namedModelsOnly: server.namedModelsOnly,
      allowedHosts: server.allowedHosts,
      cors: server.cors,
      statusPage: server.statusPage,
      affinity: server.affinity
    },
    telemetry: { usage, otlp: otlp && otlpView(otlp) },
    log
  })
}

/** The config that was refused after the one in force, if there is one. */
export const refused = (refusal: Refused | undefined): JsonObject =>
  refusal === undefined
    ? {}
    : plainObject({
        refused: { at: new Date(refusal.at).toISOString(), problems: refusal.error.problems }
      })

const otlpView = ({ endpoint, headers, interval, serviceName, signals }: OtlpConfig) => ({
  endpoint: address(endpoint),
  headers: mapValues(headers, () => redacted),
  signals,
  serviceName,
  interval
})

const providerView = (provider: ProviderConfig) => ({
  protocol: provider.protocol,
  baseUrl: address(provider.baseUrl),
  strategy: provider.strategy,
  credentials: provider.credentials.map(credentialView),
  fallbackModels: provider.fallbackModels,
  policy: provider.policy,
  models: mapValues(provider.models, ({ contextWindow, policy }: ModelOptions) => ({
    contextWindow,
    policy
  })),
  dialect: provider.dialect,
  auth: provider.auth,
  responses: provider.responses,
  maxAnswerBytes: provider.maxAnswerBytes,
  maxEventBytes: provider.maxEventBytes,
  // Not meant for keys, but some configs put one here.
  headers: provider.headers && mapValues(provider.headers, () => redacted),
  query: provider.query && mapValues(provider.query, () => redacted)
})

const credentialView = ({ apiKey, baseUrl, enabled, name, rpm, weight }: Credential) => ({
  name,
  apiKey: apiKey === undefined ? undefined : redacted,
  baseUrl: address(baseUrl),
  enabled,
  weight,
  rpm
})

const modelView = ({ chain, onContentPolicy, onContextExceeded, policy }: Catalog.VirtualModel) => ({
  chain,
  onContextExceeded,
  onContentPolicy,
  policy
})

/** A base URL without the user, the password and the values of its query. */
const address = (url: string | undefined): string | undefined => {
  if (url === undefined || !URL.canParse(url)) return url === undefined ? undefined : redacted
  const { host, password, pathname, protocol, search, username } = new URL(url)
  const user = username === "" && password === "" ? "" : `${redacted}@`
  // The placeholder for the model stays readable.
  const path = pathname.replace(/%7Bmodel%7D/gi, "{model}")
  return `${protocol}//${user}${host}${path === "/" ? "" : path}${search === "" ? "" : `?${redacted}`}`
}

const mapValues = <A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]))

/** The value as JSON: a schedule becomes "schedule", infinity a string, and undefined fields are left out. */
const plain = (value: unknown): Schema.Json => {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value)
  if (Redacted.isRedacted(value)) return redacted
  if (Array.isArray(value)) return value.map(plain)
  return isPlain(value) ? plainObject(value) : "schedule"
}

const plainObject = (value: object): JsonObject =>
  Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, plain(item)])
  )

const isPlain = (value: unknown): value is object =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
