/** Streams that are made of a flow: code that can read a flow needs no fiber, and all other code reads an ordinary stream. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Phase from "../../src/domain/Phase.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as Failure from "../../src/failure/Failure.ts"
import * as Flow from "../../src/stream/Flow.ts"
import * as Pump from "../../src/stream/Pump.ts"
import { fault } from "../support/engine.ts"
import { Tap } from "../support/flows.ts"

const runtime = Effect.provide(Failover.layer())

/** A chain of two backends whose streams are made of the flows. */
const chainOf = (...flows: ReadonlyArray<Flow.Flow<string, Failure.Failure>>) =>
  Chain.fromLinks(flows.map((flow, index) => Model.make(Backend.make(`p${index}`, flow), "m")))

const phase = (chunk: string) =>
  chunk === "role"
    ? Phase.held
    : chunk === "done"
      ? Phase.last
      : chunk === "stop"
        ? Phase.complete
        : Phase.content

const play = (chain: ReturnType<typeof chainOf>) =>
  Failover.useStream(chain, ({ service }) => Flow.toStream(() => service), { phase })

describe("a stream made of a flow", () => {
  it.effect("gives what there is, and then how it ended", () =>
    Effect.gen(function* () {
      const tap = new Tap<number, string>()
      const read: Array<number> = []
      const fiber = yield* Flow.toStream(() => tap).pipe(
        Stream.runForEach((item) => Effect.sync(() => read.push(item))),
        Effect.exit,
        Effect.forkChild({ startImmediately: true })
      )
      tap.put(1, 2)
      tap.put(3)
      assert.deepStrictEqual(read, [1, 2, 3])
      tap.end(Exit.fail("broken"))
      assert.deepStrictEqual(yield* Fiber.join(fiber), Exit.fail("broken"))
      assert.strictEqual(tap.cancelled, 1)
    })
  )

  it.effect("is cancelled when its reader takes no more, or is interrupted", () =>
    Effect.gen(function* () {
      const [some, none] = [new Tap<number, never>(), new Tap<number, never>()]
      some.put(1, 2, 3)
      assert.deepStrictEqual(
        yield* Stream.runCollect(
          Stream.take(
            Flow.toStream(() => some),
            2
          )
        ),
        [1, 2]
      )
      assert.strictEqual(some.cancelled, 1)
      const fiber = yield* Effect.forkChild(Stream.runDrain(Flow.toStream(() => none)), {
        startImmediately: true
      })
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(none.cancelled, 1)
    })
  )

  it.effect("can be looked at on its way", () =>
    Effect.gen(function* () {
      const tap = new Tap<number, string>()
      const seen: Array<number> = []
      const flow = Flow.tap(tap, (item) => seen.push(item))
      tap.put(1, 2)
      tap.end(Exit.fail("broken"))
      flow.gather?.()
      assert.isTrue(tap.gathered)
      assert.deepStrictEqual(yield* Effect.flip(Stream.runDrain(Flow.toStream(() => flow))), "broken")
      assert.deepStrictEqual(seen, [1, 2])
      assert.strictEqual(tap.cancelled, 1)
    })
  )

  it.effect("has no flow after it has been changed", () =>
    Effect.sync(() => {
      const stream = Flow.toStream(() => new Tap<number, never>())
      assert.isDefined(Flow.of(stream))
      assert.isUndefined(Flow.of(Stream.map(stream, (n) => n + 1)))
    })
  )
})

/** A chain of one provider whose streams are made of the flow. */
const providing = (flow: Flow.Flow<string, Failure.Failure>) => {
  const provider = {
    ...Backend.make("p", {}),
    complete: () => Effect.succeed(""),
    stream: () => Flow.toStream(() => flow),
    phase
  }
  return Chain.make(Model.make(provider, "m"))
}

describe("the runtime over flows", () => {
  it.effect("leaves one that fails before its first content, and releases it", () =>
    Effect.gen(function* () {
      const [a, b] = [new Tap<string, Failure.Failure>(), new Tap<string, Failure.Failure>()]
      a.put("role")
      a.end(Exit.fail(fault("ServerError")))
      b.put("role", "hello", "done")
      const stream = Failover.useStream(chainOf(a, b), ({ service }) => Flow.toStream(() => service), {
        phase
      })
      const fiber = yield* Effect.forkChild(Stream.runCollect(stream))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Fiber.join(fiber), ["role", "hello", "done"])
      assert.isAtLeast(b.cancelled, 1)
    }).pipe(runtime)
  )

  it.effect("moves on from one that is silent, and from one that throws", () =>
    Effect.gen(function* () {
      const silent = new Tap<string, Failure.Failure>()
      const broken = new Tap<string, Failure.Failure>()
      broken.take = () => {
        throw new Error("a defect of the flow")
      }
      const good = new Tap<string, Failure.Failure>()
      good.put("hello", "done")
      const fiber = yield* Effect.forkChild(Stream.runCollect(play(chainOf(silent, broken, good))))
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(yield* Fiber.join(fiber), ["hello", "done"])
      assert.strictEqual(silent.cancelled, 1)
      assert.isAtLeast(broken.cancelled, 1)
    }).pipe(runtime)
  )

  it.effect("reports a stall after the commit point, the deadline, and a broken connection", () =>
    Effect.gen(function* () {
      const ends: Array<string> = []
      for (const way of ["stall", "deadline", "cut"] as const) {
        const tap = new Tap<string, Failure.Failure>()
        tap.put("hello")
        const stream = Failover.useStream(chainOf(tap), ({ service }) => Flow.toStream(() => service), {
          phase,
          deadline: way === "deadline" ? "10 seconds" : "1 hour"
        })
        const fiber = yield* Effect.forkChild(Effect.flip(Stream.runDrain(stream)))
        yield* TestClock.adjust("1 second")
        if (way === "cut") tap.end(Exit.void)
        yield* TestClock.adjust("1 minute")
        const error = yield* Fiber.join(fiber)
        ends.push(error._tag === "StreamBroken" ? Failure.classOf(error.failure) : error._tag)
        assert.isAtLeast(way === "cut" ? 1 : tap.cancelled, 1)
      }
      assert.deepStrictEqual(ends, ["Timeout", "DeadlineExceeded", "Truncated"])
    }).pipe(runtime)
  )

  it.effect("waits for an usageGrace only a moment", () =>
    Effect.gen(function* () {
      const tap = new Tap<string, Failure.Failure>()
      const fiber = yield* Effect.forkChild(Stream.runCollect(play(chainOf(tap))), { startImmediately: true })
      tap.put("hello")
      yield* TestClock.adjust("20 seconds")
      tap.put("stop")
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* Fiber.join(fiber), ["hello", "stop"])
      assert.strictEqual(tap.cancelled, 1)
    }).pipe(runtime)
  )

  it.effect("leaves gathered chunks with the flow, except two, until they are read", () =>
    Effect.gen(function* () {
      const tap = new Tap<string, Failure.Failure>()
      tap.put("hello")
      yield* Effect.scoped(
        Effect.gen(function* () {
          const flow = Pump.begin((yield* Failover.open(providing(tap), "q")).value, Context.empty())
          flow.gather?.()
          assert.deepStrictEqual(flow.take(), ["hello"])
          for (const text of ["one", "two", "three", "done"]) tap.put(text)
          assert.deepStrictEqual(tap.left, ["three", "done"])
          assert.deepStrictEqual(flow.take(), ["one", "two"])
          assert.deepStrictEqual(tap.left, [])
          assert.deepStrictEqual(flow.take(), ["three", "done"])
        })
      )
    }).pipe(runtime)
  )

  it.effect("passes the flow on, and the source gathers", () =>
    Effect.gen(function* () {
      const tap = new Tap<string, Failure.Failure>()
      tap.put("role", "hello")
      yield* Effect.scoped(
        Effect.gen(function* () {
          const flow = Pump.begin((yield* Failover.open(providing(tap), "q")).value, Context.empty())
          flow.gather?.()
          assert.isTrue(tap.gathered)
          assert.deepStrictEqual(flow.take(), ["role", "hello"])
          assert.isUndefined(flow.take())
          let calls = 0
          flow.onReady(() => calls++)
          tap.put("more")
          tap.put("done")
          assert.strictEqual(calls, 1)
          assert.deepStrictEqual(flow.take(), ["more", "done"])
          assert.deepStrictEqual(flow.ended(), Exit.void)
        })
      )
    }).pipe(runtime)
  )
})
