/** The caller of a request, and what is remembered about its failures at a target. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import type { Asking } from "../../src/callers/CallerId.ts"
import { memory, Repeats } from "../../src/callers/Repeats.ts"
import { RunCaller } from "../../src/candidates/RunCaller.ts"
import { AnswersBetween } from "../../src/health/AnswersBetween.ts"
import { MixedResults } from "../../src/health/MixedResults.ts"
import { RunClock } from "../../src/time/RunClock.ts"
import { a, target } from "../support/bench.ts"

class At extends RunClock {
  at = 1_000_000
  constructor() {
    super(Context.empty())
  }
  override millis() {
    return this.at
  }
}

const process = () => {
  const now = new At()
  const answers = new AnswersBetween()
  const shared = { repeats: new Repeats(), mixed: new MixedResults(answers) }
  return {
    now,
    answers,
    shared,
    caller: (asking: Partial<Asking>) => new RunCaller(asking, Context.empty(), now, shared)
  }
}

describe("a caller with a name", () => {
  it("is recognized before its first failure, and its failures are not remembered", () => {
    const { caller, now, shared } = process()
    const named = caller({ caller: "team-a" })
    assert.isTrue(named.isNamed)
    assert.isTrue(named.isKnownAt(a))
    named.hasFailedAt(a, false)
    assert.isFalse(shared.repeats.has(a, named.idAt(a)!, now.millis()))
  })

  it("needs no longer row of failures at a target with mixed results", () => {
    const { answers, caller } = process()
    const named = caller({ caller: "team-a" })
    named.hasFailedAt(a, true)
    for (let i = 0; i < 100; i++) answers.answered(a)
    assert.strictEqual(named.leastInRowAt(a), 1)
    assert.isAbove(caller({ affinity: "chat 1" }).leastInRowAt(a), 1)
  })

  it("has one id at all models of a credential, and another one at another credential", () => {
    const named = process().caller({ caller: "team-a" })
    assert.isString(named.idAt(a))
    assert.strictEqual(named.idAt(target("m2")), named.idAt(a))
    assert.notStrictEqual(named.idAt(target("m", "k2")), named.idAt(a))
  })
})

describe("a caller without a name", () => {
  it("is recognized by its conversation at a target where that has failed, for ten minutes", () => {
    const { caller, now } = process()
    const first = caller({ affinity: "chat 1" })
    assert.isFalse(first.isNamed)
    assert.isFalse(first.isKnownAt(a))
    first.hasFailedAt(a, true)
    assert.isTrue(caller({ affinity: "chat 1" }).isKnownAt(a))
    assert.isFalse(caller({ affinity: "chat 1" }).isKnownAt(target("m2")))
    assert.isFalse(caller({ affinity: "chat 2" }).isKnownAt(a))
    now.at += memory
    assert.isTrue(caller({ affinity: "chat 1" }).isKnownAt(a))
    now.at += 1
    assert.isFalse(caller({ affinity: "chat 1" }).isKnownAt(a))
  })

  it("counts a failure only at a target that was not benched", () => {
    const { answers, caller } = process()
    const one = caller({ affinity: "chat 1" })
    one.hasFailedAt(a, false)
    for (let i = 0; i < 100; i++) answers.answered(a)
    assert.strictEqual(one.leastInRowAt(a), 1)
    one.hasFailedAt(a, true)
    for (let i = 0; i < 100; i++) answers.answered(a)
    assert.isAbove(one.leastInRowAt(a), 1)
  })

  it("has no id and is not recognized without a conversation and a request", () => {
    const { caller } = process()
    const nobody = caller({})
    nobody.hasFailedAt(a, true)
    assert.isUndefined(nobody.idAt(a))
    assert.isFalse(nobody.isKnownAt(a))
  })

  it("is not recognized, and needs one failure, if nothing is remembered", () => {
    const one = new RunCaller({ affinity: "chat 1" }, Context.empty(), new At(), {})
    one.hasFailedAt(a, true)
    assert.isFalse(one.isKnownAt(a))
    assert.strictEqual(one.leastInRowAt(a), 1)
  })
})
