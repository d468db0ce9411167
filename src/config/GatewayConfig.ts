/** The config of a gateway: a checked config file in the form that the other modules use. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Redacted from "effect/Redacted"
import * as Catalog from "../catalog/Catalog.ts"
import * as Credential from "../domain/Credential.ts"
import type { ModelOptions } from "../domain/Model.ts"
import type { Strategy } from "../domain/Strategy.ts"
import { type FailureClass, failureClasses } from "../failure/Failure.ts"
import { fromNumbers } from "../policy/Backoff.ts"
import * as Commit from "../policy/Commit.ts"
import * as Policy from "../policy/Policy.ts"
import * as DialectOf from "./DialectOf.ts"
import * as BenchStore from "./file/BenchStore.ts"
import { type ConfigFile, millisOf } from "./file/ConfigFile.ts"
import * as Hedge from "./Hedge.ts"
import * as TokenHash from "./TokenHash.ts"

/** The wire protocols of providers. */
export type ProtocolName = "openai" | "anthropic"

/** One provider. */
export interface ProviderConfig {
  readonly name: string
  readonly protocol: ProtocolName
  readonly baseUrl: string | undefined
  readonly strategy: Strategy
  readonly credentials: NonEmptyReadonlyArray<Credential.Credential>
  readonly fallbackModels: ReadonlyArray<string>
  readonly policy: Policy.Options | undefined
  readonly models: Readonly<Record<string, ModelOptions>>
  /** Its dialect settings, for all its models and for single models. */
  readonly dialect?: DialectOf.DialectConfig | undefined
  readonly auth: "bearer" | "api-key"
  /** Whether it has the Responses API. If not, Responses requests are translated to chats. */
  readonly responses: boolean
  /**
   * The largest complete answer, and the most that is buffered of a stream before its commit point, in bytes.
   * Default 64 MiB.
   */
  readonly maxAnswerBytes?: number | undefined
  /** The largest event of a stream, in bytes. Default 10 MiB. */
  readonly maxEventBytes?: number | undefined
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly query: Readonly<Record<string, string>> | undefined
}

/**
 * Who may call the gateway: holders of a token, or everybody (`"none"`). Without tokens the gateway listens
 * on loopback only. A token may be a hash (`sha256:…`); tokens from a file always are.
 */
export type Tokens = ReadonlyArray<Redacted.Redacted> | "none"

/** How the gateway listens. */
export interface ServerConfig {
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  readonly tokens: Tokens
  readonly adminToken: Redacted.Redacted | undefined
  /** Secrets that sign the data models leave in translated conversations. Default: the keys of the provider. */
  readonly carrySecrets?: ReadonlyArray<Redacted.Redacted> | undefined
  /** Wrong tokens that one address may try: `tries` at once, then `tries` more in each `per` milliseconds. */
  readonly wrongTokens: { readonly tries: number; readonly per: number } | "unlimited"
  /** The largest body of a request, in bytes. */
  readonly maxBodyBytes: number
  /** The most that the bodies of all requests in flight may take together, in bytes. */
  readonly maxBodiesBytes: number
  /** The largest headers of a request, all together, in bytes. */
  readonly maxHeaderBytes: number
  /** The most connections of clients, including idle ones; `undefined` for no limit. */
  readonly maxConnections: number | undefined
  /** The most requests to providers in flight. */
  readonly maxConcurrent: number
  /** Time limits of clients, in milliseconds. */
  readonly timeouts: {
    /** To send the headers of a request. */
    readonly headers: number
    /** To send a whole request, including its body. */
    readonly request: number
    /** Without reading, while there are bytes of an answer to read. */
    readonly stall: number
  }
  /**
   * Responses over WebSocket: the most connections, and the idle time in milliseconds after which one is
   * closed.
   */
  readonly websocket: { readonly connections: number; readonly idle: number } | false
  /** Whether requests may name only the models in `models`, and no `provider/model`. */
  readonly namedModelsOnly: boolean
  /** Additional host names that a gateway on loopback accepts for its pages. */
  readonly allowedHosts: ReadonlyArray<string>
  /** Web origins that may call the gateway and read its answers. */
  readonly cors: ReadonlyArray<string>
  /** Who may see the status page: everybody who reaches the port, holders of the admin token, or no one (off). */
  readonly statusPage: "open" | "admin" | "off"
  /**
   * What keeps a conversation at one target of a tier of equals: the client's key, or without one the start
   * of the conversation (`conversation`, the default); only the client's key (`named`); nothing (`off`).
   */
  readonly affinity?: "conversation" | "named" | "off" | undefined
}

/** What can be exported to a collector. */
export type Signal = "traces" | "metrics" | "logs"

/** The collector of spans, metrics and the log. */
export interface OtlpConfig {
  /** Without `/v1/traces`, `/v1/metrics` and `/v1/logs`. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, Redacted.Redacted>>
  /** What is exported. Default: everything. */
  readonly signals?: ReadonlyArray<Signal> | undefined
  readonly serviceName: string
  /** In milliseconds. */
  readonly interval: number
}

/** What is logged to standard error, and how. */
export interface LogConfig {
  readonly format: "text" | "json"
  readonly level: "debug" | "info" | "warn" | "error" | "none"
  /**
   * An entry for every request when it ends; `true` excludes pages, health probes and scrapes, `"all"`
   * includes them.
   */
  readonly requests: boolean | "all"
}

/** The complete config of a gateway. */
export interface GatewayConfig {
  readonly providers: ReadonlyArray<ProviderConfig>
  /** Chains by model name. */
  readonly models: Readonly<Record<string, Catalog.VirtualModel>>
  /** At the end of every chain. */
  readonly fallbacks: ReadonlyArray<Catalog.Link>
  /** The global policy, over the defaults. */
  readonly policy: Policy.Options
  /** The retry budget of the process: retries per request in the long run; `undefined` for the default of 0.2. */
  readonly retryBudget: number | undefined
  /** Where the bench is kept. Default: in memory. */
  readonly bench?: BenchStore.BenchStore | undefined
  readonly server: ServerConfig
  /** Whether token usage is read from answers, for metrics and spans. Default false. */
  readonly usage?: boolean | undefined
  /** Without it nothing is exported. */
  readonly otlp?: OtlpConfig | undefined
  /** Default: `defaultLog`. */
  readonly log?: LogConfig | undefined
  /** Warnings, in sentences. */
  readonly notes: ReadonlyArray<string>
}

/** The default log config. */
export const defaultLog: LogConfig = { format: "text", level: "info", requests: false }

const defaultWrongTokens = { tries: 60, per: 60_000 }

/** The default server config. */
export const defaultServer: ServerConfig = {
  host: "127.0.0.1",
  port: 8080,
  tokens: [],
  adminToken: undefined,
  wrongTokens: defaultWrongTokens,
  maxBodyBytes: 32 * 1024 * 1024,
  maxBodiesBytes: 256 * 1024 * 1024,
  maxHeaderBytes: 16 * 1024,
  maxConnections: undefined,
  maxConcurrent: 10_000,
  timeouts: { headers: 30_000, request: 300_000, stall: 60_000 },
  websocket: { connections: 256, idle: 600_000 },
  namedModelsOnly: false,
  allowedHosts: [],
  cors: [],
  statusPage: "open"
}

/** True for a host that only this machine can reach. */
export const isLoopback = (host: string): boolean => {
  const name = host.toLowerCase().replace(/^\[|\]$/g, "")
  return (
    name === "localhost" || name === "::1" || /^127(\.\d{1,3}){3}$/.test(name) || /^::ffff:127\./.test(name)
  )
}

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
      websocket: websocketOf(server.websocket ?? {}),
      namedModelsOnly: server.namedModelsOnly ?? defaultServer.namedModelsOnly,
      allowedHosts: server.allowedHosts ?? defaultServer.allowedHosts,
      cors: server.cors ?? defaultServer.cors,
      statusPage: server.statusPage ?? defaultServer.statusPage,
      affinity: server.affinity
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

type PolicyFile = NonNullable<ConfigFile["policy"]>
type Time = string | number

/** Converts a policy of the file; over its preset, if it has one. */
export const policyOf = (file: PolicyFile): Policy.Options =>
  file.preset === undefined ? optionsOf(file) : Policy.combine(Policy.presets[file.preset], optionsOf(file))

const optionsOf = (file: PolicyFile): Policy.Options => ({
  maxWait: map(file.maxWait, millisOf),
  deadline: map(file.deadline, millisOf),
  attempts: file.attempts,
  targets: file.targets,
  fallbackReserve: file.fallbackReserve,
  whenAllBenched: file.whenAllBenched,
  commit: map(file.commit, commitOf),
  timeouts: map(file.timeouts, ({ answer, connect, firstContent, headers, idle, queue }) => ({
    connect: map(connect, millisOf),
    headers: map(headers, millisOf),
    firstContent: map(firstContent, millisOf),
    queue: map(queue, millisOf),
    idle: map(idle, millisOf),
    answer: map(answer, millisOf)
  })),
  malformedEvents: file.malformedEvents,
  ejection:
    file.ejection === undefined || file.ejection === false
      ? file.ejection
      : { ...file.ejection, window: map(file.ejection.window, millisOf) },
  learnedLimit:
    typeof file.learnedLimit === "object"
      ? { ...file.learnedLimit, memory: map(file.learnedLimit.memory, millisOf) }
      : file.learnedLimit,
  hedge: Hedge.optionsOf(file.hedge),
  // A budget alone does not change the retries.
  retries:
    file.retries?.times === undefined && file.retries?.backoff === undefined
      ? undefined
      : { times: file.retries.times, backoff: map(file.retries.backoff, delays) },
  threshold: file.threshold,
  cooldown: map(file.cooldown, ({ authDead, modelMissing, rateLimit, transient }) => ({
    transient: map(transient, cooldownOf),
    rateLimit: map(rateLimit, cooldownOf),
    authDead: map(authDead, cooldownOf),
    modelMissing: map(modelMissing, cooldownOf)
  })),
  rules: map(file.rules, rulesOf)
})

const map = <A, B>(value: A | undefined, f: (value: A) => B): B | undefined =>
  value === undefined ? undefined : f(value)

const commitOf = (commit: NonNullable<PolicyFile["commit"]>): Commit.Commit =>
  commit === "firstContent"
    ? Commit.firstContent
    : commit === "complete"
      ? Commit.complete
      : Commit.chunks(commit.chunks)

const cooldownOf = ({ base, max }: { readonly base?: Time; readonly max?: Time }): Policy.Cooldown => ({
  base: map(base, millisOf),
  max: map(max, millisOf)
})

const delays = (
  backoff: readonly [Time, ...ReadonlyArray<Time>]
): readonly [number, ...ReadonlyArray<number>] => {
  const [first, ...rest] = backoff
  const millis = (delay: Time) => millisOf(delay) ?? 0
  return [millis(first), ...rest.map(millis)]
}

const rulesOf = (file: NonNullable<PolicyFile["rules"]>): NonNullable<Policy.Options["rules"]> => {
  const rules: { [C in FailureClass]?: Policy.RuleOptions } = {}
  for (const name of failureClasses) {
    const row = file[name]
    if (row === undefined) continue
    const { next, rest, retry } = row
    rules[name] = {
      next,
      rest: rest && { ...cooldownOf(rest), scope: rest.scope, threshold: rest.threshold },
      retry:
        retry === undefined || typeof retry === "string"
          ? retry
          : fromNumbers({ times: retry.times, backoff: map(retry.backoff, delays) })
    }
  }
  return rules
}
