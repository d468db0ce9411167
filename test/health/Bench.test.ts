/** The bench as a pure state machine: what is benched and for how long, and what an answer clears. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Bench from "../../src/health/Bench.ts"
import { a, admitted, benched, keyRest, probe, rest, target, why } from "../support/bench.ts"
import { dead, fault, throttle } from "../support/engine.ts"

describe("a free target", () => {
  it("may be called any number of times, and leaves no record", () => {
    const [go, state] = admitted(Bench.empty, a, 0)
    assert.strictEqual(go._tag, "Go")
    assert.strictEqual(state, Bench.empty)
    assert.strictEqual(Bench.succeed(state, a, go, 0), state)
  })

  it("is benched when its threshold is reached, not before", () => {
    const thrice = { ...rest, threshold: 3 }
    let state = Bench.empty
    for (const ends of [undefined, undefined, "a/m#k Overloaded 5000"]) {
      const [go, next] = admitted(state, a, 0)
      state = Bench.fail(next, a, go, fault(), thrice, 0)
      assert.strictEqual(why(state, a, 0), ends)
    }
  })

  it("counts failures in a row only: an answer in between starts the count again", () => {
    const twice = { ...rest, threshold: 2 }
    const [go] = admitted(Bench.empty, a, 0)
    let state = Bench.fail(Bench.empty, a, go, fault(), twice, 0)
    const [later, next] = admitted(state, a, 1)
    state = Bench.succeed(next, a, later, 1)
    const [latest, last] = admitted(state, a, 2)
    assert.isUndefined(why(Bench.fail(last, a, latest, fault(), twice, 2), a, 2))
  })

  it("counts failures in a row for keys, models and providers as well", () => {
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

  it("is not changed by a failure that benches nothing", () => {
    const [go] = admitted(Bench.empty, a, 0)
    assert.strictEqual(Bench.fail(Bench.empty, a, go, fault(), undefined, 0), Bench.empty)
  })
})

describe("a benched target", () => {
  it("gives the benched key, the reason and the end", () => {
    assert.strictEqual(why(benched(), a, 4_999), "a/m#k Overloaded 5000")
  })

  it("does not keep its neighbours from being called", () => {
    for (const other of [target("other"), target("m", "other"), target("m", "k", "b")]) {
      assert.isUndefined(why(benched(), other, 0))
    }
  })

  it("benches all targets of a key, a model or a provider", () => {
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
    state = Bench.fail(state, a, go, dead("InvalidKey"), { ...keyRest, base: 9_000 }, 0)
    assert.strictEqual(why(state, a, 0), "a#k InvalidKey 9000")
  })

  it("is half-open when its cooldown ends: the next attempt is a probe", () => {
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

describe("a success", () => {
  it("clears its own target and its key's death, and nothing else", () => {
    for (const reason of ["InvalidKey", "Forbidden", "Balance"] as const) {
      const [go] = admitted(Bench.empty, a, 0)
      let state = Bench.fail(Bench.empty, a, go, dead(reason), { ...keyRest, base: 60_000, max: 60_000 }, 0)
      state = Bench.fail(state, a, go, fault(), rest, 0)
      state = Bench.fail(state, a, go, fault(), { ...rest, scope: "provider" }, 0)
      // A last attempt, while every target is benched.
      const tried: Bench.Go = { _tag: "Go", generation: state.generation }
      assert.strictEqual(why(Bench.succeed(state, a, tried, 1), a, 1), "a Overloaded 5000")
    }
  })

  it("does not clear a key that is benched for another reason than AuthDead", () => {
    const [go] = admitted(Bench.empty, a, 0)
    const state = Bench.fail(Bench.empty, a, go, throttle("9 seconds"), keyRest, 0)
    const tried: Bench.Go = { _tag: "Go", generation: state.generation }
    assert.strictEqual(why(Bench.succeed(state, a, tried, 1), a, 1), "a#k RateLimit 9000")
  })
})

describe("a cooldown", () => {
  it("never gets shorter", () => {
    const [go] = admitted(Bench.empty, a, 0)
    const long = Bench.fail(Bench.empty, a, go, throttle("1 hour"), rest, 0)
    const tried: Bench.Go = { _tag: "Go", generation: long.generation }
    const after = Bench.fail(long, a, tried, throttle("1 second"), rest, 1)
    assert.strictEqual(why(after, a, 1), "a/m#k RateLimit 3600000")
  })

  it("is not extended by last-resort attempts, unless the provider names a later end", () => {
    const [go] = admitted(Bench.empty, a, 0)
    let state = Bench.fail(Bench.empty, a, go, fault(), rest, 0)
    const tried: Bench.Go = { _tag: "Go", generation: state.generation }
    for (const now of [1_000, 2_000, 4_999])
      state = Bench.fail(state, a, tried, fault("ServerError"), rest, now)
    assert.strictEqual(why(state, a, 4_999), "a/m#k ServerError 5000")
    const named = Bench.fail(state, a, tried, throttle("1 minute"), rest, 4_999)
    assert.strictEqual(why(named, a, 5_000), "a/m#k RateLimit 64999")
    const [admission, probing] = probe(state, a, 5_000)
    const after = Bench.fail(probing, a, admission, fault(), rest, 5_000)
    assert.strictEqual(why(after, a, 5_000), "a/m#k Overloaded 15000", "the second rest, not the fifth")
  })

  it("after a fault stays one when a last-resort attempt is throttled for a short time", () => {
    const [go] = admitted(Bench.empty, a, 0)
    const state = Bench.fail(Bench.empty, a, go, fault("ServerError"), rest, 0)
    const tried: Bench.Go = { _tag: "Go", generation: state.generation }
    for (const failure of [throttle("1 second"), throttle()]) {
      assert.strictEqual(why(Bench.fail(state, a, tried, failure, rest, 0), a, 0), "a/m#k ServerError 5000")
    }
  })

  it("has the length the provider names, within bounds", () => {
    const [go] = admitted(Bench.empty, a, 0)
    const end = (failure: Parameters<typeof Bench.fail>[3]) =>
      Bench.peek(Bench.fail(Bench.empty, a, go, failure, rest, 0), a, 0)?.until
    assert.strictEqual(end(throttle(0)), Bench.shortestCooldown)
    assert.strictEqual(end(throttle("7 seconds")), 7_000)
    assert.strictEqual(end(throttle("10 days")), Bench.longestHint)
    assert.strictEqual(end(throttle(Number.POSITIVE_INFINITY)), Bench.longestHint)
    assert.strictEqual(end(fault("Overloaded", "7 seconds")), 7_000)
    assert.strictEqual(end(fault("Overloaded", "1 second")), 5_000)
    // Access may return before the date, which is only a hint, so the cooldowns continue to double.
    assert.strictEqual(end(dead("Balance", 864_000_000)), 5_000)
    assert.strictEqual(end(dead("Balance", 3_000)), 3_000)
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

describe("laws of the bench", () => {
  const Steps = Schema.Array(
    Schema.Tuple([
      Schema.Literals(["fail", "throttle", "die", "succeed", "release", "reopen", "begin", "pass"]),
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60_000 }))
    ])
  )

  it.prop("no end becomes earlier while it lasts, and no slot is held by two", [Steps], ([steps]) => {
    let state = Bench.empty
    let now = 0
    const running: Array<Bench.Go | Bench.Probe> = []
    for (const [step, n] of steps) {
      const before = Bench.peek(state, a, now)
      const admission = running[n % Math.max(1, running.length)]
      if (step === "pass") now += n
      else if (step === "begin") {
        const [next, after] = Bench.admit(state, a, now)
        if (next._tag !== "Benched") running.push(next)
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
