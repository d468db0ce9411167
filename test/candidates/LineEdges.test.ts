/** When queued requests are admitted, in edge cases: equal ends, crowds that would be lost, and targets without waiting requests. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { Room } from "../../src/candidates/queue/Room.ts"
import { Waiter } from "../../src/candidates/queue/Waiter.ts"
import type { Line, Place } from "../../src/candidates/queue/WaitQueue.ts"
import { WaitQueues } from "../../src/candidates/queue/WaitQueues.ts"
import { Waits } from "../../src/candidates/queue/Waits.ts"
import { SignalsOf } from "../../src/choice/Signals.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Target from "../../src/domain/Target.ts"
import type * as Bench from "../../src/health/Bench.ts"
import * as Policy from "../../src/policy/Policy.ts"
import { throttle } from "../support/engine.ts"

const minute = 60_000

const benched = (reason: Bench.Benched["reason"], until: number, probing = false): Bench.Benched => ({
  _tag: "Benched",
  key: "p/m#k",
  until,
  reason,
  evidence: undefined,
  probing
})

const targetOf = (provider = "p") =>
  Target.make({
    provider,
    model: "m",
    credential: Credential.make("k"),
    policy: Policy.make({ maxWait: 1_000, learnedLimit: true })
  })

/** One queue of a target whose answers usually take `usual`. Events are recorded with their times. */
const stage = (usual = 0, isShort = false) =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const context = yield* Effect.context<never>()
    const target = targetOf()
    let why: Bench.Benched | undefined
    const room = new Room(new SignalsOf())
    const lines = new WaitQueues(
      () => why,
      room,
      () => usual
    )
    const log: Array<string> = []
    const entered: Array<Line> = []
    const join = (name: string, place: Partial<Place>, until: number, deadlineAt = until) =>
      lines.of(target, context).join(
        {
          until,
          deadlineAt,
          enter: (line) => {
            log.push(`${clock.currentTimeMillisUnsafe()} ${name}`)
            if (isShort) line.left()
            else entered.push(line)
          },
          giveUp: () => void log.push(`${clock.currentTimeMillisUnsafe()} ${name} gives up`)
        },
        { target, notBefore: 0, isFirst: false, anyway: true, ...place }
      )
    return {
      context,
      room,
      lines,
      target,
      join,
      log,
      entered,
      says: (next: Bench.Benched | undefined) => {
        why = next
      }
    }
  })

describe("a request at a target that is benched", () => {
  it.effect(
    "up to its deadline calls the target at once if it has not called it yet, and gives up otherwise",
    () =>
      Effect.gen(function* () {
        const { join, log, says } = yield* stage(0, true)
        says(benched("RateLimit", 1_000))
        join("first", { isFirst: true }, 1_000)
        join("again", { anyway: false }, 1_000)
        assert.deepStrictEqual(log, ["0 first", "0 again gives up"])
      })
  )

  it.effect("up to the end of its wait waits for that end, and gives up if the bench lasts longer", () =>
    Effect.gen(function* () {
      const { join, log, says } = yield* stage()
      says(benched("RateLimit", 1_000))
      join("in time", { anyway: false }, 1_000, minute)
      join("late", { anyway: false }, 999, minute)
      join("first in time", { isFirst: true }, 1_000, minute)
      join("first", { isFirst: true }, 999, minute)
      assert.deepStrictEqual(log, ["0 late gives up", "0 first"])
    })
  )

  it.effect("whose cooldown is over, or ends now, is called at once by the requests that may call it", () =>
    Effect.gen(function* () {
      for (const until of [-1, 0]) {
        const { join, log, says } = yield* stage()
        says(benched("RateLimit", until))
        join("first", { isFirst: true }, minute)
        assert.deepStrictEqual(log, ["0 first"])
      }
    })
  )

  it.effect("is called at once by all requests that would be lost otherwise", () =>
    Effect.gen(function* () {
      const { entered, join, log, says } = yield* stage()
      says(benched("RateLimit", minute))
      join("one", { isFirst: true }, 1)
      for (let i = 0; i < 5; i++) join(`${i}`, { isFirst: true }, 50, minute)
      yield* TestClock.adjust(100)
      entered[0]!.left()
      assert.deepStrictEqual(log, ["0 one", "100 0", "100 1", "100 2", "100 3", "100 4"])
    })
  )

  it.effect("is called by a crowd within a few ticks", () =>
    Effect.gen(function* () {
      const { join, log, says } = yield* stage(0, true)
      says(benched("Overloaded", minute))
      for (let i = 0; i < 5; i++) join(`${i}`, { isFirst: true }, minute)
      yield* TestClock.adjust(100)
      assert.lengthOf(log, 5)
    })
  )
})

describe("a request before its deadline", () => {
  /** When the last of three requests is admitted or gives up. Its deadline is at 900, and an answer takes 100 ms. */
  const last = Effect.fnUntraced(function* (answers: boolean, isBenched: boolean) {
    const { join, lines, log, says, target } = yield* stage(100)
    join("one", {}, minute)
    if (answers) lines.succeeded(target)
    join("two", {}, minute)
    join("last", {}, 900)
    if (isBenched) says(benched("Manual", minute))
    yield* TestClock.adjust(1_000)
    return log.filter((line) => line.includes("last"))
  })

  it.effect("goes as early as the time of two answers, once the target answers", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* last(true, false), ["700 last"])
    })
  )

  it.effect("waits for an outcome up to the deadline where nothing was answered yet", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* last(false, false), ["900 last gives up"])
    })
  )

  it.effect("does not go early to a target that was benched meanwhile", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* last(true, true), ["900 last gives up"])
    })
  )
})

describe("the queues of a runtime", () => {
  it.effect("ignore targets without a waiting request", () =>
    Effect.gen(function* () {
      const { context, lines, room, target } = yield* stage()
      const { load } = room.signals.ofTarget(target)
      load.began()
      room.failed(target, undefined, throttle(), false, false, 0)
      const other = targetOf("q")
      const waiting = { until: minute, deadlineAt: minute, enter: () => {}, giveUp: () => {} }
      const place = { target, notBefore: 0, isFirst: true, anyway: false }
      lines.room(target, context).join(waiting, place)
      assert.strictEqual(lines.size, 1)
      lines.succeeded(other)
      lines.failed(other)
      lines.changed(other)
      lines.ended(other)
      room.answered(other, undefined)
      assert.strictEqual(lines.size, 1)
    })
  )
})

describe("the visits that a run keeps", () => {
  it("are one for each target, the latest one, and it has waited for none yet", () => {
    const waits = new Waits<Place & { readonly name: string }>()
    assert.deepStrictEqual([waits.hasWaited, waits.hasWaitedForRoom], [false, false])
    const [p, q] = [targetOf(), targetOf("q")]
    const place = (name: string, target: Target.Target) => ({
      name,
      target,
      notBefore: 0,
      isFirst: false,
      anyway: false
    })
    for (const kept of [place("one", p), place("two", q), place("three", p)]) waits.keep(kept)
    const names = () => waits.unfinished.map(({ name }) => name)
    assert.deepStrictEqual(names(), ["two", "three"])
    waits.drop(q)
    assert.deepStrictEqual(names(), ["three"])
  })
})

describe("a request that waits for room", () => {
  it.effect("is in the queue for room, and no other", () =>
    Effect.gen(function* () {
      const { context, lines, room, target } = yield* stage()
      const { load } = room.signals.ofTarget(target)
      load.began()
      room.failed(target, undefined, throttle(), false, false, 0)
      const waiting = (forRoom: boolean) => {
        const waiter = new Waiter<Place>({ until: minute, deadlineAt: minute }, () => {})
        waiter.join(lines, context, [{ target, notBefore: 500, isFirst: false, anyway: false, forRoom }])
        return room.of(target, 0)?.waiting
      }
      assert.deepStrictEqual([waiting(false), waiting(true)], [0, 1])
    })
  )
})

describe("a request that waits for several targets", () => {
  it.effect("goes on to the next one when the first gives up at once", () =>
    Effect.gen(function* () {
      const context = yield* Effect.context<never>()
      const lines = new WaitQueues(({ key }) => (key === "p/m#k" ? benched("Manual", 500) : undefined))
      const turns: Array<string | undefined> = []
      const waiter = new Waiter<Place>({ until: 100, deadlineAt: 100 }, (turn) =>
        turns.push(turn?.place.target.key)
      )
      const place = (target: Target.Target): Place => ({
        target,
        notBefore: 0,
        isFirst: false,
        anyway: false
      })
      waiter.join(lines, context, [place(targetOf()), place(targetOf("q"))])
      assert.deepStrictEqual(turns, ["q/m#k"])
    })
  )
})

describe("a request at a target that is benched for another caller", () => {
  it.effect("is admitted at once, also behind one that waits for the end of the bench", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const context = yield* Effect.context<never>()
      const target = targetOf()
      let probing = false
      const noisy: Bench.Who = { idAt: () => "noisy", isKnownAt: () => true }
      const other: Bench.Who = { idAt: () => "other", isKnownAt: () => true }
      const lines = new WaitQueues((_, __, who) =>
        who === undefined || who === noisy ? benched("ServerError", 5_000, probing) : undefined
      )
      const log: Array<string> = []
      const join = (name: string, who: Bench.Who) =>
        lines.of(target, context).join(
          {
            until: minute,
            deadlineAt: minute,
            who,
            enter: (line) => {
              log.push(`${clock.currentTimeMillisUnsafe()} ${name}`)
              line.left()
            },
            giveUp: () => void log.push(`${clock.currentTimeMillisUnsafe()} ${name} gives up`)
          },
          { target, notBefore: 0, isFirst: false, anyway: false }
        )
      join("noisy", noisy)
      join("other", other)
      probing = true
      join("another", other)
      assert.deepStrictEqual(log, ["0 other", "0 another"])
    })
  )
})
