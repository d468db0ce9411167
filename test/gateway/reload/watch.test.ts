import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { Status } from "../../../src/gateway/status/Status.ts"
import * as Watch from "../../../src/gateway/status/Watch.ts"
import * as Scenes from "../../support/scenes.ts"

/** A status that can be changed, and the messages that a viewer gets. */
const watched = Effect.gen(function* () {
  const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
  const state = { status: Scenes.oneBenched(now), reads: 0 }
  const watch = yield* Watch.make(
    Effect.map(
      Effect.clockWith((clock) => clock.currentTimeMillis),
      (at) => {
        state.reads++
        return { ...state.status, at }
      }
    )
  )
  const view = Effect.map(Stream.toPull(watch.events), (pull) =>
    Effect.map(pull, (messages) => {
      assert.strictEqual(messages.length, 1)
      const [, name = "", data = ""] = /^event: (.*)\ndata: (.*)\n\n$/.exec(messages[0]) ?? []
      return { name, data: JSON.parse(data) as Status & Watch.Update }
    })
  )
  /** Changes a row and advances the time until viewers get it. */
  const touch = (index: number, answered: number) =>
    Effect.suspend(() => {
      const rows = state.status.rows.map((row, other) => (other === index ? { ...row, answered } : row))
      state.status = { ...state.status, rows }
      return TestClock.adjust("500 millis")
    })
  return { state, watch, view, touch }
})

const keysOf = (items: ReadonlyArray<{ readonly key: string }> = []) => items.map(({ key }) => key)

describe("the watch over the status", () => {
  it.effect("sends the whole status first, then changes, and a heartbeat if nothing has changed", () =>
    Effect.gen(function* () {
      const { state, touch, view } = yield* watched
      const next = yield* view
      const first = yield* next
      assert.strictEqual(first.name, "status")
      assert.strictEqual(first.data.rows.length, state.status.rows.length)
      yield* touch(2, 41)
      const second = yield* next
      assert.strictEqual(second.name, "update")
      assert.deepStrictEqual(keysOf(second.data.rows), [state.status.rows[2]!.key])
      assert.strictEqual(second.data.benches, undefined)
      yield* TestClock.adjust("3 seconds")
      const third = yield* Effect.forkChild(next).pipe(
        Effect.tap(() => TestClock.adjust("3 seconds")),
        Effect.flatMap(Fiber.join)
      )
      assert.strictEqual(third.name, "alive")
    })
  )

  it.effect("queues nothing for a viewer that does not read, and then sends all changes at once", () =>
    Effect.gen(function* () {
      const { state, touch, view } = yield* watched
      const [quick, slow] = [yield* view, yield* view]
      yield* quick
      yield* slow
      for (let round = 0; round < 50; round++) {
        yield* touch(round % 3, 1_000 + round)
        yield* quick
      }
      const late = yield* slow
      assert.deepStrictEqual(keysOf(late.data.rows), keysOf(state.status.rows.slice(0, 3)))
      assert.deepStrictEqual(
        late.data.rows.map(({ answered }) => answered),
        [1_048, 1_049, 1_047]
      )
    })
  )

  it.effect("sends single bench keys that were added, changed or removed", () =>
    Effect.gen(function* () {
      const { state, view } = yield* watched
      const next = yield* view
      yield* next
      const [bench] = state.status.benches
      const others = ["openai", "groq"].map((key) => ({ ...bench!, key }))
      state.status = { ...state.status, benches: [bench!, ...others] }
      yield* TestClock.adjust("500 millis")
      const came = yield* next
      assert.deepStrictEqual(keysOf(came.data.benches), ["openai", "groq"])
      state.status = { ...state.status, benches: [{ ...others[0]!, consecutiveBenches: 9 }] }
      yield* TestClock.adjust("500 millis")
      const went = yield* next
      assert.deepStrictEqual(keysOf(went.data.benches), ["openai"])
      assert.deepStrictEqual(went.data.off, [bench!.key, "groq"])
    })
  )

  it("sends only the last steps of two hundred busy targets, and nothing of idle ones", () => {
    const now = 1_772_421_160_000
    const [before, after] = [Scenes.large(now), Scenes.large(now, 1)]
    const whole = JSON.stringify(before).length
    const update = Watch.changed(before, after)
    assert.strictEqual(update?.rows?.length, 200)
    assert.isBelow(JSON.stringify(update).length, whole / 5)
    const one = Watch.changed(before, {
      ...before,
      rows: before.rows.map((row, index) => (index === 9 ? after.rows[9]! : row))
    })
    assert.isBelow(JSON.stringify(one).length, 1_000)
    assert.strictEqual(Watch.changed(before, { ...before, at: now + 500 }), undefined)
  })

  it.effect("computes nothing without viewers, and each update once for many viewers", () =>
    Effect.gen(function* () {
      const { state, touch, view, watch } = yield* watched
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(state.reads, 0)
      yield* Effect.scoped(
        Effect.gen(function* () {
          const viewers = yield* Effect.forEach(Array.from({ length: 20 }), () => view)
          yield* Effect.forEach(viewers, (next) => next)
          assert.strictEqual(watch.viewers(), 20)
          assert.strictEqual(state.reads, 1)
          yield* touch(0, 7)
          yield* Effect.forEach(viewers, (next) => next)
          assert.strictEqual(state.reads, 2)
        })
      )
      assert.strictEqual(watch.viewers(), 0)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(state.reads, 2)
    })
  )

  it.effect(
    "shows a viewer the current state when it comes, however long the previous viewer has been gone",
    () =>
      Effect.gen(function* () {
        const { view } = yield* watched
        yield* Effect.scoped(
          Effect.flatMap(view, (next) => Effect.andThen(next, TestClock.adjust("700 millis")))
        )
        yield* TestClock.adjust("1 minute")
        const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
        const { data } = yield* Effect.flatten(view)
        assert.strictEqual(data.at, now)
      })
  )
})
