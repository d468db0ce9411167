import { assert, describe, it } from "@effect/vitest"
import { ClockOffset } from "../../src/time/ClockOffset.ts"

describe("the offset to the clock of Redis", () => {
  it("is that of the freshest message: one that is read late does not change it", () => {
    const offset = new ClockOffset()
    assert.strictEqual(offset.measured(1_000, 1_240, 1_250), 250)
    assert.strictEqual(offset.of(2_000, 3_700), 250)
    assert.strictEqual(offset.of(5_000, 5_240), 240)
    assert.strictEqual(offset.of(6_000, 6_300), 240)
  })

  it("is not that of an answer that a process read late, because it stood still", () => {
    const offset = new ClockOffset()
    offset.measured(1_000, 1_000, 1_010)
    assert.strictEqual(offset.measured(2_000, 2_000, 32_000), 10)
    // It is used as long as no other measurement is known.
    assert.strictEqual(new ClockOffset().measured(2_000, 2_000, 32_000), 30_000)
  })

  it("is seen from the first message on", () => {
    assert.strictEqual(new ClockOffset().of(10_000, 9_000), -1_000)
  })

  it("follows a clock of Redis that is set back by an hour, or forward", () => {
    const offset = new ClockOffset()
    offset.measured(10_000_000, 10_000_000, 10_000_000)
    assert.strictEqual(offset.of(6_400_000, 10_000_000), 3_600_000)
    assert.strictEqual(offset.of(20_000_000, 10_000_500), -9_999_500)
  })

  it("is measured again with each answer, since clocks drift apart", () => {
    const offset = new ClockOffset()
    offset.measured(0, 0, 0)
    assert.strictEqual(offset.measured(1_000, 1_000, 1_030), 30)
    assert.strictEqual(offset.of(2_000, 2_040), 30)
  })
})
