/** The page of examples/sse-page.ts, requested over HTTP. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schedule, Stream } from "effect"
import { Sse } from "effect/encoding"
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpServer } from "effect/http"
import { Failure } from "effect-failover"
import { Scripted } from "effect-failover/testing"
import { Backup, Primary, serve } from "../../examples/sse-page.ts"

type Calls = ReadonlyArray<Scripted.Call<string, Scripted.Part>>

const playing = (primary: Calls, backup: Calls) =>
  Effect.provide(
    Layer.mergeAll(serve(0), FetchHttpClient.layer).pipe(
      Layer.provideMerge(
        Layer.mergeAll(
          Layer.sync(Primary, () => Scripted.make("primary", primary)),
          Layer.sync(Backup, () => Scripted.make("backup", backup))
        )
      )
    )
  )

const ask = (body: object) =>
  HttpServer.addressFormattedWith((url) =>
    HttpClientRequest.post(`${url}/ask`).pipe(HttpClientRequest.bodyJsonUnsafe(body), HttpClient.execute)
  )

const eventsOf = (stream: Stream.Stream<Uint8Array, unknown>) =>
  stream.pipe(
    Stream.decodeText,
    Stream.pipeThroughChannel(Sse.decode()),
    Stream.map(({ data, event }) => [event, JSON.parse(data)])
  )

const throttled = new Failure.RateLimit({ message: "slow down" })
const spent = new Failure.AuthDead({ reason: "Balance", message: "out of credit" })
const cut = new Failure.Transient({ reason: "Connection", message: "the connection is gone" })

describe("the SSE page", () => {
  it.live("is a page", () =>
    Effect.gen(function* () {
      const response = yield* HttpServer.addressFormattedWith((url) => HttpClient.get(url))
      assert.include(response.headers["content-type"], "text/html")
      assert.include(yield* response.text, '<script type="module">')
    }).pipe(playing([["hello"]], [["hello"]]))
  )

  it.live("gets the words of one model, and its name at the end", () =>
    Effect.gen(function* () {
      const response = yield* ask({ question: "Anybody?" })
      assert.strictEqual(response.status, 200)
      assert.deepStrictEqual(yield* Stream.runCollect(eventsOf(response.stream)), [
        ["delta", { text: "here " }],
        ["delta", { text: "I am" }],
        ["done", { from: "backup/small#default" }]
      ])
    }).pipe(playing([[Scripted.held("role"), throttled]], [["here ", "I am"]]))
  )

  it.live("gets an error when an answer breaks off", () =>
    Effect.gen(function* () {
      const response = yield* ask({ question: "Anybody?" })
      assert.deepStrictEqual(yield* Stream.runCollect(eventsOf(response.stream)), [
        ["delta", { text: "here " }],
        ["broken", { message: "the stream broke off: the connection is gone" }]
      ])
    }).pipe(playing([["here ", cut]], [["not this"]]))
  )

  it.live("gets a status when there is no answer", () =>
    Effect.gen(function* () {
      const response = yield* ask({ question: "Anybody?" })
      assert.strictEqual(response.status, 502)
      assert.isAbove(Number(response.headers["retry-after"]), 0)
      assert.strictEqual((yield* ask({ question: "" })).status, 400)
    }).pipe(playing([[throttled]], [[spent]]))
  )

  it.live("ends the call to the provider when it is closed", () =>
    Effect.gen(function* () {
      const response = yield* ask({ question: "A long story" })
      yield* eventsOf(response.stream).pipe(Stream.take(1), Stream.runDrain)
      const primary = yield* Primary
      const outcome = Effect.sync(() => primary.calls[0]?.outcome)
      yield* outcome.pipe(
        Effect.repeat({ until: (now) => now !== "open", schedule: Schedule.spaced("10 millis"), times: 500 })
      )
      assert.strictEqual(yield* outcome, "interrupted")
    }).pipe(playing([["once upon a time ", { hang: true }]], [["not this"]]))
  )
})
