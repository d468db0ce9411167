/** Entries of the bench as records that outlive the process: what is written, and what a record from another process changes. */
import { assert, describe, it } from "@effect/vitest"
import * as Bench from "../../../src/health/Bench.ts"
import { forgive, lastMoment, restore, type Saved, saved, shifted } from "../../../src/health/stores/Saved.ts"

/** A record of a throttle that ends after ten seconds. */
const throttled: Saved = { reason: "RateLimit", since: 0, until: 10_000, consecutiveBenches: 1, failures: 1 }
const whole: Saved = {
  ...throttled,
  evidence: "status 429",
  hint: 9_000,
  fingerprint: "abc",
  callers: ["one"],
  heldFor: "callers",
  manual: { since: 1, until: 20_000, reason: "repairs", by: "ann" }
}
const endless = Number.POSITIVE_INFINITY

/** A bench with these records of the key `x`, merged one after the other at moment `now`. */
const benchOf = (now: number, ...records: ReadonlyArray<Saved>) =>
  records.reduce((state, record) => restore(state, "x", record, now), Bench.make())
const entryOf = (state: Bench.State) => state.entries.get("x")!

describe("a record of an entry", () => {
  it("has all that outlives the process", () => {
    assert.deepStrictEqual(saved(entryOf(benchOf(0, whole)), 5_000), whole)
    assert.deepStrictEqual(saved(entryOf(benchOf(0, throttled)), 5_000), throttled)
  })

  it("is absent if the key is free", () => {
    const free = forgive(benchOf(0, throttled), "x", false, 5_000)
    assert.isUndefined(saved(entryOf(free), 5_000))
  })

  it("has the bench by hand alone where the cooldown was cleared, until that has ended", () => {
    const byHand = entryOf(forgive(benchOf(0, whole), "x", false, 5_000))
    assert.deepStrictEqual(saved(byHand, 19_999), {
      since: 0,
      until: 0,
      consecutiveBenches: 1,
      failures: 1,
      manual: whole.manual!
    })
    assert.isUndefined(saved(byHand, 20_000))
    const both = entryOf(benchOf(0, whole))
    assert.isUndefined(saved(both, 20_000)?.manual)
  })

  it("holds for the callers that failed, for all but one of the others, or for all", () => {
    for (const heldFor of ["callers", "open", undefined] as const) {
      const record: Saved = { ...throttled, callers: ["one"], ...(heldFor && { heldFor }) }
      assert.deepStrictEqual(saved(entryOf(benchOf(0, record)), 5_000), record)
    }
  })

  it("is that of an unlisted name, if the key has one", () => {
    const record = { ...throttled, unlisted: true }
    assert.deepStrictEqual(saved(entryOf(benchOf(0, record)), 1), record)
    assert.isUndefined(saved(entryOf(benchOf(0, throttled, record)), 1)?.unlisted, "it was known before")
  })

  it("has no end of a bench by hand that has none, and the last possible time for an infinite end", () => {
    const record = { ...throttled, until: endless, hint: endless, manual: { since: -endless } }
    const written = saved(entryOf(benchOf(0, record)), 5_000)
    assert.deepStrictEqual(written, {
      ...throttled,
      until: lastMoment,
      hint: lastMoment,
      manual: { since: -lastMoment }
    })
  })
})

describe("a record by another clock", () => {
  it("has all times shifted", () => {
    assert.deepStrictEqual(shifted(whole, 500), {
      ...whole,
      since: 500,
      until: 10_500,
      hint: 9_500,
      manual: { ...whole.manual!, since: 501, until: 20_500 }
    })
    const few = { ...throttled, manual: { since: 1 } }
    assert.deepStrictEqual(shifted(few, -500), {
      ...few,
      since: -500,
      until: 9_500,
      manual: { since: -499 }
    })
    assert.deepStrictEqual(shifted(throttled, 1), { ...throttled, since: 1, until: 10_001 })
  })

  it("is the same where the clocks agree, and has no time beyond the last one", () => {
    assert.strictEqual(shifted(whole, 0), whole)
    assert.strictEqual(shifted({ ...throttled, until: lastMoment }, 500).until, lastMoment)
    assert.strictEqual(shifted({ ...throttled, since: -lastMoment }, -500).since, -lastMoment)
  })
})

describe("a record that is merged", () => {
  it("brings all its fields to a key that is free", () => {
    const state = benchOf(7, whole)
    const { generation, ...entry } = entryOf(state)
    assert.strictEqual(generation, state.generation)
    assert.strictEqual(state.generation, Bench.make().generation + 1)
    assert.deepInclude(entry, {
      reason: "RateLimit",
      evidence: "status 429",
      hint: 9_000,
      fingerprint: "abc",
      since: 0,
      until: 10_000,
      callers: ["one"],
      isTheirs: true,
      othersAt: endless,
      probe: 0
    })
    assert.deepStrictEqual(entry.manual, { since: 1, until: 20_000, reason: "repairs", by: "ann" })
    assert.strictEqual(entryOf(benchOf(7, { ...throttled, heldFor: "open" })).othersAt, 1_007)
  })

  it("of a later end replaces the earlier one, and keeps the earlier beginning and the higher counts", () => {
    const before: Saved = { ...throttled, since: 2_000, consecutiveBenches: 5, failures: 1 }
    const later: Saved = {
      ...throttled,
      since: 3_000,
      until: 12_000,
      consecutiveBenches: 2,
      failures: 7,
      evidence: "b"
    }
    const entry = entryOf(benchOf(4_000, before, later))
    assert.deepInclude(entry, {
      since: 2_000,
      until: 12_000,
      consecutiveBenches: 5,
      failures: 7,
      evidence: "b"
    })
  })

  it("of an earlier end, or without one, changes nothing", () => {
    const state = benchOf(0, whole)
    assert.strictEqual(restore(state, "x", { ...whole, until: 9_999 }, 5_000), state)
    const { reason: _, ...byHand } = whole
    assert.strictEqual(restore(state, "x", { ...byHand, until: 50_000 }, 5_000), state)
  })

  it("of a later end starts after its own beginning where the key was free", () => {
    const free = forgive(benchOf(0, throttled), "x", false, 1)
    assert.strictEqual(
      entryOf(restore(free, "x", { ...throttled, since: 6_000, until: 7_000 }, 6_500)).since,
      6_000
    )
  })

  it("of callers who failed adds them, and does not replace a bench that holds for all", () => {
    const one: Saved = { ...throttled, heldFor: "callers", callers: ["one"] }
    const two: Saved = { ...one, until: 11_000, callers: ["two", "one"] }
    assert.deepStrictEqual(entryOf(benchOf(1, one, two)).callers, ["one", "two"])
    const forAll = benchOf(1, throttled)
    assert.strictEqual(restore(forAll, "x", two, 1), forAll)
    assert.isTrue(entryOf(restore(forAll, "x", { ...two, until: 12_000 }, 10_000)).isTheirs, "that is over")
    assert.isFalse(entryOf(restore(forAll, "x", { ...two, until: 12_000 }, 9_999)).isTheirs)
  })

  it("of callers begins again where the key was cleared meanwhile", () => {
    const one: Saved = { ...throttled, heldFor: "callers", callers: ["one"] }
    const free = forgive(benchOf(1, one), "x", false, 1)
    assert.deepStrictEqual(entryOf(restore(free, "x", { ...one, callers: ["two"] }, 2)).callers, ["two"])
  })

  it("of all replaces a bench that holds for callers alone, whatever its end", () => {
    const callers = benchOf(1, { ...throttled, heldFor: "callers", callers: ["one"] })
    const entry = entryOf(restore(callers, "x", { ...throttled, until: 5_000, callers: ["two"] }, 1))
    assert.deepInclude(entry, { isTheirs: false, until: 5_000, callers: ["two"] })
    assert.deepStrictEqual(entryOf(restore(callers, "x", { ...throttled, until: 5_000 }, 1)).callers, [])
  })
})

describe("a bench by hand that is merged", () => {
  const byHand = (until?: number): Saved => ({
    since: 0,
    until: 0,
    consecutiveBenches: 0,
    failures: 0,
    manual: { since: 0, ...(until !== undefined && { until }) }
  })
  const untilOf = (state: Bench.State) => state.entries.get("x")?.manual?.until
  /** The end of the bench after a second record. With `isLatest` that record includes the change made here. */
  const then = (first: number | undefined, second: Saved, now: number, slack: number, isLatest: boolean) =>
    untilOf(restore(benchOf(0, byHand(first)), "x", second, now, slack, isLatest))

  it("is the later of two, and without an end the latest", () => {
    assert.strictEqual(then(10_000, byHand(20_000), 1, 0, false), 20_000)
    assert.strictEqual(then(20_000, byHand(10_000), 1, 0, false), 20_000)
    assert.strictEqual(untilOf(benchOf(0, byHand(20_000), byHand(10_000))), 20_000)
    assert.strictEqual(then(20_000, byHand(), 1, 0, false), endless)
    assert.strictEqual(then(10_000, byHand(10_500), 1, 500, false), 10_000)
    assert.strictEqual(then(10_000, byHand(10_501), 1, 500, false), 10_501)
  })

  it("does not count once it has ended", () => {
    assert.isUndefined(untilOf(restore(Bench.make(), "x", byHand(1_000), 1_000)))
    assert.strictEqual(untilOf(restore(Bench.make(), "x", byHand(1_001), 1_000)), 1_001)
  })

  it("stays if the record has none, but for a record that includes the change made here", () => {
    assert.strictEqual(then(10_000, throttled, 1, 0, false), 10_000)
    assert.isUndefined(then(10_000, throttled, 1, 0, true))
  })

  it("is that of a record that includes the change made here, also if it is shorter or over", () => {
    assert.strictEqual(then(20_000, byHand(10_000), 1, 0, true), 10_000)
    assert.strictEqual(then(undefined, byHand(10_000), 1, 500, true), 10_000)
    assert.isUndefined(then(20_000, byHand(9_000), 9_000, 0, true))
    assert.strictEqual(then(undefined, byHand(), 1, 500, true), endless)
    const same = benchOf(0, byHand())
    assert.strictEqual(restore(same, "x", byHand(), 1, 500, true), same)
    const near = benchOf(0, byHand(10_000))
    assert.strictEqual(restore(near, "x", byHand(9_500), 1, 500, true), near)
    assert.strictEqual(untilOf(restore(near, "x", byHand(9_499), 1, 500, true)), 9_499)
    assert.strictEqual(untilOf(restore(Bench.make(), "x", byHand(10_000), 1, 500, true)), 10_000)
  })
})

describe("a key that was cleared elsewhere", () => {
  it("is free here as well, and keeps its count and its bench by hand", () => {
    const state = benchOf(0, whole)
    const next = forgive(state, "x", false, 1)
    const entry = entryOf(next)
    assert.deepInclude(entry, {
      reason: undefined,
      evidence: undefined,
      hint: undefined,
      fingerprint: undefined,
      until: 0,
      probe: 0,
      consecutiveBenches: 1,
      generation: state.generation + 1
    })
    assert.strictEqual(next.generation, state.generation + 1)
    assert.strictEqual(entry.manual, entryOf(state).manual)
  })

  it("by hand has no bench by hand either", () => {
    assert.isUndefined(entryOf(forgive(benchOf(0, whole), "x", true, 1)).manual)
    const { reason: _, ...byHand } = whole
    const cleared = forgive(benchOf(0, byHand), "x", true, 1)
    assert.isUndefined(cleared.entries.get("x")?.manual)
  })

  it("changes nothing if it is free or unknown", () => {
    const state = benchOf(0, whole)
    assert.strictEqual(forgive(state, "y", true, 1), state)
    const free = forgive(state, "x", false, 1)
    assert.strictEqual(forgive(free, "x", false, 1), free)
  })
})
