/** Scenarios that once broke a law. Add a new one here when you find it, shrunk as far as possible. */
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
  it.effect("when a wait ends within the clock's smallest step", () =>
    obeys(
      quiet(
        Array.from({ length: 8 }, () => [["wait 700", "one"]]),
        { deadline: 100, fallbackReserve: 0.25 }
      )
    )
  )

  it.effect("when a target is benched before it is called again without the output limit", () =>
    obeys({
      ...quiet([[["wait 700", "MaxTokens"], ["RateLimit after 30000"], ["one"]], [["one"]]]),
      callers: [
        { at: 0, asks: "complete", leaves: "never" },
        { at: 1, asks: "complete", leaves: "never" }
      ]
    })
  )

  it.effect("when a benched target recovers while the targets after it hang", () =>
    obeys({
      ...quiet([[["wait 700"]]], { fallbackReserve: 0.25, maxWait: 0, timeout: 500, retries: 0 }),
      providers: [{ strategy: "sequential", places: ["own", "own", "own"], stubborn: false, capped: true }],
      chain: [
        { provider: 0, model: 0, window: 1_000 },
        { provider: 0, model: 1, window: 4_000 }
      ],
      callers: [
        { at: 500, asks: "complete", leaves: { after: 4_000 } },
        { at: 6_000, asks: "stream", leaves: "never" }
      ]
    })
  )

  it.effect("when all cooldowns of a chain end in the same millisecond", () =>
    obeys({
      ...quiet([[["RateLimit after 30000"]]], {
        deadline: 600_000,
        fallbackReserve: 0.9,
        maxWait: 0,
        whenAllBenched: "wait",
        commit: "complete",
        timeout: 500,
        retries: 0,
        retryBudget: 1_000
      }),
      seed: 0,
      turn: 7,
      providers: [{ strategy: "roundRobin", places: ["own", "here"], stubborn: false, capped: true }],
      chain: [
        { provider: 0, model: 0, window: 0 },
        { provider: 0, model: 1, window: 4_000 }
      ],
      callers: [
        { at: 1, asks: "stream", leaves: "never" },
        { at: 3, asks: "stream", leaves: "never" },
        { at: 500, asks: "stream", leaves: "never" }
      ],
      hedge: { after: 1, share: 0.5, to: "chain" }
    })
  )

  it.effect("when a request returns to the target that its hedge won against", () =>
    obeys({
      ...quiet([[[]], [["wait 700"]], [["three", "RateLimit"]]], {
        attempts: 4,
        fallbackReserve: 0.25,
        maxWait: 0,
        commit: "second chunk",
        timeout: 500,
        retries: 3,
        threshold: 2,
        retryBudget: 1_000
      }),
      seed: 0,
      turn: 4,
      providers: [{ strategy: "sequential", places: ["there", "there"], stubborn: false, capped: true }],
      chain: [
        { provider: 0, model: 0, window: 4_000 },
        { provider: 0, model: 1, window: 4_000 }
      ],
      callers: [{ at: 6_000, asks: "stream", leaves: "never" }],
      hedge: { after: 450, share: 1, to: "chain" }
    })
  )

  it.effect(
    "when a benched target may be called anyway, and the cooldown of another one ends in that moment",
    () =>
      obeys({
        ...quiet([[["RateLimit after 900"]]], {
          deadline: 600_000,
          fallbackReserve: 0.5,
          maxWait: 1_000,
          timeout: 500,
          retries: 0,
          retryBudget: 1_000
        }),
        seed: 0,
        turn: 3,
        providers: [{ strategy: "leastLoaded", places: ["here", "here"], stubborn: false, capped: false }],
        chain: [
          { provider: 0, model: 1, window: 1_000 },
          { provider: 0, model: 0, window: 0 }
        ],
        callers: [
          { at: 500, asks: "stream", leaves: "never" },
          { at: 3, asks: "stream", leaves: "never" }
        ],
        hedge: { after: 300, share: 0.2, to: "tier" }
      })
  )
})
