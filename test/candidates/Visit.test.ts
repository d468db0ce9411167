/** A visit to a target: its pauses before retries, and whether other requests were answered meanwhile. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { Visit } from "../../src/candidates/Visit.ts"
import * as Backend from "../../src/domain/Backend.ts"
import type { Failure } from "../../src/failure/Failure.ts"
import { AnswersBetween } from "../../src/health/AnswersBetween.ts"
import { target } from "../support/bench.ts"
import { fault } from "../support/engine.ts"

const visit = () => new Visit(Backend.make("a", {}), target(), { _tag: "Go", generation: 0 })
type Retries = Schedule.Schedule<unknown, Failure>
const minute = 60_000

/** The pauses of `count` retries in a visit of at most `time`, when each was known, and what was logged. */
const pausesOf = Effect.fnUntraced(function* (schedule: Retries, count: number, time = minute) {
  const logged: Array<string> = []
  const logger = Logger.make<unknown, void>(({ message }) => void logged.push(String(message)))
  const one = visit()
  yield* TestClock.adjust("1 hour")
  const began = yield* Clock.currentTimeMillis
  const asked = yield* Effect.forkChild(
    Effect.replicateEffect(
      Effect.flatMap(Clock.currentTimeMillis, (now) => one.backoff(schedule, fault(), now, began + time)),
      count
    ).pipe(Effect.zip(Clock.currentTimeMillis), Effect.provide(Logger.layer([logger])))
  )
  yield* TestClock.adjust(minute)
  const [pauses, at] = yield* Fiber.join(asked)
  return { pauses, at: at - began, logged }
})

/** A schedule that runs this effect for each pause. */
const doing = (effect: Effect.Effect<Duration.Duration>): Retries =>
  Schedule.modifyDelay(Schedule.forever, () => effect)

describe("the pause before a retry", () => {
  it.effect("is the schedule's next one, and infinite when that is done", () =>
    Effect.gen(function* () {
      const twice = Schedule.exponential("100 millis").pipe(Schedule.upTo({ times: 2 }))
      const { at, logged, pauses } = yield* pausesOf(twice, 3)
      assert.deepStrictEqual(pauses, [100, 200, Number.POSITIVE_INFINITY])
      assert.deepStrictEqual([at, logged], [0, []], "an end is no error")
    })
  )

  it.effect("is not negative", () =>
    Effect.gen(function* () {
      const { pauses } = yield* pausesOf(doing(Effect.succeed(Duration.negativeInfinity)), 1)
      assert.deepStrictEqual(pauses, [0])
    })
  )

  it.effect("is infinite for a schedule that returns nothing within a second, which is logged once", () =>
    Effect.gen(function* () {
      const { at, logged, pauses } = yield* pausesOf(doing(Effect.never), 2)
      assert.deepStrictEqual(pauses, [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])
      assert.strictEqual(at, 2_000)
      assert.deepStrictEqual(logged, [
        "the schedule of the retries did not end within 1000 ms; no more retries"
      ])
    })
  )

  it.effect("is not waited for longer than the visit may last", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* pausesOf(doing(Effect.never), 1, 300)).at, 300)
    })
  )

  it.effect("is infinite for a schedule that throws", () =>
    Effect.gen(function* () {
      const { at, logged, pauses } = yield* pausesOf(doing(Effect.die(new TypeError("a bug"))), 1)
      assert.deepStrictEqual([pauses, at], [[Number.POSITIVE_INFINITY], 0])
      assert.deepStrictEqual(logged, ["the schedule of the retries threw TypeError; no more retries"])
    })
  )
})

describe("the answers to others during a visit", () => {
  it("are those of its target since its first retry", () => {
    const answers = new AnswersBetween()
    const earlier = visit()
    earlier.retried(answers)
    answers.answered(target())
    const one = visit()
    assert.isFalse(one.hasAnsweredOthers)
    one.retried(answers)
    answers.answered(target("other"))
    assert.deepStrictEqual([one.hasAnsweredOthers, earlier.hasAnsweredOthers], [false, true])
    answers.answered(target())
    one.retried(answers)
    assert.isTrue(one.hasAnsweredOthers)
  })
})
