/** A cached answer of the bench agrees with the bench. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Bench from "../../src/health/Bench.ts"
import * as EngineBench from "../../src/health/EngineBench.ts"
import { RunClock } from "../../src/time/RunClock.ts"
import { target } from "../support/bench.ts"
import { dead, fault, throttle } from "../support/engine.ts"

const Pick = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))
const Steps = Schema.Array(
  Schema.Tuple([
    Schema.Literals([
      "fail",
      "fail",
      "die",
      "admit",
      "succeed",
      "release",
      "byHand",
      "unbench",
      "pass",
      "hold",
      "unhold"
    ]),
    Pick(3),
    Schema.Literals(["target", "credential", "model", "provider"]),
    Schema.Literals([300, 6_000, 40_000])
  ])
)

/** A clock that the test sets. */
class At extends RunClock {
  at = 1_000_000
  constructor() {
    super(Context.empty())
  }
  override millis() {
    return this.at
  }
}

describe("a look that is remembered", () => {
  it.effect.prop("agrees with the bench after whatever happened", [Steps], ([steps]) =>
    Effect.gen(function* () {
      const registry = EngineBench.makeMemory()
      const now = new At()
      const targets = ["m0 k0", "m0 k1", "m1 k0", "m1 k1"].map((name) => {
        const [model, credential] = name.split(" ")
        return target(model, credential)
      })
      const under: Array<readonly [(typeof targets)[number], Bench.Go | Bench.Probe]> = []
      const step = (f: (state: Bench.State) => Bench.State) =>
        registry.modifyUnsafe((state) => [undefined, f(state)], now.at)
      for (const [what, index, scope, millis] of steps) {
        const of = targets[index]!
        const rest = { scope, threshold: 1, base: 5_000, max: 30_000 }
        const [attempted, admission] = under[0] ?? [
          of,
          { _tag: "Go", generation: registry.stateUnsafe().generation }
        ]
        if (what === "admit") {
          const said = registry.admitUnsafe(of, now)
          if (said._tag !== "Benched") under.push([of, said])
        } else if (what === "pass") now.at += millis
        else if (what === "hold") step((state) => Bench.hold(state, of))
        else if (what === "unhold") step((state) => Bench.unhold(state, of))
        else if (what === "byHand") {
          const manual = { since: now.at, until: now.at + millis, reason: undefined, by: undefined }
          step((state) => Bench.bench(state, of.benchKeys[scope], manual))
        } else if (what === "unbench") step((state) => Bench.unbench(state, of.benchKeys[scope], now.at))
        else {
          under.shift()
          if (what === "succeed") registry.succeedUnsafe(attempted, admission, now)
          else if (what === "release") {
            if (admission._tag === "Probe") registry.releaseUnsafe(admission, now.at)
          } else {
            const failure = what === "die" ? dead() : millis === 300 ? throttle(millis) : fault()
            registry.failUnsafe(attempted, admission, failure, rest, now.at)
          }
        }
        for (const each of targets) {
          const truth = Bench.peek(registry.stateUnsafe(), each, now.at)
          // Twice, since the second look-up is cached.
          for (const _ of [1, 2]) {
            const seen = registry.whyBenchedUnsafe(each, now.at)
            assert.strictEqual(seen === undefined, truth === undefined, `${each.key} after ${what}`)
            const isKnown = Bench.knows(registry.stateUnsafe(), each)
            assert.strictEqual(registry.freeUnsafe(each) === undefined, isKnown, `${each.key} after ${what}`)
          }
        }
      }
    })
  )

  it("of one bench says nothing about another bench", () => {
    const now = new At()
    const one = EngineBench.makeMemory()
    const other = EngineBench.makeMemory()
    const [first, second] = [target("m0", "k0"), target("m1", "k1")]
    const byHand = { since: now.at, until: now.at + 1_000, reason: undefined, by: undefined }
    for (const [registry, benched] of [
      [one, first],
      [other, second]
    ] as const) {
      registry.modifyUnsafe((state) => [undefined, Bench.bench(state, benched.key, byHand)], now.at)
    }
    for (const _ of [1, 2]) {
      assert.isUndefined(one.freeUnsafe(first))
      assert.isDefined(other.freeUnsafe(first))
      assert.strictEqual(one.admitUnsafe(first, now)._tag, "Benched")
      assert.strictEqual(other.admitUnsafe(first, now)._tag, "Go")
    }
  })
})
