/** Edge cases of what is counted and remembered of targets. */
import { assert, describe, it } from "@effect/vitest"
import * as Ejection from "../../src/choice/Ejection.ts"
import { HedgeBudget } from "../../src/choice/HedgeBudget.ts"
import { compare, Load } from "../../src/choice/Load.ts"
import { Outcomes } from "../../src/choice/Outcomes.ts"
import { fading, PeakEwma } from "../../src/choice/PeakEwma.ts"
import { RecentTimes } from "../../src/choice/RecentTimes.ts"
import * as Shares from "../../src/choice/Shares.ts"
import { capacity, Signals, SignalsOf } from "../../src/choice/Signals.ts"

const at = (now: number) => ({ now: () => now })
const never = {
  now: (): number => {
    throw new Error("the clock is not needed")
  }
}

describe("outcomes", () => {
  it("stay where they are when the clock goes back", () => {
    const outcomes = new Outcomes(1_000)
    outcomes.add(true, 5_000)
    outcomes.add(false, 4_000)
    assert.deepStrictEqual(outcomes.count(3_000), { attempts: 2, failed: 1 })
    assert.deepStrictEqual(outcomes.count(5_900), { attempts: 2, failed: 1 })
    assert.deepStrictEqual(outcomes.count(6_000), { attempts: 0, failed: 0 })
  })

  it("drop one piece at a time, and all of them after a long pause", () => {
    const outcomes = new Outcomes(1_000)
    for (let piece = 0; piece < 10; piece++) outcomes.add(piece % 2 === 0, piece * 100)
    assert.deepStrictEqual(
      [999, 1_000, 1_199, 1_250].map((now) => outcomes.count(now)),
      [
        { attempts: 10, failed: 5 },
        { attempts: 9, failed: 4 },
        { attempts: 8, failed: 4 },
        { attempts: 7, failed: 3 }
      ]
    )
    assert.deepStrictEqual(outcomes.count(1e12), { attempts: 0, failed: 0 })
  })

  it("turn a success of a moment ago into a failure", () => {
    const outcomes = new Outcomes(1_000)
    outcomes.add(false, 10)
    outcomes.turn(20)
    assert.deepStrictEqual(outcomes.count(30), { attempts: 1, failed: 1 })
  })

  it("count a failure whose attempt has left the window as an attempt", () => {
    const outcomes = new Outcomes(1_000)
    outcomes.add(false, 0)
    outcomes.turn(1_500)
    assert.deepStrictEqual(outcomes.count(1_500), { attempts: 1, failed: 1 })
  })
})

describe("too many failures", () => {
  const settings: Ejection.Settings = { window: 1, attempts: 10, share: 0.5, above: 0.25, mostOut: 0.5 }
  it.each([
    { own: [5, 10], others: [], isOut: false },
    { own: [6, 10], others: [], isOut: true },
    { own: [6, 9], others: [], isOut: false },
    // At most the median plus a quarter.
    { own: [5, 20], others: [[0, 10]], isOut: false },
    { own: [6, 20], others: [[0, 10]], isOut: true },
    { own: [6, 20], others: [[0, 0]], isOut: true },
    // With two others the better one counts, with three the middle one.
    // biome-ignore format: a row a line
    { own: [6, 20], others: [[9, 10], [0, 10]], isOut: true },
    // biome-ignore format: a row a line
    { own: [6, 20], others: [[9, 10], [0, 10], [1, 10]], isOut: false },
    // biome-ignore format: a row a line
    { own: [8, 20], others: [[9, 10], [0, 10], [1, 10]], isOut: true }
  ] as const)("are $own beside $others: $isOut", ({ isOut, others, own }) => {
    const counted = ([failed, attempts]: readonly [number, number]) => ({ failed, attempts })
    assert.strictEqual(
      Ejection.isTooMuch(counted(own), () => others.map(counted), settings),
      isOut
    )
  })

  it("put no more out than the share allows, also where it is not exact in binary", () => {
    const rooms = (size: number, mostOut: number) =>
      Array.from({ length: size }, (_, out) => Ejection.hasRoom(size, out, { ...settings, mostOut }))
    assert.deepStrictEqual(rooms(4, 0.5), [true, true, false, false])
    // 10 * 0.7 is a little less than 7 in binary, 3 * (1 / 3) may be.
    assert.strictEqual(rooms(10, 0.7).filter(Boolean).length, 7)
    assert.strictEqual(rooms(10, 0.29).filter(Boolean).length, 2)
    assert.strictEqual(rooms(100, 0.29).filter(Boolean).length, 29)
  })
})

describe("a hedge budget", () => {
  it("holds ten at most, and is not below none after a withdrawal", () => {
    const budget = new HedgeBudget()
    budget.deposit(10.5)
    assert.strictEqual(budget.left, 10)
    budget.giveBack()
    assert.strictEqual(budget.left, 10)
    for (let i = 0; i < 10; i++) assert.isTrue(budget.withdraw())
    assert.isFalse(budget.withdraw())
    budget.giveBack()
    assert.strictEqual(budget.left, 1)
  })

  it("counts a whole one in spite of rounding, and nothing less", () => {
    const budget = new HedgeBudget()
    for (let i = 0; i < 20; i++) budget.deposit(0.05)
    assert.strictEqual(budget.left, 1)
    assert.isTrue(budget.withdraw())
    assert.isFalse(budget.allowsNext(0.9))
    assert.isTrue(budget.allowsNext(1))
    assert.isFalse(budget.withdraw())
    budget.deposit(0.95)
    assert.isFalse(budget.withdraw())
    assert.isTrue(budget.allowsNext(0.05))
    assert.isFalse(budget.allowsNext(0.04))
    assert.strictEqual(budget.left, 0)
  })
})

describe("the load of a target", () => {
  it("keeps the times of streams and of whole answers apart", () => {
    const load = new Load()
    load.took("stream", 100, 0)
    load.took("effect", 900, 0)
    assert.deepStrictEqual([load.slowest("stream"), load.slowest("effect")], [100, 900])
  })

  it("needs no clock while an attempt is under way, or without data", () => {
    const load = new Load()
    assert.strictEqual(load.time("stream", never), 0)
    load.took("stream", 100, 0)
    load.began()
    assert.strictEqual(load.time("stream", never), 100)
    load.ended()
    assert.approximately(load.time("stream", at(fading)), 100 / Math.E, 1e-9)
  })

  it("counts a failure as twice the usual time, as its own if that is longer, and as 30 s at most", () => {
    const failed = (usual: number, took: number) => {
      const load = new Load()
      if (usual > 0) load.took("stream", usual, 0)
      load.failed("stream", took, 0)
      return load.slowest("stream")
    }
    assert.deepStrictEqual(
      [failed(0, 5), failed(400, 5), failed(400, 900), failed(20_000, 5), failed(20_000, 50_000)],
      [5, 800, 900, 30_000, 50_000]
    )
  })

  it("is compared by attempts alone where either time is unknown", () => {
    const busy = new Load()
    busy.began()
    const timed = new Load()
    timed.took("stream", 50, 0)
    assert.deepStrictEqual(
      [compare(busy, timed, "stream", never), compare(timed, busy, "stream", never)],
      [2, 0.5]
    )
  })
})

describe("a peak EWMA", () => {
  it("takes an equal time as a new one, and no pause for less than none", () => {
    const mean = new PeakEwma()
    assert.strictEqual(mean.faded(1e9), 0)
    mean.observe(100, 1_000)
    mean.observe(100, 1_000 + fading)
    assert.approximately(mean.faded(1_000 + 2 * fading), 100 / Math.E, 1e-9)
    mean.observe(50, 0)
    assert.strictEqual(mean.value, 100)
    assert.strictEqual(mean.faded(-5_000), 100)
  })
})

describe("the latest times", () => {
  it("are the last 128, and a percentile is one of them", () => {
    const times = new RecentTimes()
    for (let took = 1; took <= 129; took++) times.add(took)
    assert.deepStrictEqual([times.percentile(0), times.percentile(0.5), times.percentile(2)], [2, 65, 129])
    for (let took = 1; took <= 127; took++) times.add(1)
    assert.deepStrictEqual([times.percentile(0.99), times.percentile(1)], [1, 129])
  })
})

describe("the shares of recent requests", () => {
  it("limit a member to 1.25 times its share of one request more", () => {
    const shares = new Shares.Shares(2)
    for (let i = 0; i < Shares.fewest; i++) shares.count(0, 0, at(0))
    // It would have 65 of 65.
    assert.isFalse(shares.allows(0, 0.5))
    assert.isTrue(shares.allows(0, 0.8))
    assert.isFalse(shares.allows(0, 0.799))
    assert.isTrue(shares.allows(1, 0))
  })

  it("keep every conversation until more than 64 prefer a member and they are more than 1.2 times its share", () => {
    const shares = new Shares.Shares(2)
    for (let i = 0; i < 64; i++) shares.count(0, 1, at(0))
    assert.isFalse(shares.spills(0, 0.1, 0))
    shares.count(0, 1, at(0))
    assert.isTrue(shares.spills(0, 0.1, 0))
    assert.isFalse(shares.spills(1, 0.1, 0))
    // All 65 of 65 prefer it: with half of the weights 40 % leave.
    assert.isTrue(shares.spills(0, 0.5, 0.399))
    assert.isFalse(shares.spills(0, 0.5, 0.4))
    for (let i = 0; i < 65; i++) shares.count(1, 1, at(0))
    assert.isFalse(shares.spills(0, 0.5, 0))
  })

  it("are halved after 30 s, seen with the 32nd request from the last look at the clock", () => {
    const shares = new Shares.Shares(2)
    for (let i = 0; i < 31; i++) shares.count(0, 0, never)
    shares.count(0, 0, at(1_000))
    for (let i = 0; i < 31; i++) shares.count(0, 0, never)
    shares.count(0, 0, at(1_000))
    // 64 of 64, as no time has passed.
    assert.isFalse(shares.allows(0, 0.5))
    for (let i = 0; i < 31; i++) shares.count(0, 0, never)
    shares.count(0, 0, at(1_000 + Shares.halfLife))
    // 48 of 48 are left, so it has room for 16 more.
    for (let i = 0; i < 16; i++) {
      assert.isTrue(shares.allows(0, 0.5))
      shares.count(0, 0, never)
    }
    assert.isFalse(shares.allows(0, 0.5))
  })

  it("are not increased by a clock that goes back", () => {
    const shares = new Shares.Shares(1)
    for (let i = 0; i < 32; i++) shares.count(0, 0, at(1e6))
    for (let i = 0; i < 32; i++) shares.count(0, 0, at(0))
    // 64 of 64: the next would be 65 of 65.
    assert.isTrue(shares.allows(0, 0.8))
    assert.isFalse(shares.allows(0, 0.79))
  })

  it("are halved when there are 512 for each member: then a member that got none has room sooner", () => {
    const two = new Shares.Shares(2)
    for (let i = 0; i < 2 * Shares.remembered - 1; i++) two.count(0, i < 100 ? 1 : 0, at(0))
    // 1,023 requests, 100 of them here: 101 are more than 64, and at most 1.25 times 8 % of 1,024.
    assert.isTrue(two.allows(1, 0.08))
    assert.isFalse(two.allows(1, 0.078))
    two.count(0, 0, at(0))
    // 50 of 512 are fewer than 64.
    assert.isTrue(two.allows(1, 0))
  })

  it("are as many for one member after they were halved", () => {
    const shares = new Shares.Shares(1)
    for (let i = 0; i < Shares.remembered - 1; i++) shares.count(0, 0, at(0))
    // 512 of 512 would have to be at most 1.25 times the share.
    assert.isFalse(shares.allows(0, 0.799))
    shares.count(0, 0, at(0))
    for (let i = 0; i < 256; i++) shares.count(0, 0, at(0))
    assert.isFalse(shares.allows(0, 0.799))
    assert.isTrue(shares.allows(0, 0.8))
  })
})

describe("the signals of targets", () => {
  const named = (key: string, unlisted = false) => ({
    key,
    unlisted,
    kept: { signalsOf: undefined as object | undefined, signals: undefined as Signals | undefined }
  })

  it("are made once for a key", () => {
    const all = new SignalsOf()
    const made = all.ofTarget(named("a"))
    assert.strictEqual(all.ofTarget(named("a")), made)
    assert.notStrictEqual(all.ofTarget(named("b")), made)
    assert.strictEqual(all.size, 2)
  })

  it("have times for streams and for whole answers", () => {
    const { ejections, outUntil, times } = new Signals()
    assert.deepStrictEqual([ejections, outUntil], [0, Number.NEGATIVE_INFINITY])
    times.stream.add(1)
    times.effect.add(2)
    assert.isUndefined(times.stream.percentile(1))
  })

  it("are kept at the target for the runtime that used it last", () => {
    const [one, other] = [new SignalsOf(), new SignalsOf()]
    const target = named("a")
    const ours = one.ofTarget(target)
    assert.strictEqual(one.ofTarget(target), ours)
    const theirs = other.ofTarget(target)
    assert.notStrictEqual(theirs, ours)
    assert.strictEqual(target.kept.signals, theirs)
    assert.strictEqual(one.ofTarget(target), ours)
    const half = { ...named("a"), kept: { signalsOf: one, signals: undefined } }
    assert.strictEqual(one.ofTarget(half), ours)
  })

  it("have one learned limit, and list no more of them than are kept, without the oldest", () => {
    const all = new SignalsOf()
    const known = new Signals()
    const learned = all.learn(named("t0"), known)
    assert.strictEqual(known.capacity, learned)
    assert.strictEqual(all.refusing.get(named("t0")), known)
    assert.strictEqual(all.learn(named("t0"), known), learned)
    for (let i = 1; i <= capacity; i++) all.learn(named(`t${i}`), known)
    assert.strictEqual(all.refusing.size, capacity)
    assert.isUndefined(all.refusing.get(named("t0")))
    assert.isDefined(all.refusing.get(named("t1")))
    assert.isDefined(all.refusing.get(named(`t${capacity}`)))
  })
})
