/** The parts of the config of a gateway, and their defaults. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as Redacted from "effect/Redacted"
import type * as Catalog from "../catalog/Catalog.ts"
import type * as Credential from "../domain/Credential.ts"
import type { ModelOptions } from "../domain/Model.ts"
import type { Strategy } from "../domain/Strategy.ts"
import type * as Policy from "../policy/Policy.ts"
import type * as DialectOf from "./DialectOf.ts"
import type * as BenchStore from "./file/BenchStore.ts"

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
  /** How long the requests in flight may take when the gateway stops, in milliseconds. */
  readonly drain: number
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
  /** Who may see the status page: everyone who reaches the port (open), holders of the admin token (admin), or no one (off). */
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

/** The default limit of wrong tokens. */
export const defaultWrongTokens = { tries: 60, per: 60_000 }

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
  // Less than the 30 s after which container runtimes kill a process.
  drain: 25_000,
  websocket: { connections: 256, idle: 600_000 },
  namedModelsOnly: false,
  allowedHosts: [],
  cors: [],
  statusPage: "open",
  affinity: "conversation"
}

/** True for a host that only this machine can reach. */
export const isLoopback = (host: string): boolean => {
  const name = host.toLowerCase().replace(/^\[|\]$/g, "")
  return (
    name === "localhost" || name === "::1" || /^127(\.\d{1,3}){3}$/.test(name) || /^::ffff:127\./.test(name)
  )
}
