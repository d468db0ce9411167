/** Which clients may see the pages of a gateway without tokens, and how many of its resources one client may use. */
import * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { isLoopback } from "../../../src/config/GatewayConfig.ts"
import { Items } from "../../../src/gateway/providers/ItemMemory.ts"
import * as Hosts from "../../../src/gateway/server/Hosts.ts"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, eventually, provider, start } from "../../support/gateway.ts"

const gateway = Effect.fnUntraced(function* (settings: object = {}) {
  const server = yield* FaultServer.make
  return yield* start({ providers: { a: provider("openai", server) }, server: settings })
})

const shown = ["/", "/status", "/status/events", "/metrics", "/readyz", "/v1/models"]

describe("a gateway on loopback", () => {
  it.live("refuses a page with a domain that points at this machine (DNS rebinding)", () =>
    Effect.gen(function* () {
      const url = yield* gateway()
      const { port } = new URL(url)
      for (const path of shown) {
        for (const host of [
          "evil.example",
          `evil.example:${port}`,
          "127.0.0.1.evil.example",
          "localhost.evil.example",
          "x@localhost",
          "[::2]"
        ]) {
          const got = yield* ask(`${url}${path}`, { headers: { host } })
          assert.strictEqual(got.status, 403, `${path} ${host}`)
          assert.strictEqual(got.at("error.code"), "forbidden_host")
        }
      }
      assert.strictEqual((yield* ask(`${url}/healthz`, { headers: { host: "evil.example" } })).status, 200)
    })
  )

  it.live("accepts the host names of this machine, and those in the config", () =>
    Effect.gen(function* () {
      const url = yield* gateway({ allowedHosts: ["Gateway.example"] })
      const { port } = new URL(url)
      for (const path of shown.filter((path) => path !== "/status/events")) {
        for (const host of [
          "localhost",
          `LOCALHOST:${port}`,
          "127.0.0.1",
          "127.9.9.9:1",
          "[::1]",
          `[::1]:${port}`,
          "gateway.example:443",
          "localhost."
        ]) {
          assert.notStrictEqual(
            (yield* ask(`${url}${path}`, { headers: { host } })).status,
            403,
            `${path} ${host}`
          )
        }
      }
    })
  )

  it("is the only one that checks the host name, because other gateways have no fixed one", () => {
    assert.isTrue(isLoopback("127.0.0.1"))
    assert.isUndefined(Hosts.make({ host: "0.0.0.0", allowedHosts: [] })({ host: "evil.example" }))
    assert.isDefined(Hosts.make({ host: "::1", allowedHosts: [] })({ host: "evil.example" }))
  })
})

describe("one connection with many requests in a row", () => {
  it.live("counts as one viewer of the status page", () =>
    Effect.gen(function* () {
      const url = yield* gateway()
      const socket = net.connect(Number(new URL(url).port), "127.0.0.1")
      yield* Effect.addFinalizer(() => Effect.sync(() => socket.destroy()))
      let heard = ""
      socket.on("data", (part) => (heard += part.toString()))
      socket.write("GET /status/events HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(200))
      yield* eventually(() => heard.includes("event: "))
      yield* Effect.sleep("50 millis")
      const seen = yield* Effect.promise(() => fetch(`${url}/status/events`))
      assert.strictEqual(seen.status, 200)
      yield* Effect.promise(() => seen.body!.cancel())
    })
  )
})

describe("the items of translated responses", () => {
  const response = { output: [{ type: "message", id: "msg_1", role: "assistant", content: [] }] }
  const asking = { input: [{ type: "item_reference", id: "msg_1" }] }
  const request = (headers: Readonly<Record<string, string>>, body: object) => ({
    operation: "responses",
    body: { ...body },
    headers
  })
  const shared = { authorization: "Bearer dummy" }

  it("is not shared by clients that send one dummy token beside their own", () => {
    for (const [own, other] of [
      [
        { ...shared, "x-api-key": "one" },
        { ...shared, "x-api-key": "two" }
      ],
      [
        { "x-api-key": "dummy", authorization: "Bearer one" },
        { "x-api-key": "dummy", authorization: "Bearer two" }
      ],
      [
        { authorization: "a", "x-api-key": "b" },
        { authorization: "b", "x-api-key": "a" }
      ]
    ] as const) {
      const items = new Items()
      items.keep(request(own, {}), response)
      const mine = request(own, asking)
      const theirs = request(other, asking)
      assert.notStrictEqual(items.recall(mine), mine)
      assert.strictEqual(items.recall(theirs), theirs)
    }
  })
})
