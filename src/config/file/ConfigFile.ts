/**
 * The schema of the config file: which fields and types are allowed where.
 *
 * `Semantics` checks what the parts mean together, such as whether names exist.
 */
import * as Schema from "effect/Schema"
import { strategies } from "../../domain/Strategy.ts"
import * as BenchStore from "./BenchStore.ts"
import { Dialect } from "./DialectFile.ts"
import { Amount, DurationInput, field, HeaderText, millisOf, Port, Positive, required, Url } from "./Field.ts"
import { GlobalPolicy, Policy } from "./PolicyFile.ts"
import { Provider } from "./ProviderFile.ts"

export { DurationInput, millisOf } from "./Field.ts"

const Members = Schema.Array(
  Schema.Union([
    Schema.String,
    Schema.Struct({
      model: required(Schema.String, "A spec (provider/model) or the name of another model."),
      weight: field(Amount, "Its share of the requests, relative to the others.", 1)
    })
  ]).annotate({ expected: 'a model, or { "model": …, "weight": … }; a tier holds no tier' })
).annotate({ identifier: "Equals", description: "Specs and names of equal models." })

/** A list of specs, names and tiers of equals; or specs and names as one text with commas. */
const Links = Schema.Union([
  Schema.String,
  Schema.Array(
    Schema.Union([
      Schema.String,
      Members,
      Schema.Struct({
        equals: required(Members, "Specs and names of equal models."),
        strategy: field(
          Schema.Literals(strategies),
          "The order in which their targets (models × credentials) are tried.",
          "leastLoaded"
        )
      })
    ])
  )
])

const VirtualModel = Schema.Struct({
  chain: required(
    Links,
    "Specs (provider/model) and names of other models, in the order in which they are tried; a nested list is a tier of equals."
  ),
  onContextExceeded: field(Links, "Tried only if a prompt is too long."),
  onContentPolicy: field(Links, "Tried only if a provider refuses the content."),
  policy: field(Policy, "For this chain; overrides all other policies."),
  dialect: field(
    Dialect,
    "What the models of this chain accept; overrides the dialects of their providers, in other chains too."
  )
})

const Store = Schema.String.check(
  Schema.makeFilter((store) => BenchStore.whyNot(store) ?? true, {
    toJsonSchema: () => [{ pattern: "^(memory$|file:|rediss?://|env:)" }, true]
  })
)

/** Node takes zero, and an infinite time, as no limit. */
const ServerTime = DurationInput.check(
  Schema.makeFilter(
    (input: string | number) => {
      const millis = millisOf(input) ?? 0
      return (millis >= 1 && millis <= 2 ** 31 - 1) || "expected a time from 1 ms to 24 days"
    },
    { toJsonSchema: () => [{}, true] }
  )
)

/** As browsers send it: a scheme, a host and a port, without a path. */
const Origin = Schema.String.check(
  Schema.makeFilter(
    (text) =>
      (URL.canParse(text) &&
        /^https?:$/.test(new URL(text).protocol) &&
        new URL(text).origin === text.toLowerCase()) ||
      'expected an origin such as "https://app.example", without a path',
    { toJsonSchema: () => ({ pattern: "^https?://[^/]+$" }) }
  )
)

const Server = Schema.Struct({
  host: field(Schema.NonEmptyString, "The address to listen on.", "127.0.0.1"),
  port: field(Port, "The port to listen on; 0 for any free port.", 8080),
  tokens: field(
    Schema.Union([Schema.Literal("none"), Schema.Array(HeaderText)]),
    'Tokens of the clients, or "none" to allow every caller. Without any the gateway listens on loopback only.'
  ),
  adminToken: field(HeaderText, "The token of the admin API; without it there is no admin API."),
  carrySecrets: field(
    Schema.Array(HeaderText),
    "Secrets that sign the data models leave in translated conversations: the first signs, all are accepted. Every replica needs the same. Default: the keys of the provider."
  ),
  wrongTokens: field(
    Schema.Union([
      Schema.Literal("unlimited"),
      Schema.Struct({
        tries: field(Positive, "Wrong tokens at once.", 60),
        per: field(ServerTime, "The time in which the same number is allowed again.", "1 minute")
      })
    ]),
    'Wrong tokens that one address may try; more get 429. A right token is always accepted. Or "unlimited".'
  ),
  maxBodyBytes: field(Positive, "The largest request, in bytes.", 32 * 1024 * 1024),
  maxBodiesBytes: field(
    Positive,
    "The most that the bodies of all requests in flight may take together, in bytes; more get 503.",
    256 * 1024 * 1024
  ),
  maxHeaderBytes: field(
    Positive,
    "The largest headers of a request, all together, in bytes; larger ones get 431.",
    16 * 1024
  ),
  maxConnections: field(
    Positive,
    "The most connections of clients, including idle ones; more are closed at once. Default: no limit."
  ),
  maxConcurrent: field(Positive, "The most requests to providers in flight; more get 503.", 10_000),
  timeouts: field(
    Schema.Struct({
      headers: field(ServerTime, "To send the headers of a request.", "30 seconds"),
      request: field(ServerTime, "To send a whole request, including its body.", "5 minutes"),
      stall: field(ServerTime, "Without reading, while there are bytes of an answer to read.", "1 minute")
    }),
    "Time limits of clients."
  ),
  drain: field(
    ServerTime,
    "How long the requests in flight may take when the gateway stops; then they are broken off.",
    "25 seconds"
  ),
  websocket: field(
    Schema.Union([
      Schema.Literal(false),
      Schema.Struct({
        connections: field(Positive, "The most open connections.", 256),
        idle: field(
          ServerTime,
          "The time without a request after which a connection is closed.",
          "10 minutes"
        )
      })
    ]),
    "Responses over WebSocket, which Codex tries first; false answers 426, and clients switch to HTTP."
  ),
  namedModelsOnly: field(Schema.Boolean, "Whether requests may name only the models in models.", false),
  cors: field(
    Schema.Array(Origin),
    "Web origins that may call /v1/… and read the answers, such as https://app.example. Default: none."
  ),
  allowedHosts: field(
    Schema.Array(Schema.NonEmptyString),
    "Additional host names that a gateway on loopback accepts for its pages, besides those of this machine.",
    []
  ),
  statusPage: field(
    Schema.Literals(["open", "admin", "off"]),
    "Who may see the status page: everyone who reaches the port (open), holders of the admin token (admin), or no one (off).",
    "open"
  ),
  affinity: field(
    Schema.Literals(["conversation", "named", "off"]),
    "What keeps a conversation at one of several equal targets: the client's key, or without one the start of the conversation; only the client's key; or nothing.",
    "conversation"
  )
})

/** What can be exported to a collector. */
const signals = ["traces", "metrics", "logs"] as const

const Telemetry = Schema.Struct({
  usage: field(
    Schema.Boolean,
    "Whether token usage is read from answers, for metrics and spans. Default: true if otlp exports traces."
  ),
  otlp: field(
    Schema.Struct({
      endpoint: required(
        Url,
        "The URL of the collector, without /v1/traces, /v1/metrics and /v1/logs, which are added."
      ),
      headers: field(
        Schema.Record(Schema.String, HeaderText),
        "Sent with every export, for the key of the collector."
      ),
      signals: field(Schema.NonEmptyArray(Schema.Literals(signals)), "What is exported.", signals),
      serviceName: field(Schema.NonEmptyString, "The service.name of all exports.", "effect-failover"),
      interval: field(DurationInput, "The interval of exports.", "10 seconds")
    }),
    "Exports spans, metrics and the log to a collector with OTLP over HTTP (JSON). A change needs a restart."
  )
})

const Log = Schema.Struct({
  format: field(Schema.Literals(["text", "json"]), "Readable lines, or one JSON object per line.", "text"),
  level: field(Schema.Literals(["debug", "info", "warn", "error", "none"]), "The minimum level.", "info"),
  requests: field(
    Schema.Union([Schema.Boolean, Schema.Literal("all")]),
    'One entry per request when it ends; "all" includes pages, health probes and scrapes.',
    false
  )
})

/** The whole file. */
export const ConfigFile = Schema.Struct({
  $schema: field(Schema.String, "The JSON Schema of this file, for editors."),
  providers: required(
    Schema.Record(Schema.String, Provider),
    "Providers by name: letters, digits, '.', '_' and '-'. The name is the first part of a model spec (openai/gpt-5.2)."
  ),
  models: field(
    Schema.Record(Schema.String, Schema.Union([...Links.members, VirtualModel])),
    "Chains of models by name, for callers."
  ),
  fallbacks: field(Links, "Specs and names that are added to the end of every chain."),
  policy: field(GlobalPolicy, "The global policy: how failures are handled."),
  bench: field(
    Schema.Struct({
      store: field(
        Store,
        '"memory", "file:PATH" to keep it across restarts, or "redis://…" to share it with other replicas.',
        "memory"
      ),
      prefix: field(
        Schema.NonEmptyString,
        "The prefix of the keys in Redis; replicas with the same prefix share the bench.",
        "effect-failover"
      )
    }),
    "Where the bench is kept."
  ),
  server: field(Server, "How the gateway listens, and who may call it."),
  telemetry: field(Telemetry, "Telemetry besides /metrics."),
  log: field(Log, "What the gateway logs to standard error.")
})

/** The whole file. */
export type ConfigFile = typeof ConfigFile.Type
