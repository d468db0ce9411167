/** Days on which a law was broken once. Whoever finds another one adds it here, as small as it got. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { laws } from "./laws.ts"
import { play } from "./play.ts"
import { quiet, type Scenario } from "./scenario.ts"

const obeys = (scenario: Scenario) =>
  Effect.map(play(scenario), (played) => {
    for (const law of Object.values(laws).flatMap(Object.values)) law(played, scenario)
  })

describe("all laws hold", () => {
  it.effect("when a wait is over in less than the clock's smallest step", () =>
    obeys(
      quiet(
        Array.from({ length: 8 }, () => [["wait 700", "one"]]),
        { deadline: 100, fallbackReserve: 0.25 }
      )
    )
  )

  it.effect("when a target is benched before it is asked again without the token cap", () =>
    obeys({
      ...quiet([[["wait 700", "MaxTokens"], ["RateLimit after 30000"], ["one"]], [["one"]]]),
      callers: [
        { at: 0, asks: "complete", leaves: "never" },
        { at: 1, asks: "complete", leaves: "never" }
      ]
    })
  )
})
