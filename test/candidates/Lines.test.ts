/** When requests in the queues of one target are admitted. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { Room } from "../../src/candidates/queue/Room.ts"
import { Waiter } from "../../src/candidates/queue/Waiter.ts"
import { type Line, mayCall, type Place, pauseAfter } from "../../src/candidates/queue/WaitQueue.ts"
import { WaitQueues } from "../../src/candidates/queue/WaitQueues.ts"
import { SignalsOf } from "../../src/choice/Signals.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Target from "../../src/domain/Target.ts"
import type * as Bench from "../../src/health/Bench.ts"
import * as Policy from "../../src/policy/Policy.ts"
import { RunClock } from "../../src/time/RunClock.ts"
import { fault, throttle } from "../support/engine.ts"

const minute = 60_000

const benched = (reason: string, until: number, probing = false): Bench.Benched =>
  ({ _tag: "Benched", key: "p/m#k", until, reason, probing }) as Bench.Benched

/** A target whose requests wait for up to `maxWait`. */
const targetOf = (maxWait = 1_000, learned = false) =>
  Target.make({
    provider: "p",
    model: "m",
    credential: Credential.make("k"),
    policy: Policy.make({ maxWait, ...(learned && { learnedLimit: true }) })
  })

/**
 * A stage with one queue. The test sets the state of the bench, and events are recorded with their times. An attempt is under
 * way until its outcome is recorded. With `isShort` it ends in the turn in which it began.
 */
const stage = (maxWait = 1_000, isShort = false) =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const context = yield* Effect.context<never>()
    const target = targetOf(maxWait)
    let why: Bench.Benched | undefined
    const lines = new WaitQueues(() => why)
    const log: Array<string> = []
    const entered = new Map<string, Line>()
    const join = (name: string, place: Partial<Place> = {}, until = minute, deadlineAt = until) =>
      lines.of(target, context).join(
        {
          until,
          deadlineAt,
          enter: (line) => {
            log.push(`${clock.currentTimeMillisUnsafe()} ${name}`)
            entered.set(name, line)
            if (isShort) line.left()
          },
          giveUp: () => void log.push(`${clock.currentTimeMillisUnsafe()} ${name} gives up`)
        },
        { target, notBefore: 0, isFirst: false, anyway: true, ...place }
      )
    return {
      lines,
      target,
      join,
      log,
      /** Sets the state of the bench from now on. */
      says: (next: Bench.Benched | undefined) => {
        why = next
      },
      /** The attempt of an admitted request is answered. */
      answer: (name: string) => {
        lines.succeeded(target)
        entered.get(name)?.left()
      },
      /** The attempt fails. */
      fail: (name: string) => {
        lines.failed(target)
        entered.get(name)?.left()
      }
    }
  })

describe("a request that waits", () => {
  it.effect("goes when its own delay is over", () =>
    Effect.gen(function* () {
      const { join, log } = yield* stage()
      join("a", { notBefore: 70 })
      yield* TestClock.adjust(69)
      assert.deepStrictEqual(log, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(log, ["70 a"])
    })
  )

  it.effect("goes at once if nothing blocks it", () =>
    Effect.gen(function* () {
      const { join, lines, log } = yield* stage()
      join("a")
      assert.deepStrictEqual([log, lines.size], [["0 a"], 1])
    })
  )

  it.effect("waits for the outcome of the one before, and each answer admits two", () =>
    Effect.gen(function* () {
      const { answer, join, lines, log } = yield* stage(minute)
      for (const name of "abcdef") join(name)
      assert.deepStrictEqual(log, ["0 a"])
      yield* TestClock.adjust(10)
      answer("a")
      assert.deepStrictEqual(log.slice(1), ["10 b", "10 c"])
      yield* TestClock.adjust(10)
      answer("b")
      assert.deepStrictEqual(log.slice(3), ["20 d", "20 e"])
      answer("c")
      assert.deepStrictEqual(log.slice(5), ["20 f"])
      for (const name of "def") answer(name)
      assert.strictEqual(lines.size, 0)
    })
  )

  it.effect("does not wait longer for an outcome than its maxWait: then as many again are admitted", () =>
    Effect.gen(function* () {
      const { join, log } = yield* stage(1_000)
      for (const name of "abcdefg") join(name)
      yield* TestClock.adjust(999)
      assert.deepStrictEqual(log, ["0 a"])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(log, ["0 a", "1000 b"])
      yield* TestClock.adjust(1_000)
      assert.deepStrictEqual(log.slice(2), ["2000 c", "2000 d"])
    })
  )

  it.effect("waits for an outcome for a quarter of a second at least", () =>
    Effect.gen(function* () {
      const { join, log } = yield* stage(10)
      for (const name of "ab") join(name)
      yield* TestClock.adjust(249)
      assert.deepStrictEqual(log, ["0 a"])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(log, ["0 a", "250 b"])
    })
  )

  it.effect("that has called the target waits longer after each failure in a row", () =>
    Effect.gen(function* () {
      const { fail, join, log } = yield* stage()
      for (const name of "abcdef") join(name)
      for (const name of "abcde") {
        fail(name)
        yield* TestClock.adjust(300)
      }
      assert.deepStrictEqual(log, ["0 a", "50 b", "400 c", "800 d", "1150 e", "1450 f"])
    })
  )

  it.effect("does not go because of an answer that came before a failure", () =>
    Effect.gen(function* () {
      const { fail, join, lines, log, target } = yield* stage()
      join("a", { notBefore: 500 })
      join("b", { notBefore: 500 })
      lines.succeeded(target)
      assert.deepStrictEqual(log, ["0 a", "0 b"])
      join("c", { notBefore: 500 })
      fail("a")
      assert.deepStrictEqual(log.length, 2)
    })
  )

  it.effect("gives up when its time is over and it has called the target", () =>
    Effect.gen(function* () {
      const { join, log, says } = yield* stage()
      says(benched("RateLimit", 10_000))
      join("a", {}, 300)
      join("b", {}, 200, 400)
      yield* TestClock.adjust(500)
      assert.deepStrictEqual(log, ["0 a gives up", "0 b gives up"])
    })
  )

  it.effect("keeps waiting for an outcome until its deadline", () =>
    Effect.gen(function* () {
      const { join, log } = yield* stage(minute)
      join("a")
      join("b", {}, 200, 400)
      yield* TestClock.adjust(399)
      assert.deepStrictEqual(log, ["0 a"])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(log, ["0 a", "400 b gives up"])
    })
  )

  it.effect("waits for the probe of another request, and looks again every second", () =>
    Effect.gen(function* () {
      const { join, log, says } = yield* stage(5_000)
      says(benched("Overloaded", 0, true))
      join("a")
      yield* TestClock.adjust(999)
      says(undefined)
      assert.deepStrictEqual(log, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(log, ["1000 a"])
    })
  )

  it.effect("is notified that the state has changed", () =>
    Effect.gen(function* () {
      const { join, lines, log, says, target } = yield* stage(5_000)
      says(benched("Overloaded", 0, true))
      join("a")
      yield* TestClock.adjust(100)
      says(undefined)
      lines.changed(target)
      assert.deepStrictEqual(log, ["100 a"])
    })
  )

  it.effect("is not admitted by what happens at another target", () =>
    Effect.gen(function* () {
      const { join, lines, log } = yield* stage(minute)
      join("a")
      join("b")
      const other = Target.make({ ...targetOf(), provider: "q" })
      lines.succeeded(other)
      lines.failed(other)
      lines.changed(other)
      lines.ended(other)
      assert.deepStrictEqual(log, ["0 a"])
    })
  )

  it.effect("leaves without a trace", () =>
    Effect.gen(function* () {
      const { lines, target } = yield* stage()
      const line = lines.of(target, yield* Effect.context<never>())
      const one = {
        until: minute,
        deadlineAt: minute,
        enter: () => assert.fail("he has left"),
        giveUp: () => assert.fail("he has left")
      }
      line.join(one, { target, notBefore: 100, isFirst: false, anyway: true })
      assert.strictEqual(lines.size, 1)
      line.drop({ ...one })
      assert.strictEqual(lines.size, 1)
      line.drop(one)
      assert.strictEqual(lines.size, 0)
      yield* TestClock.adjust(1_000)
    })
  )
})

describe("a request at a benched target", () => {
  it.effect("waits for the end of a throttle if there is time, and goes at once otherwise", () =>
    Effect.gen(function* () {
      const { join, log, says } = yield* stage(1_000, true)
      says(benched("RateLimit", 500))
      join("in time", { isFirst: true }, 600)
      join("not in time", { isFirst: true }, 400)
      join("not anyway", { isFirst: true, anyway: false }, 600)
      assert.deepStrictEqual(log, ["0 not in time"])
      says(undefined)
      yield* TestClock.adjust(500)
      assert.deepStrictEqual(log, ["0 not in time", "500 in time", "500 not anyway"])
    })
  )

  it.effect("does not wait for the end of a fault", () =>
    Effect.gen(function* () {
      const { join, log, says } = yield* stage()
      says(benched("Overloaded", 500))
      join("first", { isFirst: true }, 600)
      join("again", {}, 600)
      assert.deepStrictEqual(log, ["0 first"])
    })
  )

  it.effect("is spread with the others that have not called it: all within their maxWait", () =>
    Effect.gen(function* () {
      const { join, log, says } = yield* stage(100, true)
      says(benched("Overloaded", minute))
      for (let i = 0; i < 40; i++) join(`${i}`, { isFirst: true, notBefore: 20 }, 200)
      yield* TestClock.adjust(20)
      const times = () => log.map((line) => line.split(" ")[0])
      const first = times().filter((at) => at === "20").length
      assert.isAtLeast(first, 4)
      assert.isAtMost(first, 12)
      yield* TestClock.adjust(180)
      assert.strictEqual(log.length, 40)
      assert.isAbove(new Set(times()).size, 5)
      assert.isTrue(log.every((line) => !line.includes("gives up")))
    })
  )

  it.effect("that is released by hand only waits for that", () =>
    Effect.gen(function* () {
      const { join, log, says } = yield* stage()
      says(benched("Manual", 300))
      join("a", { isFirst: true }, 800)
      join("late", { isFirst: true }, 250)
      assert.deepStrictEqual(log, ["0 late gives up"])
      yield* TestClock.adjust(299)
      says(undefined)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(log.slice(1), ["300 a"])
    })
  )

  it.effect("whose cooldown has ended without a release is looked at every second", () =>
    Effect.gen(function* () {
      const { join, log, says } = yield* stage()
      says(benched("Manual", 0))
      join("a")
      yield* TestClock.adjust(999)
      says(undefined)
      assert.deepStrictEqual(log, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(log, ["1000 a"])
    })
  )
})

describe("a benched target", () => {
  it.each([
    ["Overloaded", true, true],
    ["Timeout", true, true],
    ["RateLimit", true, false],
    ["InvalidKey", true, false],
    ["Manual", false, false],
    ["OwnLimit", false, false],
    ["LearnedLimit", false, false]
  ] as const)(
    "for %s may be called anyway by one who has not called it: %s, again: %s",
    (reason, first, again) => {
      const place = (isFirst: boolean, anyway: boolean) => ({
        target: targetOf(),
        notBefore: 0,
        isFirst,
        anyway
      })
      assert.deepStrictEqual(
        [mayCall(place(true, true), benched(reason, 9)), mayCall(place(false, true), benched(reason, 9))],
        [first, again]
      )
      assert.isFalse(mayCall(place(true, false), benched(reason, 9)))
      assert.isTrue(mayCall(place(false, false), undefined))
    }
  )

  it("delays the next one by 50, 100, 200 and then 250 ms", () => {
    assert.deepStrictEqual([1, 2, 3, 4, 99].map(pauseAfter), [50, 100, 200, 250, 250])
  })
})

describe("a request in several queues", () => {
  const other = Target.make({
    provider: "q",
    model: "m",
    credential: Credential.make("k"),
    policy: Policy.defaults
  })
  const place = (target: Target.Target, notBefore: number): Place => ({
    target,
    notBefore,
    isFirst: false,
    anyway: true
  })

  it.effect("is admitted by the first one, and leaves the others", () =>
    Effect.gen(function* () {
      const context = yield* Effect.context<never>()
      const lines = new WaitQueues(() => undefined)
      const turns: Array<string | undefined> = []
      const waiter = new Waiter<Place>({ until: minute, deadlineAt: minute }, (turn) =>
        turns.push(turn?.place.target.key)
      )
      waiter.join(lines, context, [place(targetOf(), 300), place(other, 200)])
      assert.strictEqual(lines.size, 2)
      yield* TestClock.adjust(200)
      assert.deepStrictEqual([turns, lines.size], [["q/m#k"], 1])
      yield* TestClock.adjust(1_000)
      assert.deepStrictEqual(turns, ["q/m#k"])
    })
  )

  it.effect("joins no other when one admits it at once", () =>
    Effect.gen(function* () {
      const lines = new WaitQueues(() => undefined)
      const turns: Array<string | undefined> = []
      const waiter = new Waiter<Place>({ until: minute, deadlineAt: minute }, (turn) =>
        turns.push(turn?.place.target.key)
      )
      waiter.join(lines, yield* Effect.context<never>(), [place(targetOf(), 0), place(other, 200)])
      assert.deepStrictEqual([turns, lines.size], [["p/m#k"], 1])
    })
  )

  it.effect("ends without a turn when all have given up, and when there is none", () =>
    Effect.gen(function* () {
      const context = yield* Effect.context<never>()
      const lines = new WaitQueues(({ key }) => benched("Manual", key === "p/m#k" ? 100 : 150))
      const turns: Array<string | undefined> = []
      const onEnd = (turn: { readonly place: Place } | undefined) => void turns.push(turn?.place.target.key)
      new Waiter<Place>({ until: 120, deadlineAt: 120 }, onEnd).join(lines, context, [
        place(targetOf(), 0),
        place(other, 0)
      ])
      // The request whose end is after the deadline gives up at once, and the other one when it is not released at its end.
      yield* TestClock.adjust(99)
      assert.deepStrictEqual(turns, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual([turns, lines.size], [[undefined], 0])
      new Waiter<Place>({ until: 120, deadlineAt: 120 }, onEnd).join(lines, context, [])
      assert.deepStrictEqual(turns, [undefined, undefined])
    })
  )

  it.effect("stays in the other queues when it gives up in one", () =>
    Effect.gen(function* () {
      const context = yield* Effect.context<never>()
      const lines = new WaitQueues(({ key }) => (key === "p/m#k" ? benched("Manual", 100) : undefined))
      const turns: Array<string | undefined> = []
      const waiter = new Waiter<Place>({ until: 120, deadlineAt: 120 }, (turn) =>
        turns.push(turn?.place.target.key)
      )
      // The first target is not released at the end of its bench.
      waiter.join(lines, context, [place(targetOf(), 0), place(other, 110)])
      yield* TestClock.adjust(109)
      assert.deepStrictEqual([turns, lines.size], [[], 1])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(turns, ["q/m#k"])
    })
  )

  it.effect("leaves all of them when it is interrupted, and passes on a turn that comes too late", () =>
    Effect.gen(function* () {
      const lines = new WaitQueues(() => undefined)
      const waiter = new Waiter<Place>({ until: minute, deadlineAt: minute }, () =>
        assert.fail("it has left")
      )
      waiter.join(lines, yield* Effect.context<never>(), [place(targetOf(), 300), place(other, 200)])
      waiter.leave()
      assert.strictEqual(lines.size, 0)
      let handed = 0
      waiter.enter({ join: () => {}, drop: () => {}, left: () => void handed++ })
      assert.strictEqual(handed, 1)
    })
  )
})

describe("the room at a target with a learned limit", () => {
  const learned = (inFlight: number, failure = fault()) =>
    Effect.gen(function* () {
      const clock = new RunClock(yield* Effect.context<never>())
      const signals = new SignalsOf()
      const room = new Room(signals)
      const target = targetOf(1_000, true)
      const { load } = signals.ofTarget(target)
      for (let i = 0; i < inFlight; i++) load.began()
      const isLoad = room.failed(target, undefined, failure, true, false, clock.millis())
      return { clock, isLoad, load, room, signals, target }
    })

  it.effect("is never looked up before a refusal, nor for a target without the option", () =>
    Effect.gen(function* () {
      const room = new Room(new SignalsOf())
      const clock = new RunClock(yield* Effect.context<never>())
      assert.deepStrictEqual(
        [
          room.mayBeFull,
          room.why(targetOf(1, true), 0),
          room.of(targetOf(1, true), 0),
          room.began(targetOf(1, true), clock),
          room.all(0)
        ],
        [false, undefined, undefined, undefined, []]
      )
      const { room: known } = yield* learned(8)
      assert.isTrue(known.mayBeFull)
      assert.deepStrictEqual(
        [known.why(targetOf(), 0), known.of(targetOf(), 0), known.began(targetOf(), clock)],
        [undefined, undefined, undefined]
      )
      assert.isFalse(known.failed(targetOf(), undefined, fault(), true, false, 0))
    })
  )

  it.effect("is full while as many attempts are under way as it takes", () =>
    Effect.gen(function* () {
      const { load, room, signals, target } = yield* learned(8)
      const limits = room.of(target, 0)
      assert.isDefined(limits?.limit)
      const limit = limits!.limit!
      assert.deepStrictEqual(limits, { inFlight: 8, limit, waiting: 0 })
      assert.deepStrictEqual(room.all(0), [{ key: target.key, inFlight: 8, limit, waiting: 0 }])
      const why = room.why(target, 0)
      assert.deepStrictEqual(why, {
        _tag: "Benched",
        key: "p/m#k",
        until: 1_000,
        reason: "LearnedLimit",
        evidence: `learned: 8 of ${limit} under way`,
        probing: false
      })
      while (load.inFlight > 0) load.ended()
      assert.isUndefined(room.why(target, 0))
      // Requests that wait go first.
      room.wait(target, 1)
      assert.strictEqual(room.why(target, 0)?.reason, "LearnedLimit")
      assert.isUndefined(room.why(target, 0, true))
      room.wait(target, -1)
      assert.isUndefined(room.why(target, 0))
      assert.strictEqual(signals.refusing.size, 1)
    })
  )

  it.effect("is learned from a throttle without a wait and an overload, and from nothing else", () =>
    Effect.gen(function* () {
      for (const [failure, isKnown] of [
        [throttle(), true],
        [throttle("5 seconds"), true],
        [fault("Overloaded"), true],
        [fault("ServerError"), false],
        [fault("Timeout"), false]
      ] as const) {
        const { room } = yield* learned(8, failure as never)
        assert.strictEqual(room.mayBeFull, isKnown)
      }
      const timed = yield* learned(0, throttle() as never)
      const named = yield* learned(0, throttle("5 seconds") as never)
      assert.deepStrictEqual(
        [timed.isLoad, named.isLoad],
        [timed.room.of(timed.target, 0) !== undefined, named.room.of(named.target, 0) !== undefined]
      )
    })
  )
})
