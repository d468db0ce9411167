/** Failed attempts of equals, as the bench records them: ejections and their length. */
import { assert, describe, it } from "@effect/vitest"
import { Outcomes } from "../../src/choice/Outcomes.ts"
import { SignalsOf } from "../../src/choice/Signals.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Target from "../../src/domain/Target.ts"
import * as BenchRecord from "../../src/engine/run/BenchRecord.ts"
import type * as Failure from "../../src/failure/Failure.ts"
import * as Bench from "../../src/health/Bench.ts"
import { makeMemory } from "../../src/health/EngineBench.ts"
import * as Policy from "../../src/policy/Policy.ts"
import { why } from "../support/bench.ts"
import { fault, throttle } from "../support/engine.ts"

const minute = 60_000

/** Equals `a`, `b`, … of one tier. Times are in milliseconds. */
const equals = (size: number, policy: Policy.Options = {}) => {
  const signals = new SignalsOf()
  const registry = makeMemory()
  const targets = Array.from("abcdef".slice(0, size), (provider) =>
    Target.make({
      provider,
      model: "m",
      credential: Credential.make("k"),
      policy: Policy.make(policy),
      hasEquals: true
    })
  )
  const group = { items: targets, signals: targets.map((target) => signals.ofTarget(target)) }
  for (const target of targets) signals.groups.set(target, group)
  const at = (name: string) => targets["abcdef".indexOf(name)]!
  const admitted = (name: string, now: number) => {
    const admission = registry.modifyUnsafe((state) => Bench.admit(state, at(name), now), now)
    assert(admission._tag !== "Benched")
    return admission
  }
  const fail = (
    name: string,
    now: number,
    failure: Failure.Failure = fault("ServerError"),
    kind: "stream" | "effect" | "committed" = "effect",
    as = admitted(name, now)
  ) => BenchRecord.record({ registry, signals }, at(name), as, failure, undefined, kind, now)
  return {
    admitted,
    fail,
    answer: (name: string, now: number) => {
      const admission = admitted(name, now)
      registry.modifyUnsafe((state) => [undefined, Bench.succeed(state, at(name), admission, now)], now)
    },
    /** This many attempts that have ended, without a decision. */
    counted: (name: string, all: number, failed: number, now = 0) => {
      const own = signals.ofTarget(at(name))
      own.outcomes ??= new Outcomes(at(name).policy.ejection?.window ?? minute)
      for (let i = 0; i < all; i++) own.outcomes.add(i < failed, now)
    },
    /** Its attempts are counted in a window of this length, which an earlier policy has set. */
    outcomesOf: (name: string, window: number) => {
      signals.ofTarget(at(name)).outcomes = new Outcomes(window)
    },
    loadOf: (name: string) => signals.ofTarget(at(name)).load,
    evidenceOf: (name: string, now: number) => Bench.peek(registry.stateUnsafe(), at(name), now)?.evidence,
    why: (name: string, now: number) => why(registry.stateUnsafe(), at(name), now)
  }
}

describe("one of several equals is ejected", () => {
  it("for ten seconds when it fails more often than the others", () => {
    const { counted, fail, why } = equals(3)
    counted("b", 20, 0)
    counted("c", 20, 0)
    counted("a", 19, 4)
    fail("a", 0)
    assert.strictEqual(why("a", 0), "a/m#k ServerError 10000")
  })

  it("not before it has had twenty attempts", () => {
    const { counted, fail, why } = equals(2)
    counted("a", 18, 18)
    fail("a", 0)
    assert.isUndefined(why("a", 0))
    fail("a", 0)
    assert.isDefined(why("a", 0))
  })

  it("although the others have not been called yet", () => {
    const { counted, fail, why } = equals(2)
    counted("a", 19, 4)
    fail("a", 0)
    assert.isDefined(why("a", 0))
  })

  it("when it fails more often than the lower half of the others, whatever it adds to the mean itself", () => {
    const { counted, fail, why } = equals(3)
    counted("b", 20, 0)
    counted("c", 20, 7)
    counted("a", 19, 7)
    fail("a", 0)
    assert.isDefined(why("a", 0))
  })

  it("for as long as the provider named if that is longer", () => {
    const { counted, fail, why } = equals(2)
    counted("a", 19, 19)
    fail("a", 0, fault("ServerError", "45 seconds"))
    assert.strictEqual(why("a", 0), "a/m#k ServerError 45000")
  })

  it("not for throttles, and not for failures of our own process", () => {
    for (const failure of [throttle(), fault("Local")]) {
      const { fail, why } = equals(2)
      for (let i = 0; i < 30; i++) fail("a", 0, failure)
      assert.isUndefined(why("a", 0))
    }
  })

  it("with the count of its attempts as evidence", () => {
    const { counted, evidenceOf, fail } = equals(2)
    counted("a", 19, 14)
    fail("a", 0)
    assert.strictEqual(evidenceOf("a", 0), "15 of 20 attempts in 30 s failed")
  })

  it("not while the tier has no room for another one, but with its next failure after that", () => {
    const { counted, fail, why } = equals(2)
    counted("b", 19, 19)
    counted("a", 19, 19)
    fail("b", 0)
    fail("a", 9_999)
    assert.isUndefined(why("a", 9_999), "b is out")
    fail("a", 10_000)
    assert.isDefined(why("a", 10_000))
  })

  it("not where the policy has no ejection", () => {
    const { counted, fail, why } = equals(2, { ejection: false })
    counted("a", 30, 30)
    fail("a", 0)
    assert.isUndefined(why("a", 0))
  })
})

describe("a row of ejections", () => {
  /** Ejected at 0, and free again after a probe. */
  const ejected = (probedAt = 10_000) => {
    const stage = equals(2)
    stage.counted("a", 19, 19)
    stage.fail("a", 0)
    stage.answer("a", probedAt)
    return stage
  }

  it("makes each one twice as long", () => {
    const { answer, counted, fail, why } = ejected()
    fail("a", 10_000)
    assert.strictEqual(why("a", 10_000), "a/m#k ServerError 30000")
    answer("a", 30_000)
    counted("a", 19, 19, 30_000)
    fail("a", 30_000)
    assert.strictEqual(why("a", 30_000), "a/m#k ServerError 70000")
  })

  it("goes on for five minutes after the last one, and begins again after that", () => {
    for (const [pause, length] of [
      [5 * minute, 20_000],
      [5 * minute + 1, 10_000]
    ] as const) {
      const now = 10_000 + pause
      const { counted, fail, why } = ejected(now)
      counted("a", 19, 19, now)
      fail("a", now)
      assert.strictEqual(why("a", now), `a/m#k ServerError ${now + length}`)
    }
  })

  it("counts no attempt that began before an ejection and ends during it", () => {
    const { admitted, answer, counted, fail, why } = equals(2)
    const before = admitted("a", 0)
    counted("a", 19, 19)
    fail("a", 0)
    for (let i = 0; i < 5; i++) fail("a", 5_000, fault("ServerError"), "effect", before)
    assert.strictEqual(why("a", 5_000), "a/m#k ServerError 10000")
    answer("a", 10_000)
    fail("a", 10_000)
    assert.strictEqual(why("a", 10_000), "a/m#k ServerError 30000")
  })

  it("is not extended by a probe that fails: the probe's own rule sets the length of that bench", () => {
    const { answer, counted, fail, why } = equals(2)
    counted("a", 19, 19)
    fail("a", 0)
    fail("a", 10_000)
    assert.isUndefined(why("a", 10_000), "the rule of this failure has no rest")
    answer("a", 10_000)
    fail("a", 10_000)
    assert.strictEqual(why("a", 10_000), "a/m#k ServerError 30000")
  })
})

describe("a failed attempt of one of several equals", () => {
  it("counts as one that took twice as long as usual, among those of its kind", () => {
    for (const [kind, of, other] of [
      ["effect", "effect", "stream"],
      ["stream", "stream", "effect"],
      ["committed", "stream", "effect"]
    ] as const) {
      const { fail, loadOf } = equals(2)
      const load = loadOf("a")
      load.took("effect", 100, 0)
      load.took("stream", 100, 0)
      fail("a", 0, fault("ServerError"), kind)
      assert.deepStrictEqual([load.slowest(of), load.slowest(other)], [200, 100], kind)
    }
  })

  it("is counted once when a stream breaks whose beginning was counted as an answer", () => {
    const { counted, fail, why } = equals(2, { ejection: { attempts: 20 } })
    counted("a", 19, 4)
    fail("a", 0, fault("Connection"), "committed")
    assert.isUndefined(why("a", 0), "19 attempts, 5 of them failed")
    counted("a", 1, 0)
    fail("a", 0, fault("Connection"), "committed")
    assert.strictEqual(why("a", 0), "a/m#k Connection 10000")
  })

  it("is counted alone when a reload has changed the length of the window", () => {
    const { counted, fail, outcomesOf, why } = equals(2, { ejection: { window: "10 seconds" } })
    outcomesOf("a", minute)
    counted("a", 30, 30)
    fail("a", 0)
    assert.isUndefined(why("a", 0))
    counted("a", 18, 0)
    for (let i = 0; i < 4; i++) fail("a", 0)
    assert.isDefined(why("a", 0))
  })
})
