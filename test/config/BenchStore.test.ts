/** The store of the bench in a config file. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as BenchStore from "../../src/config/file/BenchStore.ts"
import * as Load from "../../src/config/Load.ts"

const providers = { local: { protocol: "openai", baseUrl: "http://127.0.0.1:1/v1" } }

const load = (bench: object | undefined, env: Record<string, string> = {}) =>
  Load.parse(JSON.stringify({ providers, ...(bench && { bench }) }), {
    file: "f",
    folder: "/etc/gateway"
  }).pipe(Effect.provide([NodeServices.layer, ConfigProvider.layer(ConfigProvider.fromUnknown(env))]))

describe("bench.store", () => {
  it.effect("is memory by default", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* load(undefined)).bench, BenchStore.memory)
    })
  )

  it.effect("is a file beside the config file, and no secret that is read from it", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* load({ store: "file:state/bench.json" })).bench, {
        _tag: "File",
        path: "/etc/gateway/state/bench.json"
      })
    })
  )

  it.effect(
    "is a URL with nothing behind the host but a number: characters of a password may have to be escaped",
    () =>
      Effect.gen(function* () {
        const good = [
          "redis://h:1",
          "redis://h:1/",
          "redis://h:1/3",
          "rediss://:p%40ss%2Fw%23@h:1",
          "redis://h:1?x=y"
        ]
        for (const store of good) yield* load({ store })
        for (const store of [
          "redis://:p@ss/word@h:1",
          "redis://:p/w#1@h",
          "redis://:100%@h:1",
          "redis://h:1#1"
        ]) {
          const message = String(yield* Effect.flip(load({ store })))
          assert.include(message, "%XX", store)
          assert.notInclude(message, "ss/w", store)
        }
      })
  )

  it.effect("is a Redis with a redacted password, also from the environment", () =>
    Effect.gen(function* () {
      const url = "rediss://user:hush@cache.example:6380/2"
      const { bench } = yield* load({ store: "env:REDIS_URL", prefix: "eu" }, { REDIS_URL: url })
      assert.strictEqual(bench?._tag === "Redis" && Redacted.value(bench.url), url)
      assert.strictEqual(BenchStore.format(bench ?? BenchStore.memory), "rediss://cache.example:6380/2")
      assert.notInclude(JSON.stringify(bench), "hush")
    })
  )

  it.effect("is refused if it is invalid, with what is expected and without the given value", () =>
    Effect.gen(function* () {
      for (const store of ["disk", "file:", "redis:hush", "redis://user:hush@ho st"]) {
        const error = yield* Effect.flip(load({ store }))
        assert.include(error.message, "bench.store")
        assert.include(error.message, '"redis://HOST:PORT"')
        assert.notInclude(error.message, "hush")
      }
    })
  )
})
