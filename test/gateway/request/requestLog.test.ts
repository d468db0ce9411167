/** The request log: one entry with the outcome for each request, when it has ended. */
import * as http from "node:http"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import { WebSocket } from "ws"
import type * as Gateway from "../../../src/gateway/Gateway.ts"
import { collected } from "../../support/collector.ts"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, eventually, key, message, openai, provider, start } from "../../support/gateway.ts"

interface Line {
  readonly level: string
  readonly message: unknown
  readonly annotations: Readonly<Record<string, unknown>>
}

/** A gateway with two providers and its request log, and the entries of that log. */
const logging = (more: object = {}, options?: Gateway.Options) =>
  Effect.gen(function* () {
    const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
    const lines: Array<Line> = []
    const text: Array<string> = []
    const logger = Logger.map(Logger.formatJson, (line) => {
      text.push(line)
      lines.push(JSON.parse(line))
    })
    const url = yield* start(
      {
        providers: { a: provider("openai", a), b: provider("openai", b) },
        models: { smart: ["a/large", "b/small"] },
        policy: { retries: { times: 0 } },
        log: { requests: true },
        ...more
      },
      options
    ).pipe(Effect.provide(Logger.layer([logger])), Effect.provideService(References.MinimumLogLevel, "Debug"))
    const entries = () => lines.filter(({ annotations }) => annotations.outcome !== undefined)
    const entry = (id: string) => entries().find(({ annotations }) => annotations.request === id)
    /** Sends a request with its own id and returns its entry. */
    const call = (id: string, body: unknown, path = "/v1/chat/completions") =>
      Effect.gen(function* () {
        yield* ask(`${url}${path}`, { body, headers: { "x-request-id": id } })
        yield* eventually(() => entry(id) !== undefined)
        return entry(id)!
      })
    return { a, b, url, call, entries, entry, text: () => text.join("\n") }
  })

describe("the request log", () => {
  it.live("has the request, the target, the attempts and the outcome of each request", () =>
    Effect.gen(function* () {
      const { a, b, call, text } = yield* logging({ telemetry: { usage: true } })
      a.play(FaultServer.json(openai.error("overloaded", "busy"), 503))
      const usage = { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21 }
      b.play(FaultServer.json(Object.assign({}, openai.answer, { usage })))
      const answered = yield* call("one", chat("smart"))
      assert.deepStrictEqual([answered.level, answered.message], ["INFO", "answered"])
      const { ms, ...rest } = answered.annotations
      assert.isNumber(ms)
      assert.deepStrictEqual(rest, {
        request: "one",
        method: "POST",
        route: "/v1/chat/completions",
        model: "smart",
        stream: false,
        status: 200,
        outcome: "answered",
        attempts: 2,
        target: "b/small#k1",
        trail: "overloaded,ok",
        inputTokens: 9,
        outputTokens: 12
      })
      b.play(FaultServer.sse(openai.events))
      const streamed = yield* call("two", chat("b/small", { stream: true }))
      assert.deepInclude(streamed.annotations, {
        stream: true,
        outcome: "answered",
        attempts: 1,
        trail: "ok"
      })
      for (const secret of [key, "deepest secret", "hello 漢"]) assert.notInclude(text(), secret)
    })
  )

  it.live("distinguishes refused, failed and broken-off requests", () =>
    Effect.gen(function* () {
      const { a, b, call } = yield* logging()
      const about = ({ annotations, level, message }: Line) => {
        const { attempts, error, outcome, status, trail } = annotations
        assert.strictEqual(message, outcome)
        return [level, outcome, status, error, attempts, trail]
      }
      const busy = FaultServer.json(openai.error("overloaded", "busy"), 503)
      assert.deepStrictEqual(about(yield* call("json", "{")), [
        "INFO",
        "refused",
        400,
        "invalid_json",
        undefined,
        undefined
      ])
      assert.deepStrictEqual(about(yield* call("model", chat("none"))), [
        "INFO",
        "refused",
        404,
        "model_not_found",
        0,
        undefined
      ])
      assert.deepStrictEqual(about(yield* call("where", chat("smart"), "/v1/nowhere")), [
        "INFO",
        "refused",
        404,
        "not_found",
        undefined,
        undefined
      ])
      a.play(FaultServer.json(openai.error("invalid_request_error", "no such field"), 400))
      assert.deepStrictEqual(about(yield* call("theirs", chat("smart"))), [
        "INFO",
        "refused",
        400,
        undefined,
        1,
        "invalid"
      ])
      a.play([
        FaultServer.sseHead,
        { send: openai.events.slice(0, 3).join("") },
        { wait: 20 },
        { reset: true }
      ])
      const [level, outcome, status, error, attempts, trail] = about(
        yield* call("broke", chat("smart", { stream: true }))
      )
      assert.deepStrictEqual(
        [level, outcome, status, error, attempts, trail],
        ["WARN", "broke off", 200, "stream_broken", 1, "ok"]
      )
      a.play(busy)
      b.play(busy)
      assert.deepStrictEqual(about(yield* call("failed", chat("b/small"))), [
        "WARN",
        "failed",
        503,
        "overloaded",
        1,
        "overloaded"
      ])
    })
  )

  it.live(
    "records clients that disconnected before and during an answer, and what the gateway broke off",
    () =>
      Effect.gen(function* () {
        const { a, entry, url } = yield* logging()
        a.play([{ hang: true }])
        const waiting = yield* Effect.forkChild(
          ask(`${url}/v1/chat/completions`, { body: chat("a/large"), headers: { "x-request-id": "early" } })
        )
        yield* eventually(() => a.requests.length === 1)
        yield* Fiber.interrupt(waiting)
        yield* eventually(() => entry("early") !== undefined)
        const early = entry("early")?.annotations
        assert.deepInclude(early ?? {}, {
          outcome: "client left",
          status: 499,
          attempts: 1,
          target: "a/large#k1"
        })
        a.play([FaultServer.sseHead, { send: openai.events.slice(0, 3).join("") }, { hang: true }])
        yield* Effect.callback<void>((resume) => {
          const request = http.request(`${url}/v1/chat/completions`, {
            method: "POST",
            headers: { "x-request-id": "late" }
          })
          request.on("error", () => {})
          request.on("response", (response) => {
            response.on("error", () => {})
            response.once("data", () => {
              request.destroy()
              resume(Effect.void)
            })
          })
          request.end(JSON.stringify(chat("a/large", { stream: true })))
        })
        yield* eventually(() => entry("late") !== undefined)
        assert.deepInclude(entry("late")?.annotations ?? {}, {
          outcome: "client left",
          status: 200,
          trail: "ok"
        })
      })
  )

  it.live("records a stream that the gateway's stop broke off", () =>
    Effect.gen(function* () {
      let seen: () => Line | undefined = () => undefined
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { a, entry, url } = yield* logging()
          seen = () => entry("cut")
          a.play([FaultServer.sseHead, { send: openai.events.slice(0, 3).join("") }, { hang: true }])
          let parts = 0
          yield* Effect.forkDetach(
            ask(`${url}/v1/chat/completions`, {
              body: chat("a/large", { stream: true }),
              headers: { "x-request-id": "cut" },
              hears: () => parts++
            })
          )
          yield* eventually(() => parts > 0)
        })
      )
      yield* eventually(() => seen() !== undefined)
      assert.strictEqual(seen()?.annotations.outcome, "broke off")
    })
  )

  it.live("excludes pages, probes and scrapes unless it is set to all", () =>
    Effect.gen(function* () {
      const paths = ["/", "/status", "/healthz", "/readyz", "/metrics", "/v1/models"]
      for (const [requests, expected] of [
        [true, ["/v1/models"]],
        ["all", ["/", "/healthz", "/metrics", "/readyz", "/v1/models", "other"]],
        [false, []]
      ] as const) {
        const { entries, url } = yield* logging({ log: { requests } })
        for (const path of paths) yield* ask(`${url}${path}`)
        yield* eventually(() => entries().length >= expected.length)
        assert.deepStrictEqual(
          entries()
            .map(({ annotations }) => String(annotations.route))
            .sort(),
          [...expected]
        )
      }
    })
  )

  it.live("has no characters that end a line, and no unbounded text", () =>
    Effect.gen(function* () {
      const { call } = yield* logging()
      const forged = yield* call("forged", chat(`x\n\u001b[31m\u2028level=ERROR ${"y".repeat(400)}`))
      const model = String(forged.annotations.model)
      assert.notMatch(model, /[\p{Cc}\u2028]/u)
      assert.isBelow(model.length, 210)
    })
  )

  it.live("has an entry for each request over a WebSocket", () =>
    Effect.gen(function* () {
      const { a, entries, url } = yield* logging()
      a.play(FaultServer.json(openai.error("overloaded", "busy"), 503))
      yield* Effect.callback<void>((resume) => {
        const socket = new WebSocket(`${url.replace("http", "ws")}/v1/responses`)
        socket.on("open", () =>
          socket.send(
            JSON.stringify({ type: "response.create", model: "a/large", input: "my deepest secret" })
          )
        )
        socket.on("message", () => {
          socket.close()
          resume(Effect.void)
        })
      })
      yield* eventually(() => entries().length === 1)
      assert.deepInclude(entries()[0]?.annotations ?? {}, {
        method: "websocket",
        route: "/v1/responses",
        model: "a/large",
        stream: true,
        outcome: "failed",
        status: 503,
        attempts: 1
      })
    })
  )

  it.live("goes to a collector as well", () =>
    Effect.gen(function* () {
      const a = yield* FaultServer.make
      a.play(FaultServer.json(openai.answer))
      const { logs } = yield* collected(
        { providers: { a: provider("openai", a) }, log: { requests: true } },
        (url) => ask(`${url}/v1/chat/completions`, { body: message("a/large") }),
        { log: true }
      )
      const entry = logs.find(({ body }) => body?.stringValue === "answered")
      assert.deepInclude(entry?.attributes ?? {}, { model: "a/large", outcome: "answered", attempts: 1 })
    })
  )
})
