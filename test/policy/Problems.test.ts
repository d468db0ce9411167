/** The error messages for invalid options of a policy: where the option is, what is wrong, and what is valid. */
import { assert, describe, it } from "@effect/vitest"
import * as Backoff from "../../src/policy/Backoff.ts"
import * as Policy from "../../src/policy/Policy.ts"
import { commit } from "../../src/policy/PolicyChecks.ts"
import { InvalidOptions } from "../../src/util/Checks.ts"

/** The whole message of a thrown error. */
const messageOf = (make: () => unknown): string => {
  try {
    make()
  } catch (error) {
    assert.instanceOf(error, InvalidOptions)
    return error.message
  }
  return "nothing is wrong"
}

const ofPolicy = (options: object) => messageOf(() => Policy.make(options))

const length = 'it has to be a length of time that is not negative, such as "2 seconds" or milliseconds'

describe("the delay of a hedge", () => {
  it("is a length of time or a percentile, and no text or list that has one in it", () => {
    for (const after of ["p95", "p5", "p99.5", "p99.95"])
      assert.strictEqual(ofPolicy({ hedge: { after } }), "nothing is wrong")
    for (const after of ["xp95", "p95x", "p95.", "p95.x", "p"]) {
      assert.strictEqual(
        ofPolicy({ hedge: { after } }),
        `Policy.make: hedge.after is "${after}"; ${length}, or a percentile such as "p95"`
      )
    }
    assert.match(
      ofPolicy({ hedge: { after: ["p95"] } }),
      /hedge\.after is a list; it has to be a length of time/
    )
  })

  it("is compared with the time for the first content if both are right", () => {
    const timeouts = { firstContent: "30 seconds" }
    for (const after of ["1 second", "p95"]) {
      assert.strictEqual(ofPolicy({ hedge: { after, otherwise: "2 seconds" }, timeouts }), "nothing is wrong")
    }
    assert.strictEqual(
      ofPolicy({ hedge: { after: "1 minute" }, timeouts }),
      "Policy.make: hedge.after is not below timeouts.firstContent, so no request would be hedged"
    )
    assert.strictEqual(
      ofPolicy({ hedge: { after: "soon" }, timeouts }),
      `Policy.make: hedge.after is "soon"; ${length}, or a percentile such as "p95"`
    )
    assert.strictEqual(
      ofPolicy({ hedge: { after: 1 }, timeouts: { firstContent: "soon" } }),
      `Policy.make: timeouts.firstContent is "soon"; ${length}`
    )
  })
})

describe("learned limits", () => {
  it("are true, false or an object", () => {
    for (const learnedLimit of [null, "yes", 7, [], new Date(0)]) {
      assert.strictEqual(
        ofPolicy({ learnedLimit }),
        "Policy.make: learnedLimit has to be true, false, or an object such as { decrease: 0.05 }"
      )
    }
  })
})

describe("the commit point of a call", () => {
  it("is one of the commit points", () => {
    for (const wrong of [null, 7, "soon", [], () => {}]) {
      assert.strictEqual(commit(wrong), "has to be one such as Commit.firstContent")
    }
    assert.strictEqual(
      commit({}),
      'is invalid: _tag is ""; it has to be one of "FirstContent", "Chunks", "Complete"'
    )
    assert.isUndefined(commit({ _tag: "Chunks", count: 2 }))
  })
})

describe("a backoff", () => {
  it("names the function and its arguments", () => {
    const jitter = Backoff.fullJitter as (...options: ReadonlyArray<unknown>) => unknown
    assert.strictEqual(
      messageOf(() => jitter()),
      "Backoff.fullJitter: delays is null; it has to be a list"
    )
    assert.strictEqual(
      messageOf(() => jitter([])),
      "Backoff.fullJitter: delays is empty; at least one is needed"
    )
    assert.strictEqual(
      messageOf(() => jitter([1, "soon"], -1)),
      `Backoff.fullJitter: delay 1 is "soon"; ${length}; times is -1; it has to be a whole number, at least 0`
    )
    assert.strictEqual(
      messageOf(() => (Backoff.doubling as (...options: ReadonlyArray<unknown>) => unknown)("soon", 1)),
      `Backoff.doubling: base is "soon"; ${length}`
    )
  })
})
