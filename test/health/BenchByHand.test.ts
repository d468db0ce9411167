/** The bench as a pure state machine: manual benches, and what is forgotten when. */
import { assert, describe, it } from "@effect/vitest"
import type * as Target from "../../src/domain/Target.ts"
import * as Bench from "../../src/health/Bench.ts"
import { a, admitted, benched, keyRest, probe, rest, target, why } from "../support/bench.ts"
import { dead, fault } from "../support/engine.ts"

const manual = (until: number, since = 0): Bench.Manual => ({ since, until, reason: "repairs", by: "ann" })

describe("a manual bench", () => {
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

  it("of two keys of a target is the one that ends later", () => {
    const state = Bench.bench(Bench.bench(Bench.empty, "a/m#k", manual(500)), "a", manual(1_000))
    assert.strictEqual(why(state, a, 1), "a Manual 1000")
    const other = Bench.bench(Bench.bench(Bench.empty, "a/m#k", manual(1_000)), "a", manual(500))
    assert.strictEqual(why(other, a, 1), "a/m#k Manual 1000")
  })

  it("has the reason of the last one of two with the same end", () => {
    const again = { ...manual(Number.POSITIVE_INFINITY, 1), reason: "moving" }
    const state = Bench.bench(Bench.bench(Bench.empty, "a", manual(Number.POSITIVE_INFINITY)), "a", again)
    assert.strictEqual(Bench.peek(state, a, 2)?.evidence, "moving")
  })

  it("keeps a target from being free, as a cooldown does", () => {
    assert.isFalse(Bench.isFree(Bench.bench(Bench.empty, "a", manual(1_000)), a, 1))
    assert.isFalse(Bench.isFree(benched(), a, 1))
    assert.isFalse(Bench.isFree(benched(), a, 5_000), "it is to be probed")
    assert.isTrue(Bench.isFree(Bench.empty, a, 1))
  })

  it("cannot be cleared if there is none", () => {
    assert.strictEqual(Bench.unbench(Bench.empty, "a", 1), Bench.empty)
  })

  it("leaves the key's own cooldown and its failures in a row as they were", () => {
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
  const goAt = (state: Bench.State): Bench.Go => ({ _tag: "Go", generation: state.generation })

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

  it("is kept while it is benched, and for an hour after", () => {
    const state = Bench.bench(Bench.empty, "a", manual(100 * Bench.idle))
    const after = hit(state, target("other", "k", "b"), 50 * Bench.idle)
    assert.isTrue(after.entries.has("a"))
    const [go] = admitted(Bench.empty, a, 0)
    const long = { ...keyRest, base: 50 * Bench.idle, max: 50 * Bench.idle }
    const benched = Bench.fail(Bench.empty, a, go, fault(), long, 0)
    assert.isTrue(hit(benched, target("other", "k", "b"), 50 * Bench.idle + 1).entries.has("a#k"))
  })

  it("stays for a day when it is a dead key, so that a quiet night makes no crowd of a probe", () => {
    const [go] = admitted(Bench.empty, a, 0)
    const state = Bench.fail(Bench.empty, a, go, dead(), keyRest, 0)
    const night = hit(state, target("other", "k", "b"), 5_000 + Bench.idleDead - 1)
    assert.isTrue(night.entries.has("a#k"))
    assert.isFalse(hit(state, target("other", "k", "b"), 5_000 + Bench.idleDead).entries.has("a#k"))
  })

  const unlisted = (model: string) => ({ ...target(model), unlisted: true })

  it("of names without configuration is bounded, and they displace only each other", () => {
    let state = Bench.bench(Bench.empty, "by-hand", manual(1))
    state = hit(state, a, 0)
    state = Bench.fail(state, target("m", "revoked"), goAt(state), dead(), keyRest, 0)
    const others = state.entries.size
    for (let i = 0; i < 3 * Bench.mostUnlisted; i++) state = hit(state, unlisted(`made-up-${i}`), 0)
    assert.strictEqual(state.entries.size, others + Bench.mostUnlisted)
    for (const key of ["by-hand", "a/m#k", "a#revoked"]) assert.isTrue(state.entries.has(key), key)
    assert.isFalse(state.entries.has("a/made-up-0#k"))
    assert.isTrue(state.entries.has(`a/made-up-${3 * Bench.mostUnlisted - 1}#k`))
  })

  it("of a name that was configured before stays when a caller makes it up", () => {
    let state = hit(Bench.empty, a, 0)
    state = Bench.fail(state, unlisted("m"), goAt(state), fault(), rest, 0)
    for (let i = 0; i < 2 * Bench.mostUnlisted; i++) state = hit(state, unlisted(`made-up-${i}`), 0)
    assert.isTrue(state.entries.has("a/m#k"))
  })

  it("of a made-up name counts as listed when it is configured, or benched by hand", () => {
    let state = hit(Bench.empty, unlisted("m"), 0)
    state = hit(state, unlisted("by-hand"), 0)
    state = Bench.bench(state, "a/by-hand#k", manual(1_000))
    state = Bench.fail(state, a, goAt(state), fault(), rest, 0)
    for (let i = 0; i < 2 * Bench.mostUnlisted; i++) state = hit(state, unlisted(`made-up-${i}`), 0)
    assert.isTrue(state.entries.has("a/m#k"))
    assert.isTrue(state.entries.has("a/by-hand#k"))
  })

  it("keeps any number of manual benches, and drops no key for them", () => {
    let state = hit(Bench.empty, a, 0)
    for (let i = 0; i < 100_000; i++) state = Bench.bench(state, `a/m${i}`, manual(Number.POSITIVE_INFINITY))
    state = hit(state, target("other"), 0)
    assert.strictEqual(state.entries.size, 100_002)
  })

  it("is looked through a little with every change, so that what is idle goes without a scan", () => {
    let state = Bench.empty
    for (let i = 0; i < 1_000; i++) state = hit(state, target(`old${i}`), 0)
    const later = 2 * Bench.idle
    const sizes: Array<number> = []
    for (let i = 0; i < 1_000; i++) {
      state = hit(state, target(`new${i}`), later)
      sizes.push(state.entries.size)
    }
    assert.strictEqual(state.entries.size, 1_000)
    assert.isTrue(sizes.every((size, i) => i === 0 || Math.abs(size - sizes[i - 1]!) <= 2))
  })
})
