import * as http from "node:http"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, eventually, message, openai, provider, start } from "../../support/gateway.ts"

describe("a body above maxBodyBytes", () => {
  it.live("is refused by its content-length before any of it is read", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const url = yield* start({
        providers: { a: provider("openai", server) },
        server: { maxBodyBytes: 1000 }
      })
      const got = yield* Effect.callback<{ status: number; text: string }>((resume) => {
        const request = http.request(`${url}/v1/chat/completions`, {
          method: "POST",
          agent: false,
          headers: { "content-length": "5000000000" }
        })
        request.on("error", () => {})
        request.on("response", (response) => {
          let text = ""
          response.on("data", (part) => (text += part))
          response.on("end", () => {
            request.destroy()
            resume(Effect.succeed({ status: response.statusCode!, text }))
          })
        })
        request.flushHeaders()
      })
      assert.strictEqual(got.status, 413)
      assert.strictEqual(JSON.parse(got.text).error.code, "request_too_large")
    })
  )

  it.live("without a length is refused as soon as it is too large", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const url = yield* start({
        providers: { a: provider("openai", server) },
        server: { maxBodyBytes: 10_000 }
      })
      let sent = 0
      const status = yield* Effect.callback<number>((resume) => {
        const request = http.request(`${url}/v1/messages`, { method: "POST", agent: false })
        const timer = setInterval(() => {
          sent += 1000
          request.write("x".repeat(1000))
        }, 1)
        const end = () => {
          clearInterval(timer)
          request.destroy()
        }
        request.on("error", end)
        request.on("response", (response) => {
          end()
          resume(Effect.succeed(response.statusCode!))
        })
        return Effect.sync(end)
      })
      assert.strictEqual(status, 413)
      assert.isBelow(sent, 1_000_000)
    })
  )

  it.live("does not affect the gateway, and one just within the limit passes", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(openai.answer))
      const limit = 100_000
      const url = yield* start({
        providers: { a: provider("openai", server) },
        server: { maxBodyBytes: limit }
      })
      const sized = (size: number) => {
        const empty = JSON.stringify(message("a/x", { pad: "" })).length
        return message("a/x", { pad: "p".repeat(size - empty) })
      }
      const post = (size: number) => ask(`${url}/v1/chat/completions`, { body: sized(size) })
      assert.strictEqual((yield* post(limit + 1)).status, 413)
      assert.strictEqual((yield* post(limit)).status, 200)
      assert.strictEqual(server.requests[0]?.body.length, limit - "a/".length)
    })
  )
})

describe("a body that is announced with `expect: 100-continue`", () => {
  it.live("is requested, and read", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(openai.answer))
      const url = yield* start({ providers: { a: provider("openai", server) } })
      const status = yield* Effect.callback<number>((resume) => {
        const request = http.request(`${url}/v1/chat/completions`, {
          method: "POST",
          agent: false,
          headers: { expect: "100-continue" }
        })
        request.on("continue", () => request.end(JSON.stringify(chat("a/x"))))
        request.on("response", (response) => {
          response.resume()
          resume(Effect.succeed(response.statusCode!))
        })
        request.flushHeaders()
      })
      assert.strictEqual(status, 200)
    })
  )
})

describe("a gateway that stops", () => {
  it.live("finishes requests in flight, accepts no new ones, and does not wait for idle connections", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const [opening, ...rest] = openai.events
      server.play([
        FaultServer.sseHead,
        { send: opening! + rest[1] },
        { wait: 400 },
        { send: rest.join("") },
        { end: true }
      ])
      const scope = yield* Scope.make()
      const url = yield* start(
        { providers: { a: provider("openai", server) } },
        { drain: "10 seconds" }
      ).pipe(Scope.provide(scope))
      const agent = new http.Agent({ keepAlive: true })
      yield* Effect.addFinalizer(() => Effect.sync(() => agent.destroy()))
      let heard = ""
      const hears = (part: string) => (heard += part)
      const running = yield* Effect.forkChild(
        ask(`${url}/v1/chat/completions`, { body: chat("a/x", { stream: true }), agent, hears })
      )
      yield* eventually(() => heard !== "")

      const startedAt = Date.now()
      const stopping = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      const late = yield* Effect.repeat(Effect.exit(ask(`${url}/healthz`)), {
        until: Exit.isFailure,
        times: 200
      })
      assert.isTrue(Exit.isFailure(late), "no new connections")
      const got = yield* Fiber.join(running)
      assert.isTrue(got.text.endsWith("[DONE]\n\n"))
      yield* Fiber.join(stopping)
      assert.isBelow(Date.now() - startedAt, 3_000)
    })
  )

  it.live("breaks off what takes longer than the drain, and not like a complete answer", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play([FaultServer.sseHead, { send: openai.events.slice(0, 3).join("") }, { hang: true }])
      const scope = yield* Scope.make()
      const url = yield* start(
        { providers: { a: provider("openai", server) } },
        { drain: "100 millis" }
      ).pipe(Scope.provide(scope))
      let heard = ""
      const hears = (part: string) => (heard += part)
      const running = yield* Effect.forkChild(
        ask(`${url}/v1/chat/completions`, { body: chat("a/x", { stream: true }), hears })
      )
      yield* eventually(() => heard !== "")
      yield* Scope.close(scope, Exit.void)
      const got = yield* Fiber.join(running)
      assert.notInclude(got.text, "[DONE]")
      assert.isTrue(got.broken || got.text.includes('"error"'))
    })
  )
})
