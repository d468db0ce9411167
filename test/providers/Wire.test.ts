import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Credential from "../../src/domain/Credential.ts"
import * as Failure from "../../src/failure/Failure.ts"
import * as EventFlow from "../../src/providers/answers/EventFlow.ts"
import { isProviderResponse } from "../../src/providers/wire/ProviderResponse.ts"
import * as FaultServer from "../support/FaultServer.ts"
import {
  dialects,
  eventually,
  hear,
  key,
  target,
  textOf,
  transports,
  undiciHeard,
  withTransport
} from "../support/providers.ts"

for (const [transport, layer] of transports) {
  for (const dialect of dialects) {
    const { events, request } = dialect
    const good = JSON.stringify(dialect.answer)
    const start = Effect.gen(function* () {
      const server = yield* FaultServer.make
      return { server, provider: yield* dialect.make(server.origin) }
    }).pipe(withTransport(layer))

    describe(`${dialect.name} over ${transport}`, () => {
      it.live("sends the caller's body with only the model replaced", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          server.play(FaultServer.json(good))
          yield* provider.complete(request, target())
          assert.strictEqual(server.requests[0]?.path, dialect.path)
          assert.deepStrictEqual(JSON.parse(server.requests[0]!.body), { ...request.body, model: "model-1" })

          server.play(FaultServer.sse(events))
          yield* hear(provider.stream(request, target()))
          assert.deepStrictEqual(JSON.parse(server.requests[1]!.body), {
            ...request.body,
            model: "model-1",
            stream: true
          })
        })
      )

      it.live("sends the caller's own text if given, and corrects `stream`", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          server.play(FaultServer.json(good))
          const text = `{ "model":"smart", "seed":12345678901234567890,\n "x":"\\u6f22"}`
          yield* provider.complete({ ...request, body: JSON.parse(text), text }, target())
          assert.strictEqual(server.requests[0]?.body, text.replace(' "model":"smart"', '"model":"model-1"'))

          const streaming = '{"model":"model-1","stream":true,"stream_options":{"include_usage":true}}'
          const given = { ...request, body: JSON.parse(streaming), text: streaming }
          yield* provider.complete(given, target())
          assert.strictEqual(server.requests[1]?.body, '{"model":"model-1"}')
          server.play(FaultServer.sse(events))
          yield* hear(provider.stream(given, target()))
          assert.strictEqual(server.requests[2]?.body, streaming)
        })
      )

      it.live("sends a request of 5 MB", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          server.play(FaultServer.json(good))
          const body = { ...request.body, messages: [{ role: "user", content: "漢".repeat(1_700_000) }] }
          yield* provider.complete({ ...request, body, text: JSON.stringify(body) }, target())
          assert.deepStrictEqual(JSON.parse(server.requests[0]!.body), { ...body, model: "model-1" })
        })
      )

      it.live("returns the bytes of an answer as received, with its headers except cookies", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          const text = `\n${JSON.stringify(dialect.answer, null, 3)}  `
          server.play([
            {
              head: 200,
              headers: { "content-type": "application/json", "x-request-id": "r-1", "set-cookie": "a=b" }
            },
            { send: text, by: 7 },
            { end: true }
          ])
          const answer = yield* provider.complete(request, target())
          assert.strictEqual(Buffer.from(answer.body).toString(), text)
          assert.deepStrictEqual(answer.json, JSON.parse(text))
          assert.strictEqual(answer.status, 200)
          assert.strictEqual(answer.headers["x-request-id"], "r-1")
          for (const name of ["set-cookie", "transfer-encoding", "connection", "keep-alive"])
            assert.notProperty(answer.headers, name)
        })
      )

      it.live("drops headers that would be taken for those of the server that passes the answer on", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          const told = {
            "x-ratelimit-remaining-tokens": "9",
            "x-request-id": "r",
            "retry-after": "3",
            date: "x"
          }
          const kept = {
            connection: "x-hop, Keep-Alive , X-Other-Hop",
            "x-hop": "1",
            "x-other-hop": "2",
            "keep-alive": "timeout=5",
            "set-cookie": ["a=b", "c=d"],
            "proxy-authenticate": "Basic",
            "www-authenticate": "Bearer",
            "strict-transport-security": "max-age=1",
            "alt-svc": 'h3=":443"',
            "clear-site-data": "*",
            "access-control-allow-origin": "*",
            "x-accel-redirect": "/etc/passwd",
            "x-sendfile": "/etc/passwd",
            "x-failover-target": "me",
            server: "theirs",
            via: "1.1 x",
            "x-powered-by": "y"
          }
          const types = { "content-type": "application/json" }
          server.play([
            { head: 200, headers: { ...types, ...told, ...kept } },
            { send: JSON.stringify(dialect.answer) },
            { end: true }
          ])
          const { headers } = yield* provider.complete(request, target())
          assert.deepInclude(headers, told)
          for (const name of Object.keys(kept)) assert.notProperty(headers, name)
          const stream = { "content-type": "text/event-stream" }
          server.play([
            { head: 200, headers: { ...stream, ...told, ...kept } },
            { send: events.join("") },
            { end: true }
          ])
          const { chunks } = yield* hear(provider.stream(request, target()))
          const head = chunks[0]?.head?.headers ?? {}
          assert.deepInclude(head, told)
          for (const name of Object.keys(kept)) assert.notProperty(head, name)
        })
      )

      it.live("returns the events of a stream with the bytes as received, however they were split", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          const crlf = events.map((event) => event.replaceAll("\n", "\r\n"))
          const odd = ["\n\n", "retry: 3000\n\n", ...events.slice(0, -1), ": bye\n\n", events.at(-1)!]
          for (const [name, texts] of Object.entries({ plain: events, crlf, odd })) {
            for (const by of [1, 2, 3, 1_000_000]) {
              server.play([FaultServer.sseHead, { send: texts.join(""), by }, { end: true }])
              const { chunks, failure } = yield* hear(provider.stream(request, target()))
              assert.isUndefined(failure, `${name} by ${by}`)
              assert.strictEqual(textOf(chunks), texts.join(""), `${name} by ${by}`)
            }
          }
        })
      )

      it.live("gives each event its phase, and the first one the head of the answer", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          server.play(FaultServer.sse(events))
          const { chunks } = yield* hear(provider.stream(request, target()))
          const phases = chunks.map((chunk) => provider.phase(chunk))
          const firstContent = phases.findIndex((phase) => phase.content)
          assert.include(chunks[firstContent]?.data, "hel")
          assert.strictEqual(phases.filter((phase) => phase.content).length, 2)
          assert.isTrue(phases.at(-1)?.last)
          assert.isTrue(phases.every((phase, index) => !phase.complete || index > firstContent + 1))
          assert.strictEqual(chunks[0]?.head?.headers["content-type"], "text/event-stream; charset=utf-8")
          assert.isTrue(chunks.slice(1).every((chunk) => chunk.head === undefined))
        })
      )

      it.live("takes an event of 1 MB, and fails if an event exceeds the limit", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          const huge = events[3]!.replace("hel", "x".repeat(1_000_000))
          server.play(FaultServer.sse([...events.slice(0, 3), huge, ...events.slice(4)]))
          const { chunks, failure } = yield* hear(provider.stream(request, target()))
          assert.isUndefined(failure)
          assert.strictEqual(chunks[3]?.bytes.length, Buffer.byteLength(huge))

          server.play([
            FaultServer.sseHead,
            { send: events[0]! },
            { send: `data: ${"x".repeat(11_000_000)}` },
            { hang: true }
          ])
          const second = yield* hear(provider.stream(request, target()))
          assert.strictEqual(second.failure && Failure.classOf(second.failure), "Malformed")
          assert.strictEqual(second.chunks.length, 1)
        })
      )

      it.live("reuses a connection after answers, streams and errors", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          const free = yield* undiciHeard(server.origin, "end")
          const late: FaultServer.Behaviour = [
            ...FaultServer.sse(events).slice(0, -1),
            { wait: 30 },
            { end: true }
          ]
          const error = FaultServer.json(dialect.error("api_error", "oops"), 500)
          server.play(
            FaultServer.json(good),
            error,
            FaultServer.sse(events),
            late,
            error,
            FaultServer.json(good)
          )
          yield* Effect.andThen(provider.complete(request, target()), free(1))
          yield* Effect.andThen(Effect.flip(provider.complete(request, target())), free(2))
          yield* Effect.andThen(hear(provider.stream(request, target())), free(3))
          // A consumer that stops at the protocol's final event does not close the connection.
          const untilLast = Stream.takeUntil(provider.stream(request, target()), (chunk) => chunk.phase.last)
          yield* Effect.andThen(Stream.runDrain(untilLast), free(4))
          yield* Effect.andThen(hear(provider.stream(request, target())), free(5))
          yield* provider.complete(request, target())
          assert.deepStrictEqual(
            server.requests.map((seen) => seen.socket),
            [1, 1, 1, 1, 1, 1]
          )
          assert.isFalse(server.requests.some((seen) => seen.aborted))
        })
      )

      it.live("has the connection free for the next attempt after an error", () =>
        Effect.gen(function* () {
          if (transport !== "undici") return // others may open a second one
          const { provider, server } = yield* start
          const free = yield* undiciHeard(server.origin, "end")
          server.play(FaultServer.json(dialect.error("api_error", "oops"), 500))
          yield* Effect.andThen(Effect.flip(provider.complete(request, target())), free(1))
          yield* Effect.andThen(hear(provider.stream(request, target())), free(2))
          yield* Effect.flip(provider.complete(request, target()))
          assert.strictEqual(server.sockets, 1)
        })
      )

      it.live("closes the connection at once when the consumer leaves", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          server.play([{ hang: true }])
          const whole = yield* Effect.forkChild(provider.complete(request, target()))
          yield* eventually(() => server.requests.length === 1)
          yield* Fiber.interrupt(whole)
          yield* eventually(() => server.requests[0]!.aborted)

          const opening = yield* Effect.forkChild(hear(provider.stream(request, target())))
          yield* eventually(() => server.requests.length === 2)
          yield* Fiber.interrupt(opening)
          yield* eventually(() => server.requests[1]!.aborted)

          server.play([...FaultServer.sse(events.slice(0, 4)).slice(0, -1), { hang: true }])
          yield* Stream.runDrain(Stream.take(provider.stream(request, target()), 1))
          yield* eventually(() => server.requests[2]!.aborted)

          let chunks = 0
          const heard = Stream.runForEach(provider.stream(request, target()), () =>
            Effect.sync(() => chunks++)
          )
          const reading = yield* Effect.forkChild(heard)
          yield* eventually(() => chunks === 4)
          yield* Fiber.interrupt(reading)
          yield* eventually(() => server.requests[3]!.aborted)
        })
      )

      it.live("applies back pressure for a slow consumer", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          const text = events[3]!.repeat(200_000)
          server.play([FaultServer.sseHead, { send: text }, { end: true }])
          let heard = 0
          yield* provider.stream(request, target()).pipe(
            Stream.runForEachArray((chunks) => {
              const isFirst = heard === 0
              for (const chunk of chunks) heard += chunk.bytes.length
              if (!isFirst) return Effect.void
              return Effect.andThen(
                Effect.sleep("100 millis"),
                Effect.sync(() => assert.isAbove(server.requests[0]!.unsent, text.length / 4))
              )
            })
          )
          assert.strictEqual(heard, Buffer.byteLength(text))
        })
      )

      it.live("sends the key in its header and no trace headers", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          server.play(FaultServer.json(good))
          yield* provider.complete(request, target()).pipe(Effect.withSpan("a request"))
          yield* provider.complete(request, target({}, Credential.make("none")))
          const [first, second] = server.requests
          const withKey = Object.entries(first!.headers).filter(([, value]) => value.includes(key))
          assert.deepStrictEqual(withKey, [
            dialect.name === "OpenAI" ? ["authorization", `Bearer ${key}`] : ["x-api-key", key]
          ])
          assert.notInclude(first!.path + first!.body, key)
          for (const name of ["authorization", "x-api-key", "api-key"])
            assert.notProperty(second!.headers, name)
          for (const seen of server.requests) {
            for (const name of ["traceparent", "tracestate", "b3", "cookie"])
              assert.notProperty(seen.headers, name)
          }
        })
      )

      it.live("forwards only those of the caller's headers that the protocol has", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          server.play(FaultServer.json(good))
          const headers = {
            "anthropic-beta": "x-1",
            "anthropic-version": "2024-01-01",
            "openai-organization": "org-1",
            authorization: "Bearer theirs",
            "x-api-key": "theirs",
            cookie: "theirs",
            "content-length": "1",
            host: "theirs"
          }
          yield* provider.complete({ ...request, headers }, target())
          yield* provider.complete(request, target())
          const [first, second] = server.requests
          assert.notInclude(JSON.stringify(first!.headers), "theirs")
          if (dialect.name === "OpenAI") {
            assert.strictEqual(first!.headers["openai-organization"], "org-1")
            assert.notProperty(first!.headers, "anthropic-beta")
            assert.notProperty(second!.headers, "openai-organization")
          } else {
            assert.strictEqual(first!.headers["anthropic-version"], "2024-01-01")
            assert.strictEqual(second!.headers["anthropic-version"], "2023-06-01")
            assert.notProperty(first!.headers, "openai-organization")
          }
        })
      )

      it.live("shows neither key nor prompt in a failure, even when the provider echoes both", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          const prompt = "my secret prompt"
          const error = dialect.error("invalid_request_error", `bad key ${key}`)
          const echo = { ...error, echo: [{ key, prompt }] }
          const headers = { "x-echo": key, "retry-after": key }
          const behaviours: ReadonlyArray<FaultServer.Behaviour> = [
            FaultServer.json(echo, 400, headers),
            FaultServer.json(echo, 500, headers),
            FaultServer.json({ ...echo, padding: "x".repeat(65_400), last: key }, 429, headers),
            FaultServer.json(echo, 200, headers),
            FaultServer.text(`not JSON: ${key} ${prompt}`, 200, headers),
            FaultServer.sse([events[0]!, `event: error\ndata: ${JSON.stringify(echo)}\n\n`]),
            [{ raw: `HTTP/1.1 2x0 ${key} ${prompt}\r\n\r\n` }, { hang: true }]
          ]
          for (const behaviour of behaviours) {
            server.play(behaviour)
            const whole = yield* Effect.flip(provider.complete(request, target()))
            const streamed = (yield* hear(provider.stream(request, target()))).failure
            for (const failure of streamed === undefined ? [whole] : [whole, streamed]) {
              const shown = [
                inspect(failure, { depth: 20 }),
                JSON.stringify(failure),
                String(failure),
                inspect(failure.cause, { depth: 20 }),
                JSON.stringify(failure.cause),
                failure.message,
                failure.evidence
              ].join("\n")
              assert.notInclude(shown, key)
              assert.notInclude(shown, prompt)
              if (isProviderResponse(failure.cause)) assert.notInclude(failure.cause.body, key)
            }
          }
        })
      )

      it.live("keeps up to 64 KiB of the provider's own response with the failure", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          const error = JSON.stringify(
            dialect.error("invalid_request_error", "messages: at least one message")
          )
          server.play(
            FaultServer.json(error, 400),
            FaultServer.json(JSON.stringify("x".repeat(1_000_000)), 400)
          )
          const failure = yield* Effect.flip(provider.complete(request, target()))
          assert.strictEqual(Failure.classOf(failure), "Invalid")
          assert.isTrue(isProviderResponse(failure.cause))
          if (!isProviderResponse(failure.cause)) return
          const { body, contentType, status } = failure.cause
          assert.deepStrictEqual(
            { body, contentType, status },
            { body: error, contentType: "application/json", status: 400 }
          )

          const large = yield* Effect.flip(provider.complete(request, target()))
          assert.isTrue(isProviderResponse(large.cause) && large.cause.body.length === 64 * 1024)
        })
      )

      it.effect("waits at most two seconds for the body of an error", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          const opened = yield* undiciHeard(server.origin, "head")
          server.play([
            { head: 503, headers: { "content-type": "application/json" } },
            { send: "{" },
            { hang: true }
          ])
          const whole = yield* Effect.forkChild(Effect.flip(provider.complete(request, target())))
          const streamed = yield* Effect.forkChild(hear(provider.stream(request, target())))
          yield* TestClock.withLive(opened(2))
          yield* TestClock.adjust("1999 millis")
          assert.isUndefined(whole.pollUnsafe())
          yield* TestClock.adjust("1 millis")
          assert.strictEqual((yield* Fiber.join(whole)).status, 503)
          assert.strictEqual((yield* Fiber.join(streamed)).failure?.status, 503)
          yield* TestClock.withLive(eventually(() => server.requests.every((seen) => seen.aborted)))
        })
      )

      it.live("counts the events it drops", () =>
        Effect.gen(function* () {
          const { provider, server } = yield* start
          server.play(FaultServer.sse([events[0]!, "data: {\n\n", "data: [\n\n", ...events.slice(1)]))
          const before = (yield* Metric.value(EventFlow.droppedEvents)).count
          yield* hear(provider.stream(request, target({ malformedEvents: "drop" })))
          assert.strictEqual(Number((yield* Metric.value(EventFlow.droppedEvents)).count) - Number(before), 2)
        })
      )
    })
  }
}
