/** Callers can make up any number of model names. What is counted for these names displaces nothing that is known of others. */
import { assert, describe, it } from "@effect/vitest"
import { capacity, SignalsOf } from "../../src/choice/Signals.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Target from "../../src/domain/Target.ts"
import { CutOffs } from "../../src/health/CutOffs.ts"
import { FailureStreaks } from "../../src/health/FailureStreaks.ts"
import * as Policy from "../../src/policy/Policy.ts"
import { target } from "../support/bench.ts"

const known = target("known")
const madeUp = Array.from({ length: capacity + 1 }, (_, i) =>
  Target.make({
    provider: "a",
    model: `made-up-${i}`,
    credential: Credential.none,
    policy: Policy.defaults,
    unlisted: true
  })
)

describe("ten thousand made-up names", () => {
  it("do not end the row of attempts that a hanging target has cut off", () => {
    const cutOffs = new CutOffs()
    cutOffs.answered(known, 100)
    const cut = () => cutOffs.cutOff(known, 1_000, 30_000, 1_000)
    assert.deepStrictEqual([cut(), cut()], [false, false])
    for (const other of madeUp) cutOffs.cutOff(other, 1_000, 30_000, 1_000)
    assert.isTrue(cut())
  })

  it("do not end the row of visits that a budget has cut short", () => {
    const streaks = new FailureStreaks()
    assert.isFalse(streaks.cutShort(known, 0))
    for (const other of madeUp) streaks.cutShort(other, 1)
    assert.isTrue(streaks.cutShort(known, 3_000))
  })

  it("do not displace the load and the limits of a target", () => {
    const signals = new SignalsOf()
    const own = signals.ofTarget(known)
    signals.learn(known, own)
    for (const other of madeUp) signals.learn(other, signals.ofTarget(other))
    assert.strictEqual(signals.ofTarget(target("known")), own, "for the target of another chain")
    assert.isTrue([...signals.refusing].some(([key]) => key === known.key))
    assert.isAtMost([...signals.refusing].length, 2_000)
  })
})
