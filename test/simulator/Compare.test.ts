/** Compares two configs with the same seed, and finds the most important difference. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Compared from "../../src/cli/simulate/Compared.ts"
import type { Options } from "../../src/policy/Policy.ts"
import * as Compare from "../../src/simulator/report/Compare.ts"
import * as BuiltIn from "../../src/simulator/scenario/BuiltIn.ts"
import type { ScenarioFile } from "../../src/simulator/scenario/ScenarioFile.ts"
import { report, targetOf } from "../support/simulator.ts"

const under = (name: string, policy: Options, changes: Partial<ScenarioFile> = {}) =>
  report({ ...BuiltIn.scenarios[name]!, ...changes }, { ...BuiltIn.config, policy })

const named = (one: Effect.Success<ReturnType<typeof report>>, other: typeof one) =>
  [
    { name: "one.jsonc", report: one },
    { name: "other.jsonc", report: other }
  ] as const

describe("a comparison", () => {
  it.effect("of a config with itself finds no difference", () =>
    Effect.gen(function* () {
      const played = yield* under("overload", {})
      assert.isUndefined(Compare.most(Compare.rows(played, played)))
      assert.strictEqual(
        Compared.sentence(...named(played, played)),
        "one.jsonc and other.jsonc do the same here."
      )
    })
  )

  it.effect("names lost requests first, if many of them are saved", () =>
    Effect.gen(function* () {
      const short = { duration: 240_000, requests: { perSecond: 1 } }
      const [one, other] = yield* Effect.all([
        under("blackout", {}, short),
        under("blackout", { whenAllBenched: "wait", deadline: "10 minutes" }, short)
      ])
      const { answered, asked } = one.requests
      assert.match(
        Compared.sentence(...named(one, other)),
        new RegExp(
          `^What differs most: with one.jsonc ${asked - answered} of ${asked} requests are lost, with other.jsonc \\d+ of`
        )
      )
    })
  )

  it.effect("names times, if nothing else differs", () =>
    Effect.gen(function* () {
      const [one, other] = yield* Effect.all([
        under("hang", {}),
        under("hang", { timeouts: { firstContent: "5 seconds" } })
      ])
      const row = Compare.most(Compare.rows(one, other))
      assert.include(["p95", "p99", "longest"], row?.measure)
      assert.match(
        Compared.sentence(...named(one, other)),
        /^What differs most: with one\.jsonc 5 % of the first words take longer than 30\.\d s, with other\.jsonc 5 % of the first words take longer than \d/
      )
      for (const line of Compared.format(...named(one, other)).split("\n")) assert.isAtMost(line.length, 100)
    })
  )

  it.effect(
    "simulates the same world for both: the same requests have the same outcome at the first target",
    () =>
      Effect.gen(function* () {
        const quiet = { faults: [] }
        const [one, other] = yield* Effect.all([
          under("throttle", {}, quiet),
          under("throttle", { retries: { times: 5 } }, quiet)
        ])
        assert.deepStrictEqual(one, other)
        assert.strictEqual(targetOf(one, "north/large#main").calls, one.requests.asked)
      })
  )
})
