/** The config of a gateway: a checked config file in the form that the other modules use. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Redacted from "effect/Redacted"
import * as Catalog from "../catalog/Catalog.ts"
import * as Credential from "../domain/Credential.ts"
import * as DialectOf from "./DialectOf.ts"
import * as BenchStore from "./file/BenchStore.ts"
import { type ConfigFile, millisOf } from "./file/ConfigFile.ts"
import { map, policyOf } from "./file/PolicyOf.ts"
import {
  defaultLog,
  defaultServer,
  defaultWrongTokens,
  type GatewayConfig,
  type OtlpConfig,
  type ServerConfig
} from "./Settings.ts"
import * as TokenHash from "./TokenHash.ts"

export { policyOf } from "./file/PolicyOf.ts"
export {
  defaultLog,
  defaultServer,
  type GatewayConfig,
  isLoopback,
  type LogConfig,
  type OtlpConfig,
  type ProtocolName,
  type ProviderConfig,
  type ServerConfig,
  type Signal,
  type Tokens
} from "./Settings.ts"

/** Makes the config from a config file. `at` makes its paths absolute. */
export const fromFile = (
  file: ConfigFile,
  notes: ReadonlyArray<string>,
  at: (path: string) => string = (path) => path
): GatewayConfig => {
  const { bench = {}, policy = {}, server = {} } = file
  const tokens = server.tokens ?? []
  return {
    providers: Object.entries(file.providers).map(([name, provider]) => ({
      name,
      protocol: provider.protocol,
      baseUrl: provider.baseUrl,
      strategy: provider.strategy ?? "sequential",
      credentials: credentialsOf(provider.credentials ?? []),
      fallbackModels: provider.fallbackModels ?? [],
      policy: map(provider.policy, policyOf),
      models: mapValues(provider.models ?? {}, (model) => ({
        contextWindow: model.contextWindow,
        policy: map(model.policy, policyOf)
      })),
      dialect: DialectOf.make(name, provider, file.models),
      auth: provider.auth ?? "bearer",
      responses: provider.responses ?? provider.protocol === "openai",
      maxAnswerBytes: provider.maxAnswerBytes,
      maxEventBytes: provider.maxEventBytes,
      headers: provider.headers,
      query: provider.query
    })),
    models: mapValues(file.models ?? {}, (model) =>
      typeof model === "string" || isList(model)
        ? { chain: linksOf(model) }
        : {
            chain: linksOf(model.chain),
            onContextExceeded: map(model.onContextExceeded, linksOf),
            onContentPolicy: map(model.onContentPolicy, linksOf),
            policy: map(model.policy, policyOf)
          }
    ),
    fallbacks: linksOf(file.fallbacks ?? []),
    policy: policyOf(policy),
    retryBudget: policy.retries?.budget,
    bench: BenchStore.parse(bench.store ?? "memory", bench.prefix, at),
    server: {
      host: server.host ?? defaultServer.host,
      port: server.port ?? defaultServer.port,
      tokens: tokens === "none" ? tokens : tokens.map((token) => Redacted.make(TokenHash.of(token))),
      adminToken: map(server.adminToken, (token) => Redacted.make(TokenHash.of(token))),
      carrySecrets: server.carrySecrets?.map((secret) => Redacted.make(secret)),
      wrongTokens: wrongTokensOf(server.wrongTokens ?? {}),
      maxBodyBytes: server.maxBodyBytes ?? defaultServer.maxBodyBytes,
      maxBodiesBytes:
        server.maxBodiesBytes ?? Math.max(defaultServer.maxBodiesBytes, server.maxBodyBytes ?? 0),
      maxHeaderBytes: server.maxHeaderBytes ?? defaultServer.maxHeaderBytes,
      maxConnections: server.maxConnections,
      maxConcurrent: server.maxConcurrent ?? defaultServer.maxConcurrent,
      timeouts: {
        headers: map(server.timeouts?.headers, millisOf) ?? defaultServer.timeouts.headers,
        request: map(server.timeouts?.request, millisOf) ?? defaultServer.timeouts.request,
        stall: map(server.timeouts?.stall, millisOf) ?? defaultServer.timeouts.stall
      },
      drain: map(server.drain, millisOf) ?? defaultServer.drain,
      websocket: websocketOf(server.websocket ?? {}),
      namedModelsOnly: server.namedModelsOnly ?? defaultServer.namedModelsOnly,
      allowedHosts: server.allowedHosts ?? defaultServer.allowedHosts,
      cors: server.cors ?? defaultServer.cors,
      statusPage: server.statusPage ?? defaultServer.statusPage,
      affinity: server.affinity ?? defaultServer.affinity
    },
    usage:
      file.telemetry?.usage ??
      file.telemetry?.otlp?.signals?.includes("traces") ??
      file.telemetry?.otlp !== undefined,
    otlp: map(file.telemetry?.otlp, otlpOf),
    log: { ...defaultLog, ...file.log },
    notes
  }
}

const websocketOf = (
  given: NonNullable<NonNullable<ConfigFile["server"]>["websocket"]>
): ServerConfig["websocket"] => {
  if (given === false || defaultServer.websocket === false) return false
  const { connections, idle } = defaultServer.websocket
  return { connections: given.connections ?? connections, idle: map(given.idle, millisOf) ?? idle }
}

const wrongTokensOf = (
  given: NonNullable<NonNullable<ConfigFile["server"]>["wrongTokens"]>
): ServerConfig["wrongTokens"] =>
  given === "unlimited"
    ? given
    : {
        tries: given.tries ?? defaultWrongTokens.tries,
        per: map(given.per, millisOf) ?? defaultWrongTokens.per
      }

const otlpOf = ({
  endpoint,
  headers = {},
  interval,
  serviceName = "effect-failover",
  signals = ["traces", "metrics", "logs"]
}: NonNullable<NonNullable<ConfigFile["telemetry"]>["otlp"]>): OtlpConfig => ({
  endpoint,
  headers: mapValues(headers, (value) => Redacted.make(value)),
  signals,
  serviceName,
  interval: Math.max(100, map(interval, millisOf) ?? 10_000)
})

const isList = (u: unknown): u is ReadonlyArray<Catalog.Link> => Array.isArray(u)

const linksOf = (links: string | ReadonlyArray<Catalog.Link>): ReadonlyArray<Catalog.Link> =>
  typeof links === "string" ? Catalog.split(links) : links

const mapValues = <A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]))

const credentialsOf = (
  list: NonNullable<ConfigFile["providers"][string]["credentials"]>
): NonEmptyReadonlyArray<Credential.Credential> => {
  const [first, ...rest] = list.map(({ name, ...options }) => Credential.make(name, options))
  return first === undefined ? [Credential.none] : [first, ...rest]
}
