/** A request in flight: a call that needs no fiber, and any other transport adapted to this form. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Call from "../../../src/providers/transport/Call.ts"
import { type Head, type OpenResponse, TransportError } from "../../../src/providers/transport/Transport.ts"

const head: Head = { status: 200, headers: {} }
const broken = new TransportError({ answered: false, tooLarge: false, cause: "reset" })

/** A call whose answer the test plays. */
const played = () => {
  const log: Array<string> = []
  const state = {
    head: undefined as Head | undefined,
    parts: [] as Array<Uint8Array>,
    end: undefined as Exit.Exit<void, TransportError> | undefined,
    reader: undefined as (() => void) | undefined
  }
  const call: Call.Call = {
    head: () => state.head,
    take: () => (state.parts.length > 0 ? [state.parts.shift()!] : undefined),
    ended: () => state.end,
    onReady: (reader) => {
      state.reader = reader
    },
    cancel: () => void log.push("cancel"),
    finish: () => void log.push("finish")
  }
  return { call, log, state, wake: () => state.reader?.() }
}

/** Opens a call in a scope that the test closes. */
const opening = Effect.fnUntraced(function* (call: Call.Call) {
  const scope = yield* Scope.make()
  const open = Call.toEffect(() => call)
  const fiber = yield* Effect.forkChild(Effect.result(Scope.provide(open, scope)), { startImmediately: true })
  return { fiber, leave: Scope.close(scope, Exit.void) }
})

describe("a call", () => {
  it("is found in the effect that is made of it", () => {
    const { call } = played()
    assert.strictEqual(
      Call.begin(
        Call.toEffect(() => call),
        Context.empty()
      ),
      call
    )
  })

  it.effect("is open when its head has come; then it is read, finished, and ended with its scope", () =>
    Effect.gen(function* () {
      const { call, log, state, wake } = played()
      const { fiber, leave } = yield* opening(call)
      wake()
      yield* Effect.yieldNow
      assert.isUndefined(fiber.pollUnsafe(), "it was called for nothing")
      state.head = head
      wake()
      const opened = yield* Fiber.join(fiber)
      assert(opened._tag === "Success")
      const { finish, pull, status } = opened.success
      assert.strictEqual(status, 200)
      state.parts.push(Buffer.from("a"))
      assert.deepStrictEqual(yield* pull, [Buffer.from("a")])
      finish()
      yield* leave
      assert.deepStrictEqual(log, ["finish", "cancel"])
    })
  )

  it.effect("that fails before its head fails to open, and one that ends without a head is a defect", () =>
    Effect.gen(function* () {
      const failing = played()
      failing.state.end = Exit.fail(broken)
      const { fiber } = yield* opening(failing.call)
      const result = yield* Fiber.join(fiber)
      assert.strictEqual(result._tag === "Failure" && result.failure, broken)
      const headless = played()
      headless.state.end = Exit.void
      const exit = yield* Effect.exit(Effect.scoped(Call.toEffect(() => headless.call)))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert(Exit.isFailure(exit))
      assert.include(String(Cause.squash(exit.cause)), "an answer without a head")
    })
  )

  it.effect("that cannot be begun dies with what was thrown, and nothing else", () =>
    Effect.gen(function* () {
      const open = Call.toEffect(() => {
        throw "no context"
      })
      const exit = yield* Effect.exit(Effect.scoped(open))
      assert.deepStrictEqual(exit, Exit.die("no context"))
    })
  )

  it.effect("is given up when its caller leaves before the head", () =>
    Effect.gen(function* () {
      const { call, log } = played()
      const fiber = yield* Effect.forkChild(Effect.scoped(Call.toEffect(() => call)), {
        startImmediately: true
      })
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(log, ["cancel"])
    })
  )
})

describe("any other transport as a call", () => {
  it.effect("has a head after a while, then its bytes, and can be finished", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const parts = [Buffer.from("a")]
      const response: OpenResponse = {
        ...head,
        pull: Effect.suspend(() => {
          const part = parts.shift()
          return part === undefined ? Cause.done() : Effect.succeed([part] as const)
        }),
        finish: () => void log.push("finish")
      }
      const open = Effect.acquireRelease(Effect.as(Effect.sleep(100), response), () =>
        Effect.sync(() => void log.push("released"))
      )
      const call = Call.begin(open, yield* Effect.context<never>())
      let calls = 0
      call.onReady(() => calls++)
      call.finish()
      assert.deepStrictEqual([calls, call.head(), log], [0, undefined, []])
      yield* TestClock.adjust(100)
      assert.deepStrictEqual([calls, call.head()?.status], [1, 200])
      call.finish()
      call.onReady(() => calls++)
      yield* Effect.yieldNow
      assert.deepStrictEqual(call.take(), [Buffer.from("a")])
      call.onReady(() => calls++)
      yield* Effect.yieldNow
      assert.isTrue(Exit.isSuccess(call.ended()!))
      assert.deepStrictEqual([calls, log], [3, ["finish", "released"]])
    })
  )

  it.effect("signals that its head has come, even if nothing follows yet", () =>
    Effect.gen(function* () {
      const open = Effect.succeed({ ...head, pull: Effect.never, finish: () => {} })
      const call = Call.begin(open, yield* Effect.context<never>())
      let calls = 0
      call.onReady(() => calls++)
      yield* Effect.yieldNow
      assert.deepStrictEqual([calls, call.head()?.status], [1, 200])
      call.cancel()
    })
  )

  it.effect("fails as it does", () =>
    Effect.gen(function* () {
      const call = Call.begin(Effect.fail(broken), yield* Effect.context<never>())
      call.onReady(() => {})
      yield* Effect.yieldNow
      assert.strictEqual(yield* Effect.flip(call.ended()!), broken)
    })
  )
})
