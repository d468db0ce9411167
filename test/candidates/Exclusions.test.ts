/** Targets that a request does not try again. */
import { assert, describe, it } from "@effect/vitest"
import { Exclusions } from "../../src/candidates/Exclusions.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Target from "../../src/domain/Target.ts"
import * as Policy from "../../src/policy/Policy.ts"
import { tooLong } from "../support/engine.ts"

const target = (model: string, contextWindow?: number, credential = "k") =>
  Target.make({
    provider: "p",
    model,
    credential: Credential.make(credential),
    policy: Policy.defaults,
    ...(contextWindow !== undefined && { contextWindow })
  })
const [a, b] = [target("a"), target("b")]

describe("the exclusions of a request", () => {
  it("are none at first", () => {
    const none = new Exclusions()
    assert.deepStrictEqual(
      [none.allows(a), none.hasTried(a), none.isWilling(a), none.fits(1), none.fits(undefined), none.hasHung],
      [true, false, true, true, true, false]
    )
  })

  it("cover a target that was left, and no other", () => {
    const excluded = new Exclusions()
    excluded.giveUp(a)
    assert.deepStrictEqual(
      [
        excluded.allows(a),
        excluded.hasTried(a),
        excluded.isWilling(a),
        excluded.allows(b),
        excluded.hasTried(b)
      ],
      [false, true, true, true, false]
    )
  })

  it("cover a target that a hedge calls, which does not count as left", () => {
    const excluded = new Exclusions()
    excluded.take(a)
    excluded.take(b)
    assert.deepStrictEqual(
      [excluded.allows(a), excluded.allows(b), excluded.hasTried(a)],
      [false, false, false]
    )
  })

  it("allow every target after a restart, but remember the targets that were left", () => {
    const excluded = new Exclusions()
    excluded.giveUp(a)
    excluded.take(b)
    excluded.restart(true)
    assert.deepStrictEqual([excluded.allows(a), excluded.hasTried(a), excluded.allows(b)], [true, true, true])
    excluded.giveUp(b)
    assert.deepStrictEqual([excluded.hasTried(a), excluded.hasTried(b)], [true, true])
  })

  it("keep the targets that were left after a restart, but not those that were tried", () => {
    const excluded = new Exclusions()
    excluded.giveUp(a)
    excluded.take(b)
    excluded.restart(false)
    assert.deepStrictEqual([excluded.allows(a), excluded.allows(b)], [false, true])
    excluded.take(b)
    assert.deepStrictEqual([excluded.allows(b), excluded.hasTried(b)], [false, false])
  })

  it("have a model that refused the request, with all of its credentials", () => {
    const excluded = new Exclusions()
    excluded.refused(a)
    excluded.refused(b)
    const others = [target("a", undefined, "k2"), b, target("c")]
    assert.deepStrictEqual(
      others.map((other) => excluded.isWilling(other)),
      [false, false, true]
    )
    assert.isTrue(excluded.allows(a))
  })

  it.each([
    { window: undefined, failure: tooLong(), fits: [true, true, true] },
    { window: undefined, failure: tooLong({ limit: 10 }), fits: [false, false, true] },
    { window: undefined, failure: tooLong({ actual: 10 }), fits: [false, true, true] },
    { window: 10, failure: tooLong(), fits: [false, false, true] },
    { window: 9, failure: tooLong({ limit: 10 }), fits: [false, false, true] },
    { window: 10, failure: tooLong({ limit: 9 }), fits: [false, false, true] },
    { window: 8, failure: tooLong({ actual: 11 }), fits: [false, false, true] }
  ])(
    "have windows of 9, 10 and 11 tokens after $window was too small: $fits",
    ({ failure, fits, window }) => {
      const excluded = new Exclusions()
      excluded.needWindow(target("a", window), failure)
      assert.deepStrictEqual(
        [9, 10, 11].map((size) => excluded.fits(size)),
        fits
      )
      assert.isTrue(excluded.fits(undefined))
      assert.deepStrictEqual(
        [excluded.allows(target("c", 9)), excluded.isWilling(target("c", 9))],
        [fits[0], fits[0]]
      )
    }
  )

  it("remember the largest window that was too small", () => {
    const excluded = new Exclusions()
    excluded.needWindow(target("a", 10), tooLong({ actual: 20 }))
    excluded.needWindow(target("b", 5), tooLong({ actual: 15 }))
    assert.deepStrictEqual(
      [19, 20].map((size) => excluded.fits(size)),
      [false, true]
    )
  })
})
