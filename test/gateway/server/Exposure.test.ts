import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Load from "../../../src/config/Load.ts"
import * as Gateway from "../../../src/gateway/Gateway.ts"
import * as Exposure from "../../../src/gateway/server/Exposure.ts"

const loaded = (server: object) =>
  Load.parse(JSON.stringify({ providers: { a: { protocol: "openai" } }, server: { port: 0, ...server } }), {
    file: "test.jsonc",
    folder: "/"
  }).pipe(Effect.provide(NodeServices.layer))

describe("a gateway beyond loopback", () => {
  it.effect("does not start without a token, not even in an application's process", () =>
    Effect.gen(function* () {
      const config = yield* loaded({ host: "0.0.0.0" })
      const error = yield* Effect.flip(Effect.scoped(Layer.build(Gateway.layer(config))))
      assert.strictEqual(error._tag, "ExposedGateway")
      assert.include(String(error.message), '"none" allows every caller')
    })
  )

  it.effect('may start with a token, or with tokens "none"', () =>
    Effect.gen(function* () {
      for (const server of [
        { host: "0.0.0.0", tokens: ["t"] },
        { host: "0.0.0.0", tokens: "none" },
        { host: "::1" }
      ]) {
        assert.isUndefined(Exposure.check((yield* loaded(server)).server))
      }
    })
  )
})
