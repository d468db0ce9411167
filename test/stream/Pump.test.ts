/** A flow of a Stream that a fiber pulls, and other kinds of flows. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Flow from "../../src/stream/Flow.ts"
import * as Pump from "../../src/stream/Pump.ts"
import { Tap } from "../support/flows.ts"

/** The flow of a stream of these items with 100 ms before each. `log` records the events of the stream. */
const pumped = (...items: ReadonlyArray<number>) =>
  Effect.map(Effect.context<never>(), (context) => {
    const log: Array<string> = []
    const stream = Stream.fromIterable(items).pipe(
      Stream.mapEffect((item) =>
        Effect.delay(
          Effect.sync(() => void log.push(`made ${item}`)),
          100
        )
      ),
      Stream.rechunk(1),
      Stream.onExit((exit) => Effect.sync(() => void log.push(Exit.isSuccess(exit) ? "done" : "stopped")))
    )
    const flow = Pump.begin(stream, context)
    const ready = { calls: 0 }
    return { flow, log, ready, wait: () => flow.onReady(() => ready.calls++) }
  })

describe("a pump", () => {
  it.effect("makes an item when a reader waits, and not before", () =>
    Effect.gen(function* () {
      const { flow, log, ready, wait } = yield* pumped(1, 2)
      yield* TestClock.adjust(1_000)
      assert.deepStrictEqual(log, [])
      wait()
      yield* TestClock.adjust(99)
      assert.deepStrictEqual([ready.calls, flow.take(), flow.ended()], [0, undefined, undefined])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual([ready.calls, log], [1, ["made 1"]])
      wait()
      assert.strictEqual(ready.calls, 2, "it has not been taken yet")
      assert.isUndefined(flow.ended())
      assert.lengthOf(flow.take()!, 1)
      yield* TestClock.adjust(1_000)
      assert.deepStrictEqual(log, ["made 1"])
      wait()
      yield* TestClock.adjust(100)
      flow.take()
      wait()
      yield* TestClock.adjust(1)
      assert.deepStrictEqual([ready.calls, log], [4, ["made 1", "made 2", "done"]])
      assert.isTrue(Exit.isSuccess(flow.ended()!))
      wait()
      assert.strictEqual(ready.calls, 5)
    })
  )

  it.effect("that is cancelled stops its stream, calls no reader, and then is released", () =>
    Effect.gen(function* () {
      const { flow, log, ready, wait } = yield* pumped(1, 2)
      wait()
      yield* TestClock.adjust(50)
      let released = 0
      flow.cancel()
      flow.cancel()
      Flow.released(flow, () => released++)
      yield* TestClock.adjust(1_000)
      assert.deepStrictEqual([ready.calls, log, released], [0, ["stopped"], 1])
      Flow.released(flow, () => released++)
      assert.strictEqual(released, 2)
    })
  )

  it.effect("that is cancelled before anybody has read begins nothing", () =>
    Effect.gen(function* () {
      const { flow, log } = yield* pumped(1)
      let released = 0
      flow.cancel()
      Flow.released(flow, () => released++)
      yield* TestClock.adjust(1_000)
      assert.deepStrictEqual([log, released], [[], 1])
    })
  )

  it.effect("whose reader stops when it gets an item ends in the usual way, and releases its source", () =>
    Effect.gen(function* () {
      const { flow, log } = yield* pumped(1, 2)
      let released = 0
      flow.onReady(() => {
        flow.cancel()
        Flow.released(flow, () => released++)
      })
      yield* TestClock.adjust(1_000)
      assert.deepStrictEqual([log, released], [["made 1", "done"], 1])
    })
  )

  it.effect("continues when its reader waits again in the same turn", () =>
    Effect.gen(function* () {
      const { flow, log } = yield* pumped(1, 2, 3)
      let taken = 0
      const read = () => {
        if (flow.take() !== undefined) taken++
        if (flow.ended() === undefined) flow.onReady(read)
      }
      flow.onReady(read)
      yield* TestClock.adjust(300)
      assert.deepStrictEqual([taken, log], [3, ["made 1", "made 2", "made 3", "done"]])
    })
  )

  it.effect("gives the failure of its stream", () =>
    Effect.gen(function* () {
      const flow = Pump.begin(Stream.fail("broken"), Context.empty())
      let calls = 0
      flow.onReady(() => calls++)
      assert.deepStrictEqual([calls, flow.ended()], [1, Exit.fail("broken")])
    })
  )
})

describe("a flow", () => {
  it.effect("that has failed is read as its failure", () =>
    Effect.gen(function* () {
      const flow = Flow.fail("broken")
      let calls = 0
      flow.onReady(() => calls++)
      assert.deepStrictEqual([calls, flow.take()], [1, undefined])
      assert.strictEqual(yield* Effect.flip(Stream.runDrain(Flow.toStream(() => flow))), "broken")
    })
  )

  it.effect("is closed when its source is released", () =>
    Effect.gen(function* () {
      let release = () => {}
      const tap = Object.assign(new Tap<number, never>(), {
        released: (f: () => void) => {
          release = f
        }
      })
      const closing = yield* Effect.forkChild(Flow.close(Flow.tap(tap, () => {})), { startImmediately: true })
      yield* Effect.yieldNow
      assert.deepStrictEqual([tap.cancelled, closing.pollUnsafe()], [1, undefined])
      release()
      yield* Fiber.join(closing)
    })
  )

  it.effect("that is read resumes its reader, and gathers only if its source does", () =>
    Effect.gen(function* () {
      const tap = new Tap<number, never>()
      const flow = Flow.tap(tap, () => {})
      let calls = 0
      flow.onReady(() => calls++)
      tap.put(1)
      assert.strictEqual(calls, 1)
      assert.isDefined(flow.gather)
      assert.isUndefined(Flow.tap(Flow.fail("broken"), () => {}).gather)
    })
  )

  it.effect("whose reader is interrupted while it waits calls it no more", () =>
    Effect.gen(function* () {
      const tap = new Tap<number, never>()
      const readers: Array<() => void> = []
      tap.onReady = (reader) => void readers.push(reader)
      const pull = Flow.pull(tap)
      const waiting = yield* Effect.forkChild(pull, { startImmediately: true })
      yield* Fiber.interrupt(waiting)
      assert.lengthOf(readers, 2, "another reader has taken its place")
    })
  )
})
