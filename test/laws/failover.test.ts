/** Laws that hold whatever the providers do, however many callers there are, and whenever a caller disconnects. */
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { patientClock } from "../support/clock.ts"
import { laws } from "./laws.ts"
import { type Played, play } from "./play.ts"
import { arbitrary, check, quiet, type Scenario } from "./scenario.ts"

/** All laws check the same scenarios, so each scenario is played once. */
const days = new Map<string, Played>()
afterAll(() => days.clear())

const day = (scenario: Scenario): Effect.Effect<Played> => {
  const name = JSON.stringify(scenario)
  const known = days.get(name)
  return known === undefined
    ? Effect.tap(play(scenario), (played) => Effect.sync(() => days.set(name, played)))
    : Effect.succeed(known)
}

for (const [subject, group] of Object.entries(laws)) {
  describe(subject, () => {
    for (const [name, law] of Object.entries(group)) {
      it.effect.prop(
        name,
        [arbitrary],
        ([scenario]) => Effect.map(day(scenario), (played) => law(played, scenario)),
        check(400)
      )
    }
  })
}

describe("a scenario", () => {
  const again = (scenario: Scenario) => Effect.provide(play(scenario), patientClock)

  it.effect.prop(
    "that is replayed from its seed gives the same result",
    [arbitrary],
    ([scenario]) =>
      Effect.map(Effect.all([again(scenario), again(scenario)]), ([one, other]) =>
        assert.deepStrictEqual(diary(one), diary(other))
      ),
    check(100)
  )

  it.effect("gives the same result on a machine that pauses for more than a second", () =>
    Effect.gen(function* () {
      const calls = [["wait 700", "one", "wait 700", "two"], ["ServerError"], ["wait 5", "one"]] as const
      for (const asks of ["complete", "stream"] as const) {
        const scenario: Scenario = {
          ...quiet([calls, calls]),
          turn: 3,
          callers: Array.from({ length: 4 }, () => ({ at: 500, asks, leaves: "never" }))
        }
        let events = 0
        const still = () => {
          if (++events !== 6) return
          for (const until = performance.now() + 1_100; performance.now() < until; );
        }
        const stalled = yield* Effect.provide(play(scenario, still), patientClock)
        assert.isAbove(events, 6)
        assert.deepStrictEqual(diary(stalled), diary(yield* again(scenario)), asks)
      }
    })
  )
})

/** The events, without numbers that differ between processes. */
const diary = ({ calls, heard, told }: Played) => [
  calls.map(({ at, outcome, request, target }) => [at, target, request.caller, outcome]),
  heard.map(({ event }) => [event._tag, event.at, event.run.request]),
  told.map(({ endedAt, exit, pieces }) => [endedAt, exit._tag, pieces])
]
