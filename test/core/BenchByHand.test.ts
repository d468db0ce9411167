/** The bench as a pure state machine: rests by hand, and what is forgotten when. */
import { assert, describe, it } from "@effect/vitest"
import * as Bench from "../../src/core/Bench.ts"
import type * as Target from "../../src/core/Target.ts"
import { a, admitted, benched, keyRest, probe, rest, target, why } from "./bench.ts"
import { dead, fault } from "./support.ts"

const manual = (until: number, since = 0): Bench.Manual => ({ since, until, reason: "repairs", by: "ann" })

describe("a rest by hand", () => {
  it("is ended by hand or by its end, not by an answer", () => {
    const state = Bench.bench(Bench.empty, "a/m#k", manual(1_000))
    const tried: Bench.Go = { _tag: "Go", generation: state.generation }
    assert.strictEqual(why(Bench.succeed(state, a, tried, 1), a, 1), "a/m#k Manual 1000")
    assert.isUndefined(why(state, a, 1_000))
    assert.isUndefined(why(Bench.unbench(state, "a/m#k", 1), a, 1))
  })

  it("needs no probe when it is over", () => {
    const state = Bench.bench(Bench.empty, "a", manual(1_000))
    assert.strictEqual(admitted(state, a, 1_000)[0]._tag, "Go")
  })

  it("does not get shorter by another one, but longer", () => {
    const state = Bench.bench(Bench.empty, "a", manual(1_000))
    assert.strictEqual(why(Bench.bench(state, "a", manual(500, 1)), a, 2), "a Manual 1000")
    assert.strictEqual(why(Bench.bench(state, "a", manual(2_000, 1)), a, 2), "a Manual 2000")
    assert.strictEqual(why(Bench.bench(state, "a", manual(1_500, 1_200)), a, 1_201), "a Manual 1500")
  })

  it("goes before any other reason, even one that lasts longer", () => {
    const state = Bench.bench(benched(), "a", manual(1_000))
    assert.strictEqual(why(state, a, 1), "a Manual 1000")
    assert.strictEqual(why(state, a, 1_000), "a/m#k Overloaded 5000")
  })

  it("leaves the key's own rest and its row of failures as they were", () => {
    const state = Bench.bench(benched(), "a/m#k", manual(8_000))
    const [admission, probing] = probe(state, a, 8_000)
    const after = Bench.fail(probing, a, admission, fault(), rest, 8_000)
    assert.strictEqual(why(after, a, 8_000), "a/m#k Overloaded 18000")
  })

  it("stays when an attempt that was under way fails or is answered", () => {
    const [go] = admitted(Bench.empty, a, 0)
    const state = Bench.bench(Bench.empty, "a/m#k", manual(Number.POSITIVE_INFINITY, 1))
    for (const after of [Bench.succeed(state, a, go, 2), Bench.fail(state, a, go, fault(), rest, 2)]) {
      assert.strictEqual(why(after, a, 2), "a/m#k Manual Infinity")
    }
  })
})

describe("what is remembered", () => {
  const hit = (state: Bench.State, of: Target.Target, now: number) => {
    const [admission, next] = admitted(state, of, now)
    return Bench.fail(next, of, admission, fault(), rest, now)
  }

  it("goes when nothing has happened to it for an hour", () => {
    const state = hit(Bench.empty, a, 0)
    const soon = hit(state, target("other"), 5_000 + Bench.idle - 1)
    assert.isTrue(soon.entries.has("a/m#k"))
    const late = hit(state, target("other"), 5_000 + Bench.idle)
    assert.isFalse(late.entries.has("a/m#k"))
  })

  it("stays as long as it rests, and for an hour after", () => {
    const state = Bench.bench(Bench.empty, "a", manual(100 * Bench.idle))
    const after = hit(state, target("other", "k", "b"), 50 * Bench.idle)
    assert.isTrue(after.entries.has("a"))
    const [go] = admitted(Bench.empty, a, 0)
    const dated = Bench.fail(Bench.empty, a, go, dead("Balance", 50 * Bench.idle), keyRest, 0)
    assert.isTrue(hit(dated, target("other", "k", "b"), 50 * Bench.idle + 1).entries.has("a#k"))
  })

  it("is bounded: the rests that end soonest go first, those by hand never", () => {
    const byHand = Bench.bench(Bench.empty, "by-hand", manual(1))
    const entry = benched().entries.get("a/m#k")!
    const crowd = Array.from(
      { length: Bench.capacity - 1 },
      (_, i) => [`a/m${i}#k`, { ...entry, until: 10_000 + i }] as const
    )
    const full: Bench.State = { ...byHand, entries: new Map([...byHand.entries, ...crowd]) }
    const after = hit(full, a, 0)
    assert.strictEqual(after.entries.size, Bench.capacity)
    assert.isTrue(after.entries.has("by-hand"))
    assert.isTrue(after.entries.has("a/m#k"))
    assert.isFalse(after.entries.has("a/m0#k"))
    assert.isTrue(after.entries.has("a/m1#k"))
  })
})
