/** Single steps of the bench: held targets, precedence of entries, benches in a row, dates of dead keys, and probes of several keys. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Bench from "../../src/health/Bench.ts"
import * as EngineBench from "../../src/health/EngineBench.ts"
import { markUnlisted } from "../../src/health/state/BenchState.ts"
import { RunClock } from "../../src/time/RunClock.ts"
import { VersionedMap } from "../../src/util/VersionedMap.ts"
import { a, admitted, benched, keyRest, probe, rest, target, why } from "../support/bench.ts"
import { dead, fault, throttle } from "../support/engine.ts"

describe("a held target", () => {
  it("is benched after its cooldown for requests, and not for health checks", () => {
    const state = Bench.hold(benched(), a)
    assert.strictEqual(Bench.admit(state, a, 5_000)[0]._tag, "Benched")
    assert.strictEqual(Bench.admit(state, a, 5_000, true)[0]._tag, "Probe")
  })

  it("is held until all of its holders have released it", () => {
    const twice = Bench.hold(Bench.hold(benched(), a), a)
    const once = Bench.unhold(twice, a)
    assert.strictEqual(Bench.admit(once, a, 5_000)[0]._tag, "Benched")
    const free = Bench.unhold(once, a)
    assert.isFalse(free.held.has(a.key))
    assert.strictEqual(Bench.admit(free, a, 5_000)[0]._tag, "Probe")
    assert.isFalse(Bench.unhold(free, a).held.has(a.key))
  })

  it("that has failed less often than its threshold may be called", () => {
    const [go, state] = admitted(Bench.hold(Bench.empty, a), a, 0)
    const failed = Bench.fail(state, a, go, fault(), { ...rest, threshold: 2 }, 0)
    assert.strictEqual(Bench.admit(failed, a, 1)[0]._tag, "Go")
  })
})

describe("of two reasons", () => {
  const reason = (of: "Manual" | "Overloaded", until: number): Bench.Benched => ({
    _tag: "Benched",
    key: "a",
    until,
    reason: of,
    evidence: undefined,
    probing: false
  })

  it("a manual one weighs more, otherwise the one that ends later, or the first", () => {
    const [soon, late, manual] = [reason("Overloaded", 1), reason("Overloaded", 2), reason("Manual", 0)]
    assert.strictEqual(Bench.weightier(soon, late), late)
    assert.strictEqual(Bench.weightier(late, soon), late)
    assert.strictEqual(Bench.weightier(late, manual), manual)
    assert.strictEqual(Bench.weightier(manual, late), manual)
    assert.strictEqual(Bench.weightier(soon, reason("Overloaded", 1)), soon)
    assert.strictEqual(Bench.weightier(undefined, soon), soon)
    assert.strictEqual(Bench.weightier(soon, undefined), soon)
  })
})

describe("benches in a row", () => {
  it("are those of the keys of a probe that were benched for the same reason, the most of them", () => {
    const [go, state] = admitted(Bench.empty, a, 0)
    let next = Bench.fail(Bench.fail(state, a, go, fault(), rest, 0), a, go, fault(), keyRest, 0)
    const again = (now: number) => {
      const [admission, open] = probe(next, a, now)
      next = Bench.fail(open, a, admission, fault(), rest, now)
    }
    again(5_000)
    again(15_000)
    const keys = ["a#k", "a/m#k", "unknown"]
    const asked: Bench.Probe = { _tag: "Probe", generation: 1, id: 1, keys }
    assert.strictEqual(Bench.inRow(next, asked, "Overloaded"), 3)
    assert.strictEqual(Bench.inRow(next, { ...asked, keys: keys.toReversed() }, "Overloaded"), 3)
    assert.strictEqual(Bench.inRow(next, asked, "RateLimit"), 0)
  })

  it("begin when the first of them did", () => {
    const [admission, state] = probe(benched(), a, 6_000)
    const next = Bench.fail(state, a, admission, fault(), rest, 6_000)
    assert.deepInclude(next.entries.get("a/m#k"), { since: 0, until: 16_000 })
    const reopened = Bench.reopen(probe(next, a, 16_000)[1], probe(next, a, 16_000)[0], 16_000)
    const [go, open] = admitted(reopened, a, 17_000)
    const last = Bench.fail(open, a, go, fault(), rest, 17_000)
    assert.strictEqual(last.entries.get("a/m#k")?.since, 17_000)
  })
})

describe("the date of a dead key", () => {
  it("does not count when it has passed", () => {
    const [go, state] = admitted(Bench.empty, a, 10_000)
    const next = Bench.fail(state, a, go, dead("InvalidKey", 9_000), { ...keyRest, max: 60_000 }, 10_000)
    assert.deepInclude(next.entries.get("a#k"), { until: 15_000, hint: undefined })
  })

  it("that a concurrent attempt brings late does not postpone the probe", () => {
    const [go, state] = admitted(Bench.empty, a, 0)
    const first = Bench.fail(state, a, go, dead(), keyRest, 0)
    assert.strictEqual(first.entries.get("a#k")?.until, 5_000)
    assert.strictEqual(Bench.fail(first, a, go, dead("InvalidKey", 900_000), keyRest, 1), first)
    const waits = Bench.fail(first, a, go, throttle("1 minute"), keyRest, 1)
    assert.strictEqual(waits.entries.get("a#k")?.until, 60_001)
  })
})

describe("a call to a benched target", () => {
  it("that fails does not postpone the probe", () => {
    const state = benched()
    const next = Bench.fail(state, a, { _tag: "Go", generation: state.generation }, fault(), rest, 4_000)
    assert.deepInclude(next.entries.get("a/m#k"), { until: 5_000, consecutiveBenches: 1, failures: 2 })
  })
})

describe("a probe of several keys", () => {
  const both = () => {
    const [go, state] = admitted(Bench.empty, a, 0)
    return Bench.fail(Bench.fail(state, a, go, fault(), rest, 0), a, go, fault(), keyRest, 0)
  }

  it("that fails benches the key of its rule, and leaves the others to the next probe", () => {
    const [admission, state] = probe(both(), a, 5_000)
    assert.deepStrictEqual([...admission.keys].sort(), ["a#k", "a/m#k"])
    const next = Bench.fail(state, a, admission, fault(), rest, 5_000)
    assert.strictEqual(why(next, target("other"), 5_000), undefined)
    assert.strictEqual(next.entries.get("a#k")?.probe, 0)
    const none = Bench.fail(state, a, admission, fault(), undefined, 5_000)
    assert.deepStrictEqual([none.entries.get("a#k")?.probe, none.entries.get("a/m#k")?.probe], [0, 0])
  })
})

describe("a new unlisted key", () => {
  it("changes no other key if the one in its place is forgotten already", () => {
    const [go, state] = admitted(Bench.empty, a, 0)
    const known = Bench.fail(state, a, go, fault(), rest, 0)
    const full = { ...known, unlisted: { given: 1_000, keys: VersionedMap.from([[0, "gone/m#k"]]) } }
    const next = markUnlisted(full, "a/m#k", 1)
    assert.strictEqual(next.entries.get("a/m#k")?.unlistedNumber, 1_000)
    assert.strictEqual(next.unlisted.keys.get(0), "a/m#k")
  })
})

describe("the engine's half of the bench", () => {
  const clock = (now: number) => {
    const time = new RunClock(Context.empty())
    return Object.assign(time, { millis: () => now })
  }
  const go: Bench.Go = { _tag: "Go", generation: 1_000 }

  it("says the later end that a call to a benched target brought", () => {
    const bench = EngineBench.makeMemory()
    bench.failUnsafe(a, go, throttle("10 seconds"), rest, 0)
    const until = (now: number) => {
      const admission = bench.admitUnsafe(a, clock(now))
      return [admission._tag === "Benched" && admission.until, bench.whyBenchedUnsafe(a, now)?.until]
    }
    assert.deepStrictEqual(until(1), [10_000, 10_000])
    bench.failUnsafe(a, go, throttle("1 minute"), rest, 2)
    assert.deepStrictEqual(until(3), [60_002, 60_002])
  })

  it("lets a target through until its failures reach the threshold", () => {
    const bench = EngineBench.makeMemory()
    const twice = { ...rest, threshold: 2 }
    bench.failUnsafe(a, go, fault(), twice, 0)
    assert.strictEqual(bench.admitUnsafe(a, clock(1))._tag, "Go")
    bench.failUnsafe(a, go, fault(), twice, 2)
    assert.strictEqual(bench.admitUnsafe(a, clock(3))._tag, "Benched")
  })
})
