/** The decision about one failure, by each of its inputs. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Schedule from "effect/Schedule"
import { type Decision, decide, type Situation } from "../../src/engine/failures/PolicyDecision.ts"
import * as Bench from "../../src/health/Bench.ts"
import { Failure } from "../../src/index.ts"
import type { Rule } from "../../src/policy/Rule.ts"

const calm: Situation = {
  single: false,
  maxWait: 3_000,
  attemptsLeft: 5,
  hasMoved: false,
  waited: false,
  amended: false,
  hasSibling: () => false,
  canAmend: () => true,
  hasTimeFor: () => true
}

const schedule = Schedule.forever
const rule = (retry: Rule["retry"]): Rule => ({ retry, rest: undefined, next: "credential" })

const refused = new Failure.BadRequest({ reason: "Invalid", message: "no" })
const unsupported = new Failure.BadRequest({ reason: "Unsupported", message: "no" })
const tooMany = new Failure.BadRequest({ reason: "MaxTokens", message: "no" })
const gone = new Failure.Transient({ reason: "Connection", message: "gone" })
const throttled = (millis?: number) =>
  new Failure.RateLimit({
    message: "slow down",
    ...(millis !== undefined && { retryAfter: Duration.millis(millis) })
  })

const leave: Decision = { _tag: "Leave" }
const cutShort: Decision = { _tag: "CutShort" }

const decided = (failure: Failure.Failure, retry: Rule["retry"], situation: Partial<Situation> = {}) =>
  decide(failure, rule(retry), { ...calm, ...situation }, 0)

describe("a refusal that may be about the output limit", () => {
  const whatever: ReadonlyArray<Rule["retry"]> = ["never", "afterWait", "withoutOutputLimit", schedule]
  for (const failure of [refused, unsupported]) {
    it(`is tried again at once without the limit, whatever the rule: ${failure.reason}`, () => {
      for (const retry of whatever) {
        assert.deepStrictEqual(decided(failure, retry), { _tag: "Amend", failure })
      }
    })

    it(`leaves by its rule when that cannot be: ${failure.reason}`, () => {
      for (const situation of [
        { single: true },
        { attemptsLeft: 0 },
        { amended: true },
        { canAmend: () => false }
      ]) {
        assert.deepStrictEqual(decided(failure, "never", situation), leave)
      }
    })
  }

  it("is none for other reasons and other failures, which do not lose their output limit against the rule", () => {
    for (const failure of [
      tooMany,
      new Failure.BadRequest({ reason: "ContentPolicy", message: "no" }),
      new Failure.ContextExceeded({ message: "no" }),
      gone
    ]) {
      assert.deepStrictEqual(decided(failure, "never"), leave)
    }
  })

  it("is consulted only if the limit could be left out", () => {
    const canAmend = () => assert.fail("asked")
    decided(refused, "never", { single: true, canAmend })
    decided(refused, "never", { attemptsLeft: 0, canAmend })
    decided(refused, "never", { amended: true, canAmend })
    decided(gone, "never", { canAmend })
  })
})

describe("the rule withoutOutputLimit", () => {
  it("tries again without the limit", () => {
    assert.deepStrictEqual(decided(tooMany, "withoutOutputLimit"), { _tag: "Amend", failure: tooMany })
  })

  it("leaves when it has done so, when it cannot, and for other failures than bad requests", () => {
    assert.deepStrictEqual(decided(tooMany, "withoutOutputLimit", { amended: true }), leave)
    assert.deepStrictEqual(decided(tooMany, "withoutOutputLimit", { canAmend: () => false }), leave)
    assert.deepStrictEqual(decided(gone, "withoutOutputLimit"), leave)
  })
})

describe("a probe or a last try", () => {
  it("is made once, whatever the rule", () => {
    assert.deepStrictEqual(decided(throttled(500), "afterWait", { single: true }), leave)
    assert.deepStrictEqual(decided(gone, schedule, { single: true }), leave)
    assert.deepStrictEqual(decided(gone, schedule, { single: true, attemptsLeft: 0, hasMoved: true }), leave)
  })
})

describe("without attempts left", () => {
  it("a schedule is cut short where other targets have used them up", () => {
    assert.deepStrictEqual(decided(gone, schedule, { attemptsLeft: 0, hasMoved: true }), cutShort)
  })

  it("the visit is over if it has used them up itself, and for every other rule", () => {
    assert.deepStrictEqual(decided(gone, schedule, { attemptsLeft: 0 }), leave)
    for (const retry of ["afterWait", "withoutOutputLimit", "never"] as const) {
      assert.deepStrictEqual(decided(throttled(500), retry, { attemptsLeft: 0, hasMoved: true }), leave)
    }
  })

  it("one is enough", () => {
    assert.deepStrictEqual(decided(gone, schedule, { attemptsLeft: 1, hasMoved: true })._tag, "Backoff")
  })
})

describe("the rule afterWait", () => {
  it("waits as long as the provider names, up to the maxWait", () => {
    assert.deepStrictEqual(decided(throttled(700), "afterWait"), { _tag: "AfterWait", delay: 700 })
    assert.deepStrictEqual(decided(throttled(3_000), "afterWait"), { _tag: "AfterWait", delay: 3_000 })
    assert.deepStrictEqual(decided(throttled(3_001), "afterWait"), leave)
  })

  it("never waits less than the shortest cooldown", () => {
    const delay = Bench.shortestCooldown
    assert.deepStrictEqual(decided(throttled(0), "afterWait"), { _tag: "AfterWait", delay })
    assert.deepStrictEqual(decided(throttled(delay - 1), "afterWait"), { _tag: "AfterWait", delay })
  })

  it("leaves without a named wait, when it has waited, and when a sibling is free", () => {
    assert.deepStrictEqual(decided(throttled(), "afterWait"), leave)
    assert.deepStrictEqual(decided(throttled(700), "afterWait", { waited: true }), leave)
    assert.deepStrictEqual(decided(throttled(700), "afterWait", { hasSibling: () => true }), leave)
  })

  it("leaves when the wait would leave no time for the attempt", () => {
    const asked: Array<number> = []
    const hasTimeFor = (delay: number) => {
      asked.push(delay)
      return false
    }
    assert.deepStrictEqual(decided(throttled(700), "afterWait", { hasTimeFor }), leave)
    assert.deepStrictEqual(decided(throttled(0), "afterWait", { hasTimeFor }), leave)
    assert.deepStrictEqual(asked, [700, Bench.shortestCooldown])
  })
})

describe("a schedule", () => {
  it("sets the time, but no sooner than the provider names", () => {
    assert.deepStrictEqual(decided(gone, schedule), { _tag: "Backoff", schedule, least: 0 })
    assert.deepStrictEqual(decided(throttled(700), schedule), { _tag: "Backoff", schedule, least: 700 })
  })

  it("is not begun if the provider names a longer wait than the maxWait", () => {
    assert.deepStrictEqual(decided(throttled(3_000), schedule)._tag, "Backoff")
    assert.deepStrictEqual(decided(throttled(3_001), schedule), leave)
    assert.deepStrictEqual(decided(gone, schedule, { maxWait: 0 })._tag, "Backoff")
  })
})
