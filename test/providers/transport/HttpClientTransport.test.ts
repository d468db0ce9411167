/** A transport over an `HttpClient` of effect/http, whose answers are played here in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as HttpClientTransport from "../../../src/providers/transport/HttpClientTransport.ts"
import type { Request, TransportError } from "../../../src/providers/transport/Transport.ts"

const request: Request = {
  origin: "http://a.test",
  path: "/v1",
  headers: { "content-type": "application/json", authorization: "Bearer sk-1" },
  body: '{"a":1}',
  connectTimeout: 1_000
}
const limits = { answer: 10, error: 4, errorWait: 300 }
const brokenBy = (cause: unknown) =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({ request: {} as HttpClientRequest.HttpClientRequest, cause })
  })

/** A step of a body: a part, a wait in milliseconds, or an error. */
type Step = string | number | Error

/** A client that answers with this body, the requests that it received, and whether the body is still open. */
const playing = (status: number, ...steps: ReadonlyArray<Step>) => {
  const state = {
    asked: [] as Array<HttpClientRequest.HttpClientRequest>,
    open: 0,
    traced: [] as Array<boolean>
  }
  const body = Stream.scoped(
    Stream.unwrap(
      Effect.as(
        Effect.acquireRelease(
          Effect.sync(() => void state.open++),
          () => Effect.sync(() => void state.open--)
        ),
        Stream.flatMap(Stream.fromIterable(steps), (step) => {
          if (typeof step === "string") return Stream.make(Buffer.from(step) as Uint8Array)
          return typeof step === "number"
            ? Stream.drain(Stream.fromEffect(Effect.sleep(step)))
            : Stream.fail(brokenBy(step))
        })
      )
    )
  )
  const client = {
    execute: (asked: HttpClientRequest.HttpClientRequest) =>
      Effect.map(HttpClient.TracerDisabledWhen, (isDisabled) => {
        state.asked.push(asked)
        state.traced.push(!isDisabled(asked))
        return {
          status,
          headers: { "x-a": "1" },
          stream: body
        } as unknown as HttpClientResponse.HttpClientResponse
      })
  } as unknown as HttpClient.HttpClient
  return { state, transport: HttpClientTransport.make(client) }
}

const failureOf = ({ answered, cause, tooLarge }: TransportError) => ({
  answered,
  tooLarge,
  cause: cause instanceof Error ? cause.message : cause
})
const textOf = (body: Uint8Array) => Buffer.from(body).toString()

/** The outcome of a whole answer, and after how many milliseconds it came. */
const exchanged = Effect.fnUntraced(function* (
  { state, transport }: ReturnType<typeof playing>,
  what: Request = request
) {
  const fiber = yield* Effect.forkChild(Effect.result(transport.exchange(what, limits)), {
    startImmediately: true
  })
  let took = 0
  for (; took < 1_000 && fiber.pollUnsafe() === undefined; took++) yield* TestClock.adjust(1)
  const result = yield* Fiber.join(fiber)
  assert.strictEqual(state.open, 0, "the body is released")
  return result._tag === "Success"
    ? { status: result.success.status, body: textOf(result.success.body), took }
    : { ...failureOf(result.failure), took }
})

describe("a whole answer over effect/http", () => {
  it.effect("is requested unchanged, without a trace", () =>
    Effect.gen(function* () {
      const played = playing(200, "fine")
      yield* exchanged(played)
      const [post] = played.state.asked
      assert.deepStrictEqual([post?.method, post?.url], ["POST", "http://a.test/v1"])
      assert.strictEqual(post?.headers.authorization, "Bearer sk-1")
      assert(post?.body._tag === "Uint8Array")
      assert.deepStrictEqual([textOf(post.body.body), post.body.contentType], ['{"a":1}', "application/json"])
      yield* exchanged(played, { ...request, method: "GET" })
      const [, get] = played.state.asked
      assert.deepStrictEqual(
        [get?.method, get?.url, get?.body._tag, get?.headers.authorization],
        ["GET", "http://a.test/v1", "Empty", "Bearer sk-1"]
      )
      assert.deepStrictEqual(played.state.traced, [false, false])
    })
  )

  it.effect("has all of its body, as far as the limit", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* exchanged(playing(200, "01234", 5, "56789")), {
        status: 200,
        body: "0123456789",
        took: 5
      })
      assert.deepStrictEqual(yield* exchanged(playing(299, "01234", "56789", "x", 500)), {
        answered: true,
        tooLarge: true,
        cause: undefined,
        took: 0
      })
    })
  )

  it.effect("is absent if a browser hides a redirect as status 0", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* exchanged(playing(0)), { status: 302, body: "", took: 0 })
    })
  )

  it.effect("fails with what is underneath, which has no key in it", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* exchanged(playing(200, "half", new Error("reset"))), {
        answered: true,
        tooLarge: false,
        cause: "reset",
        took: 0
      })
      const failing = (error: HttpClientError.HttpClientError) =>
        HttpClientTransport.make({ execute: () => Effect.fail(error) } as unknown as HttpClient.HttpClient)
      const refused = yield* Effect.flip(failing(brokenBy(new Error("refused"))).exchange(request, limits))
      assert.deepStrictEqual(failureOf(refused), { answered: false, tooLarge: false, cause: "refused" })
      const unnamed = new HttpClientError.HttpClientError({
        reason: { _tag: "InvalidUrlError" } as HttpClientError.InvalidUrlError
      })
      const { cause } = yield* Effect.flip(failing(unnamed).exchange(request, limits))
      assert.strictEqual((cause as Error).message, "InvalidUrlError")
    })
  )

  it.effect("with an error status has the beginning of its body, which is waited for only a moment", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* exchanged(playing(300, "no")), { status: 300, body: "no", took: 0 })
      assert.deepStrictEqual(yield* exchanged(playing(300, "123", "45", 50, "6")), {
        status: 300,
        body: "1234",
        took: 0
      })
      assert.deepStrictEqual(yield* exchanged(playing(500, "123", "45", 50, "6")), {
        status: 500,
        body: "1234",
        took: 0
      })
      assert.deepStrictEqual(yield* exchanged(playing(500, "1234", 50)), {
        status: 500,
        body: "1234",
        took: 50
      })
      assert.deepStrictEqual(yield* exchanged(playing(503, "b", 900)), { status: 503, body: "b", took: 300 })
      assert.deepStrictEqual(yield* exchanged(playing(503, "b", new Error("reset"))), {
        status: 503,
        body: "b",
        took: 0
      })
    })
  )
})

describe("an answer in pieces over effect/http", () => {
  /** Opens an answer in a scope of its own. */
  const opened = Effect.fnUntraced(function* ({ state, transport }: ReturnType<typeof playing>) {
    const scope = yield* Scope.make()
    const response = yield* Scope.provide(transport.open(request), scope)
    return { response, state, leave: Scope.close(scope, Exit.void) }
  })

  it.effect("has its head, its bytes as they arrive, and the error that broke it", () =>
    Effect.gen(function* () {
      const { response } = yield* opened(playing(200, "a", new Error("reset")))
      assert.deepStrictEqual([response.status, response.headers["x-a"]], [200, "1"])
      const [part] = yield* response.pull
      assert.strictEqual(textOf(part), "a")
      const error = yield* Effect.flip(response.pull)
      assert(error._tag === "TransportError")
      assert.deepStrictEqual(failureOf(error), { answered: true, tooLarge: false, cause: "reset" })
    })
  )

  it.effect("ends with its body", () =>
    Effect.gen(function* () {
      const { response } = yield* opened(playing(200, "a"))
      yield* response.pull
      assert.strictEqual((yield* Effect.flip(response.pull))._tag, "Done")
    })
  )

  it.effect("is given up with its scope", () =>
    Effect.gen(function* () {
      const { leave, response, state } = yield* opened(playing(200, "a", 400, "b"))
      yield* response.pull
      assert.strictEqual(state.open, 1)
      yield* leave
      assert.strictEqual(state.open, 0)
    })
  )

  it.effect("has half a second to end after it is complete, which delays no request", () =>
    Effect.gen(function* () {
      for (const [rest, end] of [
        [400, 400],
        [9_000, 500]
      ] as const) {
        const { leave, response, state } = yield* opened(playing(200, "a", rest))
        yield* response.pull
        response.finish()
        yield* leave
        yield* TestClock.adjust(end - 1)
        assert.strictEqual(state.open, 1)
        yield* TestClock.adjust(1)
        assert.strictEqual(state.open, 0)
      }
    })
  )
})
