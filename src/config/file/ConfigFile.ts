/**
 * The shape of the config file.
 *
 * It says what may stand where. What the parts mean together (do the names lead somewhere, do protocols fit) is
 * looked at in `Semantics`.
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
      weight: field(Amount, "Its share of the requests, beside those of the others.", 1)
    })
  ])
).annotate({ identifier: "Equals", description: "Specs and names that count as the same." })

/** A list of specs, names and tiers of those that count as the same; or specs and names as one text with commas. */
const Links = Schema.Union([
  Schema.String,
  Schema.Array(
    Schema.Union([
      Schema.String,
      Members,
      Schema.Struct({
        equals: required(Members, "Specs and names that count as the same."),
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
    "Specs (provider/model) and names of other models, in the order in which they are tried; a list in the list holds those that count as the same."
  ),
  onContextExceeded: field(Links, "Tried when a prompt is too long, and for nothing else."),
  onContentPolicy: field(Links, "Tried when a provider refuses the content, and for nothing else."),
  policy: field(Policy, "For this chain, over all other policies."),
  dialect: field(
    Dialect,
    "What the models of this chain take, over the dialects of their providers; it holds for them in other chains too."
  )
})

const Store = Schema.String.check(
  Schema.makeFilter((store) => BenchStore.whyNot(store) ?? true, {
    toJsonSchema: () => [{ pattern: "^(memory$|file:|rediss?://|env:)" }, true]
  })
)

/** Zero would mean no limit to Node, and so would an endless time. */
const ServerTime = DurationInput.check(
  Schema.makeFilter(
    (input: string | number) => {
      const millis = millisOf(input) ?? 0
      return (millis >= 1 && millis <= 2 ** 31 - 1) || "expected a time from 1 ms to 24 days"
    },
    { toJsonSchema: () => [{}, true] }
  )
)

/** As browsers send it: a scheme, a host and a port, and nothing behind them. */
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
  port: field(Port, "The port to listen on; 0 is any free one.", 8080),
  tokens: field(
    Schema.Union([Schema.Literal("none"), Schema.Array(HeaderText)]),
    'Tokens of the clients, or "none" to let everybody in. Without any the gateway listens on loopback only.'
  ),
  adminToken: field(HeaderText, "Opens the admin API; without it there is none."),
  carrySecrets: field(
    Schema.Array(HeaderText),
    "Secrets with which is signed what a model leaves in a translated conversation: the first signs, all are believed. Every replica needs the same. Default: the keys of the provider."
  ),
  wrongTokens: field(
    Schema.Union([
      Schema.Literal("unlimited"),
      Schema.Struct({
        tries: field(Positive, "So many at once.", 60),
        per: field(ServerTime, "From then on so many more in this time.", "1 minute")
      })
    ]),
    'Wrong tokens that one address may try; more are answered 429. The right one is always taken. Or "unlimited".'
  ),
  maxBodyBytes: field(Positive, "The largest request, in bytes.", 32 * 1024 * 1024),
  maxBodiesBytes: field(
    Positive,
    "What the bodies of all requests in flight may take together, in bytes; more are answered 503.",
    256 * 1024 * 1024
  ),
  maxHeaderBytes: field(
    Positive,
    "The largest headers of a request, all together; larger ones are answered 431.",
    16 * 1024
  ),
  maxConnections: field(
    Positive,
    "Connections of clients, idle ones too; more are closed as they come. Without it there is no bound."
  ),
  maxConcurrent: field(
    Positive,
    "Requests to providers that may be in flight at once; more are answered 503.",
    10_000
  ),
  timeouts: field(
    Schema.Struct({
      headers: field(ServerTime, "For the headers of a request.", "30 seconds"),
      request: field(ServerTime, "For a whole request, its body included.", "5 minutes"),
      stall: field(ServerTime, "Without taking anything of an answer that is there for them.", "1 minute")
    }),
    "How long clients may take."
  ),
  websocket: field(
    Schema.Union([
      Schema.Literal(false),
      Schema.Struct({
        connections: field(Positive, "So many may be open at once.", 256),
        idle: field(ServerTime, "One on which nothing is asked for so long is closed.", "10 minutes")
      })
    ]),
    "Responses over WebSocket, as Codex asks for them first; false answers 426, and clients take HTTP."
  ),
  namedModelsOnly: field(Schema.Boolean, "Whether requests may ask for the names in models only.", false),
  cors: field(
    Schema.Array(Origin),
    "Origins of web pages that may call /v1/… and read the answers, such as https://app.example. None when nothing is said."
  ),
  allowedHosts: field(
    Schema.Array(Schema.NonEmptyString),
    "Names, besides those of this machine, by which a browser may ask a gateway on loopback for its pages.",
    []
  ),
  statusPage: field(
    Schema.Literals(["open", "admin", "off"]),
    "Who may see the status page: everybody who reaches the port, holders of the admin token, or nobody.",
    "open"
  ),
  affinity: field(
    Schema.Literals(["conversation", "named", "off"]),
    "What keeps a conversation at one of the targets that count as the same: the key that its client names, else how it begins; only the client's key; or nothing.",
    "conversation"
  )
})

/** What can be sent to a collector. */
const signals = ["traces", "metrics", "logs"] as const

const Telemetry = Schema.Struct({
  usage: field(
    Schema.Boolean,
    "Whether answers are read for the tokens they say they took, for metrics and spans. Default: if there is an otlp that takes spans."
  ),
  otlp: field(
    Schema.Struct({
      endpoint: required(
        Url,
        "Where the collector listens, without /v1/traces, /v1/metrics and /v1/logs, which are added."
      ),
      headers: field(
        Schema.Record(Schema.String, HeaderText),
        "Sent with every export; the place for the collector's key."
      ),
      signals: field(Schema.NonEmptyArray(Schema.Literals(signals)), "What is sent.", signals),
      serviceName: field(Schema.NonEmptyString, "The service.name of all of it.", "effect-failover"),
      interval: field(DurationInput, "How often it is sent.", "10 seconds")
    }),
    "Spans, metrics and the log go to a collector that speaks OTLP over HTTP (JSON). A change needs a restart."
  )
})

const Log = Schema.Struct({
  format: field(Schema.Literals(["text", "json"]), "Readable lines, or one JSON object per line.", "text"),
  level: field(
    Schema.Literals(["debug", "info", "warn", "error", "none"]),
    "The least level that is written.",
    "info"
  ),
  requests: field(
    Schema.Union([Schema.Boolean, Schema.Literal("all")]),
    'One entry for every request when it ends; "all" includes pages, health probes and scrapes.',
    false
  )
})

/** The whole file. */
export const ConfigFile = Schema.Struct({
  $schema: field(Schema.String, "Where the JSON Schema of this file is, for editors."),
  providers: required(
    Schema.Record(Schema.String, Provider),
    "Who answers, by name: letters, digits, '.', '_' and '-'. The name is the first part of a model spec (openai/gpt-5.2)."
  ),
  models: field(
    Schema.Record(Schema.String, Schema.Union([...Links.members, VirtualModel])),
    "Names for chains of models: what callers ask for."
  ),
  fallbacks: field(Links, "Specs and names that follow at the end of every chain."),
  policy: field(GlobalPolicy, "What is done about failures, for everything."),
  bench: field(
    Schema.Struct({
      store: field(
        Store,
        '"memory" of the process, "file:PATH" to go on after a restart, or "redis://…" to share it with other replicas.',
        "memory"
      ),
      prefix: field(
        Schema.NonEmptyString,
        "Of the keys in Redis; replicas that share it share the bench.",
        "effect-failover"
      )
    }),
    "What rests, and until when."
  ),
  server: field(Server, "How the gateway listens, and to whom."),
  telemetry: field(Telemetry, "Who hears of requests besides /metrics, and of what."),
  log: field(Log, "What the gateway writes to standard error.")
})

/** The whole file. */
export type ConfigFile = typeof ConfigFile.Type
