/**
 * The first law on whole days: a request is answered if, within its deadline, a target that it has not called would answer it or one
 * that it may retry is well again; a failing target gets few calls; and nothing is left when all callers have gone.
 */
import { afterAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Day, quiet } from "./answered/day.ts"
import { laws } from "./answered/judge.ts"
import { type Played, play } from "./answered/play.ts"
import { check } from "./scenario.ts"

/** All laws check the same days, so each day is played once. */
const days = new Map<string, Played>()
afterAll(() => days.clear())

const played = (day: Day): Effect.Effect<Played> => {
  const name = JSON.stringify(day)
  const known = days.get(name)
  return known === undefined
    ? Effect.tap(play(day), (seen) => Effect.sync(() => days.set(name, seen)))
    : Effect.succeed(known)
}

describe("on every day", () => {
  for (const [name, law] of Object.entries(laws)) {
    it.effect.prop(name, [Day], ([day]) => Effect.map(played(day), (seen) => law(seen, day)), check(120))
  }
})

describe("no request is lost that has a retry left at a target that is well again", () => {
  const judge = (day: Day) =>
    Effect.map(play(day), (seen) => {
      for (const law of Object.values(laws)) law(seen, day)
    })
  const hangs = { ...quiet.services[0]!, troubles: [{ way: "hang", from: 0, lasts: 2_000 }] } as const
  const fails = {
    ...quiet.services[0]!,
    latency: 5,
    troubles: [{ way: "ServerError", from: 0, lasts: 2_000 }]
  } as const

  it.effect("when its hedge had failed there, and its other attempt has timed out", () =>
    judge({
      ...quiet,
      services: [hangs, fails],
      callers: 20,
      policy: { ...quiet.policy, hedge: 5, maxWait: 0, timeout: 30_000, deadline: 600_000 }
    })
  )

  it.effect("when the retry budget had refused the retry, and the target after it has timed out", () =>
    judge({
      ...quiet,
      services: [fails, hangs],
      callers: 60,
      policy: { ...quiet.policy, maxWait: 0, timeout: 30_000, deadline: 600_000 }
    })
  )
})
