import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { parse } from "../../src/config/Load.ts"

const read = (file: unknown, env: Readonly<Record<string, string>> = {}) =>
  parse(typeof file === "string" ? file : JSON.stringify(file), {
    file: "test.jsonc",
    folder: "/",
    keyless: true
  }).pipe(
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord(env)),
    Effect.provide(NodeServices.layer)
  )

const provider = (more: object = {}) => ({
  protocol: "openai",
  credentials: [
    { name: "one", apiKey: "env:A_KEY" },
    { name: "two", apiKey: "file:/no/such/file" },
    { name: "none" }
  ],
  ...more
})

describe("a config file that is read without its keys", () => {
  it.effect("needs no keys, and reads none", () =>
    Effect.gen(function* () {
      const config = yield* read({ providers: { a: provider() } }, { A_KEY: "the-secret" })
      const [one, two, none] = config.providers[0]!.credentials
      assert.isUndefined(none?.apiKey)
      for (const credential of [one, two]) {
        assert.notStrictEqual(Redacted.value(credential!.apiKey!), "the-secret")
      }
    })
  )

  it.effect("needs no section of a running gateway", () =>
    Effect.gen(function* () {
      const config = yield* read({
        providers: { a: provider() },
        server: { host: "0.0.0.0", tokens: ["env:NO_TOKEN"], adminToken: "env:NO_TOKEN" },
        bench: { store: "env:NO_REDIS" },
        telemetry: { otlp: { endpoint: "env:NO_COLLECTOR" } }
      })
      assert.strictEqual(config.bench?._tag, "Memory")
      assert.strictEqual(config.server.host, "127.0.0.1")
    })
  )

  it.effect("keeps what a running gateway makes of conversations, and what is wrong with it", () =>
    Effect.gen(function* () {
      const server = { tokens: ["env:NO_TOKEN"], affinity: "off" }
      const config = yield* read({ providers: { a: provider() }, server })
      assert.strictEqual(config.server.affinity, "off")
      const error = yield* Effect.flip(
        read({ providers: { a: provider() }, server: { ...server, affinity: "no" } })
      )
      assert.match(error.message, /server\.affinity: expected "conversation" \| "named" \| "off", got "no"/)
    })
  )

  it.effect("still reports all other problems with their lines", () =>
    Effect.gen(function* () {
      const { problems } = yield* Effect.flip(
        read(`{
          "providers": {
            "a": { "protocol": "openai", "baseUrl": "env:NO_URL", "credentials": [{ "name": "x y", "apiKey": 7 }] }
          },
          "models": { "smart": ["b/large"] },
          "polcy": {}
        }`)
      )
      assert.deepStrictEqual(
        problems.map(({ line, path }) => `${path} ${line}`),
        [
          "providers.a.baseUrl 3",
          "providers.a.credentials[0].name 3",
          "providers.a.credentials[0].apiKey 3",
          "models.smart[0] 5",
          "polcy 6"
        ]
      )
    })
  )
})
