/**
 * Disconnecting at every single turn of the scheduler. A fiber may be interrupted between any two of its operations, and
 * everything that it has begun by then must be released.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { patientClock } from "../support/clock.ts"
import { endsOnce } from "./ended.ts"
import { play } from "./play.ts"
import { quiet, type Scenario } from "./scenario.ts"

const asks = ["complete", "stream", "open"] as const

/** Scenarios whose last caller disconnects in the middle of a step. */
const days: Record<string, Pick<Scenario, "scripts"> & Partial<Scenario["policy"]>> = {
  "a slow answer": { scripts: [[["wait 700", "one"]]] },
  "an answer after a failed target": {
    scripts: [[["Overloaded"]], [["wait 700", "one", "two"]]],
    retries: 0
  },
  "a retry": { scripts: [[["ServerError"], ["wait 700", "one"]]], retryBudget: 1_000 },
  "a wait for a throttle": { scripts: [[["RateLimit after 900"], ["wait 700", "one"]]], retryBudget: 1_000 },
  "a probe": { scripts: [[["ServerError"], ["wait 700", "one"]]], retries: 0, whenAllBenched: "fail" },
  "a probe and the target after it": {
    scripts: [[["ServerError"]], [["ServerError"], ["wait 700", "one"]]],
    retries: 0,
    whenAllBenched: "wait"
  },
  "a stream that has begun": { scripts: [[["held", "one", "wait 5", "two", "wait 700", "three"]]] }
}

const hangUp = (
  { scripts, ...policy }: (typeof days)[string],
  how: { readonly asks: (typeof asks)[number]; readonly turn: Scenario["turn"]; readonly turns: number }
): Scenario => ({
  ...quiet(scripts, policy),
  turn: how.turn,
  callers: [
    { at: 0, asks: how.asks, leaves: "never" },
    { at: 30_000, asks: how.asks, leaves: { turns: how.turns } }
  ]
})

describe("a caller that disconnects at any turn", () => {
  for (const [name, day] of Object.entries(days)) {
    it.effect(`leaves nothing of ${name} open, and its end is reported once`, () =>
      Effect.gen(function* () {
        for (const ask of asks) {
          for (const turn of [3, 4, 5] as const) {
            for (let turns = 0; turns < 40; turns++) {
              const played = yield* Effect.provide(
                play(hangUp(day, { asks: ask, turn, turns })),
                patientClock
              )
              const { left, told } = played
              const when = `${ask}, ${turn} operations a turn, after ${turns} turns`
              assert.deepStrictEqual(left, { calls: 0, fibers: 0, probes: [] }, when)
              assert.deepStrictEqual(told[1]?.running, { calls: 0, fibers: 0 }, when)
              endsOnce(played)
            }
          }
        }
      })
    )
  }
})
