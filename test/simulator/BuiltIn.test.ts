/** The expected report of each built-in scenario. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { isLossless } from "../../src/simulator/report/Report.ts"
import * as BuiltIn from "../../src/simulator/scenario/BuiltIn.ts"
import { builtIn, minute, report, second, targetOf, told } from "../support/simulator.ts"

const [main, spare, south] = ["north/large#main", "north/large#spare", "south/large#main"] as const

describe("the built-in scenario", () => {
  it.effect(
    "throttle: the spare key serves at once, and the first key is not called during the wait that it named",
    () =>
      Effect.gen(function* () {
        const played = yield* builtIn("throttle")
        assert.isTrue(isLossless(played))
        // Two minutes in cooldowns of twenty seconds: the first call, those in flight with it, and one probe per cooldown.
        assert.isAtMost(targetOf(played, main).failures.RateLimit ?? 0, 2 + 6)
        assert.strictEqual(targetOf(played, south).calls, 0)
        assert.isBelow(played.times.added!.max, 200)
        const [rest] = told(played, "rests", main)
        assert.include(rest!.evidence, "retry-after: 20")
        assert.approximately(rest!.until - rest!.at, 20 * second, 1)
        const backAfter = played.faults[0]!.backAfter
        assert.isTrue(typeof backAfter === "number" && backAfter < 20 * second)
      })
  )

  it.effect(
    "overload: another provider serves after a few short waits, and the keys are probed one by one",
    () =>
      Effect.gen(function* () {
        const played = yield* builtIn("overload")
        assert.isTrue(isLossless(played))
        const { failovers, retries } = played.requests
        assert.isAbove(failovers, 0)
        // Ten of the floor, one a second, one of five requests.
        assert.isBelow(retries, 10 + 120 + 0.2 * 600)
        assert.isBelow(played.times.added!.max, 3 * second)
        assert.isAbove(targetOf(played, south).answered, 550)
        const back = told(played, "back", main)
        assert.strictEqual(back.length, 1)
        assert.isBelow(back[0]!.at, 3 * minute + 30 * second + 1_000)
      })
  )

  it.effect(
    "silence: requests wait for the headers timeout until a key is benched, and none waits twice",
    () =>
      Effect.gen(function* () {
        const played = yield* builtIn("silence")
        assert.isTrue(isLossless(played))
        assert.strictEqual(played.requests.retries, 0)
        assert.isBelow(played.times.added!.max, 30 * second + 100)
        assert.strictEqual(told(played, "rests", main)[0]?.reason, "Timeout")
        // Requests that came in the thirty seconds until the first one had waited long enough, for each of the two keys.
        assert.isBelow(played.faults[0]!.calls, 2 * 30 * 5 + 10)
      })
  )

  it.effect("dead-key: one request finds the dead key, and the spare key serves the others", () =>
    Effect.gen(function* () {
      const played = yield* builtIn("dead-key")
      assert.isTrue(isLossless(played))
      assert.strictEqual(played.faults[0]?.calls, 1)
      assert.isUndefined(played.faults[0]?.backAfter)
      assert.strictEqual(told(played, "rests", "north#main")[0]?.reason, "InvalidKey")
      assert.strictEqual(targetOf(played, spare).answered, 1200)
    })
  )

  it.effect("no-credit: the account is probed only a few times, and serves again without help", () =>
    Effect.gen(function* () {
      const played = yield* builtIn("no-credit")
      assert.isTrue(isLossless(played))
      assert.isAtMost(played.faults[0]!.calls, 3)
      assert.strictEqual(told(played, "back", "north#main").length, 1)
    })
  )

  it.effect("retired-model: both keys are called once, and the other model serves the others", () =>
    Effect.gen(function* () {
      const played = yield* builtIn("retired-model")
      assert.isTrue(isLossless(played))
      assert.strictEqual(played.faults[0]?.calls, 2)
      assert.strictEqual(targetOf(played, south).answered, 1200)
    })
  )

  it.effect("brown-out: nothing is lost, though callers wait longer", () =>
    Effect.gen(function* () {
      const played = yield* builtIn("brown-out")
      assert.isTrue(isLossless(played))
      const before = played.intervals.find(({ from }) => from === 0)!
      const during = played.intervals.filter(({ from }) => from >= minute && from < 4 * minute)
      assert.isAbove(Math.max(...during.map(({ p95 }) => p95 ?? 0)), 3 * before.p95!)
    })
  )

  it.effect("cut-streams: streams that break off after their first content are lost, and no others", () =>
    Effect.gen(function* () {
      const played = yield* builtIn("cut-streams")
      assert.strictEqual(played.requests.failed, 0)
      assert.deepStrictEqual(played.requests.errors, { Truncated: played.requests.broken })
    })
  )

  it.effect(
    "unknown-cap: the limit is learned, three fifths of it are served though no request waits, and at most 2 % is refused",
    () =>
      Effect.gen(function* () {
        const played = yield* report(BuiltIn.scenarios["unknown-cap"]!, BuiltIn.configFor("unknown-cap"))
        assert.isTrue(isLossless(played))
        const late = played.intervals.filter(({ from }) => from >= minute && from < 5 * minute)
        const served = late.reduce((sum, interval) => sum + (interval.served[main] ?? 0), 0)
        assert.isAtLeast(served, 0.6 * 4 * 4 * 60)
        const { calls, failures } = targetOf(played, main)
        assert.isAtMost(failures.RateLimit ?? 0, 0.02 * calls)
      })
  )

  it.effect("blackout: all requests are lost while no target can be reached, and none afterwards", () =>
    Effect.gen(function* () {
      const played = yield* builtIn("blackout")
      assert.strictEqual(played.requests.failed, 2 * 60 * 5)
      for (const { asked, from, lost } of played.intervals) {
        assert.strictEqual(lost, from >= minute && from < 3 * minute ? asked : 0, `from ${from}`)
      }
      assert.strictEqual(told(played, "lost").length, 1)
    })
  )
})

describe("every report", () => {
  for (const name of Object.keys(BuiltIn.scenarios)) {
    it.effect(`adds up, and is the same for the same seed: ${name}`, () =>
      Effect.gen(function* () {
        const short = { duration: 3 * minute, requests: { perSecond: 2 } }
        const scenario = { ...BuiltIn.scenarios[name]!, ...short }
        const played = yield* report(scenario)
        const { answered, asked, atOnce, broken, failed, rescued } = played.requests
        assert.strictEqual(asked, 3 * 60 * 2)
        assert.strictEqual(answered + failed + broken, asked)
        assert.strictEqual(atOnce + rescued, answered)
        const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((total, n) => total + n, 0)
        assert.strictEqual(sum(played.targets.map((target) => target.answered)), answered)
        assert.strictEqual(sum(played.intervals.map((interval) => interval.asked)), asked)
        assert.strictEqual(
          sum(played.intervals.flatMap(({ lost, served }) => [lost, ...Object.values(served)])),
          asked
        )
        for (const { answered, calls, failures } of played.targets) {
          assert.strictEqual(calls, answered + sum(Object.values(failures)))
        }
        assert.strictEqual(JSON.stringify(yield* report(scenario)), JSON.stringify(played))
        const other = yield* report({ ...scenario, seed: 2 })
        assert.notStrictEqual(JSON.stringify({ ...other, seed: 1 }), JSON.stringify({ ...played, seed: 1 }))
      })
    )
  }
})
