/** The bench as a pure state machine: every state, every way between them, and outcomes that come too late. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Bench from "../../src/core/Bench.ts"
import * as Credential from "../../src/core/Credential.ts"
import * as Policy from "../../src/core/Policy.ts"
import type { Rest } from "../../src/core/Rule.ts"
import * as Target from "../../src/core/Target.ts"
import { dead, fault, throttle } from "./support.ts"

const target = (model = "m", credential = "k", provider = "a") =>
  Target.make({ provider, model, credential: Credential.make(credential), policy: Policy.defaults })
const a = target()
const rest: Rest = { scope: "target", threshold: 1, base: 5_000, max: 30_000 }
const keyRest: Rest = { ...rest, scope: "credential" }

/** Admits a target that may be called, or fails. */
const admitted = (state: Bench.State, to: Target.Target, now: number) => {
  const [admission, next] = Bench.admit(state, to, now)
  assert(admission._tag !== "Resting", `${to.key} rests at ${now}`)
  return [admission, next] as const
}
const probe = (state: Bench.State, to: Target.Target, now: number) => {
  const [admission, next] = admitted(state, to, now)
  assert(admission._tag === "Probe")
  return [admission, next] as const
}
const why = (state: Bench.State, of: Target.Target, now: number) => {
  const resting = Bench.peek(state, of, now)
  return resting && `${resting.key} ${resting.reason} ${resting.until}${resting.probing ? " probing" : ""}`
}
/** A target that was benched at 0 and rests until 5000. */
const benched = () => {
  const [go, state] = admitted(Bench.empty, a, 0)
  return Bench.fail(state, a, go, fault(), rest, 0)
}

describe("a free target", () => {
  it("may be called, as often as anybody likes, and nothing is remembered of it", () => {
    const [go, state] = admitted(Bench.empty, a, 0)
    assert.strictEqual(go._tag, "Go")
    assert.strictEqual(state, Bench.empty)
    assert.strictEqual(Bench.succeed(state, a, go, 0), state)
  })

  it("rests once its threshold is reached, not before", () => {
    const thrice = { ...rest, threshold: 3 }
    let state = Bench.empty
    for (const ends of [undefined, undefined, "a/m#k Overloaded 5000"]) {
      const [go, next] = admitted(state, a, 0)
      state = Bench.fail(next, a, go, fault(), thrice, 0)
      assert.strictEqual(why(state, a, 0), ends)
    }
  })

  it("counts failures in a row only: an answer in between begins anew", () => {
    const twice = { ...rest, threshold: 2 }
    const [go] = admitted(Bench.empty, a, 0)
    let state = Bench.fail(Bench.empty, a, go, fault(), twice, 0)
    const [later, next] = admitted(state, a, 1)
    state = Bench.succeed(next, a, later, 1)
    const [latest, last] = admitted(state, a, 2)
    assert.isUndefined(why(Bench.fail(last, a, latest, fault(), twice, 2), a, 2))
  })

  it("counts in a row for keys, models and providers as well", () => {
    for (const scope of ["credential", "model", "provider"] as const) {
      const twice = { ...rest, scope, threshold: 2 }
      const [go] = admitted(Bench.empty, a, 0)
      let state = Bench.fail(Bench.empty, a, go, fault(), twice, 0)
      const [later, next] = admitted(state, a, 1)
      state = Bench.succeed(next, a, later, 1)
      const [latest, last] = admitted(state, a, 2)
      assert.isUndefined(why(Bench.fail(last, a, latest, fault(), twice, 2), a, 2), scope)
    }
  })

  it("is not touched by a failure for which nothing rests", () => {
    const [go] = admitted(Bench.empty, a, 0)
    assert.strictEqual(Bench.fail(Bench.empty, a, go, fault(), undefined, 0), Bench.empty)
  })
})

describe("a resting target", () => {
  it("says which key keeps it, why and until when", () => {
    assert.strictEqual(why(benched(), a, 4_999), "a/m#k Overloaded 5000")
  })

  it("does not keep its neighbours from being called", () => {
    for (const other of [target("other"), target("m", "other"), target("m", "k", "b")]) {
      assert.isUndefined(why(benched(), other, 0))
    }
  })

  it("keeps others with it when a key, a model or a provider rests", () => {
    const others = { credential: target("other"), model: target("m", "other"), provider: target("x", "y") }
    for (const scope of ["credential", "model", "provider"] as const) {
      const [go] = admitted(Bench.empty, a, 0)
      const state = Bench.fail(Bench.empty, a, go, fault(), { ...rest, scope }, 0)
      assert.isDefined(why(state, others[scope], 0), scope)
      assert.isUndefined(why(state, target("else", "else", "b"), 0))
    }
  })

  it("names the reason that lasts longest when several keep it", () => {
    const [go] = admitted(Bench.empty, a, 0)
    let state = Bench.fail(Bench.empty, a, go, fault(), rest, 0)
    state = Bench.fail(state, a, go, dead("InvalidKey", 9_000), keyRest, 0)
    assert.strictEqual(why(state, a, 0), "a#k InvalidKey 9000")
  })

  it("is half-open when its rest ends: the next one is a probe", () => {
    const [admission, state] = probe(benched(), a, 5_000)
    assert.deepStrictEqual(admission.keys, ["a/m#k"])
    assert.strictEqual(why(state, a, 5_000), "a/m#k Overloaded 5000 probing")
  })

  it("is entered once for all the keys that are half-open together", () => {
    const [go] = admitted(Bench.empty, a, 0)
    let state = Bench.fail(Bench.empty, a, go, fault(), rest, 0)
    state = Bench.fail(state, a, go, dead("InvalidKey", 1_000), keyRest, 0)
    assert.isDefined(why(state, a, 4_999))
    const [admission, next] = probe(state, a, 5_000)
    assert.deepStrictEqual([...admission.keys].sort(), ["a#k", "a/m#k"])
    assert.isDefined(why(next, target("other"), 5_000), "the key is being probed")
  })
})

describe("a probe", () => {
  it("that is answered frees its target", () => {
    const [admission, state] = probe(benched(), a, 5_000)
    const after = Bench.succeed(state, a, admission, 6_000)
    assert.strictEqual(admitted(after, a, 6_000)[0]._tag, "Go")
  })

  it("that fails lets the target rest for twice as long, whatever the threshold", () => {
    const [admission, state] = probe(benched(), a, 5_000)
    const after = Bench.fail(state, a, admission, fault(), { ...rest, threshold: 9 }, 6_000)
    assert.strictEqual(why(after, a, 6_000), "a/m#k Overloaded 16000")
  })

  it("that is given up frees its slot for the next one at once", () => {
    const [admission, state] = probe(benched(), a, 5_000)
    const [next] = probe(Bench.release(state, admission, 5_001), a, 5_001)
    assert.notStrictEqual(next.id, admission.id)
  })

  it("gives back the slots of all its keys, whichever of them rests now", () => {
    const [go] = admitted(Bench.empty, a, 0)
    let state = Bench.fail(Bench.empty, a, go, fault(), rest, 0)
    state = Bench.fail(state, a, go, dead("InvalidKey", 1_000), keyRest, 0)
    const [admission, probing] = probe(state, a, 5_000)
    const after = Bench.fail(probing, a, admission, fault(), rest, 5_000)
    assert.isDefined(why(after, a, 5_000))
    assert.deepStrictEqual(probe(after, target("other"), 5_000)[0].keys, ["a#k"])
  })

  it("that is answered clears every key it was the probe of", () => {
    const [go] = admitted(Bench.empty, a, 0)
    let state = Bench.fail(Bench.empty, a, go, fault(), { ...rest, scope: "provider" }, 0)
    state = Bench.fail(state, a, go, fault(), { ...rest, scope: "model" }, 0)
    const [admission, probing] = probe(state, a, 5_000)
    const after = Bench.succeed(probing, a, admission, 5_000)
    assert.strictEqual(admitted(after, target("x", "y"), 5_000)[0]._tag, "Go")
  })

  it("whose stream has begun lets others call, but its row of failures ends with the whole answer only", () => {
    const [admission, state] = probe(benched(), a, 5_000)
    const open = Bench.reopen(state, admission, 5_000)
    assert.strictEqual(admitted(open, a, 5_000)[0]._tag, "Go")
    const broken = Bench.fail(open, a, admission, fault("Truncated"), { ...rest, threshold: 9 }, 6_000)
    assert.strictEqual(why(broken, a, 6_000), "a/m#k Truncated 16000", "twice the rest")
    const whole = Bench.succeed(open, a, admission, 6_000)
    const [go, free] = admitted(whole, a, 6_000)
    assert.strictEqual(why(Bench.fail(free, a, go, fault(), rest, 6_000), a, 6_000), "a/m#k Overloaded 11000")
  })

  it("that was taken for dead does not harm the one that came after it", () => {
    const [first, one] = probe(benched(), a, 5_000)
    const [second, two] = probe(Bench.release(one, first, 5_001), a, 5_001)
    for (const after of [Bench.release(two, first, 5_002), Bench.reopen(two, first, 5_002)]) {
      assert.strictEqual(why(after, a, 5_002), "a/m#k Overloaded 5000 probing")
    }
    assert.strictEqual(admitted(Bench.succeed(two, a, second, 5_003), a, 5_003)[0]._tag, "Go")
  })
})

describe("an outcome that comes too late", () => {
  const overlapping = () => {
    const [early, state] = admitted(Bench.empty, a, 0)
    const [other] = admitted(state, a, 0)
    return { early, state: Bench.fail(state, a, other, fault(), rest, 100) }
  }

  it("as a success does not end a rest that began after its attempt", () => {
    const { early, state } = overlapping()
    assert.strictEqual(Bench.succeed(state, a, early, 200), state)
  })

  it("as a success does not end a probe, nor the dead key it has not proved alive", () => {
    const [early] = admitted(Bench.empty, a, 0)
    const [go] = admitted(Bench.empty, a, 0)
    const state = Bench.fail(Bench.empty, a, go, dead("InvalidKey", 1_000), keyRest, 100)
    const [, probing] = probe(state, a, 1_000)
    assert.strictEqual(Bench.succeed(probing, a, early, 1_001), probing)
  })

  it("as a failure counts no second time", () => {
    const { early, state } = overlapping()
    assert.strictEqual(Bench.fail(state, a, early, fault(), rest, 200), state)
  })

  it("as a failure still says when to come back, if that is later", () => {
    const { early, state } = overlapping()
    const later = Bench.fail(state, a, early, throttle("20 seconds"), rest, 200)
    assert.strictEqual(why(later, a, 200), "a/m#k Overloaded 20200")
    const sooner = Bench.fail(state, a, early, throttle("1 second"), rest, 200)
    assert.strictEqual(why(sooner, a, 200), "a/m#k Overloaded 5100")
  })

  it("as a failure does not bench a target that has answered since", () => {
    const { early, state } = overlapping()
    const [admission, probing] = probe(state, a, 5_100)
    const free = Bench.succeed(probing, a, admission, 5_200)
    assert.isUndefined(why(Bench.fail(free, a, early, fault(), rest, 5_300), a, 5_300))
  })

  it("changes nothing after somebody took the key off the bench", () => {
    const [admission, probing] = probe(benched(), a, 5_000)
    const off = Bench.unbench(probing, "a/m#k", 5_001)
    assert.strictEqual(Bench.fail(off, a, admission, fault(), rest, 5_002), off)
    assert.strictEqual(Bench.succeed(off, a, admission, 5_002), off)
  })
})

describe("a success", () => {
  it("clears its own target and its key's death, and nothing else", () => {
    const [go] = admitted(Bench.empty, a, 0)
    let state = Bench.fail(Bench.empty, a, go, dead("Balance"), { ...keyRest, base: 60_000, max: 60_000 }, 0)
    state = Bench.fail(state, a, go, fault(), rest, 0)
    state = Bench.fail(state, a, go, fault(), { ...rest, scope: "provider" }, 0)
    // Tried anyway, while everything rests.
    const tried: Bench.Go = { _tag: "Go", generation: state.generation }
    assert.strictEqual(why(Bench.succeed(state, a, tried, 1), a, 1), "a Overloaded 5000")
  })

  it("does not clear a key that rests for another reason than its death", () => {
    const [go] = admitted(Bench.empty, a, 0)
    const state = Bench.fail(Bench.empty, a, go, throttle("9 seconds"), keyRest, 0)
    const tried: Bench.Go = { _tag: "Go", generation: state.generation }
    assert.strictEqual(why(Bench.succeed(state, a, tried, 1), a, 1), "a#k RateLimit 9000")
  })
})

describe("a rest", () => {
  it("never gets shorter", () => {
    const [go] = admitted(Bench.empty, a, 0)
    const long = Bench.fail(Bench.empty, a, go, throttle("1 hour"), rest, 0)
    const tried: Bench.Go = { _tag: "Go", generation: long.generation }
    const after = Bench.fail(long, a, tried, throttle("1 second"), rest, 1)
    assert.strictEqual(why(after, a, 1), "a/m#k RateLimit 3600000")
  })

  it("has the length the provider names, within bounds", () => {
    const [go] = admitted(Bench.empty, a, 0)
    const end = (failure: Parameters<typeof Bench.fail>[3]) =>
      Bench.peek(Bench.fail(Bench.empty, a, go, failure, rest, 0), a, 0)?.until
    assert.strictEqual(end(throttle(0)), Bench.shortestRest)
    assert.strictEqual(end(throttle("7 seconds")), 7_000)
    assert.strictEqual(end(throttle("10 days")), Bench.longestHint)
    assert.strictEqual(end(throttle(Number.POSITIVE_INFINITY)), Bench.longestHint)
    assert.strictEqual(end(fault("Overloaded", "7 seconds")), 7_000)
    assert.strictEqual(end(fault("Overloaded", "1 second")), 5_000)
    assert.strictEqual(end(dead("Balance", 864_000_000)), 864_000_000)
  })

  it("doubles with each hit in a row, and huge rows overflow nothing", () => {
    let state = Bench.empty
    let now = 0
    const lengths: Array<number> = []
    for (let hit = 0; hit < 40; hit++) {
      const [admission, next] = admitted(state, a, now)
      state = Bench.fail(next, a, admission, fault(), { ...rest, max: 1e15 }, now)
      const end = Bench.peek(state, a, now)!.until
      lengths.push(end - now)
      now = end
    }
    assert.deepStrictEqual(lengths.slice(0, 4), [5_000, 10_000, 20_000, 40_000])
    assert.isTrue(lengths.every((length) => Number.isFinite(length)))
  })

  it("of no length is a quarter of a second", () => {
    const [go] = admitted(Bench.empty, a, 0)
    const state = Bench.fail(Bench.empty, a, go, fault(), { ...rest, base: 0, max: 0 }, 0)
    assert.strictEqual(why(state, a, 0), "a/m#k Overloaded 250")
  })
})

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
      { length: Bench.capacity },
      (_, i) => [`a/m${i}#k`, { ...entry, until: 10_000 + i }] as const
    )
    const full: Bench.State = { ...byHand, entries: new Map([...byHand.entries, ...crowd]) }
    const after = hit(full, a, 0)
    assert.strictEqual(after.entries.size, Bench.capacity)
    assert.isTrue(after.entries.has("by-hand"))
    assert.isTrue(after.entries.has("a/m#k"))
    assert.isFalse(after.entries.has("a/m0#k"))
    assert.isFalse(after.entries.has("a/m1#k"))
    assert.isTrue(after.entries.has("a/m2#k"))
  })
})

describe("laws of the bench", () => {
  const Steps = Schema.Array(
    Schema.Tuple([
      Schema.Literals(["fail", "throttle", "die", "succeed", "release", "reopen", "begin", "pass"]),
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60_000 }))
    ])
  )

  it.prop("no end is ever moved forward while it rests, and no slot is held by two", [Steps], ([steps]) => {
    let state = Bench.empty
    let now = 0
    const running: Array<Bench.Go | Bench.Probe> = []
    for (const [step, n] of steps) {
      const before = Bench.peek(state, a, now)
      const admission = running[n % Math.max(1, running.length)]
      if (step === "pass") now += n
      else if (step === "begin") {
        const [next, after] = Bench.admit(state, a, now)
        if (next._tag !== "Resting") running.push(next)
        state = after
      } else if (admission !== undefined) {
        if (step === "fail") state = Bench.fail(state, a, admission, fault(), rest, now)
        if (step === "throttle") state = Bench.fail(state, a, admission, throttle(n), rest, now)
        if (step === "die") state = Bench.fail(state, a, admission, dead("Balance", now + n), keyRest, now)
        if (step === "succeed") state = Bench.succeed(state, a, admission, now)
        if (admission._tag === "Probe" && step === "release") state = Bench.release(state, admission, now)
        if (admission._tag === "Probe" && step === "reopen") state = Bench.reopen(state, admission, now)
      }
      if (step === "fail" || step === "throttle" || step === "die") {
        const after = Bench.peek(state, a, now)
        if (before !== undefined && now < before.until) assert.isAtLeast(after?.until ?? 0, before.until)
      }
      for (const entry of state.entries.values()) {
        if (entry.probe !== 0) assert.isTrue(running.some((r) => r._tag === "Probe" && r.id === entry.probe))
      }
    }
  })
})
