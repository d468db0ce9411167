/** What a config file says, checked and put into the forms the other modules take. */
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
import * as TokenHash from "./TokenHash.ts"

/** The wire protocols a provider can speak. */
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
  /** What is said of its dialect, for all its models and for some of them, the more general first. */
  readonly dialect?: DialectOf.DialectConfig | undefined
  readonly auth: "bearer" | "api-key"
  /** Whether it is asked for OpenAI's responses in their own words; else they are translated for it. */
  readonly responses: boolean
  /** The largest whole answer, and the most that is held back of a stream before its commit point. Default 64 MiB. */
  readonly maxAnswerBytes?: number | undefined
  /** The largest event of a stream. Default 10 MiB. */
  readonly maxEventBytes?: number | undefined
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly query: Readonly<Record<string, string>> | undefined
}

/**
 * Who may call the gateway: holders of a token, or (said so) everybody. Without tokens it listens on loopback only. A token
 * may stand here as its hash (`sha256:…`), and does where it was read from a file.
 */
export type Tokens = ReadonlyArray<Redacted.Redacted> | "none"

/** How the gateway listens. */
export interface ServerConfig {
  readonly host: string
  /** 0 is any free one. */
  readonly port: number
  readonly tokens: Tokens
  readonly adminToken: Redacted.Redacted | undefined
  /** With these is signed what models leave in translated conversations; without them with the providers' keys. */
  readonly carrySecrets?: ReadonlyArray<Redacted.Redacted> | undefined
  /** Wrong tokens that one address may try: so many at once, then so many more in each `per` milliseconds. */
  readonly wrongTokens: { readonly tries: number; readonly per: number } | "unlimited"
  /** The largest body of a request. */
  readonly maxBodyBytes: number
  /** What the bodies of all requests in flight may take together, in bytes. */
  readonly maxBodiesBytes: number
  /** All headers of a request together. */
  readonly maxHeaderBytes: number
  /** Connections of clients, idle ones too; without it there is no bound. */
  readonly maxConnections: number | undefined
  /** Requests to providers that may be in flight at once. */
  readonly maxConcurrent: number
  /** How long clients may take, in milliseconds. */
  readonly timeouts: {
    /** For the headers of a request. */
    readonly headers: number
    /** For a whole request, its body included. */
    readonly request: number
    /** Without taking anything of an answer that is there for them. */
    readonly stall: number
  }
  /** Responses over WebSocket: how many connections, and for how many milliseconds one may ask for nothing. */
  readonly websocket: { readonly connections: number; readonly idle: number } | false
  /** Whether requests may use the names of `models` only, and no specs. */
  readonly namedModelsOnly: boolean
  /** Names by which a gateway on loopback may be asked for its pages, besides those of this machine. */
  readonly allowedHosts: ReadonlyArray<string>
  /** Origins of web pages that may call the gateway and read its answers. */
  readonly cors: ReadonlyArray<string>
  /** Who may see the status page: everybody who reaches the port, holders of the admin token, or nobody. */
  readonly statusPage: "open" | "admin" | "off"
  /**
   * What keeps a conversation at one target of a tier of several: the key that its client names, and where it names none how
   * the conversation begins (`conversation`, the default); the client's key only (`named`); nothing (`off`).
   */
  readonly affinity?: "conversation" | "named" | "off" | undefined
}

/** What can be sent to a collector. */
export type Signal = "traces" | "metrics" | "logs"

/** Where spans, metrics and the log are sent. */
export interface OtlpConfig {
  /** Without `/v1/traces`, `/v1/metrics` and `/v1/logs`. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, Redacted.Redacted>>
  /** What is sent. Default: all of it. */
  readonly signals?: ReadonlyArray<Signal> | undefined
  readonly serviceName: string
  /** In milliseconds. */
  readonly interval: number
}

/** What is written to standard error, and how. */
export interface LogConfig {
  readonly format: "text" | "json"
  readonly level: "debug" | "info" | "warn" | "error" | "none"
  /** An entry for every request when it ends; `true` leaves out pages, health probes and scrapes, `"all"` does not. */
  readonly requests: boolean | "all"
}

/** All that a gateway needs to know. */
export interface GatewayConfig {
  readonly providers: ReadonlyArray<ProviderConfig>
  /** Chains by the names that callers ask for. */
  readonly models: Readonly<Record<string, Catalog.VirtualModel>>
  /** At the end of every chain. */
  readonly fallbacks: ReadonlyArray<Catalog.Link>
  /** For everything, over the defaults. */
  readonly policy: Policy.Options
  /** Retries per request that the whole process may make in the long run; `undefined` for the default of 0.2. */
  readonly retryBudget: number | undefined
  /** Where the bench is kept. Absent: with the process. */
  readonly bench?: BenchStore.BenchStore | undefined
  readonly server: ServerConfig
  /** Whether answers are read for the tokens they say they took, for metrics and spans. Default false. */
  readonly usage?: boolean | undefined
  /** Nothing is sent where there is none. */
  readonly otlp?: OtlpConfig | undefined
  /** `defaultLog` where there is none. */
  readonly log?: LogConfig | undefined
  /** What is worth a word, in sentences. */
  readonly notes: ReadonlyArray<string>
}

/** What is written when nothing is said. */
export const defaultLog: LogConfig = { format: "text", level: "info", requests: false }

const defaultWrongTokens = { tries: 60, per: 60_000 }

/** How a gateway listens when nothing is said. */
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

/** From the file's own form. `at` makes its paths absolute. */
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

/** A policy of the file as the core takes it; over its preset, where it names one. */
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
  // A budget alone leaves the retries themselves as they are.
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
