/** Laws of hedged requests. The laws of all requests hold for them too. */
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { FailoverEvent } from "../../src/index.ts"
import { patientClock } from "../support/clock.ts"
import { isHedge, type Law, laws } from "./laws.ts"
import { keysOf, type Played, play, standing } from "./play.ts"
import { arbitrary, check, quiet, type Scenario } from "./scenario.ts"

const Hedge = Schema.Struct({
  after: Schema.Literals([5, 1, 300, 450]),
  share: Schema.Literals([1, 0.5, 0.2]),
  to: Schema.Literals(["chain", "tier"])
})

const days = new Map<string, Played>()
afterAll(() => days.clear())

const day = (scenario: Scenario): Effect.Effect<Played> => {
  const name = JSON.stringify(scenario)
  const known = days.get(name)
  return known === undefined
    ? Effect.tap(play(scenario), (played) => Effect.sync(() => days.set(name, played)))
    : Effect.succeed(known)
}

/** The events of every run. */
const runsOf = ({ heard }: Played): ReadonlyArray<ReadonlyArray<FailoverEvent.FailoverEvent>> => {
  const runs = new Map<number, Array<FailoverEvent.FailoverEvent>>()
  for (const { event } of heard) runs.set(event.run.id, [...(runs.get(event.run.id) ?? []), event])
  return [...runs.values()]
}

const own: Readonly<Record<string, Law>> = {
  "has at most one hedge under way for a request, and no more than two attempts": (played) => {
    for (const events of runsOf(played)) {
      const open = new Map<number, boolean>()
      for (const event of events) {
        if (event._tag === "AttemptStarted") {
          if (event.hedge !== true)
            assert.isEmpty([...open.keys()], "an attempt began while another was under way")
          open.set(event.attempt, event.hedge === true)
        } else if ("attempt" in event) {
          // The remaining attempt is the request's attempt from now on.
          open.delete(event.attempt)
          for (const left of open.keys()) open.set(left, false)
        }
        assert.isAtMost(open.size, 2)
        assert.isAtMost([...open.values()].filter((hedge) => hedge).length, 1)
      }
    }
  },

  "reports one end of every attempt, except of one that its caller interrupted": (played) => {
    for (const events of runsOf(played)) {
      const attempts = (...tags: ReadonlyArray<string>) =>
        events.flatMap((event) => (tags.includes(event._tag) && "attempt" in event ? [event.attempt] : []))
      const begun = attempts("AttemptStarted")
      const ended = attempts("AttemptFailed", "AttemptDropped", "AttemptSucceeded")
      // An attempt is not reported if its caller leaves in the turn after a failure.
      const isInterrupted = !events.some(({ _tag }) => _tag === "RunFailed" || _tag === "AttemptSucceeded")
      assert.lengthOf(new Set(ended), ended.length)
      const open = begun.filter((attempt) => !ended.includes(attempt))
      assert.isAtMost(open.length, isInterrupted ? 1 : 0)
    }
  },

  "takes no probe slot, and calls nothing that is benched or half-open": ({ heard }) => {
    for (const { event, state } of heard) {
      if (event._tag !== "AttemptStarted" || !isHedge(event)) continue
      assert.isFalse(event.probe)
      const standings = keysOf(event.target.key).map((key) => standing(state, key, event.at))
      assert.deepStrictEqual(new Set(standings), new Set(["free"]), event.target.key)
    }
  },

  "makes no more hedges than the share of the requests allows": ({ heard }, { hedge }) => {
    const share = hedge === undefined || hedge === false ? 0 : (hedge.share ?? 0.05)
    const runs = new Set<number>()
    let hedges = 0
    for (const { event } of heard) {
      runs.add(event.run.id)
      if (isHedge(event)) hedges++
      assert.isAtMost(hedges, runs.size * share + 1e-6)
    }
  },

  "records nothing of a dropped attempt on the bench": ({ heard, steps }) => {
    const failed = heard.filter(
      ({ event }) =>
        event._tag === "AttemptFailed" || (event._tag === "StreamEnded" && event.failure !== undefined)
    )
    const interrupted = heard.filter(({ event }) => event._tag === "RunInterrupted")
    const learned = steps.filter(({ operation }) => operation === "fail")
    assert.isAtMost(learned.length, failed.length + Math.max(0, interrupted.length - 2))
    const answers = heard.filter(
      ({ event }) => event._tag === "AttemptSucceeded" || (event._tag === "StreamEnded" && event.complete)
    )
    const succeeded = steps.filter(({ operation }) => operation === "succeed")
    assert.isAtMost(succeeded.length, answers.length)
  }
}

const hedges = Arbitrary.schema(Hedge)

for (const [subject, group] of Object.entries({ ...laws, "a hedged request": own })) {
  describe(`with hedges, ${subject}`, () => {
    for (const [name, law] of Object.entries(group)) {
      it.effect.prop(
        name,
        [arbitrary, hedges],
        ([scenario, hedge]) => {
          const all = { ...scenario, hedge }
          return Effect.map(day(all), (played) => law(played, all))
        },
        check(250)
      )
    }
  })
}

describe("with hedges", () => {
  it.effect("the scenarios contain hedges that win, lose, fail and take over", () =>
    Effect.gen(function* () {
      const seen = new Set<string>()
      for (const script of [
        [
          ["wait 8000", "one"],
          ["wait 700", "one"]
        ],
        [
          ["wait 700", "one"],
          ["wait 8000", "one"]
        ],
        [["wait 8000", "one"], ["ServerError"]],
        [
          ["wait 700", "ServerError"],
          ["wait 700", "one"]
        ]
      ] as const) {
        const scenario = quiet([[script[0]], [script[1]]])
        const { heard } = yield* Effect.provide(
          play({ ...scenario, hedge: { after: 300, share: 1, to: "chain" } }),
          patientClock
        )
        const hedge = heard.find(({ event }) => isHedge(event))?.event
        assert.isDefined(hedge)
        for (const { event } of heard) {
          if (event._tag === "AttemptDropped") seen.add(event.hedge ? "lost" : "won")
          if (event._tag === "AttemptFailed") seen.add(event.action._tag)
        }
      }
      assert.deepStrictEqual([...seen].sort(), ["Continue", "Next", "lost", "won"])
    })
  )

  it.effect.prop(
    "a share of 0 leaves every request as it is without hedges",
    [arbitrary],
    ([scenario]) =>
      Effect.gen(function* () {
        const calm = {
          ...scenario,
          turn: 2_048 as const,
          callers: scenario.callers.map((caller) => ({ ...caller, leaves: "never" as const }))
        }
        const plain = yield* Effect.provide(play(calm), patientClock)
        const none = { after: 1, share: 0, to: "chain" } as const
        const hedged = yield* Effect.provide(play({ ...calm, hedge: none }), patientClock)
        assert.deepStrictEqual(diary(hedged), diary(plain))
      }),
    check(150)
  )
})

const diary = ({ heard, told }: Played) => [
  heard.map(({ event }) => [event._tag, event.at, event.run.request]),
  told.map(({ endedAt, exit, pieces }) => [endedAt, exit._tag, pieces])
]

describe("with hedges, a caller that disconnects at any turn", () => {
  for (const [name, scripts] of Object.entries({
    "while two attempts are under way": [[["wait 8000", "one"]], [["wait 8000", "one"]]],
    "when the hedge wins": [[["wait 8000", "one"]], [["wait 5", "one", "wait 700", "two"]]],
    "when the first attempt wins": [[["wait 5", "one", "wait 700", "two"]], [["wait 8000", "one"]]],
    "when the first attempt fails": [[["wait 5", "ServerError"]], [["wait 5", "one"]]],
    "when the hedge fails": [[["wait 8000", "one"]], [["ServerError"]]]
  } as const)) {
    it.effect(`leaves nothing behind ${name}`, () =>
      Effect.gen(function* () {
        for (const asks of ["complete", "stream", "open"] as const) {
          for (const turn of [3, 5] as const) {
            for (let turns = 0; turns < 60; turns++) {
              const scenario: Scenario = {
                ...quiet(scripts),
                turn,
                hedge: { after: 1, share: 1, to: "chain" },
                callers: [{ at: 0, asks, leaves: { turns } }]
              }
              const { left, told } = yield* Effect.provide(play(scenario), patientClock)
              const when = `${asks}, ${turn} operations a turn, after ${turns} turns`
              assert.deepStrictEqual(left, { calls: 0, fibers: 0, probes: [] }, when)
              assert.deepStrictEqual(told[0]?.running, { calls: 0, fibers: 0 }, when)
            }
          }
        }
      })
    )
  }
})
