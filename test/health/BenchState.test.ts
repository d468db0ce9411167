/** The states of a key, what the bench forgets, and how many unlisted names it keeps. */
import { assert, describe, it } from "@effect/vitest"
import * as BenchInfo from "../../src/health/BenchInfo.ts"
import * as State from "../../src/health/state/BenchState.ts"

const entry = (fields: Partial<State.Entry> = {}): State.Entry => ({ ...State.fresh, ...fields })
const manual = (until: number) => ({ since: 1, until, reason: "why", by: "me" })
const stateOf = (
  entries: { readonly [key: string]: State.Entry },
  held: ReadonlyArray<string> = []
): State.State => {
  let state = State.make()
  for (const [key, known] of Object.entries(entries))
    state = { ...state, entries: state.entries.with(key, known) }
  for (const key of held) state = { ...state, held: state.held.with(key, 1) }
  return state
}

describe("a key", () => {
  it.each([
    [{}, "free", false],
    [{ reason: "Overloaded", until: 11 }, "resting", true],
    [{ reason: "Overloaded", until: 10 }, "half-open", false],
    [{ reason: "Overloaded", until: 10, probe: 3 }, "probing", false],
    [{ reason: "Overloaded", until: 11, probe: 3 }, "resting", true],
    [{ until: 11 }, "free", false],
    [{ manual: manual(11) }, "manual", true],
    [{ manual: manual(10) }, "free", false],
    [{ manual: manual(11), reason: "Overloaded", until: 99 }, "manual", true],
    [{ manual: manual(10), reason: "Overloaded", until: 99 }, "resting", true]
  ] as const)("with %j is %s at 10, and benched: %s", (fields, status, rests) => {
    assert.deepStrictEqual(
      [BenchInfo.statusOf(entry(fields), 10), State.isBenched(entry(fields), 10)],
      [status, rests]
    )
  })

  it("that is held stays benched after its cooldown, unless it is probed", () => {
    const at = (fields: Partial<State.Entry>) => BenchInfo.statusOf(entry(fields), 10, true)
    assert.deepStrictEqual(
      [at({}), at({ reason: "Timeout", until: 9 }), at({ reason: "Timeout", until: 9, probe: 1 })],
      ["free", "resting", "probing"]
    )
  })

  it("is dead for four reasons", () => {
    const reasons = [
      "InvalidKey",
      "Forbidden",
      "Balance",
      "ModelMissing",
      "Blocked",
      "RateLimit",
      undefined
    ] as const
    assert.deepStrictEqual(reasons.map(State.isDead), [true, true, true, true, false, false, false])
  })

  it("is reported with what holds for its state", () => {
    const known = entry({
      reason: "Overloaded",
      evidence: "busy",
      hint: 7,
      since: 2,
      until: 30,
      consecutiveBenches: 3,
      failures: 4
    })
    const common = { key: "p/m#k", scope: "target", consecutiveBenches: 3, failures: 4 }
    assert.deepStrictEqual(BenchInfo.infoOf("p/m#k", known, 10), {
      ...common,
      status: "resting",
      reason: "Overloaded",
      evidence: "busy",
      since: 2,
      until: 30,
      hint: 7,
      by: undefined
    } as never)
    assert.deepStrictEqual(BenchInfo.infoOf("p/m#k", { ...known, manual: manual(40) }, 10), {
      ...common,
      status: "manual",
      reason: "Manual",
      evidence: "why",
      since: 1,
      until: 40,
      hint: 7,
      by: "me"
    } as never)
    assert.deepStrictEqual(BenchInfo.infoOf("p/m#k", { ...known, reason: undefined }, 10), {
      ...common,
      status: "free",
      reason: undefined,
      evidence: "busy",
      since: undefined,
      until: undefined,
      hint: undefined,
      by: undefined
    } as never)
    assert.strictEqual(BenchInfo.infoOf("p", { ...known, manual: manual(5) }, 10).reason, "Overloaded")
    assert.strictEqual(BenchInfo.infoOf("p/m#k", { ...known, until: 5 }, 10, true).status, "resting")
    assert.deepStrictEqual(
      ["p", "p/m", "p#k", "p/m#k"].map((key) => BenchInfo.infoOf(key, known, 10).scope),
      ["provider", "model", "credential", "target"]
    )
  })

  it.each([
    ["free", undefined, "resting", 5, true, false],
    ["resting", 5, "resting", 5, false, false],
    ["resting", 5, "resting", 6, true, false],
    ["half-open", 5, "resting", 5, true, false],
    ["free", undefined, "manual", 5, true, false],
    ["manual", 5, "manual", 5, false, false],
    ["resting", 5, "half-open", 5, false, false],
    ["resting", 5, "free", undefined, false, true],
    ["free", undefined, "free", undefined, false, false],
    ["half-open", 5, "probing", 5, false, false]
  ] as const)(
    "that was %s until %s and is %s until %s: benched %s, released %s",
    (was, until, is, now, rest, release) => {
      const change = {
        at: 0,
        before: { status: was, until },
        info: { ...BenchInfo.infoOf("p", entry(), 0), status: is, until: now }
      }
      assert.deepStrictEqual([BenchInfo.isBenching(change), BenchInfo.isRelease(change)], [rest, release])
    }
  )
})

describe("the bench forgets", () => {
  const hour = State.idle
  it.each([
    [{ touched: 5 }, [], hour + 5],
    [{ touched: 5, until: 9, reason: "Overloaded" }, [], hour + 9],
    [{ touched: 5, until: 9, reason: "InvalidKey" }, [], 24 * hour + 9],
    [{ touched: 5, probe: 1, reason: "Overloaded" }, [], undefined],
    [{ touched: 5, reason: "Overloaded" }, ["k"], undefined],
    [{ touched: 5 }, ["k"], hour + 5],
    [{ touched: 5, manual: manual(Number.POSITIVE_INFINITY) }, [], undefined],
    [{ touched: 5, manual: manual(2 * hour) }, [], 2 * hour]
  ] as const)("%j with %j held at %s", (fields, held, at) => {
    const state = stateOf({ k: entry(fields as never) }, held)
    const known = (now: number) => State.entryOf(state, "k", now) !== undefined
    if (at === undefined) assert.isTrue(known(1e12))
    else assert.deepStrictEqual([known(at - 1), known(at)], [true, false])
  })

  it("nothing that is not there, and passes over two others with each new key and one with each old one", () => {
    assert.isUndefined(State.entryOf(State.empty, "k", 0))
    const idle = Object.fromEntries([..."abcdef"].map((key) => [key, entry()]))
    const touch = (state: State.State, key: string, now = 2 * hour) =>
      State.change(state, now, [key], (old) => ({ ...old, failures: old.failures + 1 }))
    const state = stateOf(idle)
    const added = touch(state, "new")
    assert.strictEqual(added.entries.size, 5)
    assert.deepInclude(added.entries.get("new"), { failures: 1, touched: 2 * hour })
    assert.strictEqual(touch(added, "new").entries.size, 4)
    assert.strictEqual(touch(stateOf(idle), "new", hour - 1).entries.size, 7)
    assert.strictEqual(touch(stateOf({ a: entry() }), "a").entries.get("a")?.failures, 1)
  })

  it("no version for nothing", () => {
    const state = stateOf({ a: entry() })
    assert.strictEqual(
      State.change(state, 5, ["a", "b"], (old) => old),
      state
    )
    const seen: Array<string> = []
    State.change(state, 5, ["a", "b"], (old, key) => {
      seen.push(`${key} ${old === State.fresh}`)
      return old
    })
    assert.deepStrictEqual(seen, ["a false", "b true"])
  })
})

describe("a name that is not configured", () => {
  const marked = (state: State.State, key: string, now = 0) =>
    State.markUnlisted(
      { ...state, entries: state.entries.with(key, state.entries.get(key) ?? entry()) },
      key,
      now
    )
  const full = () => {
    let state = State.make()
    for (let i = 0; i < State.mostUnlisted; i++) state = marked(state, `k${i}`)
    return state
  }

  it("has a number, in order, and one only", () => {
    const one = marked(State.make(), "a")
    assert.deepInclude(one.entries.get("a"), { unlistedNumber: 0 })
    assert.strictEqual(one.unlisted.given, 1)
    assert.strictEqual(State.markUnlisted(one, "a", 0), one)
    assert.strictEqual(State.markUnlisted(one, "nobody", 0), one)
    assert.deepInclude(marked(one, "b").entries.get("b"), { unlistedNumber: 1 })
  })

  it("replaces the oldest when there are too many, unless that was benched by hand or is listed now", () => {
    const state = full()
    assert.strictEqual(state.entries.size, State.mostUnlisted)
    const next = marked(state, "new")
    assert.isUndefined(next.entries.get("k0"))
    assert.deepInclude(next.entries.get("new"), { unlistedNumber: State.mostUnlisted })
    assert.isDefined(next.entries.get("k1"))
    const byHand = (until: number): State.State => ({
      ...state,
      entries: state.entries.with("k0", entry({ unlistedNumber: 0, manual: manual(until) }))
    })
    assert.deepInclude(marked(byHand(9), "new", 5).entries.get("k0"), { unlistedNumber: undefined })
    assert.isUndefined(marked(byHand(5), "new", 5).entries.get("k0"))
    const left = State.markListed(state, "k0")
    assert.isDefined(marked(left, "new").entries.get("k0"))
  })

  it("has no number once it is configured", () => {
    const one = marked(State.make(), "a")
    const left = State.markListed(one, "a")
    assert.isUndefined(left.entries.get("a")?.unlistedNumber)
    assert.deepStrictEqual(left.entries.get("a"), { ...one.entries.get("a")!, unlistedNumber: undefined })
    assert.strictEqual(State.markListed(left, "a"), left)
    assert.strictEqual(State.markListed(left, "nobody"), left)
  })
})
