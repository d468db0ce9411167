/** For whom a bench holds: for the caller who met the failure, until another one meets it too. */
import { assert, describe, it } from "@effect/vitest"
import type { Failure } from "../../src/failure/Failure.ts"
import * as Bench from "../../src/health/Bench.ts"
import { a, rest, target } from "../support/bench.ts"
import { fault, throttle } from "../support/engine.ts"

const named = (id: string): Bench.Who => ({ idAt: () => id, isKnownAt: () => true })
const [x, y, z] = [named("x"), named("y"), named("z")]

/** The bench, changed step by step. */
const world = () => {
  let state = Bench.make()
  const admit = (who: Bench.Who, now: number) => {
    const [admission, next] = Bench.admit(state, a, now, false, who)
    state = next
    return admission
  }
  const begun = (who: Bench.Who, now: number) => {
    const admission = admit(who, now)
    assert(admission._tag !== "Benched")
    return admission
  }
  return {
    begun,
    is: (who: Bench.Who, now: number) => {
      const why = Bench.peek(state, a, now, false, who)
      if (why !== undefined) return why.probing ? "probing" : `until ${why.until}`
      return Bench.isFree(state, a, now, who) ? "free" : "probe"
    },
    fail: (who: Bench.Who, now: number, failure: Failure = fault("ServerError"), as = begun(who, now)) => {
      state = Bench.fail(state, a, as, failure, rest, now, who)
    },
    answer: (who: Bench.Who, now: number, as = begun(who, now)) => {
      state = Bench.succeed(state, a, as, now, who)
    },
    entry: () => state.entries.get(a.key)
  }
}

describe("a failure that one caller has met", () => {
  it("benches the target for this caller, whose probe decides as usual", () => {
    const bench = world()
    bench.fail(x, 0)
    assert.deepStrictEqual([bench.is(x, 1), bench.is(y, 1)], ["until 5000", "free"])
    bench.fail(x, 5_000)
    assert.deepStrictEqual([bench.is(x, 5_001), bench.is(y, 5_001)], ["until 15000", "free"])
    bench.answer(x, 15_000)
    assert.strictEqual(bench.is(x, 15_000), "free")
  })

  it("stays this caller's while others are answered, also when their attempts began before", () => {
    const bench = world()
    const before = bench.begun(y, 0)
    bench.fail(x, 0)
    bench.answer(y, 1, before)
    assert.deepStrictEqual([bench.is(x, 2), bench.is(y, 2)], ["until 5000", "free"])
    bench.fail(y, 3)
    assert.deepStrictEqual(
      [bench.is(x, 4), bench.is(y, 4), bench.is(z, 4)],
      ["until 5003", "until 5003", "free"]
    )
  })

  it("benches the target for all once another one meets it, also with an attempt that began before", () => {
    for (const began of ["before", "after"] as const) {
      const bench = world()
      const early = began === "before" ? bench.begun(y, 0) : undefined
      bench.fail(x, 0)
      bench.fail(y, 1, fault("ServerError"), early ?? bench.begun(y, 1))
      assert.deepStrictEqual([bench.is(x, 2), bench.is(z, 2)], ["until 5001", "until 5001"], began)
    }
  })

  it("is not the caller's alone if it cannot come from a request", () => {
    for (const failure of [fault("Timeout"), fault("Overloaded", "9 seconds"), throttle()]) {
      const bench = world()
      bench.fail(x, 0, failure)
      assert.notStrictEqual(bench.is(y, 1), "free", failure._tag)
    }
  })

  it("is replaced by what keeps all out", () => {
    const bench = world()
    bench.fail(x, 0)
    bench.fail(y, 1, throttle("1 minute"))
    assert.deepStrictEqual([bench.is(x, 2), bench.is(z, 2)], ["until 60001", "until 60001"])
  })

  it("keeps a whole model or provider out for all, whose credentials tell callers apart differently", () => {
    const [go, state] = Bench.admit(Bench.empty, a, 0, false, x)
    assert(go._tag === "Go")
    const next = Bench.fail(state, a, go, fault("ServerError"), { ...rest, scope: "provider" }, 0, x)
    assert.isDefined(Bench.peek(next, target("other"), 1, false, y))
  })
})

describe("a bench that holds for all", () => {
  const benched = () => {
    const bench = world()
    bench.fail(x, 0)
    bench.fail(y, 1)
    return bench
  }

  it("is open to one probe of another caller when a caller that failed before fails again", () => {
    const bench = benched()
    bench.fail(x, 5_001)
    assert.deepStrictEqual([bench.is(x, 5_002), bench.is(y, 5_002)], ["until 15001", "probe"])
    const probe = bench.begun(y, 5_002)
    assert.deepStrictEqual([bench.is(x, 5_003), bench.is(z, 5_003)], ["probing", "probing"])
    bench.answer(y, 5_004, probe)
    assert.deepStrictEqual([bench.is(x, 5_005), bench.is(z, 5_005)], ["free", "free"])
  })

  it("is closed by that probe if it fails, and lasts no longer for it", () => {
    const bench = benched()
    bench.fail(x, 5_001)
    bench.fail(y, 5_002)
    assert.deepStrictEqual([bench.is(x, 5_003), bench.is(z, 5_003)], ["until 15002", "until 15002"])
    assert.strictEqual(bench.entry()?.consecutiveBenches, 2)
  })

  it("stays closed when another one than before fails", () => {
    const bench = benched()
    bench.fail(z, 5_001)
    assert.deepStrictEqual([bench.is(x, 5_002), bench.is(named("w"), 5_002)], ["until 15001", "until 15001"])
  })
})

describe("a bench after failures of callers that cannot be told apart", () => {
  const unnamed = (id: string, least = 1): Bench.Who => ({
    idAt: () => id,
    isKnownAt: () => false,
    isNamed: false,
    leastInRowAt: () => least
  })
  const [one, two, three] = [unnamed("one"), unnamed("two"), unnamed("three")]

  it("is open to one early probe of another request in its first cooldown only, and closed by that probe if it fails", () => {
    const bench = world()
    bench.fail(one, 0)
    assert.deepStrictEqual([bench.is(one, 999), bench.is(two, 999)], ["until 5000", "until 5000"])
    assert.deepStrictEqual([bench.is(one, 1_000), bench.is(two, 1_000)], ["until 5000", "probe"])
    bench.fail(two, 1_000)
    assert.deepStrictEqual([bench.is(two, 1_001), bench.is(three, 1_001)], ["until 6000", "until 6000"])
    bench.fail(three, 6_000)
    const four = unnamed("four")
    assert.deepStrictEqual([bench.is(three, 6_001), bench.is(four, 15_999)], ["until 16000", "until 16000"])
    assert.strictEqual(bench.is(four, 16_000), "probe")
    bench.answer(four, 16_000)
    assert.strictEqual(bench.is(one, 16_001), "free")
    bench.fail(one, 17_000)
    assert.strictEqual(bench.is(two, 18_000), "probe")
  })

  it("begins only after a longer row where the target answers other requests", () => {
    const bench = world()
    for (let i = 0; i < 2; i++) {
      bench.fail(unnamed(`${i}`, 3), i)
      assert.strictEqual(bench.is(one, i), "free")
    }
    bench.answer(one, 3)
    for (let i = 4; i < 7; i++) bench.fail(unnamed(`${i}`, 3), i)
    assert.strictEqual(bench.is(unnamed("6"), 7), "until 5006")
  })

  it("begins at once for a request that fails again, and for what it cannot cause", () => {
    const again: Bench.Who = { ...unnamed("again", 3), isKnownAt: () => true }
    const bench = world()
    bench.fail(again, 0)
    assert.deepStrictEqual([bench.is(again, 1), bench.is(two, 1)], ["until 5000", "free"])
    const other = world()
    other.fail(unnamed("one", 3), 0, fault("Timeout"))
    assert.strictEqual(other.is(two, 1), "until 5000")
  })
})
