/** The bench as a pure state machine: probes, and outcomes that come too late. */
import { assert, describe, it } from "@effect/vitest"
import * as Bench from "../../src/health/Bench.ts"
import { a, admitted, benched, keyRest, probe, rest, target, why } from "../support/bench.ts"
import { dead, fault, throttle } from "../support/engine.ts"

describe("a probe", () => {
  it("that is answered frees its target", () => {
    const [admission, state] = probe(benched(), a, 5_000)
    const after = Bench.succeed(state, a, admission, 6_000)
    assert.strictEqual(admitted(after, a, 6_000)[0]._tag, "Go")
  })

  it("that fails benches the target for twice as long, whatever the threshold", () => {
    const [admission, state] = probe(benched(), a, 5_000)
    const after = Bench.fail(state, a, admission, fault(), { ...rest, threshold: 9 }, 6_000)
    assert.strictEqual(why(after, a, 6_000), "a/m#k Overloaded 16000")
  })

  it("that is given up frees its slot for the next one at once", () => {
    const [admission, state] = probe(benched(), a, 5_000)
    const [next] = probe(Bench.release(state, admission, 5_001), a, 5_001)
    assert.notStrictEqual(next.id, admission.id)
  })

  it("releases the slots of all its keys, whichever of them is benched now", () => {
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

  it("with a committed stream lets others call, but only the whole answer resets the failures in a row", () => {
    const [admission, state] = probe(benched(), a, 5_000)
    const open = Bench.reopen(state, admission, 5_000)
    assert.strictEqual(admitted(open, a, 5_000)[0]._tag, "Go")
    const broken = Bench.fail(open, a, admission, fault("Truncated"), { ...rest, threshold: 9 }, 6_000)
    assert.strictEqual(why(broken, a, 6_000), "a/m#k Truncated 16000", "twice the rest")
    const whole = Bench.succeed(open, a, admission, 6_000)
    const [go, free] = admitted(whole, a, 6_000)
    assert.strictEqual(why(Bench.fail(free, a, go, fault(), rest, 6_000), a, 6_000), "a/m#k Overloaded 11000")
  })

  it("is known by the failure that it follows, once the cooldown has ended", () => {
    const state = benched()
    const isAfter = (reason: "Overloaded" | "Timeout", now: number) =>
      Bench.isProbeAfter(state, a, reason, now)
    assert.deepStrictEqual(
      [isAfter("Overloaded", 4_999), isAfter("Overloaded", 5_000), isAfter("Timeout", 5_000)],
      [false, true, false]
    )
  })

  it("of a dead key comes no sooner than a quarter of a second after the failure, whatever date is named", () => {
    const [go, state] = admitted(Bench.empty, a, 1_000)
    const soon = Bench.fail(state, a, go, dead("Balance", 1_100), keyRest, 1_000)
    assert.strictEqual(why(soon, a, 1_000), "a#k Balance 1250")
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

  it("as a success does not end a cooldown that began after its attempt", () => {
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

  it("as a failure still sets a later end", () => {
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

  it("as a failure does not count when a later attempt has been answered since", () => {
    const twice = { ...rest, threshold: 2 }
    const [early, state] = admitted(Bench.empty, a, 0)
    const failed = Bench.fail(state, a, early, fault(), twice, 0)
    const [later] = admitted(failed, a, 1)
    const answered = Bench.succeed(failed, a, later, 2)
    assert.strictEqual(Bench.fail(answered, a, early, fault(), { ...rest, threshold: 1 }, 3), answered)
  })

  it("changes nothing after an operator took the key off the bench", () => {
    const [admission, probing] = probe(benched(), a, 5_000)
    const off = Bench.unbench(probing, "a/m#k", 5_001)
    assert.strictEqual(Bench.fail(off, a, admission, fault(), rest, 5_002), off)
    assert.strictEqual(Bench.succeed(off, a, admission, 5_002), off)
  })
})
