/** A request over undici: its whole or streamed answer, its limits, and its cancellation. The test plays undici's part. */
import * as zlib from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import type { Dispatcher } from "undici"
import type { Request, TransportError } from "../../../src/providers/transport/Transport.ts"
import { UndiciCall } from "../../../src/providers/transport/UndiciCall.ts"

const request: Request = {
  origin: "http://a.test",
  path: "/v1",
  headers: { accept: "x" },
  body: "{}",
  connectTimeout: 1_000
}
const limits = { answer: 10, error: 4, errorWait: 300 }
const bytes = (text: string) => Buffer.from(text)
const textOf = (parts: ReadonlyArray<Uint8Array> | undefined) => parts && Buffer.concat(parts).toString()
/** Lets microtasks run, and one turn of the event loop. */
const turn = Effect.promise(() => new Promise<void>((done) => setImmediate(done)))

/** A request over a simulated connection: the calls from undici to the request, and from the request to undici. */
const sent = (what: Request = request, { begins = true } = {}) =>
  Effect.map(Effect.context<never>(), (context) => {
    const told: Array<string> = []
    const controller = {
      abort: () => void told.push("abort"),
      pause: () => void told.push("pause"),
      resume: () => void told.push("resume")
    } as Partial<Dispatcher.DispatchController> as Dispatcher.DispatchController
    const dispatched: Array<Dispatcher.DispatchOptions> = []
    const dispatch = (options: Dispatcher.DispatchOptions) => dispatched.push(options) > 0
    const call = new UndiciCall(context)
    call.dispatch({ dispatch } as Partial<Dispatcher> as Dispatcher, what)
    if (begins) call.onRequestStart(controller)
    return {
      call,
      told,
      dispatched,
      begin: () => call.onRequestStart(controller),
      raw: (part: Uint8Array) => call.onResponseData(controller, part),
      encoded: (encoding: string) => call.onResponseStart(controller, 200, { "content-encoding": encoding }),
      head: (status = 200) => call.onResponseStart(controller, status, { status: String(status) }),
      data: (text: string) => call.onResponseData(controller, bytes(text)),
      end: () => call.onResponseEnd(),
      breaks: (error: unknown) => call.onResponseError(controller, error)
    }
  })

/** The whole answer, with its body as a text. */
const whole = (call: UndiciCall) =>
  Effect.forkChild(
    Effect.result(Effect.map(call.exchange(limits), ({ body, status }) => `${status} ${Buffer.from(body)}`)),
    { startImmediately: true }
  )
const failureOf = ({ answered, cause, tooLarge }: TransportError) => ({
  answered,
  tooLarge,
  cause: cause instanceof Error ? cause.message : cause
})

describe("a request", () => {
  it.effect("is passed to undici unchanged, without timeouts of undici's own", () =>
    Effect.gen(function* () {
      const { dispatched } = yield* sent()
      const options = {
        origin: "http://a.test",
        path: "/v1",
        method: "POST",
        headers: { accept: "x" },
        body: "{}",
        headersTimeout: 0,
        bodyTimeout: 0
      }
      assert.deepStrictEqual(dispatched as unknown, [options])
      const get = yield* sent({ ...request, method: "GET" })
      assert.deepStrictEqual(get.dispatched as unknown, [{ ...options, method: "GET", body: null }])
    })
  )

  it.effect("fails where undici does not take it", () =>
    Effect.gen(function* () {
      const call = new UndiciCall()
      const dispatch = () => {
        throw new Error("closed")
      }
      call.dispatch({ dispatch } as Partial<Dispatcher> as Dispatcher, request)
      const { cause } = yield* Effect.flip(call.exchange(limits))
      assert.strictEqual((cause as Error).message, "closed")
    })
  )

  it.live("that is cancelled while a large body is being encoded is not sent", () =>
    Effect.gen(function* () {
      const { call, dispatched } = yield* sent({ ...request, body: "x".repeat(2 ** 20) }, { begins: false })
      assert.deepStrictEqual(dispatched, [])
      call.cancel()
      for (let i = 0; i < 5; i++) yield* turn
      assert.deepStrictEqual(dispatched, [])
      assert.isTrue(Exit.isFailure(call.ended()!))
    })
  )

  it.effect("that is cancelled before it has a connection is aborted as soon as it has one", () =>
    Effect.gen(function* () {
      const { begin, call, told } = yield* sent(request, { begins: false })
      call.cancel()
      assert.deepStrictEqual(told, [])
      begin()
      assert.deepStrictEqual(told, ["abort"])
    })
  )
})

describe("a whole answer", () => {
  it.effect("has the status and all of the body, and early hints are no head", () =>
    Effect.gen(function* () {
      const { call, data, end, head, told } = yield* sent()
      const answer = yield* whole(call)
      head(103)
      head()
      data("one ")
      data("two")
      end()
      const result = yield* Fiber.join(answer)
      assert.deepStrictEqual(result._tag === "Success" && result.success, "200 one two")
      assert.deepStrictEqual(told, [])
    })
  )

  it.effect("fails with the error that broke it, and records whether the head had arrived", () =>
    Effect.gen(function* () {
      for (const answered of [false, true]) {
        const { breaks, call, data, head } = yield* sent()
        const answer = yield* whole(call)
        if (answered) {
          head()
          data("half")
        }
        breaks(new Error("reset"))
        breaks(new Error("later"))
        const result = yield* Fiber.join(answer)
        assert(result._tag === "Failure")
        assert.deepStrictEqual(failureOf(result.failure), { answered, tooLarge: false, cause: "reset" })
      }
    })
  )

  it.effect("that is too large is aborted at once, and nothing more is kept of it", () =>
    Effect.gen(function* () {
      const { breaks, call, data, head, told } = yield* sent()
      const answer = yield* whole(call)
      head()
      data("0123456789")
      assert.deepStrictEqual(told, [])
      data("x")
      assert.deepStrictEqual(told, ["abort"])
      data("y")
      breaks(new Error("aborted"))
      const result = yield* Fiber.join(answer)
      assert(result._tag === "Failure")
      assert.deepStrictEqual(failureOf(result.failure), { answered: true, tooLarge: true, cause: undefined })
    })
  )

  it.effect("is never paused: all of it is waited for", () =>
    Effect.gen(function* () {
      const { call, data, end, head, told } = yield* sent()
      const answer = yield* Effect.forkChild(call.exchange({ ...limits, answer: 2 ** 20 }), {
        startImmediately: true
      })
      head()
      data("x".repeat(300 * 1024))
      end()
      assert.lengthOf((yield* Fiber.join(answer)).body, 300 * 1024)
      assert.deepStrictEqual(told, [])
    })
  )

  it.effect("without a head is a failure", () =>
    Effect.gen(function* () {
      const { call, end } = yield* sent()
      const answer = yield* whole(call)
      end()
      const result = yield* Fiber.join(answer)
      assert(result._tag === "Failure")
      assert.isFalse(result.failure.answered)
    })
  )

  it.effect("is aborted by an interruption, unless it has ended", () =>
    Effect.gen(function* () {
      const running = yield* sent()
      yield* running.call.abort
      assert.deepStrictEqual(running.told, ["abort"])
      const over = yield* sent()
      over.head()
      over.end()
      yield* over.call.abort
      assert.deepStrictEqual(over.told, [])
    })
  )
})

describe("an answer with an error status", () => {
  it.live("has the beginning of its body, and is complete a turn after its end", () =>
    Effect.gen(function* () {
      const { call, data, end, head, told } = yield* sent()
      const answer = yield* whole(call)
      head(300)
      data("no")
      end()
      yield* Effect.promise(() => Promise.resolve())
      assert.isUndefined(answer.pollUnsafe(), "undici has not released the connection yet")
      const result = yield* Fiber.join(answer)
      assert.deepStrictEqual(result._tag === "Success" && result.success, "300 no")
      assert.deepStrictEqual(told, [])
    })
  )

  it.effect("is cut where its body is too long, and aborted", () =>
    Effect.gen(function* () {
      const { call, data, head, told } = yield* sent()
      const answer = yield* whole(call)
      head(500)
      yield* turn
      data("12")
      data("345")
      const result = yield* Fiber.join(answer)
      assert.deepStrictEqual(result._tag === "Success" && result.success, "500 1234")
      assert.include(told, "abort")
      const redirect = yield* sent()
      const redirected = yield* whole(redirect.call)
      redirect.head(300)
      redirect.data("123456")
      yield* turn
      const beginning = yield* Fiber.join(redirected)
      assert.deepStrictEqual(beginning._tag === "Success" && beginning.success, "300 1234")
      const early = yield* sent()
      early.head(500)
      early.data("123456")
      const cut = yield* Fiber.join(yield* whole(early.call))
      assert.deepStrictEqual(cut._tag === "Success" && cut.success, "500 1234")
      assert.deepStrictEqual(early.told, ["abort"])
      const full = yield* sent()
      full.head(500)
      full.data("1234")
      const complete = yield* whole(full.call)
      full.end()
      yield* turn
      const found = yield* Fiber.join(complete)
      assert.deepStrictEqual(found._tag === "Success" && found.success, "500 1234")
      assert.deepStrictEqual(full.told, [], "nothing was left out, and the connection can be used again")
    })
  )

  it.effect("is waited for only a moment, and an error of its body is ignored", () =>
    Effect.gen(function* () {
      const slow = yield* sent()
      const answer = yield* whole(slow.call)
      slow.head(503)
      yield* turn
      slow.data("b")
      yield* TestClock.adjust(299)
      assert.isUndefined(answer.pollUnsafe())
      yield* TestClock.adjust(1)
      const result = yield* Fiber.join(answer)
      assert.deepStrictEqual(result._tag === "Success" && result.success, "503 b")
      assert.deepStrictEqual(slow.told, ["abort"])
      const broken = yield* sent()
      const other = yield* whole(broken.call)
      broken.head(503)
      broken.data("b")
      broken.breaks(new Error("reset"))
      const found = yield* Fiber.join(other)
      assert.deepStrictEqual(found._tag === "Success" && found.success, "503 b")
    })
  )
})

describe("an answer in pieces", () => {
  /** Reads from now on, and counts how often the reader is called. */
  const reading = (call: UndiciCall) => {
    const read = { calls: 0 }
    const again = () =>
      call.onReady(() => {
        read.calls++
      })
    again()
    return { read, again }
  }

  it.effect("has its head first, then the parts of a packet together, then its end", () =>
    Effect.gen(function* () {
      const { call, data, end, head } = yield* sent()
      const { again, read } = reading(call)
      head(103)
      yield* turn
      assert.deepStrictEqual([read.calls, call.head()], [0, undefined], "early hints are no head")
      head()
      yield* turn
      assert.deepStrictEqual([read.calls, call.head()?.status], [1, 200])
      again()
      data("a")
      data("b")
      assert.strictEqual(read.calls, 1)
      yield* turn
      assert.strictEqual(read.calls, 2)
      end()
      assert.isUndefined(call.ended(), "there is something to read")
      assert.strictEqual(textOf(call.take()), "ab")
      assert.isUndefined(call.take())
      assert.isTrue(Exit.isSuccess(call.ended()!))
      again()
      assert.strictEqual(read.calls, 3, "at once")
    })
  )

  it.effect("calls its reader at once where there is something to read, and once only", () =>
    Effect.gen(function* () {
      const { call, data, head } = yield* sent()
      head()
      data("a")
      const { read } = reading(call)
      assert.strictEqual(read.calls, 1)
      yield* turn
      data("b")
      yield* turn
      assert.strictEqual(read.calls, 1)
    })
  )

  it.effect("that breaks gives what came before, and then the failure", () =>
    Effect.gen(function* () {
      const { breaks, call, data, head } = yield* sent()
      head()
      data("a")
      breaks(new Error("reset"))
      assert.isUndefined(call.ended())
      assert.strictEqual(textOf(call.take()), "a")
      const error = yield* Effect.flip(call.ended()!)
      assert.deepStrictEqual(failureOf(error), { answered: true, tooLarge: false, cause: "reset" })
    })
  )

  it.effect("pauses its connection while 256 KiB wait to be read", () =>
    Effect.gen(function* () {
      const { call, data, head, told } = yield* sent()
      head()
      data("x".repeat(256 * 1024))
      assert.deepStrictEqual(told, [])
      data("x")
      assert.deepStrictEqual(told, ["pause"])
      call.take()
      assert.deepStrictEqual(told, ["pause", "resume"])
      data("x")
      call.take()
      assert.deepStrictEqual(told, ["pause", "resume"])
    })
  )

  it.effect("that is not read any more is aborted at once, and calls no listener", () =>
    Effect.gen(function* () {
      const { breaks, call, data, head, told } = yield* sent()
      head()
      yield* turn
      const { read } = reading(call)
      call.cancel()
      call.cancel()
      assert.deepStrictEqual(told, ["abort"])
      data("late")
      breaks(new Error("aborted"))
      yield* turn
      assert.deepStrictEqual([read.calls, call.take()], [0, undefined])
    })
  )

  it.effect("that is complete has half a second to end, so that its connection can be used again", () =>
    Effect.gen(function* () {
      const slow = yield* sent()
      slow.head()
      slow.data("x".repeat(256 * 1024 + 1))
      slow.call.finish()
      slow.call.cancel()
      assert.deepStrictEqual(slow.told, ["pause", "resume"])
      yield* TestClock.adjust(499)
      assert.lengthOf(slow.told, 2)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(slow.told, ["pause", "resume", "abort"])

      const quick = yield* sent()
      quick.head()
      quick.call.finish()
      quick.call.cancel()
      yield* TestClock.adjust(100)
      quick.end()
      yield* turn
      yield* TestClock.adjust(1_000)
      assert.deepStrictEqual(quick.told, [])
    })
  )

  it.effect("that has ended is not aborted when its reader leaves", () =>
    Effect.gen(function* () {
      const { call, end, head, told } = yield* sent()
      head()
      end()
      call.cancel()
      yield* TestClock.adjust(1_000)
      assert.deepStrictEqual(told, [])
    })
  )
})

describe("a compressed answer", () => {
  it.live("is not received faster than it is decoded and read", () =>
    Effect.gen(function* () {
      const { call, encoded, raw, told } = yield* sent()
      const noise = Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * at * 31) >> 5))
      const packed = zlib.gzipSync(Buffer.alloc(40_000_000, noise))
      assert.isAbove(packed.length, 200_000)
      const parts = 2
      encoded("gzip")
      let at = 0
      const next = () => {
        raw(packed.subarray((at * packed.length) / parts, ((at + 1) * packed.length) / parts))
        at++
      }
      const isPaused = () => told.findLast((each) => each !== "abort") === "pause"
      next()
      // Each part holds 20 MB. The second one is not requested before the first is decoded.
      let read = 0
      while (read < 5_000_000) {
        yield* Effect.sleep(5)
        for (const part of call.take() ?? []) read += part.length
        if (!isPaused() && at < parts) next()
      }
      assert.strictEqual(at, 1)
      call.cancel()
    })
  )

  it.live("that is cut off has all that came before", () =>
    Effect.gen(function* () {
      const { breaks, call, encoded, raw } = yield* sent()
      encoded("gzip")
      raw(zlib.gzipSync("all of it").subarray(0, -8))
      breaks(new Error("cut"))
      let text = ""
      while (call.ended() === undefined) {
        yield* turn
        text += textOf(call.take()) ?? ""
      }
      assert.strictEqual(text, "all of it")
      assert.strictEqual(Exit.isFailure(call.ended() ?? Exit.void), true)
    })
  )

  it.live("that is cancelled fails at once", () =>
    Effect.gen(function* () {
      const { breaks, call, encoded, raw, told } = yield* sent()
      encoded("gzip")
      raw(zlib.gzipSync("all of it").subarray(0, -8))
      call.cancel()
      assert.include(told, "abort")
      breaks(new Error("abandoned"))
      assert.isTrue(Exit.isFailure(call.ended() ?? Exit.void))
    })
  )
})
