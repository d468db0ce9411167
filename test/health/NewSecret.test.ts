/** A new secret under an old name: the bench of the dead secret does not apply to it. */
import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Target from "../../src/domain/Target.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { Failure } from "../../src/failure/Failure.ts"
import * as Bench from "../../src/health/Bench.ts"
import * as Fingerprint from "../../src/health/state/Fingerprint.ts"
import { restore, saved } from "../../src/health/stores/Saved.ts"
import * as Policy from "../../src/policy/Policy.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { sha256 } from "../../src/util/Sha256.ts"
import { admitted, keyRest, rest, why } from "../support/bench.ts"
import { benches, dead, fault, throttle } from "../support/engine.ts"

const withSecret = (apiKey: string | undefined, model = "m") =>
  Target.make({
    provider: "a",
    model,
    credential: Credential.make("k", apiKey === undefined ? {} : { apiKey }),
    policy: Policy.defaults
  })
const old = withSecret("sk-old")
const next = withSecret("sk-new")
const hour = 3_600_000
const minute = 60_000

const killed = (target = old, failure: Failure = dead("InvalidKey"), of = keyRest) => {
  const [go, state] = admitted(Bench.empty, target, 0)
  return Bench.fail(state, target, go, failure, of, 0)
}

describe("a credential that was found dead", () => {
  for (const reason of ["InvalidKey", "Forbidden", "Balance"] as const) {
    it(`for ${reason} is half-open at once for another secret, and stays benched for its own`, () => {
      const state = killed(old, dead(reason))
      assert.isDefined(why(state, old, 1))
      const [admission, probing] = admitted(state, next, 1)
      assert.strictEqual(admission._tag, "Probe")
      assert.isDefined(why(probing, next, 1), "one probe, not a crowd")
      const answered = Bench.succeed(probing, next, admission, 2)
      assert.isUndefined(why(answered, next, 2))
      assert.strictEqual(admitted(answered, next, 2)[0]._tag, "Go")
    })
  }

  it("is half-open for another secret when a model was missing for the old one", () => {
    const state = killed(old, dead("ModelMissing"), rest)
    assert.isDefined(why(state, old, 1))
    assert.strictEqual(admitted(state, next, 1)[0]._tag, "Probe")
  })

  it("is half-open for a secret where there was none", () => {
    assert.strictEqual(admitted(killed(withSecret(undefined)), next, 1)[0]._tag, "Probe")
  })

  it("stays benched for the same secret in another object, as after a reload that changed something else", () => {
    assert.isDefined(why(killed(), withSecret("sk-old"), 1))
  })

  it("begins with the first cooldown again when the new secret is dead as well", () => {
    const long = { ...keyRest, base: hour, max: 6 * hour }
    const state = killed(old, dead(), long)
    const [admission, probing] = admitted(state, next, 1)
    const after = Bench.fail(probing, next, admission, dead(), { ...long, base: 1_000 }, 1)
    assert.strictEqual(why(after, next, 2), "a#k InvalidKey 1001")
    assert.strictEqual(after.entries.get("a#k")?.consecutiveBenches, 1)
  })

  it("is half-open at once also where only health checks end a bench", () => {
    const state = Bench.hold(killed(), next)
    assert.isDefined(why(state, old, 1))
    assert.strictEqual(admitted(state, next, 1)[0]._tag, "Probe")
    const still = Bench.hold(killed(old, dead(), { ...keyRest, base: 10 }), old)
    assert.isDefined(why(still, old, minute), "its own secret waits for the check")
  })

  it("stays benched by hand", () => {
    const manual = { since: 0, until: hour, reason: undefined, by: undefined }
    assert.strictEqual(why(Bench.bench(killed(), "a#k", manual), next, 1), `a#k Manual ${hour}`)
  })

  it("is the same one for throttles and faults: they concern the endpoint, not the secret", () => {
    for (const failure of [throttle("1 hour"), fault()]) {
      assert.isDefined(why(killed(old, failure), next, 1))
    }
  })

  it("benches a whole model or provider for every secret, if the policy does", () => {
    for (const scope of ["model", "provider"] as const) {
      assert.isDefined(why(killed(old, dead(), { ...keyRest, scope }), next, 1), scope)
    }
  })

  it("is known by its secret after it was saved and read again", () => {
    const entry = killed().entries.get("a#k")!
    const record = JSON.parse(JSON.stringify(saved(entry, 1)))
    assert.notInclude(JSON.stringify(record), "sk-old")
    const again = restore(Bench.empty, "a#k", record, 1)
    assert.isDefined(why(again, withSecret("sk-old"), 2))
    assert.strictEqual(admitted(again, next, 2)[0]._tag, "Probe")
  })

  it("stays benched for every secret when it was saved without one", () => {
    const { fingerprint: _, ...record } = saved(killed().entries.get("a#k")!, 1)!
    assert.isDefined(why(restore(Bench.empty, "a#k", record, 1), next, 2))
  })

  it.effect("answers at once with a new secret, in a chain of a new layer over the same bench", () =>
    Effect.gen(function* () {
      const chainWith = (apiKey: string) =>
        Chain.make(
          Model.make(
            Scripted.make("a", [[apiKey === "sk-old" ? dead() : "back"]], {
              credentials: [Credential.make("k", { apiKey })]
            }),
            "m"
          ),
          Model.make(Scripted.make("b", [["other"]]), "m")
        )
      assert.strictEqual(yield* Failover.complete(chainWith("sk-old"), "q"), "other")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Failover.complete(chainWith("sk-new"), "q"), "back")
      assert.deepStrictEqual(yield* benches, [])
    }).pipe(Effect.provide(Failover.layer()))
  )
})

describe("a fingerprint", () => {
  it("is eight digits that distinguish secrets and names, and contains no part of the secret", () => {
    const prints = [
      Credential.make("k", { apiKey: "sk-old" }),
      Credential.make("k", { apiKey: "sk-new" }),
      Credential.make("other", { apiKey: "sk-old" }),
      Credential.make("k")
    ].map(Fingerprint.of)
    assert.strictEqual(new Set(prints).size, 4)
    for (const print of prints.slice(0, 3)) assert.match(print, /^[0-9a-f]{8}$/)
    assert.strictEqual(prints[3], Fingerprint.keyless)
  })

  it("is SHA-256 underneath", () => {
    for (const text of ["", "abc", "ä€😀", ...[55, 56, 63, 64, 65, 119, 1_000].map((n) => "x".repeat(n))]) {
      assert.strictEqual(sha256(text), createHash("sha256").update(text).digest("hex"), text)
    }
  })
})
