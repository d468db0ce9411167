/** How busy and slow a target is, and which of two is better. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { compare, Load } from "../../src/choice/Load.ts"
import { fading, PeakEwma } from "../../src/choice/PeakEwma.ts"

const load = (inFlight: number, ...took: ReadonlyArray<number>) => {
  const made = new Load()
  for (const millis of took) made.took("stream", millis, 0)
  for (let i = 0; i < inFlight; i++) made.began()
  return made
}

describe("a peak EWMA", () => {
  it("adopts a slow time at once, and a fast one gradually with time", () => {
    const mean = new PeakEwma()
    mean.observe(100, 0)
    mean.observe(1_000, 1)
    assert.strictEqual(mean.value, 1_000)
    mean.observe(100, 1)
    assert.strictEqual(mean.value, 1_000)
    // After the time of its fading 1/e of the old value is left: 1,000 / e + 100 * (1 - 1/e).
    mean.observe(100, 1 + fading)
    assert.approximately(mean.value, 1_000 / Math.E + 100 * (1 - 1 / Math.E), 1e-9)
  })

  it("fades to 1/e of itself, and is not changed by being looked at", () => {
    const mean = new PeakEwma()
    mean.observe(1_000, 0)
    assert.approximately(mean.faded(fading), 1_000 / Math.E, 1e-9)
    assert.strictEqual(mean.value, 1_000)
  })

  it.prop(
    "lies between the fastest and the slowest time",
    [
      Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 9_999 }))).check(
        Schema.isNonEmpty()
      )
    ],
    ([times]) => {
      const mean = new PeakEwma()
      for (const [i, time] of times.entries()) mean.observe(time, i * 1_000)
      assert.isAtLeast(mean.value, Math.min(...times) - 1e-6)
      assert.isAtMost(mean.value, Math.max(...times))
    }
  )
})

describe("of two targets", () => {
  it("the one with the smaller (attempts under way + 1) × time is better", () => {
    // 4 * 300 = 1,200 against 1 * 1,000
    assert.approximately(compare(load(3, 300), load(0, 1_000), "stream", { now: () => 0 }), 1.2, 1e-9)
    // 3 * 300 = 900 against 1 * 1,000
    assert.approximately(compare(load(2, 300), load(0, 1_000), "stream", { now: () => 0 }), 0.9, 1e-9)
  })

  it("only the attempts under way are compared if the time of one is unknown", () => {
    assert.strictEqual(compare(load(1), load(0, 1_000), "stream", { now: () => 0 }), 2)
    assert.strictEqual(compare(load(0), load(3), "stream", { now: () => 0 }), 0.25)
  })

  it("whole answers are not compared with first contents", () => {
    const one = load(0, 300)
    one.took("effect", 60_000, 0)
    assert.approximately(compare(one, load(0, 600), "stream", { now: () => 0 }), 0.5, 1e-9)
  })

  it("a slow one is called again when its time has faded, by one request and not by more", () => {
    const slow = load(0, 10_000)
    const fine = load(0, 1_000)
    fine.began() // it is used all the time, so it does not fade
    assert.isAbove(compare(slow, fine, "stream", { now: () => fading }), 1)
    // ln(10 / 2) * fading is the moment at which 10,000 has faded to 2 * 1,000.
    const due = Math.log(5) * fading
    assert.isAbove(compare(slow, fine, "stream", { now: () => due - 10 }), 1)
    assert.isBelow(compare(slow, fine, "stream", { now: () => due + 10 }), 1)
    slow.began()
    assert.strictEqual(compare(slow, fine, "stream", { now: () => due + 10 }), 10)
  })

  it("one that fails at once does not look fast", () => {
    const failing = load(0, 1_000)
    failing.failed("stream", 5, 0)
    assert.strictEqual(failing.time("stream", { now: () => 0 }), 2_000)
    for (let i = 0; i < 10; i++) failing.failed("stream", 5, 0)
    assert.strictEqual(failing.time("stream", { now: () => 0 }), 30_000)
  })

  it("attempts are never counted below none", () => {
    const one = load(1)
    one.ended()
    one.ended()
    assert.strictEqual(one.inFlight, 0)
  })
})
