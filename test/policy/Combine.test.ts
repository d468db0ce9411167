/** Options merged with others, field by field: a field that is missing in one of them is taken from the other. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { RecentTimes } from "../../src/choice/RecentTimes.ts"
import * as Commit from "../../src/policy/Commit.ts"
import * as Hedging from "../../src/policy/Hedging.ts"
import * as Policy from "../../src/policy/Policy.ts"
import { delays, fault } from "../support/engine.ts"
import { always } from "../support/upstream.ts"

/** One value for each field that has fields of its own. */
const fields: ReadonlyArray<Policy.Options> = [
  { timeouts: { idle: 1 } },
  { threshold: { transient: 2 } },
  { retries: { times: 3 } },
  { ejection: { attempts: 4 } },
  { hedge: { share: 0.5 } },
  { learnedLimit: { period: 60 } },
  { cooldown: { transient: { base: 7 } } },
  { rules: { Timeout: { next: "stop" } } },
  { rules: { Timeout: { rest: { base: 8 } } } }
]

describe("combined options", () => {
  it("have the fields that only one of both has", () => {
    for (const options of fields) {
      assert.deepStrictEqual(Policy.combine(options, {}), options)
      assert.deepStrictEqual(Policy.combine({}, options), options)
    }
  })

  it("keep a rule, or the cooldown of a rule, that the second names without a value", () => {
    const row: Policy.Options = { rules: { Timeout: { next: "stop", rest: { base: 8 } } } }
    assert.deepStrictEqual(Policy.combine(row, { rules: { Timeout: undefined } }), row)
    assert.deepStrictEqual(Policy.combine(row, { rules: { Timeout: { rest: undefined } } }), row)
    const more = { rules: { Timeout: { next: "model" } } } as const
    assert.deepStrictEqual(Policy.combine(more, row), row)
  })

  it("keep one length of a cooldown if the second does not set it", () => {
    const first = { cooldown: { transient: { base: 7 } } }
    assert.deepStrictEqual(Policy.combine(first, { cooldown: { transient: {} } }), first)
    const longest = { cooldown: { transient: { max: 7 } } }
    assert.deepStrictEqual(Policy.combine(longest, { cooldown: { transient: {} } }), longest)
  })

  it("have the numbers of retries that replace a schedule, and no part of the schedule", () => {
    const numbers = { retries: { times: 1 } }
    assert.deepStrictEqual(Policy.combine({ retries: Schedule.recurs(3) }, numbers), numbers)
  })

  it("are refused as they were written, however wrong a length of time is", () => {
    const of = (base: unknown, max: unknown) => ({ cooldown: { transient: { base, max } } }) as Policy.Options
    const made = (first: Policy.Options, second: Policy.Options) => () =>
      Policy.make(Policy.combine(first, second))
    assert.throws(made(of(1, 2), of(10, 5)), /cooldown\.transient\.base is longer than max/)
    assert.throws(made(of(1, 2), of("soon", 5)), /cooldown\.transient\.base is "soon"/)
    assert.throws(made(of(1, 2), of(1, "late")), /cooldown\.transient\.max is "late"/)
  })
})

describe("a later layer", () => {
  it.effect("without retries leaves the retries that were set, and the rows set beside them", () =>
    Effect.gen(function* () {
      const first: Policy.Options = { retries: { times: 3 }, rules: { Empty: { retry: "never" } } }
      const { rules } = Policy.make(first, { maxWait: 1 })
      assert.strictEqual(rules.Empty.retry, "never")
      assert.lengthOf(yield* delays(rules.Overloaded.retry), 3)
    })
  )

  it("leaves the other fields of ejection", () => {
    const { ejection } = Policy.make(
      { ejection: { attempts: 3, window: 9_000 } },
      { ejection: { share: 0.4 } }
    )
    assert.deepStrictEqual(ejection, { ...Policy.defaults.ejection, attempts: 3, window: 9_000, share: 0.4 })
  })

  it("with nothing but a threshold changes that", () => {
    const { rules } = Policy.make({ threshold: { transient: 5 } })
    assert.deepStrictEqual([rules.Overloaded.rest?.threshold, rules.Unknown.rest?.threshold], [5, 3])
  })

  it("that names a row without a value changes nothing", () => {
    assert.deepStrictEqual(Policy.make({ rules: { Invalid: undefined } }), Policy.defaults)
    assert.deepStrictEqual(Policy.make({ cooldown: { rateLimit: undefined } }), Policy.defaults)
  })
})

describe("the second retry by default", () => {
  it.effect("comes half a second after the first attempt has failed, or after its random delay", () =>
    Effect.gen(function* () {
      const retry = Policy.defaults.rules.Overloaded.retry
      assert(typeof retry !== "string")
      const second = (chance: number, elapsed: number) =>
        Effect.gen(function* () {
          const step = yield* Schedule.toStep(retry)
          yield* step(0, fault())
          return Duration.toMillis((yield* step(elapsed, fault()))[1])
        }).pipe(Effect.provideService(Random.Random, always(chance)))
      assert.deepStrictEqual(
        [yield* second(0, 0), yield* second(0, 300), yield* second(0, 900)],
        [500, 200, 0]
      )
      assert.strictEqual(yield* second(0.5, 300), 1_000)
      assert.deepStrictEqual(yield* delays(retry, 0), [0, 500])
    })
  )
})

describe("what a policy means", () => {
  it("is so many chunks for a commit point", () => {
    assert.deepStrictEqual(
      [Commit.firstContent, Commit.chunks(3), Commit.complete].map(Commit.contentNeeded),
      [1, 3, Number.POSITIVE_INFINITY]
    )
  })

  it("is a time after which a request is hedged, or a percentile, or none yet", () => {
    const settings: Hedging.HedgeSettings = { ...Hedging.defaults, otherwise: 70 }
    const times = new RecentTimes()
    assert.strictEqual(
      Hedging.delayOf({ ...settings, after: 5 }, () => assert.fail("nobody needs them")),
      5
    )
    assert.strictEqual(
      Hedging.delayOf(settings, () => times),
      70
    )
    for (let i = 1; i <= 100; i++) times.add(i)
    assert.strictEqual(
      Hedging.delayOf(settings, () => times),
      95
    )
  })
})
