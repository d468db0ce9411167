/** The failure class of an attempt's error. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Classify from "../../src/engine/failures/Classify.ts"
import * as Failure from "../../src/failure/Failure.ts"
import { a } from "../support/bench.ts"
import { fault, throttle } from "../support/engine.ts"

const failed = (error: unknown) => Cause.makeFailReason(error)
const died = (defect: unknown) => Cause.makeDieReason(defect)
const interrupted = Cause.makeInterruptReason()

/** The class of a cause with these reasons. Errors of the application are classified as a throttle. */
const failureOf = (...reasons: ReadonlyArray<Cause.Reason<unknown>>) =>
  Classify.failureOf(Cause.fromReasons(reasons), a, (error: unknown) =>
    error === "mine" ? Classify.notMine : throttle("1 second")
  )

const classOf = (failure: Failure.Failure | Classify.NotMine) =>
  failure._tag === "NotMine" ? failure._tag : Failure.classOf(failure)

describe("the error of an attempt", () => {
  it("is itself if it is a failure, at any position in the cause", () => {
    const failure = fault()
    assert.strictEqual(failureOf(failed(failure)), failure)
    assert.strictEqual(failureOf(interrupted, failed("other"), died(failure)), failure)
    assert.strictEqual(failureOf(died(new Error("a bug")), failed(failure)), failure)
  })

  it("counts as the application classifies it, also beside a defect", () => {
    assert.strictEqual(classOf(failureOf(failed("other"))), "RateLimit")
    assert.strictEqual(classOf(failureOf(interrupted, died("a bug"), failed("other"))), "RateLimit")
    assert.strictEqual(failureOf(failed("mine")), Classify.notMine)
  })

  it("is Unknown, with the error as its cause, if the application does not classify it", () => {
    const error = new Error("closed")
    const failure = Classify.failureOf(Cause.fail(error), a, undefined)
    assert(failure._tag === "Transient")
    assert.deepStrictEqual(
      [failure.reason, failure.target, failure.cause, failure.message],
      ["Unknown", a.key, error, "an error without a classification"]
    )
  })

  it("is Unknown if it is a defect or an interruption by itself", () => {
    const defect = new Error("a bug")
    const [bug, left] = [failureOf(interrupted, died(defect)), failureOf(interrupted)]
    assert(bug._tag === "Transient" && left._tag === "Transient")
    assert.deepStrictEqual([bug.reason, bug.message, bug.cause], ["Unknown", "a defect", defect])
    assert.deepStrictEqual([left.reason, left.message], ["Unknown", "the attempt interrupted itself"])
  })

  it("is a fault of our own process when its stack or memory ran out", () => {
    const deep = (depth: number): number => deep(depth + 1) + 1
    let overflow: unknown
    try {
      deep(0)
    } catch (error) {
      overflow = error
    }
    for (const defect of [overflow, new RangeError("Array buffer allocation failed")]) {
      const failure = failureOf(died(defect))
      assert(failure._tag === "Transient")
      assert.deepStrictEqual(
        [failure.reason, failure.target, failure.evidence, failure.cause],
        ["Local", a.key, "a defect of our own", defect]
      )
      assert.match(failure.message, /ran out of stack or memory/)
    }
  })

  it("is not such a fault if it only sounds like one, or is another error of range", () => {
    assert.strictEqual(classOf(failureOf(died(new Error("call stack")))), "Unknown")
    assert.strictEqual(classOf(failureOf(died(new RangeError("invalid date")))), "Unknown")
  })
})

describe("a failure whose reason is none", () => {
  it("counts as any other error", () => {
    const failure = Object.assign(Object.create(fault()), { reason: "Sad" })
    assert.strictEqual(classOf(failureOf(failed(failure))), "RateLimit")
  })
})

describe("a classifier of the application", () => {
  /** The class of an error, and the warnings. */
  const contained = (classify: (error: unknown) => unknown) =>
    Effect.gen(function* () {
      const warnings: Array<unknown> = []
      const logger = Logger.make(({ message }) => void warnings.push(message))
      const context = Context.make(Logger.CurrentLoggers, new Set([logger]))
      const safe = Classify.contained(classify as Classify.Classify<unknown>, {}, context)
      const said = [safe("one", a), safe("two", a)]
      yield* Effect.yieldNow
      return { said, warnings: warnings.flat() }
    })

  it.effect("is accepted when it gives a failure or `notMine`", () =>
    Effect.gen(function* () {
      const failure = fault()
      const { said, warnings } = yield* contained((error) => (error === "one" ? failure : Classify.notMine))
      assert.deepStrictEqual(said, [failure, Classify.notMine])
      assert.deepStrictEqual(warnings, [])
    })
  )

  for (const [what, classify, did] of [
    ["throws", () => assert.fail("a bug"), "threw AssertionError"],
    ["gives a text", () => "sad", "returned no failure"],
    ["gives nothing", () => undefined, "returned no failure"],
    ["is asynchronous", () => Promise.reject("sad"), "returned a promise"],
    ["gives something like `notMine`", () => ({ _tag: "NotMine" }), "returned no failure"]
  ] as const) {
    it.effect(`that ${what} makes the error Unknown, and is named once`, () =>
      Effect.gen(function* () {
        const { said, warnings } = yield* contained(classify)
        assert.deepStrictEqual(said.map(classOf), ["Unknown", "Unknown"])
        assert(said[0]?._tag === "Transient")
        assert.deepStrictEqual([said[0].cause, said[0].message], ["one", "an error whose classifier failed"])
        assert.deepStrictEqual(warnings, [`classify ${did}; the error counts as Transient/Unknown`])
      })
    )
  }
})
