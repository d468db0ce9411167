import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as Load from "../../src/config/Load.ts"
import * as Policy from "../../src/policy/Policy.ts"
import { fault } from "../support/engine.ts"

const env = {
  KEY: "sk-secret-1",
  ADMIN: "let-me-do-it",
  KEY_2: "sk-secret-2",
  TOKEN: "let-me-in",
  BASE: "http://127.0.0.1:9/v1",
  BLANK: " "
}

const load = (config: unknown, folder = "/", variables: Record<string, string> = env) =>
  Load.parse(typeof config === "string" ? config : JSON.stringify(config, null, 2), {
    file: "gateway.jsonc",
    folder
  }).pipe(Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(variables))))

const problems = (config: unknown, variables?: Record<string, string>, folder = "/") =>
  Effect.map(Effect.flip(load(config, folder, variables)), (error) =>
    error.problems.map(({ message, path }) => `${path}: ${message}`)
  )

const paths = (config: unknown) =>
  Effect.map(Effect.flip(load(config)), (error) => error.problems.map(({ path }) => path))

const openai = { protocol: "openai", credentials: [{ name: "main", apiKey: "env:KEY" }] }

describe("a config file", () => {
  it.effect("is JSON with comments and trailing commas", () =>
    Effect.gen(function* () {
      const config = yield* load(`{
        // where requests go
        "providers": { "openai": { "protocol": "openai", /* a local server */ "baseUrl": "http://127.0.0.1:11434/v1", }, },
      }`)
      assert.deepStrictEqual(
        config.providers.map(({ baseUrl, name }) => [name, baseUrl]),
        [["openai", "http://127.0.0.1:11434/v1"]]
      )
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("reports syntax errors with their lines", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(load('{\n  "providers": { "a" 1 },\n  "models": tru\n}'))
      assert.includeMembers(
        error.problems.map(({ line }) => line),
        [2, 3]
      )
      assert.isTrue(error.problems.every(({ message }) => message.startsWith("not JSON: ")))
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("reads everything the contract lists", () =>
    Effect.gen(function* () {
      const config = yield* load({
        providers: {
          openai: {
            protocol: "openai",
            baseUrl: "env:BASE",
            strategy: "roundRobin",
            credentials: [
              { name: "primary", apiKey: "env:KEY" },
              {
                name: "backup",
                apiKey: "env:KEY_2",
                rpm: 60,
                weight: 3,
                enabled: false,
                baseUrl: "https://other.test/v1"
              }
            ],
            fallbackModels: ["gpt-4.1"],
            policy: { maxWait: "1 second" },
            models: { "gpt-5.2": { contextWindow: 400000, policy: { attempts: 2 } } }
          },
          local: { protocol: "openai" }
        },
        models: {
          smart: ["openai/gpt-5.2", "local/llama"],
          cheap: "local/llama, openai/gpt-5-mini",
          long: {
            chain: "smart",
            onContextExceeded: ["openai/long"],
            onContentPolicy: [],
            policy: { deadline: 5000 }
          }
        },
        fallbacks: ["local/last"],
        policy: {
          maxWait: "3 seconds",
          whenAllBenched: "wait",
          deadline: "10 minutes",
          commit: { chunks: 3 },
          timeouts: { connect: "5 seconds", idle: 1500 },
          retries: { times: 1, backoff: ["500 millis"], budget: 0.5 },
          attempts: 4,
          threshold: { transient: 2 },
          malformedEvents: "drop",
          cooldown: { rateLimit: { base: "1 second", max: "2 seconds" } },
          rules: { ContentPolicy: { next: "model" }, Unknown: { rest: null } }
        },
        bench: { store: "memory" },
        server: {
          host: "0.0.0.0",
          port: 0,
          tokens: ["env:TOKEN"],
          adminToken: "env:ADMIN",
          maxBodyBytes: 1000
        }
      })
      const [first, local] = config.providers
      assert.strictEqual(first?.baseUrl, env.BASE)
      assert.deepStrictEqual(
        first?.credentials.map(({ apiKey, enabled, name, weight }) => [
          name,
          apiKey && Redacted.value(apiKey),
          enabled,
          weight
        ]),
        [
          ["primary", env.KEY, true, 1],
          ["backup", env.KEY_2, false, 3]
        ]
      )
      assert.deepStrictEqual(
        local?.credentials.map(({ apiKey, name }) => [name, apiKey]),
        [["default", undefined]]
      )
      assert.deepStrictEqual(config.models.cheap?.chain, ["local/llama", "openai/gpt-5-mini"])
      assert.deepStrictEqual(config.models.long?.chain, ["smart"])
      assert.strictEqual(config.retryBudget, 0.5)
      const policy = Policy.make(config.policy)
      assert.deepInclude(policy, { maxWait: 3000, deadline: 600_000, attempts: 4, whenAllBenched: "wait" })
      assert.deepStrictEqual(policy.commit, { _tag: "Chunks", count: 3 })
      assert.deepInclude(policy.timeouts, {
        connect: 5000,
        idle: 1500,
        answer: Policy.defaults.timeouts.answer
      })
      assert.deepInclude(policy.rules.RateLimit.rest, { base: 1000, max: 2000 })
      assert.strictEqual(policy.rules.Overloaded.rest?.threshold, 2)
      assert.strictEqual(policy.rules.ContentPolicy.next, "model")
      assert.isUndefined(policy.rules.Unknown.rest)
      assert.isTrue(config.server.tokens !== "none" && config.server.tokens.length === 1)
      assert.isFalse(JSON.stringify(config).includes("secret"), "keys stay redacted")
      assert.strictEqual(config.providers[0]?.credentials[1]?.rpm, 60)
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("keeps the defaults of the policy for absent fields", () =>
    Effect.gen(function* () {
      const config = yield* load({ providers: { openai }, policy: { retries: { budget: 0.1 } } })
      assert.deepStrictEqual(Policy.make(config.policy), Policy.defaults)
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("means two retries if only delays are set, for all failures or for one", () =>
    Effect.gen(function* () {
      const retries = { backoff: ["1 second"] }
      const rules = { Empty: { retry: { backoff: ["1 second"] } } }
      for (const policy of [{ retries }, { rules }]) {
        const { retry } = Policy.make((yield* load({ providers: { openai }, policy })).policy).rules.Empty
        assert(typeof retry !== "string")
        let attempts = 0
        const failing = Effect.suspend(() => {
          attempts++
          return Effect.fail(fault())
        })
        const asking = yield* Effect.forkChild(Effect.exit(Effect.retry(failing, retry)))
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(asking)
        assert.strictEqual(attempts, 3)
      }
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("with ten mistakes lists all ten, with their paths and in its order", () =>
    Effect.gen(function* () {
      const found = yield* paths({
        providers: {
          openai: {
            protocol: "openai",
            credentials: [
              { name: "primary", apiKey: "env:MISSING" },
              { name: "primary", weight: -1 }
            ],
            strategy: "sequental",
            policy: { maxWait: "soon" },
            models: { "gpt-5.2": { contextWindow: "400k" } }
          },
          anthropic: { protocol: "anthropic", baseURL: "https://api.anthropic.com" }
        },
        models: { smart: ["openai/gpt-5.2", "anthropic/claude"], a: "b", b: ["a"] },
        fallbacks: ["opnai/gpt-4.1"],
        bench: { store: "disk" }
      })
      assert.deepStrictEqual(found, [
        "providers.openai.credentials[0].apiKey",
        "providers.openai.credentials[1].name",
        "providers.openai.credentials[1].weight",
        "providers.openai.strategy",
        "providers.openai.policy.maxWait",
        'providers.openai.models["gpt-5.2"].contextWindow',
        "providers.anthropic.baseURL",
        "models.a",
        "fallbacks[0]",
        "bench.store"
      ])
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("names a variable that is not set, or empty, and a file that is not there", () =>
    Effect.gen(function* () {
      const credentials = ["env:MISSING", "env:BLANK", "file:secrets/none", "env:", "file: "].map(
        (apiKey, index) => ({
          name: `k${index}`,
          apiKey
        })
      )
      const found = yield* problems({ providers: { openai: { protocol: "openai", credentials } } })
      assert.strictEqual(found.length, 5)
      assert.include(found[3], "credentials[3].apiKey: env: names no variable")
      assert.include(found[4], "credentials[4].apiKey: file: names no file")
      assert.include(found[0], "MISSING is not set")
      assert.include(found[1], "BLANK is empty")
      assert.include(found[2], "secrets/none cannot be read")
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("names headers that cannot be sent", () =>
    Effect.gen(function* () {
      const headers = { "x y": "1", "": "2", "Content-Length": "3", "x-ok": "4" }
      const provider = { protocol: "openai", headers }
      const found = yield* problems({
        providers: { a: provider },
        telemetry: { otlp: { endpoint: "http://x", headers: { é: "1" } } }
      })
      assert.deepStrictEqual(
        found.map((line) => line.replace(/ \(line.*$/, "")),
        [
          'providers.a.headers["x y"]: is not the name of a header',
          'providers.a.headers[""]: is not the name of a header',
          "providers.a.headers.Content-Length: is set by the gateway itself",
          'telemetry.otlp.headers["é"]: is not the name of a header'
        ]
      )
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("reads a referenced text as a number or a boolean where one is required", () =>
    Effect.gen(function* () {
      const given = {
        providers: {
          openai: {
            protocol: "openai",
            credentials: [{ name: "main", apiKey: "env:DIGITS", weight: "env:WEIGHT", enabled: "env:YES" }]
          }
        },
        server: { port: "env:DIGITS", tokens: ["env:DIGITS"] }
      }
      const { providers, server } = yield* load(given, "/", { DIGITS: "8081", WEIGHT: "0.5", YES: "true" })
      assert.strictEqual(server.port, 8081)
      assert.deepInclude(providers[0]!.credentials[0], { weight: 0.5, enabled: true })
      assert.strictEqual(Redacted.value(providers[0]!.credentials[0].apiKey!), "8081", "a key is a text")
      const literal = yield* problems({ ...given, providers: {}, server: { port: "8081" } })
      assert.isTrue(literal.some((problem) => problem.startsWith("server.port: ")))
      const absent = yield* problems({
        providers: { a: { protocol: "openai" } },
        server: { port: "env:MISSING" }
      })
      assert.lengthOf(absent, 1)
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("takes secrets from files beside it, without the line feed at their end", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      writeFileSync(join(folder, "key"), "sk-from-file\n")
      const credentials = [{ name: "main", apiKey: "file:key" }]
      const config = yield* load({ providers: { openai: { protocol: "openai", credentials } } }, folder)
      assert.strictEqual(Redacted.value(config.providers[0]!.credentials[0].apiKey!), "sk-from-file")
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("reads no device, pipe or folder as a secret, and no file beyond the limit", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      writeFileSync(join(folder, "large"), "x".repeat(70_000))
      execFileSync("mkfifo", [join(folder, "pipe")])
      const credentials = ["/dev/zero", "/dev/urandom", "pipe", ".", "large", "/dev/null"].map(
        (path, index) => ({
          name: `k${index}`,
          apiKey: `file:${path}`
        })
      )
      const found = yield* problems(
        { providers: { openai: { protocol: "openai", credentials } } },
        undefined,
        folder
      )
      assert.lengthOf(found, 6)
      for (const index of [0, 1, 2, 5]) assert.include(found[index], "is not a regular file")
      assert.include(found[3], "cannot be read")
      assert.include(found[4], "larger than 65536 bytes")
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.live("reads a config file only up to the limit, even if it never ends", () =>
    Effect.gen(function* () {
      for (const path of ["/dev/zero", "/dev/urandom"]) {
        const error = yield* Effect.flip(Load.load(path))
        assert.include(error.message, "larger than 16777216 bytes")
      }
      for (const [path, word] of [
        ["/nowhere", "there is no such file"],
        [".", "it cannot be read"],
        ["/dev/null", ""]
      ] as const) {
        assert.include((yield* Effect.flip(Load.load(path))).message, word)
      }
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("repeats no value in a message, because it may be a key", () =>
    Effect.gen(function* () {
      const key = "sk-very-secret with a\nline feed"
      const found = yield* problems({
        providers: {
          openai: {
            protocol: key,
            credentials: [{ name: key, apiKey: key, weight: key }, key],
            baseUrl: key,
            policy: { maxWait: key }
          }
        },
        server: { port: key, tokens: key }
      })
      assert.isAbove(found.length, 6)
      assert.isFalse(found.some((line) => line.includes("very-secret")))
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("refuses a base URL with a host from requests", () =>
    Effect.gen(function* () {
      const at = (baseUrl: string) => problems({ providers: { azure: { protocol: "openai", baseUrl } } })
      const azure = { protocol: "openai", baseUrl: "https://r.example/deployments/{model}" }
      yield* load({ providers: { azure } })
      for (const baseUrl of ["https://{model}/v1", "https://{model}.r.example/v1", "http://%7Bmodel%7D"]) {
        const [found] = yield* at(baseUrl)
        assert.match(found ?? "", /^providers\.azure\.baseUrl: /, baseUrl)
      }
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("refuses an admin token that is also a client token, wherever they were read from", () =>
    Effect.gen(function* () {
      const found = yield* problems({
        providers: { openai },
        server: { tokens: ["env:KEY", "env:TOKEN"], adminToken: "let-me-in" }
      })
      assert.lengthOf(found, 1)
      assert.match(found[0]!, /^server\.adminToken: is also a client token/)
      assert.notInclude(found[0], "let-me-in")
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("warns about an admin token beyond loopback, and not on loopback", () =>
    Effect.gen(function* () {
      const notes = (host: string) =>
        Effect.map(
          load({ providers: { openai }, server: { host, tokens: ["env:TOKEN"], adminToken: "env:ADMIN" } }),
          (config) => config.notes
        )
      assert.match((yield* notes("0.0.0.0")).join(), /^server\.host: .*TLS/)
      assert.deepStrictEqual(yield* notes("127.0.0.1"), [])
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("names the paths of secrets in plain text, and repeats none of them", () =>
    Effect.gen(function* () {
      const { notes } = yield* load(
        {
          providers: {
            openai: {
              protocol: "openai",
              credentials: [
                { name: "a", apiKey: "sk-in-clear" },
                { name: "b", apiKey: "env:KEY" }
              ],
              headers: { "x-portkey-api-key": "pk-in-clear", "x-team": "search" }
            }
          },
          bench: { store: "redis://:pw-in-clear@localhost:6379" },
          server: { tokens: [`sha256:${"0".repeat(64)}`], adminToken: "admin-in-clear" }
        },
        "/",
        { KEY: "from-elsewhere" }
      )
      assert.deepStrictEqual(notes, [
        'providers.openai.credentials[0].apiKey, providers.openai.headers.x-portkey-api-key, server.adminToken and 1 more: 4 keys or tokens are written in the file in plain text; use "env:NAME" or "file:PATH" instead'
      ])
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("shows a wrong choice and a suggestion, but nothing that may be a key", () =>
    Effect.gen(function* () {
      const found = yield* problems(
        {
          providers: { openai: { protocol: "opnai" }, b: { protocol: "sk-proj-1234567890" } },
          log: { format: "env:FORMAT", level: 7 },
          server: { tokens: "letmein" }
        },
        { FORMAT: "jsn" }
      )
      assert.deepStrictEqual(found, [
        'providers.openai.protocol: expected "openai" | "anthropic", got "opnai"; did you mean openai?',
        'providers.b.protocol: expected "openai" | "anthropic"',
        'log.format: expected "text" | "json"',
        'log.level: expected "debug" | "info" | "warn" | "error" | "none", got 7',
        'server.tokens: expected "none" | array'
      ])
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("names the object that is accepted instead of a word", () =>
    Effect.gen(function* () {
      const found = yield* problems({
        providers: { openai },
        policy: {
          commit: "firstConten",
          rules: { RateLimit: { retry: 3 }, Balance: { retry: "nver" }, Timeout: { retry: [] } }
        }
      })
      const retry = 'expected "never" | "afterWait" | "withoutOutputLimit" | { "times": …, "backoff": … }'
      assert.deepStrictEqual(found, [
        'policy.commit: expected "firstContent" | "complete" | { "chunks": … }, got "firstConten"; did you mean firstContent?',
        `policy.rules.RateLimit.retry: ${retry}, got 3`,
        `policy.rules.Balance.retry: ${retry}, got "nver"; did you mean never?`,
        `policy.rules.Timeout.retry: ${retry}`
      ])
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("refuses times in which nothing can happen", () =>
    Effect.gen(function* () {
      const found = yield* problems({
        providers: { openai },
        policy: {
          maxWait: 0,
          deadline: "0 seconds",
          timeouts: { connect: 0, headers: "0 millis", firstContent: 0, queue: 0, idle: 0, answer: 0 }
        }
      })
      const wrong =
        'expected a duration above zero such as "250 millis" or "2 minutes", or a number of milliseconds'
      assert.deepStrictEqual(found, [
        `policy.deadline: ${wrong}`,
        ...["connect", "headers", "firstContent", "idle", "answer"].map(
          (name) => `policy.timeouts.${name}: ${wrong}`
        )
      ])
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("warns about short tokens beyond loopback, and does not repeat them", () =>
    Effect.gen(function* () {
      const server = { host: "0.0.0.0", tokens: ["env:KEY", "fifteen chars !", "sixteen  chars !"] }
      const { notes } = yield* load({ providers: { openai }, server }, "/", { KEY: "short" })
      assert.deepStrictEqual(
        notes.map((note) => note.split(":")[0]),
        ["server.tokens[0]", "server.tokens[1]", "server.tokens[1], server.tokens[2]"]
      )
      assert.notInclude(notes.join(), "fifteen")
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("refuses a hash of a token that is cut short, and a host that is a URL", () =>
    Effect.gen(function* () {
      const server = {
        tokens: ["env:CUT", `sha256:${"A".repeat(64)}`, `sha256:${"a".repeat(64)}`],
        adminToken: "sha256:",
        allowedHosts: [
          "https://gateway.example",
          "gateway.example/",
          "gateway.example",
          "gateway.example:8080"
        ]
      }
      const found = yield* problems({ providers: { openai }, server }, { CUT: "sha256:12ab", KEY: "k" })
      assert.deepStrictEqual(
        found.map((line) => line.split(": ")[0]),
        [
          "server.tokens[0]",
          "server.tokens[1]",
          "server.adminToken",
          "server.allowedHosts[0]",
          "server.allowedHosts[1]"
        ]
      )
      assert.notInclude(found.join(), "12ab")
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("warns if maxBodiesBytes is below maxBodyBytes, and about short or plain carrySecrets", () =>
    Effect.gen(function* () {
      const server = {
        host: "0.0.0.0",
        tokens: "none",
        carrySecrets: ["env:KEY", "in clear, and long enough"]
      }
      const { notes } = yield* load(
        { providers: { openai }, server: { ...server, maxBodiesBytes: 1000 } },
        "/",
        { KEY: "short" }
      )
      assert.include(notes.join("\n"), "server.maxBodiesBytes: is less than maxBodyBytes (33554432)")
      assert.include(notes.join("\n"), "server.carrySecrets[0]: is shorter than 16 characters")
      assert.include(
        notes.join("\n"),
        "server.carrySecrets[1]: a key or token is written in the file in plain text"
      )
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("reads how many wrong tokens may be tried", () =>
    Effect.gen(function* () {
      const given = (wrongTokens: unknown) =>
        Effect.map(
          load({ providers: { openai }, server: { wrongTokens } }),
          ({ server }) => server.wrongTokens
        )
      assert.strictEqual(yield* given("unlimited"), "unlimited")
      assert.deepStrictEqual(yield* given({ tries: 3 }), { tries: 3, per: 60_000 })
      assert.deepStrictEqual(yield* given({ per: "1 hour" }), { tries: 60, per: 3_600_000 })
      for (const wrong of ["off", { tries: 0 }, { per: 0 }]) {
        const [found] = yield* problems({ providers: { openai }, server: { wrongTokens: wrong } })
        assert.match(found ?? "", /^server\.wrongTokens/)
      }
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("suggests similar fields and providers", () =>
    Effect.gen(function* () {
      const found = yield* problems({
        providers: { openai: { ...openai, polcy: {} } },
        models: { x: ["opnai/gpt"] }
      })
      assert.include(found[0], "did you mean policy?")
      assert.include(found[1], "did you mean openai?")
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect(
    "may mix protocols in a chain, in what it names, in its special chains and in the fallbacks",
    () =>
      Effect.gen(function* () {
        const config = yield* load({
          providers: { openai, anthropic: { protocol: "anthropic" } },
          models: {
            direct: ["openai/a", "anthropic/b"],
            claude: "anthropic/b",
            nested: ["openai/a", "claude"],
            special: { chain: ["openai/a"], onContextExceeded: ["anthropic/b"] }
          },
          fallbacks: ["openai/a"]
        })
        assert.deepStrictEqual(config.notes, [])
      }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("is refused for a duplicate name, because only the last would count", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        load('{\n"providers": {\n"a": { "protocol": "openai" },\n"a": { "protocol": "anthropic" } } }')
      )
      assert.deepStrictEqual(
        error.problems.map(({ line, path }) => [path, line]),
        [["providers.a", 4]]
      )
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("is refused without providers", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* paths({}), ["providers"])
      assert.deepStrictEqual(yield* paths({ providers: {} }), ["providers"])
      assert.deepStrictEqual(yield* paths([]), [""])
      assert.deepStrictEqual(yield* paths(""), [""])
    }).pipe(Effect.provide(NodeServices.layer))
  )
})
