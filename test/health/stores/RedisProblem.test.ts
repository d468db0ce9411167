/** Errors of Redis and of its clients: where their messages are found, and whether a Redis can hold a bench at all. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Redis from "effect/persistence/Redis"
import * as Queue from "effect/Queue"
import * as TestClock from "effect/testing/TestClock"
import * as RedisProblem from "../../../src/health/stores/RedisProblem.ts"
import { whyUnsupported } from "../../../src/health/stores/RedisSupport.ts"
import * as Scripts from "../../../src/health/stores/Scripts.ts"
import { redisError } from "../../support/virtualReplicas.ts"

describe("the text of an error", () => {
  it("has the messages and codes of all its causes", () => {
    const inner = Object.assign(new Error("refused"), { code: "ECONNREFUSED" })
    const outer = new Error("no connection", { cause: inner })
    assert.strictEqual(RedisProblem.textOf(outer), "no connection; refused; ECONNREFUSED")
    assert.strictEqual(RedisProblem.textOf({ code: 7 }), "7")
  })

  it("has the first of several errors, and the first reason of a cause", () => {
    const many = new AggregateError([new Error("first"), new Error("second")], "all")
    assert.strictEqual(RedisProblem.textOf(many), "all; first")
    assert.strictEqual(RedisProblem.textOf({ reasons: [{ error: new Error("failed") }] }), "failed")
    assert.strictEqual(RedisProblem.textOf({ reasons: [{ defect: new Error("died") }] }), "died")
    assert.strictEqual(RedisProblem.textOf({ cause: new Error("cause"), errors: [new Error("no")] }), "cause")
  })

  it("is empty for a value that is not an error, and ends after eight causes", () => {
    for (const value of [
      undefined,
      null,
      "text",
      7,
      {},
      { errors: "none", reasons: "none" },
      { reasons: [null] }
    ]) {
      assert.strictEqual(RedisProblem.textOf(value), "")
    }
    const endless: { message: string; cause?: unknown } = { message: "again" }
    endless.cause = endless
    assert.strictEqual(RedisProblem.textOf(endless), Array.from({ length: 8 }, () => "again").join("; "))
  })
})

describe("an error without a known reason", () => {
  it("means that Redis does not answer, which may change", () => {
    const none = { kind: "silent", why: RedisProblem.noAnswer }
    assert.deepStrictEqual<unknown>(RedisProblem.of(new Error("Socket closed")), none)
    assert.deepStrictEqual<unknown>(RedisProblem.of(undefined), none)
    assert.strictEqual(RedisProblem.of(redisError("NOAUTH Authentication required.")).kind, "unsuitable")
  })
})

describe("a Redis that is tried before its use", () => {
  const names = Scripts.names("p")
  type Failing = Effect.Effect<never, Redis.RedisError>
  /** A Redis that answers the self-test with a message, or behaves as `instead` says. */
  const redisOf = (
    instead: { readonly subscribe?: Failing; readonly eval?: Failing; readonly isMute?: boolean } = {}
  ) =>
    ({
      subscribe: (channel: string) =>
        instead.subscribe ??
        Effect.tap(Queue.unbounded<unknown>(), (queue) =>
          instead.isMute === true || channel !== names.channel ? Effect.void : Queue.offer(queue, "message")
        ),
      eval: (script: unknown) => (given: unknown) =>
        instead.eval ??
        (script === Scripts.selfTest && given === names ? Effect.succeed(1) : Effect.die("another script"))
    }) as unknown as Redis.Redis["Service"]
  const otherwise = Effect.succeed("it is something else")
  const whyOf = (
    connect: Effect.Effect<Redis.Redis["Service"], Redis.RedisError>,
    other?: Effect.Effect<string>
  ) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(whyUnsupported(connect, names, other), { startImmediately: true })
      yield* TestClock.adjust(1_999)
      const early = fiber.pollUnsafe()
      yield* TestClock.adjust(2)
      const late = fiber.pollUnsafe()
      return [late?._tag === "Success" ? late.value : "nothing", early === undefined ? "late" : "at once"]
    })

  it.effect("is suitable if it runs the self test and its message arrives", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* whyOf(Effect.succeed(redisOf()), otherwise), [undefined, "at once"])
    })
  )

  it.effect("is unsuitable for the reason in its answer, wherever that is", () =>
    Effect.gen(function* () {
      const denied = Effect.fail(redisError("READONLY You can't write against a read only replica."))
      for (const connect of [
        denied,
        Effect.succeed(redisOf({ subscribe: denied })),
        Effect.succeed(redisOf({ eval: denied }))
      ]) {
        const [why, when] = yield* whyOf(connect, otherwise)
        assert.include(why, "read-only replica")
        assert.strictEqual(when, "at once")
      }
    })
  )

  it.effect("is the other known facts if it cannot be tried now", () =>
    Effect.gen(function* () {
      for (const problem of ["connect ECONNREFUSED", "OOM command not allowed", "LOADING the dataset"]) {
        assert.deepStrictEqual(yield* whyOf(Effect.fail(redisError(problem)), otherwise), [
          "it is something else",
          "at once"
        ])
        assert.deepStrictEqual(yield* whyOf(Effect.fail(redisError(problem))), [undefined, "at once"])
      }
    })
  )

  it.effect("delays the start by two seconds at most, also if its message does not arrive", () =>
    Effect.gen(function* () {
      let stopped = 0
      const hanging = Effect.onInterrupt(Effect.never, () => Effect.sync(() => stopped++))
      assert.deepStrictEqual(yield* whyOf(hanging, otherwise), ["it is something else", "late"])
      assert.strictEqual(stopped, 1)
      assert.deepStrictEqual(yield* whyOf(Effect.succeed(redisOf({ isMute: true }))), [undefined, "late"])
    })
  )
})
