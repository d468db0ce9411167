/** Which of several equals fail too often. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Ejection from "../../src/choice/Ejection.ts"
import { Outcomes } from "../../src/choice/Outcomes.ts"

const counted = (failed: number, attempts: number) => ({ failed, attempts })

describe("outcomes", () => {
  it("are those of the last 30 seconds, in pieces of three", () => {
    const outcomes = new Outcomes(30_000)
    outcomes.add(true, 0)
    outcomes.add(false, 2_999)
    outcomes.add(true, 15_000)
    assert.deepStrictEqual(outcomes.count(29_999), counted(2, 3))
    assert.deepStrictEqual(outcomes.count(30_000), counted(1, 1))
    assert.deepStrictEqual(outcomes.count(45_000), counted(0, 0))
  })

  const Steps = Schema.Array(
    Schema.Tuple([Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20_000 })), Schema.Boolean])
  )
  it.prop("are no fewer than those of 27 seconds and no more than those of 30", [Steps], ([steps]) => {
    const outcomes = new Outcomes(30_000)
    const seen: Array<readonly [number, boolean]> = []
    let now = 1_000_000
    for (const [pause, hasFailed] of steps) {
      now += pause
      outcomes.add(hasFailed, now)
      seen.push([now, hasFailed])
      const { attempts, failed } = outcomes.count(now)
      const within = (millis: number) => seen.filter(([at]) => now - at < millis)
      assert.isAtLeast(attempts, within(27_000).length)
      assert.isAtMost(attempts, within(30_000).length)
      assert.isAtLeast(failed, within(27_000).filter(([, had]) => had).length)
      assert.isAtMost(failed, within(30_000).filter(([, had]) => had).length)
    }
  })
})

describe("a target is out", () => {
  const isOut = (
    own: Ejection.Settings | ReturnType<typeof counted>,
    ...others: ReadonlyArray<ReturnType<typeof counted>>
  ) => Ejection.isTooMuch(own as ReturnType<typeof counted>, () => others, Ejection.defaults)

  it("above half of its attempts, and not at half", () => {
    assert.isTrue(isOut(counted(11, 20), counted(11, 20)))
    assert.isFalse(isOut(counted(10, 20), counted(10, 20)))
  })

  it("when it fails three in ten where the others fail hardly ever", () => {
    assert.isTrue(isOut(counted(6, 20), counted(0, 20)))
    assert.isTrue(isOut(counted(6, 20), counted(1, 20), counted(0, 3)))
    assert.isFalse(isOut(counted(4, 20), counted(0, 20)))
  })

  it("not when the others fail as often", () => {
    assert.isFalse(isOut(counted(8, 20), counted(5, 20), counted(6, 20)))
  })

  it("not on fewer than twenty attempts", () => {
    assert.isFalse(isOut(counted(19, 19), counted(0, 100)))
  })

  it("only while half of the tier at most is out", () => {
    const room = (size: number, out: number) => Ejection.hasRoom(size, out, Ejection.defaults)
    assert.deepStrictEqual(
      [room(1, 0), room(2, 0), room(2, 1), room(3, 0), room(3, 1)],
      [false, true, false, true, false]
    )
    assert.isTrue(Ejection.hasRoom(10, 4, Ejection.defaults))
    assert.isFalse(Ejection.hasRoom(10, 5, Ejection.defaults))
  })

  it("for ten seconds, and twice as long with every further time, up to a minute", () => {
    assert.deepStrictEqual([0, 1, 2, 3, 99].map(Ejection.lengthOf), [10_000, 20_000, 40_000, 60_000, 60_000])
  })
})
