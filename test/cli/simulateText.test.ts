/** The report of a simulation as text. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Text from "../../src/cli/simulate/Text.ts"
import { fromFile } from "../../src/config/GatewayConfig.ts"
import * as Units from "../../src/simulator/report/Units.ts"
import * as BuiltIn from "../../src/simulator/scenario/BuiltIn.ts"
import { builtIn, report, told } from "../support/simulator.ts"

const isNarrow = (text: string) => {
  for (const line of text.split("\n")) {
    assert.isAtMost(line.length, 100, line)
    assert.strictEqual(line, line.trimEnd())
  }
}

describe("the report", () => {
  for (const name of Object.keys(BuiltIn.scenarios)) {
    it.effect(`fits 100 columns, and has the result in its first lines: ${name}`, () =>
      Effect.gen(function* () {
        const played = yield* builtIn(name, { requests: { perSecond: 1 } })
        const text = Text.format(played)
        isNarrow(text)
        const { answered, asked } = played.requests
        const verdict = text.split("\n")[5] ?? ""
        if (answered === asked) assert.include(verdict, `all ${asked} requests were answered`)
        else {
          const were = asked - answered === 1 ? "was" : "were"
          assert.include(verdict, `${asked - answered} of ${asked} requests ${were} lost`)
        }
      })
    )
  }

  it.effect("fits 100 columns with many long names", () =>
    Effect.gen(function* () {
      const names = Array.from(
        { length: 12 },
        (_, index) => `a-provider-with-a-very-long-name-indeed-${index}`
      )
      const config = fromFile(
        {
          providers: Object.fromEntries(names.map((name) => [name, { protocol: "openai" as const }])),
          models: {
            "a-name-for-all-of-them": names.map((name) => `${name}/a-model-that-has-a-long-name-as-well`)
          },
          policy: { attempts: 20 }
        },
        []
      )
      const played = yield* report(
        {
          duration: "4 minutes",
          requests: { perSecond: 1 },
          faults: names.map((target, index) => ({
            target,
            fault: "throttled" as const,
            retryAfter: "1 hour",
            from: index * 18_000
          }))
        },
        config
      )
      const text = Text.format(played)
      isNarrow(text)
      // Each of eight targets has a column. The others share one.
      assert.match(text, /from +asked( +[A-L]){8} +others/)
    })
  )

  it.effect(
    "sums up a key that is benched many times in a few lines, and lists all of them in the data",
    () =>
      Effect.gen(function* () {
        const played = yield* builtIn("brown-out")
        const rests = told(played, "rests", "north/large#main").length
        assert.isAtLeast(rests, 5)
        const text = Text.format(played)
        assert.strictEqual([...text.matchAll(/north\/large#main is benched until/g)].length, 2)
        assert.include(text, `north/large#main is benched ${rests - 2} more times, the last at `)
        const [last] = told(played, "back", "north/large#main").slice(-1)
        assert.include(text, `${Units.moment(last!.at)}  north/large#main answers again`)
      })
  )

  it("formats durations for people", () => {
    assert.deepStrictEqual(
      [0, 99, 100, 1_049, 59_949, 60_000, 61_400, 3_599_000, 3_600_000, 7_500_000].map(Units.time),
      ["0 ms", "99 ms", "0.1 s", "1 s", "59.9 s", "1 min", "1 min 1 s", "59 min 59 s", "1 h", "2 h 5 min"]
    )
    assert.deepStrictEqual([0, 61_440, 599_960, 3_723_000].map(Units.moment), [
      "0:00.0",
      "1:01.4",
      "10:00.0",
      "1:02:03.0"
    ])
    assert.deepStrictEqual([60_000, 60_500].map(Units.roundMoment), ["1:00", "1:00.5"])
  })
})
