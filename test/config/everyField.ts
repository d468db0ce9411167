/** A config file with a value other than the default in every field, and the config without each of them. */
import type * as SchemaAST from "effect/SchemaAST"
import { ConfigFile } from "../../src/config/file/ConfigFile.ts"
import { fromFile, type GatewayConfig } from "../../src/config/GatewayConfig.ts"
import { failureClasses } from "../../src/failure/Failure.ts"

const rest = { scope: "provider", threshold: 7, base: "7 seconds", max: "70 seconds" } as const
const retries = { times: 5, backoff: ["3 seconds"] } as const
const cooldown = { base: "8 seconds", max: "80 seconds" } as const

const policy = {
  preset: "threeAttempts",
  maxWait: "4 seconds",
  deadline: "4 minutes",
  attempts: 4,
  targets: 6,
  fallbackReserve: 0.4,
  whenAllBenched: "fail",
  commit: { chunks: 4 },
  timeouts: { connect: 4, headers: 40, firstContent: 400, queue: 800, idle: 4000, answer: 40_000 },
  malformedEvents: "drop",
  ejection: { window: "7 seconds", attempts: 7, share: 0.7, above: 0.07, mostOut: 0.17 },
  learnedLimit: { decrease: 0.1, period: 64, memory: "5 minutes" },
  hedge: { after: "p97", otherwise: "300 millis", share: 0.07, to: "chain" },
  retries,
  threshold: { transient: 6, unknown: 9 },
  cooldown: { transient: cooldown, rateLimit: cooldown, authDead: cooldown, modelMissing: cooldown }
} as const

const rules = Object.fromEntries(
  failureClasses.map((name) => [name, { retry: retries, rest, next: "stop" }])
) as { readonly [C in (typeof failureClasses)[number]]: unknown } & object

/** A dialect in which every rule differs from the recognized one. */
const dialect = {
  row: "vllm",
  apply: "always",
  system: "anywhere",
  developerRole: true,
  mergeTurns: false,
  afterToolResult: "assistant",
  prefill: "prefix",
  resultNames: true,
  callIdCharacters: "a-z0-9",
  systemTurns: false,
  callIdShortest: 12,
  callIdLongest: 12,
  toolNameCharacters: "a-z",
  toolNameLongest: 32,
  schemaTop: "any",
  schemaItems: "optional",
  schemaRefused: ["format"],
  propertyNameCharacters: "a-z_",
  propertyNameLongest: 20,
  propertyNames: "everywhere",
  thoughtFields: ["thought"],
  thoughtsBack: "always",
  thoughtField: "thought",
  thinkTags: "leading",
  signatures: "own",
  callExtras: ["extra"],
  unsignedCalls: "marked",
  messageExtras: ["details"],
  tokenCap: "max_completion_tokens",
  effort: false,
  efforts: ["low"],
  cacheKey: true,
  schemaEnums: "strings",
  schemaRequired: "defined",
  sampling: false,
  stops: false,
  streamOptions: false,
  parallelToolCalls: false,
  metadata: false,
  serviceTier: false,
  strict: false,
  forcedCalls: false,
  jsonSchema: "tool",
  jsonObject: false,
  cacheTtl: false,
  routing: false,
  thinking: "budget",
  images: false,
  documents: "url",
  audio: false,
  cacheControl: true,
  requestCache: true,
  betas: ["one"],
  finishWords: { DONE: "stop" },
  usageFields: { cacheRead: "a", cacheWrite: "b", thinking: "c" },
  emptyAnswer: "answer"
} as const

/** With `rules`, and without them where they would override other fields. */
export const make = (options: { readonly rules: boolean }): ConfigFile => {
  const own = options.rules ? { ...policy, rules } : policy
  return {
    $schema: "here",
    providers: {
      a: {
        protocol: "openai",
        baseUrl: "https://secret-user:secret-word@a.example/v1?sig=secret-signature",
        strategy: "weighted",
        credentials: [
          {
            name: "main",
            apiKey: "secret-key",
            baseUrl: "https://other.example/v1?sig=secret-other",
            enabled: false,
            weight: 3,
            rpm: 30
          }
        ],
        fallbackModels: ["small"],
        policy: own,
        models: { large: { contextWindow: 1000, policy: own, dialect } },
        dialect,
        auth: "api-key",
        responses: false,
        maxEventBytes: 7,
        maxAnswerBytes: 77,
        headers: { "x-team": "secret-team" },
        query: { version: "secret-version" }
      }
    },
    models: {
      one: "a/large",
      both: ["a/large", "a/small", ...tiers],
      long: {
        chain: ["a/large", "a/small", ...tiers],
        onContextExceeded: ["a/huge", ...tiers],
        onContentPolicy: ["a/mild", ...tiers],
        policy: own,
        dialect
      }
    },
    fallbacks: ["a/last", ...tiers],
    policy: { ...own, retries: { ...retries, budget: 0.7 } },
    bench: { store: "redis://secret-user:secret-word@redis.example/3", prefix: "mine" },
    server: {
      host: "127.0.0.7",
      port: 7,
      tokens: ["secret-token"],
      adminToken: "secret-admin",
      carrySecrets: ["secret-carry"],
      wrongTokens: { tries: 7, per: "7 seconds" },
      maxBodyBytes: 7,
      maxBodiesBytes: 77_777,
      maxHeaderBytes: 77,
      maxConnections: 7_777,
      maxConcurrent: 777,
      timeouts: { headers: 7, request: 77, stall: 777 },
      drain: "77 seconds",
      websocket: { connections: 7, idle: "7 seconds" },
      namedModelsOnly: true,
      allowedHosts: ["gateway.example"],
      cors: ["https://app.example"],
      statusPage: "off",
      affinity: "named"
    },
    telemetry: {
      usage: false,
      otlp: {
        endpoint: "https://secret-user:secret-word@collector.example/in?key=secret-query",
        headers: { "x-key": "secret-collector" },
        signals: ["traces"],
        serviceName: "mine",
        interval: "7 seconds"
      }
    },
    log: { format: "json", level: "warn", requests: true }
  } as ConfigFile
}

/** Equals in a chain, in every form. */
const tiers = [
  ["a/large", { model: "a/small", weight: 2 }],
  { equals: ["a/large", { model: "a/small", weight: 3 }], strategy: "random" }
] as const

/** A path in the file; names chosen by the user, and items of a list, are `*`. */
type Place = ReadonlyArray<string>

/** Every path of the file without paths below it. */
export const places: ReadonlyArray<Place> = (() => {
  const found = new Map<string, Place>()
  const walk = (ast: SchemaAST.AST, path: Place): void => {
    switch (ast._tag) {
      case "Union":
        for (const member of ast.types) walk(member, path)
        return
      case "Arrays":
        for (const item of [...ast.elements, ...ast.rest]) walk(item, [...path, "*"])
        return
      case "Objects":
        for (const { name, type } of ast.propertySignatures) walk(type, [...path, String(name)])
        for (const { type } of ast.indexSignatures) walk(type, [...path, "*"])
        return
      default:
        found.set(path.join("."), path)
    }
  }
  walk(ConfigFile.ast, [])
  return [...found.values()]
})()

/** The config without a path of its file; `undefined` if the file has nothing there. */
export const without = (file: ConfigFile, place: Place): GatewayConfig | undefined => {
  let isFound = false
  const walk = (node: unknown, [name, ...more]: Place): unknown => {
    if (typeof node !== "object" || node === null || name === undefined) return node
    const entries = Object.entries(node).flatMap(([key, value]): ReadonlyArray<[string, unknown]> => {
      if (name === "*" ? ofTiers.has(key) : name !== key) return [[key, value]]
      if (more.length > 0) return [[key, walk(value, more)]]
      isFound = true
      return required.has(place.join(".")) || key === "model" || key === "chunks" ? [[key, other(value)]] : []
    })
    return Array.isArray(node) ? entries.map(([, value]) => value) : Object.fromEntries(entries)
  }
  const changed = walk(file, place) as ConfigFile
  return isFound ? fromFile(changed, []) : undefined
}

/** Fields of the objects in a chain, which are not names chosen by the user. */
const ofTiers = new Set(["equals", "strategy", "model", "weight"])

/** Paths that cannot be left out. They get another value. */
const required = new Set([
  "providers.*.protocol",
  "providers.*.credentials.*.name",
  "models.*.chain",
  "telemetry.otlp.endpoint"
])

const other = (value: unknown): unknown => {
  if (typeof value === "number") return value + 1
  return value === "openai"
    ? "anthropic"
    : String(value).replace(".example", ".other.example").concat("-other")
}
