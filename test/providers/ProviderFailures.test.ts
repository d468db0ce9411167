import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Failure from "../../src/failure/Failure.ts"
import * as FaultServer from "../support/FaultServer.ts"
import { dialects, hear, target, transports, withTransport } from "../support/providers.ts"

const head: FaultServer.Step = { head: 200, headers: { "content-type": "application/json" } }
const promised: FaultServer.Step = {
  head: 200,
  headers: { "content-type": "application/json", "content-length": "1000" }
}
const html = "<!doctype html><html><body>502 Bad Gateway</body></html>"

for (const [transport, layer] of transports) {
  for (const dialect of dialects) {
    const start = Effect.gen(function* () {
      const server = yield* FaultServer.make
      return { server, provider: yield* dialect.make(server.origin) }
    }).pipe(withTransport(layer))
    const good = JSON.stringify(dialect.answer)

    describe(`${dialect.name} over ${transport}, whole answers`, () => {
      const rows: ReadonlyArray<readonly [name: string, FaultServer.Behaviour, Failure.FailureClass]> = [
        ["a reset before the headers", [{ reset: true }], "Connection"],
        ["an end before the headers", [{ cut: true }], "Connection"],
        [
          "a reset in the body",
          [promised, { send: good.slice(0, 9) }, { wait: 20 }, { reset: true }],
          "Truncated"
        ],
        ["an end in a body of known length", [promised, { send: good }, { cut: true }], "Truncated"],
        ["an end in a chunked body", [head, { send: good }, { cut: true }], "Truncated"],
        ["bytes that are no HTTP", [{ raw: "hello, this is not HTTP\r\n\r\n" }, { hang: true }], "Malformed"],
        ["an empty answer", FaultServer.json(""), "Empty"],
        ["no content", [{ head: 204 }, { end: true }], "Empty"],
        ["HTML", FaultServer.text(html, 200, { "content-type": "text/html" }), "Malformed"],
        ["half a JSON text", FaultServer.json(good.slice(0, -5)), "Truncated"],
        [
          "an error with status 200",
          FaultServer.json(dialect.error("overloaded_error", "Overloaded")),
          "Overloaded"
        ],
        ["an answer without content", FaultServer.json({ id: "x", choices: [], content: [] }), "Empty"],
        ["a 401", FaultServer.json(dialect.error("authentication_error", "no"), 401), "InvalidKey"],
        [
          "a 400",
          FaultServer.json(dialect.error("invalid_request_error", "messages: required"), 400),
          "Invalid"
        ],
        ["a 500 as HTML", FaultServer.text(html, 500, { "content-type": "text/html" }), "ServerError"],
        ["a 529", FaultServer.json(dialect.error("overloaded_error", "Overloaded"), 529), "Overloaded"],
        [
          "an error with a body that stalls",
          [{ head: 503, headers: { "content-type": "application/json" } }, { send: "{" }, { cut: true }],
          "Overloaded"
        ]
      ]
      it.live("fails with the class of the error", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          for (const [name, behaviour, expected] of rows) {
            server.play(behaviour)
            const failure = yield* Effect.flip(provider.complete(dialect.request, target()))
            assert.strictEqual(
              Failure.classOf(failure),
              expected,
              `${name}: ${failure.message} ${failure.evidence}`
            )
            assert.strictEqual(failure.target, "p/model-1#main", name)
          }
        })
      )

      it.live("fails with Connection if the connection is refused", () =>
        Effect.gen(function* () {
          const provider = yield* Effect.flatMap(FaultServer.refused, dialect.make)
          const failure = yield* Effect.flip(provider.complete(dialect.request, target()))
          assert.strictEqual(Failure.classOf(failure), "Connection")
        }).pipe(withTransport(layer))
      )

      it.live("keeps the provider's Retry-After", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          server.play(
            FaultServer.json(dialect.error("rate_limit_error", "slow down"), 429, { "retry-after": "7" })
          )
          const failure = yield* Effect.flip(provider.complete(dialect.request, target()))
          assert.strictEqual(failure._tag, "RateLimit")
          assert.strictEqual(Failure.waitMillis(failure, 0), 7_000)
        })
      )

      it.live("does not follow a redirect", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          server.play(
            FaultServer.text("", 307, { location: `${server.origin}/elsewhere` }),
            FaultServer.json(dialect.answer)
          )
          yield* Effect.flip(provider.complete(dialect.request, target()))
          assert.strictEqual(server.requests.length, 1)
        })
      )
    })

    describe(`${dialect.name} over ${transport}, streams`, () => {
      const [first, ...others] = dialect.events
      const begun = [FaultServer.sseHead, ...dialect.events.slice(0, 5).map((send) => ({ send }))]
      const error = JSON.stringify(dialect.error("overloaded_error", "Overloaded"))
      const rows: ReadonlyArray<
        readonly [name: string, FaultServer.Behaviour, expected: Failure.FailureClass | "end", chunks: number]
      > = [
        ["a reset before the headers", [{ reset: true }], "Connection", 0],
        ["an end before the headers", [{ cut: true }], "Connection", 0],
        [
          "a reset right after the headers",
          [FaultServer.sseHead, { wait: 20 }, { reset: true }],
          "Truncated",
          0
        ],
        ["a reset in the middle", [...begun, { wait: 20 }, { reset: true }], "Truncated", 5],
        ["an end in the middle of a chunked body", [...begun, { wait: 20 }, { cut: true }], "Truncated", 5],
        ["a clean end in the middle", [...begun, { end: true }], "end", 5],
        ["a clean end in the middle of an event", [...begun, { send: "data: {" }, { end: true }], "end", 5],
        ["an empty stream", FaultServer.sse([]), "end", 0],
        ["nothing but comments", FaultServer.sse([": ping\n\n", ": ping\n\n"]), "end", 2],
        ["an error event at once", FaultServer.sse([`event: error\ndata: ${error}\n\n`]), "Overloaded", 0],
        [
          "an error event later",
          FaultServer.sse([...dialect.events.slice(0, 3), `data: ${error}\n\n`]),
          "Overloaded",
          3
        ],
        ["a bare error", FaultServer.sse([first!, `${error}\n\n`]), "Overloaded", 1],
        ["a bare error at the end", FaultServer.sse([first!, `${error}\n`]), "Overloaded", 1],
        ["an event that is not JSON", FaultServer.sse([first!, "data: {\n\n", ...others]), "Malformed", 1],
        ["a JSON error with status 200", FaultServer.json(error), "Overloaded", 0],
        [
          "HTML with status 200",
          FaultServer.text(html, 200, { "content-type": "text/html" }),
          "Malformed",
          0
        ],
        ["HTML as events", [FaultServer.sseHead, { send: `${html}\n\n` }, { end: true }], "Malformed", 0],
        ["an empty JSON answer", FaultServer.json(""), "Empty", 0],
        ["a 401", FaultServer.json(dialect.error("authentication_error", "no"), 401), "InvalidKey", 0],
        ["a 500", FaultServer.json(dialect.error("api_error", "oops"), 500), "ServerError", 0]
      ]
      it.live("fails with the class of the error, after the chunks before it", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          for (const [name, behaviour, expected, chunks] of rows) {
            server.play(behaviour)
            const heard = yield* hear(provider.stream(dialect.request, target()))
            const found = heard.failure === undefined ? "end" : Failure.classOf(heard.failure)
            assert.strictEqual(
              found,
              expected,
              `${name}: ${heard.failure?.message} ${heard.failure?.evidence}`
            )
            assert.strictEqual(heard.chunks.length, chunks, name)
          }
        })
      )

      it.live("drops an event that is not JSON if the policy requires it", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          server.play(FaultServer.sse([first!, "data: {\n\n", ...others]))
          const heard = yield* hear(provider.stream(dialect.request, target({ malformedEvents: "drop" })))
          assert.isUndefined(heard.failure)
          assert.strictEqual(heard.chunks.length, dialect.events.length)
        })
      )

      it.live("fails with Timeout if the headers are late, and closes the connection", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          server.play([{ hang: true }])
          const policy = { timeouts: { headers: "50 millis" } } as const
          const { failure } = yield* hear(provider.stream(dialect.request, target(policy)))
          assert.strictEqual(failure && Failure.classOf(failure), "Timeout")
          assert.include(failure?.evidence, "headers")
        })
      )
    })
  }
}
