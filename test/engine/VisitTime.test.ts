/** How the time until the deadline is divided among the targets of a chain. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as VisitTime from "../../src/engine/run/VisitTime.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { hang, layer } from "../support/chains.ts"
import { play } from "../support/engine.ts"

/** The lengths of the visits in milliseconds if all targets hang. */
const visits = (targets: number, deadline: number, reserve = 0.5) => {
  let left = deadline
  return Array.from({ length: targets }, (_, i) => {
    const visit = VisitTime.of(left, deadline, reserve, (most) => Math.min(most, targets - 1 - i))
    left -= visit
    return Math.round(visit)
  })
}

describe("the time of a visit", () => {
  it("is half of what is left, for few targets", () => {
    assert.deepStrictEqual(visits(3, 8_000), [4_000, 2_000, 2_000])
    assert.deepStrictEqual(visits(2, 2_000), [1_000, 1_000])
    assert.deepStrictEqual(visits(3, 60_000), [30_000, 15_000, 15_000])
  })

  it("leaves two seconds to each of ten targets where the deadline is long enough", () => {
    for (const visit of visits(10, 600_000)) assert.isAtLeast(visit, 2_000)
    assert.deepStrictEqual(
      visits(10, 90_000).slice(0, 8),
      [45_000, 22_500, 8_500, 3_500, 2_625, 2_000, 2_000, 2_000]
    )
  })

  it("is at least a quarter of what is left, and two seconds, where the deadline is too short for all", () => {
    assert.deepStrictEqual(visits(10, 8_000), [2_000, 2_000, 2_000, 2_000, 0, 0, 0, 0, 0, 0])
    assert.deepStrictEqual(visits(10, 20_000).slice(0, 4), [5_000, 3_750, 2_813, 2_109])
    assert.deepStrictEqual(visits(10, 400).slice(0, 4), [100, 100, 100, 100])
  })

  it("is all that is left, without a reserve, without a target behind, and without a deadline", () => {
    assert.deepStrictEqual(visits(3, 8_000, 0), [8_000, 0, 0])
    assert.strictEqual(visits(1, 8_000)[0], 8_000)
    assert.strictEqual(
      VisitTime.of(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0.5, () => 1),
      Number.POSITIVE_INFINITY
    )
  })

  it("keeps the share of the policy, whatever it is", () => {
    assert.deepStrictEqual(visits(2, 10_000, 0.25), [7_500, 2_500])
    assert.deepStrictEqual(visits(2, 10_000, 0.9), [2_000, 8_000])
  })

  it("counts no more targets than it has to", () => {
    const counted: Array<number> = []
    const ahead = (most: number) => {
      counted.push(most)
      return most
    }
    VisitTime.of(600_000, 600_000, 0.5, ahead)
    VisitTime.of(20_000, 600_000, 0.5, ahead)
    assert.deepStrictEqual(counted, [1, 8])
  })
})

describe("a visit whose time is over while no other target can be called", () => {
  /** When it is checked, in milliseconds before the deadline. */
  const checks = (deadline: number, reserve = 0.5) => {
    const found: Array<number> = []
    for (let left = deadline / 2; left > 0; left -= VisitTime.longer(left, deadline, reserve))
      found.push(left)
    return found
  }

  it("is checked after half of the time left, for the last time when two seconds are left", () => {
    assert.deepStrictEqual(checks(10_000), [5_000, 2_500, 2_000])
    assert.deepStrictEqual(checks(60_000), [30_000, 15_000, 7_500, 3_750, 2_000])
  })

  it("is checked when a quarter of a short deadline is left", () => {
    assert.deepStrictEqual(checks(2_000), [1_000, 500])
  })

  it("is checked by the share of the policy", () => {
    assert.deepStrictEqual(checks(40_000, 0.25), [20_000, 5_000, 2_000])
  })

  it("is not checked twice within a millisecond", () => {
    assert.strictEqual(VisitTime.longer(2_000.5, 60_000, 0.5), 2_000.5)
  })
})

describe("a healthy target behind nine that hang", () => {
  it.effect("answers a request with a deadline of five minutes", () =>
    Effect.gen(function* () {
      const providers = Array.from({ length: 10 }, (_, i) =>
        Scripted.make(`p${i}`, i < 9 ? hang : [[{ wait: "1500 millis" }, "fine"]])
      )
      const chain = Chain.fromLinks(providers.map((provider) => Model.make(provider, "m")))
      const { value } = yield* play(Failover.complete(chain, "q", { deadline: "5 minutes" }))
      assert.strictEqual(value, "fine")
    }).pipe(layer())
  )
})

describe("a probe after a timeout", () => {
  it("takes twice the usual time, and more with every second, fourth and eighth one in a row", () => {
    const times = [1, 2, 3, 4, 6, 8].map((inRow) => VisitTime.ofProbe(3_000, inRow))
    assert.deepStrictEqual(times, [6_000, 12_000, 6_000, 24_000, 12_000, 48_000])
  })

  it("has its own time if the usual one is unknown, and the same minimum if it is short", () => {
    const [unknown, short, shorter] = [0, 1, 2].map((usual) => VisitTime.ofProbe(usual, 1))
    assert.isAbove(unknown!, short!)
    assert.isAbove(short!, 2)
    assert.strictEqual(shorter, short)
    assert.strictEqual(VisitTime.ofProbe(0, 2), 2 * unknown!)
    assert.isAtLeast(VisitTime.ofProbe(60_000, 1), 120_000)
  })
})
