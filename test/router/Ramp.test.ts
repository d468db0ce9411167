import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Ramp from "../../src/router/Ramp.ts"

const From = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
const Millis = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))

describe("a ramp", () => {
  it("starts with a tenth and ends after a minute by default", () => {
    const ramp = Ramp.make()
    assert.strictEqual(Ramp.share(ramp, 0), 0.1)
    assert.closeTo(Ramp.share(ramp, 30_000), 0.55, 1e-9)
    assert.isBelow(Ramp.share(ramp, 59_999), 1)
    assert.strictEqual(Ramp.share(ramp, 60_000), 1)
  })

  it("can be left out", () => {
    assert.strictEqual(Ramp.share(Ramp.make(false), 0), 1)
    assert.strictEqual(Ramp.share(Ramp.make({ over: 0 }), 0), 1)
  })

  it("rejects an invalid first share", () => {
    for (const from of [-1, 7, Number.NaN]) assert.throws(() => Ramp.make({ from }), /share from 0 to 1/)
  })

  it.prop(
    "never shrinks and never leaves its bounds",
    [From, Millis, Millis, Millis],
    ([from, over, a, b]) => {
      const ramp = Ramp.make({ from, over })
      const [early, late] = [Ramp.share(ramp, Math.min(a, b)), Ramp.share(ramp, Math.max(a, b))]
      assert.isAtLeast(early, from)
      assert.isAtLeast(late, early)
      assert.isAtMost(late, 1)
    }
  )
})
