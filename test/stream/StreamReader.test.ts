/** Readers of a stream: slow ones, those that stop early, and a second one. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { MaxOpsBeforeYield } from "effect/Scheduler"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as Failure from "../../src/failure/Failure.ts"
import { readAhead } from "../../src/stream/OpenStream.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { benches, fault, play, texts } from "../support/engine.ts"

const runtime = Effect.provide(Failover.layer())
type Call = Scripted.Call<string, Scripted.Part>
const { complete } = Scripted

describe("a reader that is slow", () => {
  it.effect("does not outlive the deadline, though a chunk is always there for it", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [Array.from({ length: 1_000 }, () => "tick")])
      const stream = Failover.stream(Chain.make(Model.make(a, "m")), "q", { deadline: "10 seconds" })
      let read = 0
      const { benches, error, took } = yield* play(
        Stream.runForEach(Stream.rechunk(stream, 1), () =>
          Effect.andThen(
            Effect.sync(() => read++),
            Effect.sleep("1 second")
          )
        )
      )
      assert.strictEqual(error?._tag, "DeadlineExceeded")
      // Chunks that were handed over by then are read to the end.
      assert.isAtMost(took, 10_000 + readAhead * 1_000)
      assert.isAtLeast(read, 10)
      assert.deepStrictEqual(benches, [])
      assert.strictEqual(a.open, 0)
    }).pipe(runtime)
  )

  it.effect("gets to the end of an answer that was complete in time", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [["one", "two", "three", complete()]])
      const stream = Failover.stream(Chain.make(Model.make(a, "m")), "q", { deadline: "2 seconds" })
      const slow = Stream.mapEffect(Stream.rechunk(stream, 1), (part) =>
        Effect.delay(Effect.succeed(part), "5 seconds")
      )
      const { value } = yield* play(texts(slow))
      assert.deepStrictEqual(value, ["one", "two", "three"])
    }).pipe(runtime)
  )

  it.effect("misses no chunk and no end, wherever the scheduler interrupts it and the upstream", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [])
      const chain = Chain.make(Model.make(a, "m"))
      const turns = (n: number) =>
        Effect.gen(function* () {
          for (let i = 0; i < n; i++) yield* Effect.yieldNow
        })
      // So few operations a turn that the two fibers interleave in every way.
      for (let operations = 3; operations < 12; operations++) {
        for (let pause = 0; pause < 100; pause++) {
          const upstream = Stream.fromIterable([1, 2]).pipe(
            Stream.rechunk(1),
            Stream.mapEffect((n) => Effect.as(turns(pause % 5), n)),
            Stream.concat(Stream.drain(Stream.fromEffect(turns(pause % 3))))
          )
          const read: Array<number> = []
          const fiber = yield* Failover.useStream(chain, () => upstream).pipe(
            Stream.runForEach((n) =>
              Effect.andThen(
                Effect.sync(() => read.push(n)),
                turns(pause % 10)
              )
            ),
            Effect.provideService(MaxOpsBeforeYield, operations),
            Effect.forkChild
          )
          for (let turn = 0; turn < 1_000 && fiber.pollUnsafe() === undefined; turn++) yield* Effect.yieldNow
          assert.isDefined(fiber.pollUnsafe(), `${operations} operations a turn, pause ${pause}`)
          assert.deepStrictEqual(read, [1, 2])
        }
      }
      assert.strictEqual(yield* Clock.currentTimeMillis, 0, "nobody had to wait for a timeout")
    }).pipe(runtime)
  )
})

describe("a reader that stops", () => {
  const endless: Call = ["one", "two", { wait: "1 second" }, "three", { hang: true }]

  it.effect("after some chunks closes the upstream at once, which is not a failure", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [endless])
      const stream = Failover.stream(Chain.make(Model.make(a, "m")), "q")
      const { benches, error, took, value } = yield* play(texts(Stream.take(stream, 2)))
      assert.isUndefined(error)
      assert.deepStrictEqual(value, ["one", "two"])
      assert.strictEqual(took, 0)
      assert.deepStrictEqual(benches, [])
      assert.strictEqual(a.open, 0)
      assert.strictEqual(a.calls[0]?.outcome, "interrupted")
    }).pipe(runtime)
  )

  it.effect("by interruption while it waits closes the upstream at once", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [endless])
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const fiber = yield* Effect.forkChild(texts(Failover.stream(chain, "q")))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(a.open, 1)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(a.open, 0)
      assert.deepStrictEqual(b.calls, [])
      assert.deepStrictEqual(yield* benches, [])
    }).pipe(runtime)
  )

  it.effect("by its own failure closes the upstream, and the failure is the reader's", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [endless])
      const stream = Failover.stream(Chain.make(Model.make(a, "m")), "q")
      const failing = Stream.mapEffect(stream, () => Effect.fail("the disk is full" as const))
      const { benches, error } = yield* play(Stream.runDrain(failing))
      assert.strictEqual(error, "the disk is full")
      assert.deepStrictEqual(benches, [])
      assert.strictEqual(a.open, 0)
    }).pipe(runtime)
  )

  it.effect(
    "after the answer was complete has received all of it: that counts as a success of the target",
    () =>
      Effect.gen(function* () {
        const unknown: Call = [fault("Unknown")]
        const a = Scripted.make("a", [unknown, unknown, ["hi", complete(), { hang: true }], unknown])
        const chain = Chain.withPolicy(Chain.make(Model.make(a, "m")), { attempts: 1 })
        const heard = Failover.stream(chain, "q").pipe(Stream.takeUntil((part) => part.phase.complete))
        for (let i = 0; i < 4; i++) yield* Effect.exit(Stream.runDrain(heard))
        assert.deepStrictEqual(yield* benches, [])
        assert.strictEqual(a.open, 0)
      }).pipe(runtime)
  )

  it.effect("in the middle does not count for the target, nor against it", () =>
    Effect.gen(function* () {
      const unknown: Call = [fault("Unknown")]
      const a = Scripted.make("a", [unknown, unknown, endless, unknown])
      const chain = Chain.withPolicy(Chain.make(Model.make(a, "m")), { attempts: 1 })
      const heard = Stream.take(Failover.stream(chain, "q"), 1)
      for (let i = 0; i < 4; i++) yield* Effect.exit(Stream.runDrain(heard))
      assert.deepStrictEqual(yield* benches, ["a/m Unknown 5000"])
    }).pipe(runtime)
  )

  it.effect("before it has read anything closes the upstream of an opened stream with its scope", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [endless])
      const chain = Chain.make(Model.make(a, "m"))
      yield* Effect.scoped(
        Effect.gen(function* () {
          const opened = yield* Failover.open(chain, "q")
          assert.strictEqual(opened.target.key, "a/m#default")
          assert.strictEqual(a.open, 1)
        })
      )
      assert.strictEqual(a.open, 0)
    }).pipe(runtime)
  )

  it.effect("slowly is not read ahead for without end", () =>
    Effect.gen(function* () {
      let pulled = 0
      const source = Stream.fromEffectRepeat(Effect.sync(() => pulled++))
      const a = Scripted.make("a", [])
      const stream = Failover.useStream(Chain.make(Model.make(a, "m")), () => source)
      const taken: Array<number> = []
      const fiber = yield* stream.pipe(
        Stream.rechunk(1),
        Stream.runForEach((n) =>
          Effect.andThen(
            Effect.sync(() => taken.push(n)),
            Effect.sleep("1 second")
          )
        ),
        Effect.forkChild
      )
      yield* TestClock.adjust("100 seconds")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(
        taken,
        Array.from({ length: 101 }, (_, i) => i)
      )
      assert.isAtMost(pulled - taken.length, 32)
    }).pipe(runtime)
  )
})

describe("one stream value", () => {
  it.effect("makes a new call every time it is run", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [["first"], ["second"]])
      const stream = Failover.stream(Chain.make(Model.make(a, "m")), "q")
      assert.deepStrictEqual(yield* texts(stream), ["first"])
      assert.deepStrictEqual(yield* texts(stream), ["second"])
    }).pipe(runtime)
  )

  it.effect("that is read by two at once gives each an answer of its own", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [
        ["one", { wait: "1 second" }, "two"],
        ["three", { wait: "1 second" }, "four"]
      ])
      const stream = Failover.stream(Chain.make(Model.make(a, "m")), "q")
      const { value } = yield* play(Effect.all([texts(stream), texts(stream)], { concurrency: 2 }))
      assert.deepStrictEqual(value, [
        ["one", "two"],
        ["three", "four"]
      ])
    }).pipe(runtime)
  )

  it.effect("of any service fails over by the classes that classify returns", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [])
      const b = Scripted.make("b", [])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const stream = Failover.useStream(
        chain,
        (_, target) => (target.provider === "a" ? Stream.fail("closed" as const) : Stream.make(1, 2)),
        { classify: (error) => new Failure.AuthDead({ reason: "Forbidden", message: error }) }
      )
      assert.deepStrictEqual(yield* Stream.runCollect(stream), [1, 2])
      assert.deepStrictEqual(yield* benches, ["a#default Forbidden 300000"])
    }).pipe(runtime)
  )
})
