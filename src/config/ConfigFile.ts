/**
 * The shape of the config file.
 *
 * It says what may stand where. What the parts mean together (do the names lead somewhere, do protocols fit) is
 * looked at in `Semantics`.
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { CredentialName } from "../core/Credential.ts"
import { type FailureClass, failureClasses } from "../core/Failure.ts"
import { presetNames } from "../core/Presets.ts"
import { strategies } from "../core/Strategy.ts"
import * as BenchStore from "./BenchStore.ts"

const opt = Schema.optionalKey

const atLeast = (minimum: number, expected: string) =>
  Schema.makeFilter<number>((n) => n >= minimum || `expected ${expected}`)

const Count = Schema.Int.check(atLeast(0, "a whole number from 0"))
const Positive = Schema.Int.check(atLeast(1, "a whole number from 1"))
const Share = Schema.Finite.check(
  Schema.makeFilter((n) => (n >= 0 && n <= 1) || "expected a number from 0 to 1")
)

/** A duration as Effect reads it (`"250 millis"`, `"2 minutes"`), or a number of milliseconds. */
export const DurationInput = Schema.Union([Schema.String, Schema.Finite]).check(
  Schema.makeFilter(
    (input) =>
      millisOf(input) !== undefined ||
      'expected a duration such as "250 millis" or "2 minutes", or a number of milliseconds'
  )
)

/** A duration of the file in milliseconds; `undefined` when it is none, or a negative one. */
export const millisOf = (input: string | number): number | undefined => {
  const duration = Duration.fromInput(input as Duration.Input)
  const millis = duration._tag === "Some" ? Duration.toMillis(duration.value) : Number.NaN
  return millis >= 0 ? millis : undefined
}

const Cooldown = Schema.Struct({ base: opt(DurationInput), max: opt(DurationInput) })

const Retries = Schema.Struct({
  /** Retries, not attempts. */
  times: opt(Count),
  /** The longest wait before the first retry, before the second, … */
  backoff: opt(Schema.NonEmptyArray(DurationInput))
})

const Rest = Schema.Struct({
  scope: opt(Schema.Literals(["target", "credential", "model", "provider"])),
  threshold: opt(Positive),
  base: opt(DurationInput),
  max: opt(DurationInput)
})

const Rule = Schema.Struct({
  retry: opt(Schema.Union([Schema.Literals(["never", "afterWait", "withoutTokenCap"]), Retries])),
  /** `null` for no rest at all. */
  rest: opt(Schema.NullOr(Rest)),
  next: opt(Schema.Literals(["credential", "place", "model", "stop"]))
})

const rules = Object.fromEntries(failureClasses.map((name) => [name, opt(Rule)])) as {
  readonly [C in FailureClass]: Schema.optionalKey<typeof Rule>
}

const policy = {
  /** A behaviour by its name; what stands beside it is laid over it. */
  preset: opt(Schema.Literals(presetNames)),
  patience: opt(DurationInput),
  deadline: opt(DurationInput),
  attempts: opt(Positive),
  reserve: opt(Share),
  whenAllBenched: opt(Schema.Literals(["tryAnyway", "wait", "fail"])),
  commit: opt(
    Schema.Union([Schema.Literals(["firstContent", "complete"]), Schema.Struct({ chunks: Positive })])
  ),
  timeouts: opt(
    Schema.Struct({
      connect: opt(DurationInput),
      headers: opt(DurationInput),
      firstContent: opt(DurationInput),
      idle: opt(DurationInput),
      answer: opt(DurationInput)
    })
  ),
  malformedEvents: opt(Schema.Literals(["fail", "drop"])),
  retries: opt(Retries),
  threshold: opt(Schema.Struct({ transient: opt(Positive), unknown: opt(Positive) })),
  cooldown: opt(
    Schema.Struct({
      transient: opt(Cooldown),
      rateLimit: opt(Cooldown),
      authDead: opt(Cooldown),
      modelMissing: opt(Cooldown)
    })
  ),
  rules: opt(Schema.Struct(rules))
}

/** What may be said of a policy, of everything, a provider, a model or a chain. */
export const Policy = Schema.Struct(policy)

/** The policy of everything, which also has the retry budget of the process: retries per request, in the long run. */
const GlobalPolicy = Schema.Struct({
  ...policy,
  retries: opt(
    Schema.Struct({
      ...Retries.fields,
      budget: opt(Schema.Finite.check(atLeast(0, "a number from 0")))
    })
  )
})

/** What goes into a header. */
const HeaderText = Schema.String.check(
  Schema.makeFilter(
    (text) =>
      /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) || "expected visible ASCII characters only"
  )
)

const Url = Schema.String.check(
  Schema.makeFilter(
    (text) =>
      (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) ||
      'expected an http or https URL such as "https://api.openai.com/v1"'
  )
)

const Credential = Schema.Struct({
  name: CredentialName,
  apiKey: opt(HeaderText),
  baseUrl: opt(Url),
  enabled: opt(Schema.Boolean),
  weight: opt(Schema.Finite.check(atLeast(0, "a number from 0"))),
  rpm: opt(Positive)
})

const Provider = Schema.Struct({
  protocol: Schema.Literals(["openai", "anthropic"]),
  baseUrl: opt(Url),
  strategy: opt(Schema.Literals(strategies)),
  credentials: opt(Schema.Array(Credential)),
  fallbackModels: opt(Schema.Array(Schema.NonEmptyString)),
  policy: opt(Policy),
  models: opt(
    Schema.Record(Schema.String, Schema.Struct({ contextWindow: opt(Positive), policy: opt(Policy) }))
  ),
  /** Protocol `openai` only: `"api-key"` sends the key in that header, as Azure wants it. */
  auth: opt(Schema.Literals(["bearer", "api-key"])),
  /** Protocol `openai` only: `false` where the server has no responses, so that its chats are asked for them. */
  responses: opt(Schema.Boolean),
  /** Sent with every request. */
  headers: opt(Schema.Record(Schema.String, HeaderText)),
  /** Added to every address, as Azure's `api-version`. */
  query: opt(Schema.Record(Schema.String, Schema.String))
})

/** A list of specs and names, or the same as one text with commas. */
const Links = Schema.Union([Schema.String, Schema.Array(Schema.String)])

const VirtualModel = Schema.Struct({
  chain: Links,
  onContextExceeded: opt(Links),
  onContentPolicy: opt(Links),
  policy: opt(Policy)
})

const Store = Schema.String.check(Schema.makeFilter((store) => BenchStore.whyNot(store) ?? true))

/** Zero would mean no limit to Node, and so would an endless time. */
const ServerTime = DurationInput.check(
  Schema.makeFilter((input: string | number) => {
    const millis = millisOf(input) ?? 0
    return (millis >= 1 && millis <= 2 ** 31 - 1) || "expected a time from 1 ms to 24 days"
  })
)

const Server = Schema.Struct({
  host: opt(Schema.NonEmptyString),
  port: opt(
    Schema.Int.check(Schema.makeFilter((n) => (n >= 0 && n <= 65535) || "expected a port from 0 to 65535"))
  ),
  tokens: opt(Schema.Union([Schema.Literal("none"), Schema.Array(HeaderText)])),
  adminToken: opt(HeaderText),
  maxBodyBytes: opt(Positive),
  /** The largest headers of a request, all together; larger ones are answered 431. */
  maxHeaderBytes: opt(Positive),
  /** Requests to providers that may be in flight at once; more are answered 503. */
  maxConcurrent: opt(Positive),
  /** How long clients may take: for their headers, for a whole request, and between two reads of their answer. */
  timeouts: opt(
    Schema.Struct({ headers: opt(ServerTime), request: opt(ServerTime), stall: opt(ServerTime) })
  ),
  namedModelsOnly: opt(Schema.Boolean),
  /** Who may see the status page: everybody who reaches the port, holders of the admin token, or nobody. */
  statusPage: opt(Schema.Literals(["open", "admin", "off"]))
})

const Telemetry = Schema.Struct({
  otlp: opt(
    Schema.Struct({
      endpoint: Url.annotate({
        description: "Where the collector listens, without /v1/traces and /v1/metrics, which are added."
      }),
      headers: opt(
        Schema.Record(Schema.String, HeaderText).annotate({
          description: "Sent with every export; the place for the collector's key."
        })
      ),
      serviceName: opt(
        Schema.NonEmptyString.annotate({
          description: 'The service.name of all of it. Default "effect-failover".'
        })
      ),
      interval: opt(DurationInput.annotate({ description: "How often it is sent. Default 10 seconds." }))
    }).annotate({ description: "Metrics and spans go to a collector that speaks OTLP over HTTP (JSON)." })
  )
}).annotate({ description: "Who hears of requests besides /metrics. A change needs a restart." })

const Log = Schema.Struct({
  format: opt(
    Schema.Literals(["text", "json"]).annotate({
      description: "Readable lines, or one JSON object per line. Default text."
    })
  ),
  level: opt(
    Schema.Literals(["debug", "info", "warn", "error", "none"]).annotate({
      description: "The least level that is written. Default info."
    })
  ),
  requests: opt(
    Schema.Boolean.annotate({
      description: "One line for every request when its answer begins. Default false."
    })
  )
}).annotate({ description: "What the gateway writes to standard error. A change needs a restart." })

/** The whole file. */
export const ConfigFile = Schema.Struct({
  $schema: opt(Schema.String),
  providers: Schema.Record(Schema.String, Provider),
  models: opt(
    Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Array(Schema.String), VirtualModel]))
  ),
  fallbacks: opt(Links),
  policy: opt(GlobalPolicy),
  bench: opt(Schema.Struct({ store: opt(Store), prefix: opt(Schema.NonEmptyString) })),
  server: opt(Server),
  telemetry: opt(Telemetry),
  log: opt(Log)
})

/** The whole file. */
export type ConfigFile = typeof ConfigFile.Type
