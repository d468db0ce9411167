/** What a replica knows of the records in Redis, and what it accepts: older messages change nothing, and newer changes of its own stay. */
import { assert, describe, it } from "@effect/vitest"
import * as Bench from "../../../src/health/Bench.ts"
import * as EngineBench from "../../../src/health/EngineBench.ts"
import * as HeldFor from "../../../src/health/state/HeldFor.ts"
import { LocalCopy } from "../../../src/health/stores/LocalCopy.ts"
import { restore, type Saved } from "../../../src/health/stores/Saved.ts"
import type { Record } from "../../../src/health/stores/Shared.ts"

const me = "me"
const until = (end: number, by?: number): Saved => ({
  reason: "RateLimit",
  since: 0,
  until: end,
  consecutiveBenches: 1,
  failures: 1,
  ...(by !== undefined && { manual: { since: 0, until: by } })
})
const record = (epoch: number, saved: Saved, writer = "other"): Record => ({ saved, epoch, writer })
const copyOf = () => {
  const bench = EngineBench.makeMemory()
  const copy = new LocalCopy(bench, me)
  return {
    copy,
    /** The key is benched in this process. */
    bench: (saved: Saved, key = "x") =>
      bench.modifyUnsafe((state) => [undefined, restore(state, key, saved, 0)], 0),
    /** Both sides agree on the key as it is here. */
    agree: (epoch: number, taken = 0, key = "x") => copy.agree(key, copy.entries.get(key), { epoch, taken }),
    untilOf: (key = "x") => copy.entries.get(key)?.until,
    byHand: (key = "x") => copy.entries.get(key)?.manual?.until,
    knownOf: (key = "x") => {
      const known = copy.agreed.get(key)
      return known && [known.epoch, known.taken, known.entry === copy.entries.get(key)]
    }
  }
}

describe("a record of Redis", () => {
  it("is taken over, and both sides agree on it", () => {
    const { copy, knownOf, untilOf } = copyOf()
    copy.apply(
      [
        ["x", record(3, until(9_500))],
        ["y", record(4, until(20_000))]
      ],
      500,
      1
    )
    assert.deepStrictEqual([untilOf(), untilOf("y")], [10_000, 20_500], "by the clock of this process")
    assert.deepStrictEqual(
      [knownOf(), knownOf("y")],
      [
        [3, 3, true],
        [4, 4, true]
      ]
    )
  })

  it("changes nothing unless it is newer than what was taken over from other replicas", () => {
    for (const [epoch, end] of [
      [2, 10_000],
      [3, 10_000],
      [4, 30_000]
    ] as const) {
      const { copy, untilOf } = copyOf()
      copy.apply([["x", record(3, until(10_000))]], 0, 1)
      copy.apply([["x", record(epoch, until(30_000))]], 0, 1)
      assert.strictEqual(untilOf(), end)
    }
  })

  it("of this replica changes nothing unless it is newer than what it wrote", () => {
    for (const [epoch, end] of [
      [5, 10_000],
      [6, 30_000]
    ] as const) {
      const { agree, bench, copy, untilOf } = copyOf()
      bench(until(10_000))
      agree(5, 2)
      copy.apply([["x", record(epoch, until(30_000), me)]], 0, 1)
      assert.strictEqual(untilOf(), end)
    }
  })

  it("of another one is taken over between what was last taken and what was last written", () => {
    const { agree, bench, copy, knownOf, untilOf } = copyOf()
    bench(until(10_000))
    agree(5, 2)
    copy.apply([["x", record(4, until(30_000))]], 0, 1)
    assert.deepStrictEqual([untilOf(), knownOf()], [30_000, [5, 4, true]])
  })

  it("keeps what was taken from others when it is of this replica", () => {
    const { agree, bench, copy, knownOf } = copyOf()
    bench(until(10_000))
    agree(5, 4)
    copy.apply([["x", record(7, until(30_000), me)]], 0, 1)
    assert.deepStrictEqual(knownOf(), [7, 4, true])
    copy.apply([["y", record(8, until(30_000), me)]], 0, 1)
    assert.deepStrictEqual(knownOf("y"), [8, 0, true])
  })

  it("leaves to be sent what has changed here meanwhile", () => {
    const { agree, bench, copy, knownOf, untilOf } = copyOf()
    bench(until(10_000))
    agree(5)
    bench(until(20_000))
    copy.apply([["x", record(6, until(15_000))]], 0, 1)
    assert.deepStrictEqual([untilOf(), knownOf()], [20_000, [6, 6, false]])
    const fresh = copyOf()
    fresh.bench(until(20_000))
    fresh.copy.apply([["x", record(6, until(15_000))]], 0, 1)
    assert.deepStrictEqual([fresh.untilOf(), fresh.knownOf()], [20_000, undefined])
  })

  it("shortens a bench by hand if it is newer than what was written, and nothing is left to send", () => {
    const shorter = record(6, until(10_000, 20_000))
    const newer = copyOf()
    newer.bench(until(10_000, 50_000))
    newer.agree(5)
    newer.copy.apply([["x", shorter]], 0, 1)
    assert.strictEqual(newer.byHand(), 20_000)

    const same = copyOf()
    same.bench(until(10_000, 50_000))
    same.agree(6)
    same.copy.apply([["x", shorter]], 0, 1)
    assert.strictEqual(same.byHand(), 50_000, "it was written before")

    const changed = copyOf()
    changed.bench(until(10_000))
    changed.agree(5)
    changed.bench(until(10_000, 50_000))
    changed.copy.apply([["x", shorter]], 0, 1)
    assert.strictEqual(changed.byHand(), 50_000, "the change here is newer")
  })

  it("is as good as another one that ends less than half a second later", () => {
    const { bench, copy, untilOf } = copyOf()
    bench(until(10_000))
    copy.apply([["x", record(1, until(10_500))]], 0, 1)
    assert.strictEqual(untilOf(), 10_000)
    copy.apply([["x", record(2, until(10_501))]], 0, 1)
    assert.strictEqual(untilOf(), 10_501)
  })
})

describe("what Redis has written", () => {
  it("is agreed with the counts of its changes", () => {
    const { bench, copy, knownOf } = copyOf()
    for (const key of ["x", "y", "z"]) bench(until(10_000), key)
    const [x, y, z] = ["x", "y", "z"].map((key) => copy.entries.get(key)!)
    const sent = new Map([
      ["x", x!],
      ["y", y!],
      ["z", z!]
    ])
    const changes = [
      { _tag: "Put", key: "x" },
      { _tag: "GiveBack", key: "y" },
      { _tag: "Clear", key: "z" }
    ] as const
    copy.isAt("era", 2)
    copy.agree("x", x, { epoch: 2, taken: 2 })
    copy.written("era", changes, [7, 8, 9], sent)
    assert.deepStrictEqual([knownOf(), knownOf("y"), knownOf("z")], [[7, 2, true], undefined, [0, 0, true]])
    copy.written("era", [{ _tag: "Put", key: "y" }], [], sent)
    assert.deepStrictEqual(knownOf("y"), [0, 0, true], "Redis says no count")
  })

  it("is forgotten where the key is free again", () => {
    const { agree, bench, copy, knownOf } = copyOf()
    bench(until(10_000))
    agree(5)
    copy.written("era", [{ _tag: "Clear", key: "x" }], [6], new Map())
    assert.isUndefined(knownOf())
  })

  it("keeps the counts of the same Redis, and not those of another one", () => {
    for (const [what, then, epoch] of [
      ["goes on", (copy: LocalCopy) => copy.isAt("era", 8), 7],
      ["is the same", (copy: LocalCopy) => copy.isAt("era", 7), 7],
      ["has counted less", (copy: LocalCopy) => copy.isAt("era", 6), 0],
      ["has another era", (copy: LocalCopy) => copy.isAt("other", 8), 0],
      ["writes something else", (copy: LocalCopy) => copy.written("era", [], [], new Map()), 7],
      ["writes in another era", (copy: LocalCopy) => copy.written("other", [], [9], new Map()), 0],
      ["is connected again", (copy: LocalCopy) => copy.reconnected(), 0]
    ] as const) {
      const { agree, bench, copy, knownOf } = copyOf()
      bench(until(10_000))
      copy.isAt("era", 7)
      agree(7)
      then(copy)
      assert.deepStrictEqual(knownOf(), [epoch, 0, true], what)
    }
  })

  it("counts from the latest of its changes on", () => {
    const { agree, bench, copy, knownOf } = copyOf()
    bench(until(10_000))
    copy.isAt("era", 7)
    copy.written("era", [{ _tag: "Put", key: "x" }], [9], new Map([["x", copy.entries.get("x")!]]))
    copy.isAt("era", 8)
    assert.deepStrictEqual(knownOf(), [0, 0, true])
    copy.isAt("era", 10)
    copy.written("new", [], [3], new Map())
    agree(3)
    copy.isAt("new", 3)
    assert.deepStrictEqual(knownOf(), [3, 0, true], "a new era counts anew")
  })

  it("of a Redis that was connected again does not apply to the one before", () => {
    const { agree, bench, copy, knownOf } = copyOf()
    bench(until(10_000))
    copy.isAt("era", 7)
    copy.reconnected()
    copy.isAt("", 0)
    agree(1)
    copy.isAt("", 0)
    assert.deepStrictEqual(knownOf(), [1, 0, true])
  })
})

describe("a key that another replica cleared", () => {
  it("is free here, and both sides agree", () => {
    const { agree, bench, copy, knownOf, untilOf } = copyOf()
    bench(until(10_000))
    agree(5, 4)
    copy.cleared("x", false, 1)
    assert.deepStrictEqual([untilOf(), knownOf()], [0, [5, 4, true]])
  })

  it("stays benched if a bench began here that was not sent yet, unless it is cleared by hand", () => {
    for (const [byHand, end] of [
      [false, 20_000],
      [true, 0]
    ] as const) {
      const { agree, bench, copy, untilOf } = copyOf()
      bench(until(10_000))
      agree(5)
      bench(until(20_000))
      copy.cleared("x", byHand, 1)
      assert.strictEqual(untilOf(), end)
    }
    const { bench, copy, untilOf } = copyOf()
    bench(until(20_000))
    copy.cleared("x", false, 1)
    assert.strictEqual(untilOf(), 20_000, "Redis did not know it")
  })

  it("stays benched by hand if that began here and was not sent yet: it is sent after that", () => {
    const { agree, bench, byHand, copy, knownOf, untilOf } = copyOf()
    bench(until(10_000))
    agree(5)
    bench(until(10_000, 50_000))
    copy.cleared("x", true, 1)
    assert.deepStrictEqual([untilOf(), byHand(), knownOf()], [10_000, 50_000, undefined])
    const known = copyOf()
    known.bench(until(10_000, 50_000))
    known.agree(5)
    known.bench(until(20_000))
    known.copy.cleared("x", true, 1)
    assert.deepStrictEqual(
      [known.untilOf(), known.byHand()],
      [0, undefined],
      "that bench by hand is the one that was cleared"
    )
  })

  it("may be one that is unknown here", () => {
    const { copy, knownOf, untilOf } = copyOf()
    copy.cleared("x", true, 1)
    copy.cleared("x", false, 1)
    assert.deepStrictEqual([untilOf(), knownOf()], [undefined, undefined])
  })
})

describe("keys that Redis has lost", () => {
  it("are sent again, but for those that were agreed again", () => {
    const { agree, bench, copy, knownOf } = copyOf()
    for (const key of ["x", "y"]) bench(until(10_000), key)
    agree(1, 0, "x")
    agree(2, 0, "y")
    const missing = new Map(copy.agreed)
    agree(3, 0, "y")
    copy.sendAgain(missing)
    assert.deepStrictEqual([knownOf("x"), knownOf("y")], [undefined, [3, 0, true]])
  })
})

describe("a probe that another replica makes", () => {
  /** The key is half-open, or other callers may use it before its end, and this replica has taken the probe. */
  const probing = (saved: Saved, now: number, isKnown = true) => {
    const one = copyOf()
    one.bench(saved)
    if (isKnown) one.agree(5)
    one.copy.bench.modifyUnsafe(
      (state) => [undefined, Bench.change(state, now, ["x"], (entry) => ({ ...entry, probe: 7 }))],
      now
    )
    if (isKnown) one.agree(5)
    one.copy.claimed.set("x", 7)
    return { ...one, probe: { _tag: "Probe", generation: 0, id: 7, keys: ["x"] } as const }
  }

  it("is waited for, a second at most", () => {
    for (const [wait, end] of [
      [400, 10_400],
      [30_000, 11_000]
    ] as const) {
      const { copy, knownOf, probe, untilOf } = probing(until(10_000), 10_000)
      copy.denied(probe, wait, 10_000)
      assert.deepStrictEqual([untilOf(), copy.entries.get("x")?.probe, copy.claimed.size], [end, 0, 0])
      assert.deepStrictEqual(knownOf(), [5, 0, true], "the others need not know")
    }
  })

  it("before the end of the cooldown leaves that end, and other callers wait", () => {
    const { copy, probe, untilOf } = probing({ ...until(10_000), heldFor: "open" }, 5_000)
    copy.denied(probe, 400, 5_000)
    assert.deepStrictEqual([untilOf(), copy.entries.get("x")?.othersAt], [10_000, 5_400])
    const forAll = probing(until(10_000), 5_000)
    forAll.copy.denied(forAll.probe, 400, 5_000)
    assert.strictEqual(forAll.untilOf(), 5_400)
    const over = probing({ ...until(10_000), heldFor: "open" }, 10_000)
    over.copy.denied(over.probe, 400, 10_000)
    assert.strictEqual(over.untilOf(), 10_400)
    const inTime = probing({ ...until(10_000), heldFor: "open" }, HeldFor.early)
    inTime.copy.denied(inTime.probe, 400, HeldFor.early)
    assert.deepStrictEqual([inTime.untilOf(), inTime.copy.entries.get("x")?.othersAt], [10_000, 1_400])
  })

  it("does not change a later probe, and leaves unsent changes to be sent", () => {
    const { copy, knownOf, probe, untilOf } = probing(until(10_000), 10_000, false)
    copy.denied({ ...probe, id: 6 }, 400, 10_000)
    assert.deepStrictEqual([untilOf(), copy.entries.get("x")?.probe], [10_000, 7])
    copy.denied(probe, 400, 10_000)
    assert.deepStrictEqual([untilOf(), knownOf()], [10_400, undefined])
  })
})
