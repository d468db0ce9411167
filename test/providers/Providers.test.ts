import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as ProviderService from "../../src/domain/ProviderService.ts"
import * as Target from "../../src/domain/Target.ts"
import * as Failure from "../../src/failure/Failure.ts"
import { Anthropic } from "../../src/providers/Anthropic.ts"
import { OpenAi } from "../../src/providers/OpenAi.ts"
import { Transport, TransportError } from "../../src/providers/transport/Transport.ts"
import * as UndiciTransport from "../../src/providers/transport/UndiciTransport.ts"
import { ProviderResponse } from "../../src/providers/wire/ProviderResponse.ts"
import type * as Wire from "../../src/providers/wire/Wire.ts"
import * as FaultServer from "../support/FaultServer.ts"
import { anthropic, hear, key, openai, target, withTransport } from "../support/providers.ts"

const undici = withTransport(UndiciTransport.layer())
const apiKey = Redacted.make(key)
const chat = { operation: "chat/completions", body: { model: "x", messages: [] } } as const
const messages = { operation: "messages", body: { model: "x", max_tokens: 9_000, messages: [] } } as const

/** The timeout of tests in which nothing is sent. */
const nowhere = Layer.succeed(Transport, { exchange: () => Effect.never, open: () => Effect.never })

describe("OpenAi", () => {
  it.live("serves any number of compatible servers side by side", () => {
    class One extends ProviderService.Service<One, OpenAi.Provider>()("one") {
      static readonly layer = (baseUrl: string) =>
        Layer.effect(One, OpenAi.make({ name: One.provider, baseUrl, apiKey }))
    }
    class Two extends ProviderService.Service<Two, OpenAi.Provider>()("two") {
      static readonly layer = (baseUrl: string) =>
        Layer.effect(Two, OpenAi.make({ name: Two.provider, baseUrl }))
    }
    const chain = Chain.make(One.model("a"), Two.model("b"), OpenAi.model("c"))
    assert.deepStrictEqual(Chain.specs(chain), ["one/a", "two/b", "openai/c"])
    return Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(openai.answer))
      const layer = Layer.mergeAll(
        One.layer(`${server.origin}/one/v1`),
        Two.layer(`${server.origin}/two/v1`),
        OpenAi.layer()
      )
      yield* Effect.gen(function* () {
        const one = yield* One
        const two = yield* Two
        assert.deepStrictEqual([one.name, two.name, (yield* OpenAi).name], ["one", "two", "openai"])
        yield* one.complete(chat, target())
        yield* two.complete(chat, target())
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(
        server.requests.map((seen) => seen.path),
        ["/one/v1/chat/completions", "/two/v1/chat/completions"]
      )
    }).pipe(undici)
  })

  it.live("serves Azure: key in its own header, model in the path, version in the query", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(openai.answer))
      const azure = yield* OpenAi.make({
        name: "azure",
        baseUrl: `${server.origin}/openai/deployments/{model}`,
        query: { "api-version": "2024-10-21" },
        headers: { "x-extra": "1" },
        auth: "api-key"
      })
      yield* azure.complete(chat, target())
      const [seen] = server.requests
      assert.strictEqual(seen?.path, "/openai/deployments/model-1/chat/completions?api-version=2024-10-21")
      assert.strictEqual(seen?.headers["api-key"], key)
      assert.strictEqual(seen?.headers["x-extra"], "1")
      assert.notProperty(seen?.headers, "authorization")
    }).pipe(undici)
  )

  it.live("sends a request to the base URL of its credential", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(openai.answer))
      const provider = yield* OpenAi.make({ baseUrl: "http://127.0.0.1:1/v1" })
      const elsewhere = Credential.make("eu", { apiKey: key, baseUrl: server.origin })
      yield* provider.complete(chat, target({}, elsewhere))
      assert.strictEqual(server.requests[0]?.path, "/v1/chat/completions")
    }).pipe(undici)
  )

  it.live("removes line breaks around a key", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(openai.answer))
      const provider = yield* OpenAi.make({ baseUrl: server.origin })
      yield* provider.complete(chat, target({}, Credential.make("file", { apiKey: `${key}\n` })))
      assert.strictEqual(server.requests[0]?.headers.authorization, `Bearer ${key}`)
    }).pipe(undici)
  )

  it.live("waits for headers without a limit if the policy has none", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play([{ wait: 50 }, ...FaultServer.sse(openai.events)])
      const provider = yield* OpenAi.make({ baseUrl: server.origin })
      const policy = { timeouts: { headers: "Infinity", connect: "Infinity" } } as const
      const { chunks, failure } = yield* hear(provider.stream(chat, target(policy)))
      assert.isUndefined(failure)
      assert.strictEqual(chunks.length, openai.events.length)
    }).pipe(undici)
  )

  it.live("fetches embeddings, large ones too, and does not stream them", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const provider = yield* OpenAi.make({ baseUrl: server.origin })
      const request = { operation: "embeddings", body: { model: "x", input: "hi" } } as const
      const vector = (size: number) => ({
        data: [{ embedding: Array.from({ length: size }, (_, i) => i / 7) }]
      })

      server.play(FaultServer.json(vector(3)))
      assert.deepStrictEqual((yield* provider.complete(request, target())).json, vector(3))
      assert.strictEqual(server.requests[0]?.path, "/v1/embeddings")

      const large = JSON.stringify(vector(100_000))
      server.play(FaultServer.json(`${large}\n`))
      assert.strictEqual(
        Buffer.from((yield* provider.complete(request, target())).body).toString(),
        `${large}\n`
      )

      const rows = [
        [{ data: [] }, "Empty"],
        [large.slice(0, -1), "Truncated"]
      ] as const
      for (const [body, expected] of rows) {
        server.play(FaultServer.json(body))
        const failure = yield* Effect.flip(provider.complete(request, target()))
        assert.strictEqual(Failure.classOf(failure), expected)
      }
      const { failure } = yield* hear(provider.stream(request, target()))
      assert.strictEqual(failure && Failure.classOf(failure), "Invalid")
    }).pipe(undici)
  )

  it.live("takes the key and the base URL from the environment", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(openai.answer))
      const env = { OPENAI_API_KEY: key, OPENAI_BASE_URL: server.origin }
      const config = ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))
      const provider = yield* Effect.provide(OpenAi, Layer.provide(OpenAi.layerConfig(), config))
      yield* provider.complete(chat, target({}, provider.credentials[0]))
      assert.strictEqual(server.requests[0]?.headers.authorization, `Bearer ${key}`)

      const none = ConfigProvider.layer(ConfigProvider.fromEnvRecord({}))
      const error = yield* Effect.flip(
        Effect.provide(OpenAi, Layer.fresh(Layer.provide(OpenAi.layerConfig(), none)))
      )
      assert.include(error.message, "OPENAI_API_KEY")
    }).pipe(undici)
  )

  it.effect("names the missing key, its provider, and what to set", () =>
    Effect.gen(function* () {
      const env = (values: Record<string, string>) =>
        ConfigProvider.layer(ConfigProvider.fromEnvRecord(values))
      const saidBy = <A>(layer: Layer.Layer<A, Config.ConfigError>, values = {}) =>
        Layer.build(Layer.provide(layer, env(values))).pipe(
          Effect.scoped,
          Effect.flip,
          Effect.map(({ message }) => message)
        )
      const keys = {
        primary: Config.Redacted("KEY_1"),
        backup: Config.nested(Config.Redacted("KEY"), "SECOND")
      }
      assert.deepStrictEqual(
        [
          yield* saidBy(OpenAi.layerConfig()),
          yield* saidBy(Anthropic.layerConfig({ apiKey: Config.Redacted("CLAUDE_KEY") })),
          yield* saidBy(OpenAi.layerConfig({ apiKeys: keys }), { KEY_1: "one" })
        ],
        [
          "OpenAi.layerConfig is missing its key. Set OPENAI_API_KEY in the environment or in the ConfigProvider, or pass the key to OpenAi.layer({ apiKey }).",
          "Anthropic.layerConfig is missing its key. Set CLAUDE_KEY in the environment or in the ConfigProvider, or pass the key to Anthropic.layer({ apiKey }).",
          'OpenAi.layerConfig is missing the key of its credential "backup". Set SECOND_KEY in the environment or in the ConfigProvider, or pass the key to OpenAi.layer({ apiKey }).'
        ].map((message) => `SourceError: ${message}`)
      )
    })
  )

  it.live("takes several keys from the configuration, by the names of their credentials", () =>
    Effect.gen(function* () {
      const config = ConfigProvider.layer(ConfigProvider.fromEnvRecord({ KEY_1: "one", KEY_2: "two" }))
      const layer = OpenAi.layerConfig({
        apiKeys: { primary: Config.Redacted("KEY_1"), backup: Config.Redacted("KEY_2") }
      })
      const { credentials } = yield* Effect.provide(OpenAi, Layer.provide(layer, config))
      assert.deepStrictEqual(
        credentials.map(({ apiKey, name }) => [name, apiKey && Redacted.value(apiKey)]),
        [
          ["primary", "one"],
          ["backup", "two"]
        ]
      )
    })
  )

  it.live("calls the server without its own Transport", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(openai.answer))
      const provider = yield* OpenAi.make({ baseUrl: server.origin, apiKeys: ["one", "two"] })
      assert.deepStrictEqual(
        provider.credentials.map(({ name }) => name),
        ["key-1", "key-2"]
      )
      yield* provider.complete(chat, target({}, provider.credentials[1]))
      assert.strictEqual(server.requests[0]?.headers.authorization, "Bearer two")
    })
  )

  it.effect("uses the Transport of the context where there is one", () =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const transport = Transport.of({
        exchange: (request) =>
          Effect.suspend(() => {
            asked.push(request.path)
            return Effect.fail(new TransportError({ answered: false, tooLarge: false, cause: "none" }))
          }),
        open: () => Effect.die("not called")
      })
      const provider = yield* Effect.provideService(OpenAi.make({ apiKey: "k" }), Transport, transport)
      yield* Effect.flip(provider.complete(chat, target({}, provider.credentials[0])))
      assert.lengthOf(asked, 1)
    })
  )

  it.live("lets the process end while a connection of the shared transport is idle", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(openai.answer))
      const program = `
        const { Effect } = await import("effect")
        const { OpenAi } = await import("./src/providers/OpenAi.ts")
        const { Chain, Failover } = await import("./src/index.ts")
        const chain = Chain.make(OpenAi.model("m"))
        const layers = [OpenAi.layer({ baseUrl: "${server.origin}/v1" }), Failover.layer()]
        const request = { operation: "chat/completions", body: { messages: [] } }
        await Effect.runPromise(Effect.provide(Failover.complete(chain, request), layers))
        const answered = performance.now()
        process.on("exit", () => console.log(Math.round(performance.now() - answered)))`
      const { stdout } = yield* Effect.promise(() =>
        promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], { timeout: 60_000 })
      )
      assert.isBelow(Number(stdout), 1_000)
    })
  )

  it("refuses keys that are given in two ways, and an empty list of them", () => {
    const refused = (options: OpenAi.Options) => {
      try {
        Effect.runSync(OpenAi.make(options))
      } catch (error) {
        return String(error)
      }
      return "nothing"
    }
    assert.include(refused({ apiKey: "a", apiKeys: ["b"] }), "apiKey and apiKeys are both given")
    assert.include(refused({ apiKeys: {} }), "apiKeys is empty")
  })

  it.effect("removes the output limit of a request, and returns nothing if there is none", () =>
    Effect.gen(function* () {
      const provider = yield* OpenAi.make()
      const failure = new Failure.BadRequest({ reason: "MaxTokens", message: "too many" })
      const body = { model: "x", max_tokens: 9, max_completion_tokens: 9, n: 1 }
      const text = JSON.stringify(body)
      const request: Wire.Request<OpenAi.Operation> = { operation: "chat/completions", body, text }
      const changed = provider.withoutOutputLimit?.(request, failure)
      assert.deepStrictEqual(changed?.body, { model: "x", n: 1 })
      assert.strictEqual(changed?.text, '{"model":"x","n":1}')
      assert.isUndefined(provider.withoutOutputLimit?.(chat, failure))
    }).pipe(Effect.provide(nowhere))
  )

  it.live("is not made with an invalid base URL", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(OpenAi.make({ baseUrl: "localhost:1234" }))
      assert.match(
        Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "",
        /"openai": baseUrl is no HTTP address/
      )
    }).pipe(undici)
  )

  it.live("refuses a request with a model that cannot be part of the URL", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const provider = yield* OpenAi.make({ baseUrl: `${server.origin}/deployments/{model}` })
      const parent = Target.make({ ...target(), credential: Credential.none, model: ".." })
      const failure = yield* Effect.flip(provider.complete(chat, parent))
      assert.strictEqual(Failure.classOf(failure), "Invalid")
      const streamed = yield* hear(provider.stream(chat, parent))
      assert.strictEqual(streamed.failure && Failure.classOf(streamed.failure), "Invalid")
      assert.lengthOf(server.requests, 0)
    }).pipe(undici)
  )

  it.live("fails with Malformed if an answer exceeds the size limit", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play([{ head: 200 }, { send: "x".repeat(2_000), by: 100 }, { hang: true }])
      const provider = yield* OpenAi.make({ baseUrl: server.origin, maxAnswerBytes: 1_000 })
      const failure = yield* Effect.flip(provider.complete(chat, target()))
      assert.strictEqual(Failure.classOf(failure), "Malformed")
    }).pipe(undici)
  )

  it.live("applies the connect timeout of the policy", () =>
    Effect.gen(function* () {
      const mute = yield* FaultServer.mute
      // A TLS handshake without an answer is a connection that is never established.
      const provider = yield* OpenAi.make({ baseUrl: mute.replace("http:", "https:") })
      const failure = yield* Effect.flip(
        provider.complete(chat, target({ timeouts: { connect: "100 millis" } }))
      )
      assert.strictEqual(Failure.classOf(failure), "Connection")
      assert.include(failure.evidence, "TIMEOUT")
    }).pipe(undici)
  )
})

describe("Anthropic", () => {
  it.live("is called under /v1, with or without it in the base URL", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(anthropic.answer))
      for (const base of ["", "/", "/v1", "/v1/"]) {
        const provider = yield* Anthropic.make({ baseUrl: server.origin + base, apiKey })
        yield* provider.complete(messages, target())
        assert.strictEqual(server.requests.at(-1)?.path, "/v1/messages", base)
      }
    }).pipe(undici)
  )

  it.live("takes the key from the environment", () =>
    Effect.gen(function* () {
      const env = { ANTHROPIC_API_KEY: key }
      const config = ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))
      const provider = yield* Effect.provide(Anthropic, Layer.provide(Anthropic.layerConfig(), config))
      assert.strictEqual(provider.baseUrl, "https://api.anthropic.com")
      assert.strictEqual(Redacted.value(provider.credentials[0].apiKey!), key)
    }).pipe(undici)
  )

  it.live("lowers the output limit to what the provider allows, if it names a maximum", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const provider = yield* Anthropic.make({ baseUrl: server.origin })
      const said = "max_tokens: 9000 > 4096, which is the maximum allowed number of output tokens for model-1"
      server.play(FaultServer.json(anthropic.error("invalid_request_error", said), 400))
      const failure = yield* Effect.flip(provider.complete(messages, target()))
      assert.strictEqual(failure._tag, "BadRequest")
      if (failure._tag !== "BadRequest") return
      assert.strictEqual(failure.reason, "MaxTokens")
      assert.strictEqual(provider.withoutOutputLimit?.(messages, failure)?.body.max_tokens, 4096)

      const silent = new Failure.BadRequest({ reason: "MaxTokens", message: "too many" })
      assert.isUndefined(provider.withoutOutputLimit?.(messages, silent))
    }).pipe(undici)
  )
})

describe("a provider's own answer", () => {
  it("has a readable body that appears in no log or JSON", () => {
    const response = new ProviderResponse({ status: 400, contentType: "application/json", body: '{"a":1}' })
    assert.strictEqual(response.body, '{"a":1}')
    assert.deepStrictEqual(JSON.parse(JSON.stringify(response)), {
      name: "ProviderResponse",
      status: 400,
      contentType: "application/json"
    })
  })
})
