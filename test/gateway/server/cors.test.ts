/** Which web pages may call the gateway and read its answers. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, openai, provider, start } from "../../support/gateway.ts"

const page = "https://app.example"

const gateway = Effect.fnUntraced(function* (settings: object) {
  const server = yield* FaultServer.make
  server.play(FaultServer.json(openai.answer, 200, { "access-control-allow-origin": "*" }))
  return yield* start({ providers: { a: provider("openai", server) }, server: settings })
})

const preflight = (url: string, origin: string, path = "/v1/chat/completions") =>
  ask(`${url}${path}`, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization, content-type, x-stainless-os"
    }
  })

const post = (url: string, origin: string, path = "/v1/chat/completions") =>
  ask(`${url}${path}`, { body: chat("a/gpt"), headers: { origin } })

describe("a page of another origin", () => {
  it.live("gets no header that allows it to read anything by default", () =>
    Effect.gen(function* () {
      const url = yield* gateway({ tokens: "none" })
      const asked = yield* preflight(url, page)
      assert.notStrictEqual(asked.status, 204)
      const got = yield* post(url, page)
      assert.strictEqual(got.status, 200)
      for (const { headers } of [asked, got]) {
        assert.deepStrictEqual(
          Object.keys(headers).filter((name) => name.startsWith("access-control-")),
          []
        )
      }
    })
  )

  it.live("may call and read what clients call where the config names its origin, and nothing else", () =>
    Effect.gen(function* () {
      // With an admin token only. Without any token, pages of other hosts are refused for another reason.
      const url = yield* gateway({ cors: [page], adminToken: "admin-token-0123456789" })
      const asked = yield* preflight(url, page)
      assert.strictEqual(asked.status, 204)
      assert.deepInclude(asked.headers, {
        "access-control-allow-origin": page,
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": "authorization, content-type, x-stainless-os",
        vary: "origin"
      })
      const got = yield* post(url, page)
      assert.strictEqual(got.status, 200)
      assert.strictEqual(got.headers["access-control-allow-origin"], page)
      assert.include(String(got.headers["access-control-expose-headers"]), "x-failover-target")
      const refused = yield* ask(`${url}/v1/nothing`, { headers: { origin: page } })
      assert.strictEqual(refused.headers["access-control-allow-origin"], page, "errors can be read as well")

      for (const path of ["/admin/config", "/status", "/metrics"]) {
        const other = yield* preflight(url, page, path)
        assert.notStrictEqual(other.status, 204, path)
        assert.isUndefined(other.headers["access-control-allow-origin"], path)
      }
      const foreign = yield* preflight(url, "https://evil.example")
      assert.isUndefined(foreign.headers["access-control-allow-origin"])
      assert.strictEqual((yield* post(url, "https://evil.example")).status, 403)
    })
  )
})
