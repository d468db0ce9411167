/** Laws of requests whose targets have learned limits, hedged or not. Such a target may be skipped although it is free. */
import { afterAll, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { laws } from "./laws.ts"
import { type Played, play } from "./play.ts"
import { arbitrary, check, type Scenario } from "./scenario.ts"

const days = new Map<string, Played>()
afterAll(() => days.clear())

const day = (scenario: Scenario): Effect.Effect<Played> => {
  const name = JSON.stringify(scenario)
  const known = days.get(name)
  return known === undefined
    ? Effect.tap(play(scenario), (played) => Effect.sync(() => days.set(name, played)))
    : Effect.succeed(known)
}

/** Throttles without a named wait teach a limit. */
const Throttled = Schema.Literals(["RateLimit", "Overloaded", "wait 5", "one", "RateLimit after 900"])

const scripts = Arbitrary.schema(
  Schema.Array(Schema.Array(Throttled).check(Schema.isBetweenLength(1, 3))).check(
    Schema.isBetweenLength(1, 4)
  )
)

/** No hedge, an early one and a late one. */
const hedged: ReadonlyArray<Scenario["hedge"]> = [
  undefined,
  { after: 5, share: 1, to: "chain" },
  { after: 300, share: 0.5, to: "tier" }
]

const ways = Arbitrary.schema(Schema.Literals([0, 1, 2]))

const { "the bench": bench, ...others } = laws
const { "uses the first model of a chain while one of its targets is free": _, ...kept } = bench!

for (const [subject, group] of Object.entries({ ...others, "the bench": kept })) {
  describe(`with learned limits, ${subject}`, () => {
    for (const [name, law] of Object.entries(group)) {
      it.effect.prop(
        name,
        [arbitrary, scripts, ways],
        ([scenario, own, way]) => {
          const all = {
            ...scenario,
            scripts: [own, ...scenario.scripts],
            learnedLimit: true,
            hedge: hedged[way]
          }
          return Effect.map(day(all), (played) => law(played, all))
        },
        check(250)
      )
    }
  })
}
