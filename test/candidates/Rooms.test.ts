/** Requests that wait for room at a target, and targets that were skipped. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import type { Room } from "../../src/candidates/queue/Room.ts"
import type { Line } from "../../src/candidates/queue/WaitQueue.ts"
import { WaitQueues } from "../../src/candidates/queue/WaitQueues.ts"
import { Skipped } from "../../src/candidates/Skipped.ts"
import type * as Bench from "../../src/health/Bench.ts"
import { target } from "../support/bench.ts"

const minute = 60_000
const benched = (until: number): Bench.Benched =>
  ({ _tag: "Benched", key: "a/m#k", until, reason: "LearnedLimit", probing: false }) as Bench.Benched

/** A stage with the room queue of one target: `full` is the time until which it is full, and `waiting` counts the waiting requests. */
const stage = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const context = yield* Effect.context<never>()
  const state = {
    waiting: 0,
    benched: undefined as number | undefined,
    full: undefined as number | undefined
  }
  const asked: Array<boolean> = []
  const room = {
    wait: (_: unknown, more: number) => {
      state.waiting += more
    },
    why: (_: unknown, __: number, isNext = false) => {
      asked.push(isNext)
      return state.full === undefined ? undefined : benched(state.full)
    }
  } as unknown as Room
  const lines = new WaitQueues(() => (state.benched === undefined ? undefined : benched(state.benched)), room)
  const log: Array<string> = []
  const waiting = (
    name: string,
    until = minute,
    deadlineAt = minute,
    onEnter: (line: Line) => void = () => {}
  ) => ({
    until,
    deadlineAt,
    enter: (line: Line) => {
      log.push(`${clock.currentTimeMillisUnsafe()} ${name}`)
      onEnter(line)
    },
    giveUp: () => void log.push(`${clock.currentTimeMillisUnsafe()} ${name} gives up`)
  })
  return { state, asked, lines, log, waiting, line: lines.room(target(), context), context }
})

describe("a request that waits for room", () => {
  it.effect("is admitted at once if there is room, as the next one", () =>
    Effect.gen(function* () {
      const { asked, line, lines, log, state, waiting } = yield* stage
      assert.strictEqual(lines.size, 1)
      line.join(waiting("a"), undefined as never)
      assert.deepStrictEqual([log, asked, state.waiting, lines.size], [["0 a"], [true], 0, 0])
    })
  )

  it.effect("waits until the target has room, and checks every second if that time is unknown", () =>
    Effect.gen(function* () {
      const { line, log, state, waiting } = yield* stage
      state.full = 300
      line.join(waiting("a"), undefined as never)
      line.join(waiting("b"), undefined as never)
      assert.deepStrictEqual([log, state.waiting], [[], 2])
      yield* TestClock.adjust(299)
      state.full = 0
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(log, [])
      state.full = undefined
      yield* TestClock.adjust(999)
      assert.deepStrictEqual(log, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual([log, state.waiting], [["1300 a", "1300 b"], 0])
    })
  )

  it.effect("looks within a second also where the target opens later, or is benched", () =>
    Effect.gen(function* () {
      const { line, log, state, waiting } = yield* stage
      state.benched = 50_000
      line.join(waiting("a"), undefined as never)
      state.benched = undefined
      yield* TestClock.adjust(999)
      assert.deepStrictEqual(log, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(log, ["1000 a"])
    })
  )

  it.effect("is admitted when an attempt ends, is answered, or leaves", () =>
    Effect.gen(function* () {
      for (const tell of ["ended", "changed", "succeeded"] as const) {
        const { line, lines, log, state, waiting } = yield* stage
        state.full = 50_000
        line.join(waiting("a"), undefined as never)
        lines[tell](target())
        assert.deepStrictEqual(log, [])
        state.full = undefined
        lines[tell](target("other"))
        assert.deepStrictEqual(log, [])
        lines[tell](target())
        assert.lengthOf(log, 1)
      }
      const { line, log, state, waiting } = yield* stage
      state.full = 50_000
      line.join(waiting("a"), undefined as never)
      state.full = undefined
      line.left()
      assert.lengthOf(log, 1)
    })
  )

  it.effect("waits for 50 ms after a failure, and twice as long after the next, until an answer", () =>
    Effect.gen(function* () {
      const { line, lines, log, state, waiting } = yield* stage
      state.full = 50_000
      line.join(waiting("a"), undefined as never)
      lines.failed(target())
      lines.failed(target())
      state.full = undefined
      yield* TestClock.adjust(99)
      assert.deepStrictEqual(log, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(log, ["100 a"])
    })
  )

  it.effect("waits no more after an answer", () =>
    Effect.gen(function* () {
      const { line, lines, log, state, waiting } = yield* stage
      state.full = 50_000
      line.join(waiting("a"), undefined as never)
      lines.failed(target())
      state.full = undefined
      lines.succeeded(target())
      assert.deepStrictEqual(log, ["0 a"])
    })
  )

  it.effect("gives up at its end or its deadline, whichever is first, and others go on", () =>
    Effect.gen(function* () {
      const { line, lines, log, state, waiting } = yield* stage
      state.full = 50_000
      line.join(waiting("late"), undefined as never)
      line.join(waiting("a", 200, 400), undefined as never)
      line.join(waiting("b", 400, 300), undefined as never)
      yield* TestClock.adjust(199)
      assert.deepStrictEqual(log, [])
      yield* TestClock.adjust(200)
      assert.deepStrictEqual([log, state.waiting], [["200 a gives up", "300 b gives up"], 1])
      state.full = undefined
      lines.ended(target())
      assert.deepStrictEqual([log.slice(2), lines.size], [["399 late"], 0])
    })
  )

  it.effect("leaves, and the queue is forgotten with the last one", () =>
    Effect.gen(function* () {
      const { line, lines, log, state, waiting } = yield* stage
      state.full = 50_000
      const [a, b] = [waiting("a"), waiting("b")]
      line.join(a, undefined as never)
      line.join(b, undefined as never)
      line.drop(a)
      line.drop(a)
      assert.deepStrictEqual([state.waiting, lines.size], [1, 1])
      line.drop(b)
      assert.deepStrictEqual([state.waiting, lines.size, log], [0, 0, []])
    })
  )

  it.effect("is admitted by what happens while another one is", () =>
    Effect.gen(function* () {
      const { line, lines, log, state, waiting } = yield* stage
      state.full = 50_000
      line.join(
        waiting("a", minute, minute, () => {
          state.full = 50_000
          lines.ended(target())
          state.full = undefined
        }),
        undefined as never
      )
      line.join(waiting("b"), undefined as never)
      state.full = undefined
      lines.ended(target())
      assert.deepStrictEqual(log, ["0 a", "0 b"])
    })
  )
})

describe("the queues of a runtime", () => {
  it.effect("are one of a kind for each target, and the only kind without learned limits", () =>
    Effect.gen(function* () {
      const { context, line, lines } = yield* stage
      assert.strictEqual(lines.room(target(), context), line)
      assert.notStrictEqual(lines.room(target("other"), context), line)
      assert.strictEqual(lines.of(target(), context), lines.of(target(), context))
      assert.strictEqual(lines.size, 3)
      const plain = new WaitQueues(() => undefined)
      assert.strictEqual(plain.room(target(), context), plain.of(target(), context))
    })
  )
})

describe("the targets that were skipped", () => {
  const [a, b, c] = [target("a"), target("b"), target("c")]
  const of = (key: object) => ({ backend: "x" as never, target: key })

  it("are kept by their reason, until the run starts again", () => {
    const skipped = new Skipped<never>()
    skipped.fill("x" as never, a)
    skipped.avoid("x" as never, b)
    assert.deepStrictEqual([skipped.full, skipped.avoided], [[of(a)], [of(b)]] as never)
    skipped.limit("x" as never, c, benched(5))
    skipped.restart()
    assert.deepStrictEqual([skipped.full, skipped.avoided], [[], []])
    assert.isUndefined(
      skipped.soonestLimited(
        () => true,
        () => undefined
      )
    )
  })

  it("because another process probes them are so until its time", () => {
    const skipped = new Skipped<never>()
    skipped.probing(a, 10)
    assert.deepStrictEqual(
      [skipped.isProbed(a, 9), skipped.isProbed(a, 10), skipped.isProbed(b, 0)],
      [true, false, false]
    )
  })

  it("for their own limit end at the soonest end, as it is now", () => {
    const skipped = new Skipped<never>()
    for (const [target, until] of [
      [a, 30],
      [b, 20],
      [c, 20]
    ] as const)
      skipped.limit("x" as never, target, benched(until))
    const soonest = (out: ReadonlyArray<object> = [], now: ReadonlyMap<object, number> = new Map()) => {
      const found = skipped.soonestLimited(
        (target) => !out.includes(target),
        (target) => (now.has(target) ? benched(now.get(target)!) : undefined)
      )
      return found && `${found.target.key} ${found.why.until}`
    }
    assert.strictEqual(soonest(), "a/b#k 20")
    assert.strictEqual(soonest([b]), "a/c#k 20")
    assert.strictEqual(soonest([b, c]), "a/a#k 30")
    assert.isUndefined(soonest([a, b, c]))
    assert.strictEqual(soonest([], new Map([[a, 5]])), "a/a#k 5")
    assert.strictEqual(
      soonest(
        [],
        new Map([
          [b, 40],
          [c, 40]
        ])
      ),
      "a/a#k 30"
    )
    skipped.comeBackTo(b)
    assert.strictEqual(soonest(), "a/c#k 20")
  })
})
