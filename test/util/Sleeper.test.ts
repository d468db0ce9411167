/** The one sleep behind all timers of a clock. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as TestClock from "effect/testing/TestClock"
import { MovableTimer } from "../../src/util/MovableTimer.ts"
import { Sleeper } from "../../src/util/Sleeper.ts"

/** The context with a clock that counts its sleeps. */
const counting = Effect.map(Effect.context<never>(), (context) => {
  const clock = Context.get(context, Clock.Clock)
  const counts = { begun: 0, running: 0 }
  const sleep: Clock.Clock["sleep"] = (duration) =>
    Effect.suspend(() => {
      counts.begun++
      counts.running++
      return Effect.ensuring(
        clock.sleep(duration),
        Effect.sync(() => counts.running--)
      )
    })
  const counted: Clock.Clock = Object.create(clock, { sleep: { value: sleep } })
  return { counts, context: Context.add(context, Clock.Clock, counted) }
})

describe("the timers of a clock", () => {
  it.effect("share one sleep, and fire in the order of their times", () =>
    Effect.gen(function* () {
      const { context, counts } = yield* counting
      const fired: Array<string> = []
      const timer = (name: string, dueAt: number) => {
        const made = new MovableTimer(context, () => fired.push(`${name} at ${now()}`))
        made.set(dueAt)
        return made
      }
      const now = () => Context.get(context, Clock.Clock).currentTimeMillisUnsafe()
      timer("first", 1_000)
      timer("last", 3_000)
      timer("second", 1_000)
      timer("moved", 1_500).set(2_500)
      timer("stopped", 2_000).stop()
      assert.deepStrictEqual(counts, { begun: 1, running: 1 })
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(fired, ["first at 1000", "second at 1000", "moved at 2500", "last at 3000"])
      assert.strictEqual(counts.running, 0)
    })
  )

  it.effect("sleep until an earlier time if one of them has that", () =>
    Effect.gen(function* () {
      const { context, counts } = yield* counting
      const fired: Array<string> = []
      const late = new MovableTimer(context, () => fired.push("late"))
      const early = new MovableTimer(context, () => fired.push("early"))
      late.set(60_000)
      early.set(90_000)
      early.set(1_000)
      assert.strictEqual(counts.running, 1)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(fired, ["early"])
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(fired, ["early", "late"])
    })
  )

  it.effect("do not sleep once the last of them is stopped, so they keep no process alive", () =>
    Effect.gen(function* () {
      const { context, counts } = yield* counting
      const timers = [1_000, 2_000, 3_000].map((dueAt) => {
        const timer = new MovableTimer(context, () => assert.fail("it was stopped"))
        timer.set(dueAt)
        return timer
      })
      for (const timer of timers) {
        assert.strictEqual(counts.running, 1)
        timer.stop()
      }
      assert.strictEqual(counts.running, 0)
      yield* TestClock.adjust("10 seconds")
    })
  )

  it.effect("may stop and move each other when they are due at the same time", () =>
    Effect.gen(function* () {
      const { context } = yield* counting
      const fired: Array<string> = []
      const one = new MovableTimer(context, () => {
        fired.push("one")
        two.stop()
        three.set(2_000)
      })
      const two = new MovableTimer(context, () => fired.push("two"))
      const three = new MovableTimer(context, () => fired.push("three"))
      for (const timer of [one, two, three]) timer.set(1_000)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(fired, ["one"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(fired, ["one", "three"])
    })
  )

  it.effect("that are long overdue share the sleep of the next turn, and do not postpone it", () =>
    Effect.gen(function* () {
      const { context, counts } = yield* counting
      yield* TestClock.adjust("10 seconds")
      const fired: Array<number> = []
      for (const dueAt of [3, 2, 1]) new MovableTimer(context, () => fired.push(dueAt)).set(dueAt)
      assert.deepStrictEqual([counts.begun, fired], [1, []])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(fired, [1, 2, 3])
    })
  )

  it.effect("are not all looked at when one of them is due", () =>
    Effect.gen(function* () {
      const { context } = yield* counting
      const sleeper = Sleeper.of(context)
      let looks = 0
      for (let i = 0; i < 10_000; i++) {
        sleeper.add({
          get dueAt() {
            looks++
            return 60_000 + i
          },
          place: -1,
          orderedAt: 0,
          turn: 0,
          onDue: () => assert.fail("it is not due")
        })
      }
      const due = new MovableTimer(context, () => {})
      due.set(1_000)
      looks = 0
      yield* TestClock.adjust("1 second")
      assert.isBelow(looks, 100)
    })
  )

  it.effect("fire although several that are due at the same time throw", () =>
    Effect.gen(function* () {
      const { context } = yield* counting
      const fired: Array<string> = []
      const sleeper = Sleeper.of(context)
      for (const [name, dueAt] of [
        ["one", 1_000],
        ["broken", 1_000],
        ["broken too", 1_000],
        ["two", 1_000],
        ["three", 2_000]
      ] as const) {
        const timer = new MovableTimer(context, () => {
          fired.push(name)
          if (name.startsWith("broken")) throw new Error("a bug")
        })
        timer.set(dueAt)
      }
      assert.isTrue(Exit.isFailure(yield* Effect.exit(TestClock.adjust("1 second"))))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(fired, ["one", "broken", "broken too", "two", "three"])
      assert.strictEqual(sleeper.size, 0)
    })
  )
})
