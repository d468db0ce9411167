/** Policies as data: options that are set apply, absent ones keep their value, and layers are merged field by field. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failure from "../../src/failure/Failure.ts"
import * as Backoff from "../../src/policy/Backoff.ts"
import * as Commit from "../../src/policy/Commit.ts"
import * as Policy from "../../src/policy/Policy.ts"
import { delays, failureOf } from "../support/engine.ts"

describe("a policy of nothing", () => {
  it("is the defaults", () => {
    assert.deepStrictEqual(Policy.make(), Policy.defaults)
    assert.deepStrictEqual(Policy.make({}, undefined, {}), Policy.defaults)
  })

  it("has a row for every class of failure", () => {
    assert.deepStrictEqual(Object.keys(Policy.defaults.rules).sort(), [...Failure.failureClasses].sort())
    for (const name of Failure.failureClasses) {
      assert.isDefined(Policy.defaults.rules[Failure.classOf(failureOf(name))])
    }
  })
})

describe("what is said", () => {
  it("is taken, in any form a duration may have", () => {
    const policy = Policy.make({
      maxWait: "2 seconds",
      deadline: Duration.minutes(1),
      attempts: 3,
      targets: 5,
      fallbackReserve: 0.1,
      whenAllBenched: "fail",
      commit: Commit.complete,
      malformedEvents: "drop",
      ejection: { window: "1 minute", mostOut: 0.3 },
      hedge: { after: "p90", otherwise: "2 seconds" },
      learnedLimit: { decrease: 0.1, memory: "1 minute" },
      timeouts: { idle: 500 }
    })
    assert.deepStrictEqual(
      { ...policy, rules: undefined },
      {
        rules: undefined,
        maxWait: 2_000,
        deadline: 60_000,
        attempts: 3,
        targets: 5,
        fallbackReserve: 0.1,
        whenAllBenched: "fail",
        commit: Commit.complete,
        malformedEvents: "drop",
        ejection: { ...Policy.defaults.ejection, window: 60_000, mostOut: 0.3 },
        hedge: { after: { percentile: 0.9 }, otherwise: 2_000, share: 0.05, to: "tier" },
        learnedLimit: { decrease: 0.1, period: 128, memory: 60_000 },
        timeouts: { ...Policy.defaults.timeouts, idle: 500 }
      }
    )
  })

  it("is not undone by something left undefined", () => {
    const said = {
      maxWait: 1,
      attempts: 2,
      timeouts: { idle: 3 },
      rules: { Invalid: { next: "model" } }
    } as const
    const unsaid = {
      maxWait: undefined,
      attempts: undefined,
      timeouts: { idle: undefined },
      rules: { Invalid: { next: undefined } }
    }
    assert.deepStrictEqual(Policy.make(said, unsaid), Policy.make(said))
  })

  it("in a row changes that row and no other", () => {
    const policy = Policy.make({
      rules: { RateLimit: { next: "stop", rest: { scope: "credential", threshold: 4 } } }
    })
    assert.deepStrictEqual(policy.rules.RateLimit, {
      retry: "afterWait",
      next: "stop",
      rest: { scope: "credential", threshold: 4, base: 5_000, max: 300_000 }
    })
    assert.deepStrictEqual(
      { ...policy.rules, RateLimit: undefined },
      { ...Policy.defaults.rules, RateLimit: undefined }
    )
  })

  it("of a first cooldown above the longest raises the longest, and of a longest below the first lowers the first", () => {
    const { rules } = Policy.make({
      cooldown: { transient: { base: "1 minute" }, rateLimit: { max: 1_000 } },
      rules: { ModelMissing: { rest: { base: "2 days" } } }
    })
    assert.deepInclude(rules.Overloaded.rest, { base: 60_000, max: 60_000 })
    assert.deepInclude(rules.RateLimit.rest, { base: 1_000, max: 1_000 })
    assert.deepInclude(rules.ModelMissing.rest, { base: 172_800_000, max: 172_800_000 })
    const first = { cooldown: { rateLimit: { base: 4, max: 5 } } }
    const longer = Policy.make(Policy.combine(first, { cooldown: { rateLimit: { base: 40 } } }))
    assert.deepInclude(longer.rules.RateLimit.rest, { base: 40, max: 40 })
    const shorter = Policy.make(Policy.combine(first, { cooldown: { rateLimit: { max: 3 } } }))
    assert.deepInclude(shorter.rules.RateLimit.rest, { base: 3, max: 3 })
  })

  it("in a row wins over the short forms", () => {
    const policy = Policy.make({
      cooldown: { transient: { base: "1 second" } },
      threshold: { transient: 2 },
      retries: { times: 7 },
      rules: { Empty: { retry: "never", rest: { base: "9 seconds", threshold: 9 } } }
    })
    assert.strictEqual(policy.rules.Empty.retry, "never")
    assert.deepInclude(policy.rules.Empty.rest, { base: 9_000, threshold: 9 })
    assert.deepInclude(policy.rules.ServerError.rest, { base: 1_000, threshold: 2 })
  })

  it("that benches nothing still benches nothing after later options", () => {
    const policy = Policy.make(
      { rules: { Overloaded: { rest: null }, RateLimit: { rest: null } } },
      {
        cooldown: { transient: { base: 1 }, rateLimit: { base: 1 } },
        threshold: { transient: 5 },
        retries: { times: 1 }
      }
    )
    assert.isUndefined(policy.rules.Overloaded.rest)
    assert.isUndefined(policy.rules.RateLimit.rest)
    assert.deepInclude(policy.rules.Timeout.rest, { base: 1, threshold: 5 })
  })

  it("of the short forms reaches the rows that they set", () => {
    const { rules } = Policy.make({
      threshold: { transient: 4, unknown: 7 },
      cooldown: {
        transient: { base: 1, max: 2 },
        rateLimit: { base: 3, max: 4 },
        authDead: { base: 5, max: 6 },
        modelMissing: { base: 7, max: 8 }
      }
    })
    const rest = (name: Failure.FailureClass) => {
      const row = rules[name].rest
      return row && [row.threshold, row.base, row.max].join(" ")
    }
    assert.deepStrictEqual(
      Failure.failureClasses.map((name) => [name, rest(name)] as const),
      [
        ["RateLimit", "1 3 4"],
        ...(["InvalidKey", "Forbidden", "Balance"] as const).map((name) => [name, "1 5 6"] as const),
        ["ModelMissing", "1 7 8"],
        ["Blocked", undefined],
        ...(["Overloaded", "ServerError", "Connection", "Timeout"] as const).map(
          (name) => [name, "4 1 2"] as const
        ),
        ...(["Truncated", "Empty", "Malformed", "Unknown"] as const).map((name) => [name, "7 1 2"] as const),
        ...(
          [
            "Local",
            "Invalid",
            "ContentPolicy",
            "MaxTokens",
            "TooLarge",
            "Unsupported",
            "ContextExceeded"
          ] as const
        ).map((name) => [name, undefined] as const)
      ]
    )
  })
})

describe("a learned limit", () => {
  it("is off by default, and can be switched on, changed or switched off by each layer", () => {
    const standard = { decrease: 0.05, period: 128, memory: 600_000 }
    assert.isUndefined(Policy.defaults.learnedLimit)
    assert.deepStrictEqual(Policy.make({ learnedLimit: true }).learnedLimit, standard)
    assert.isUndefined(Policy.make({ learnedLimit: { decrease: 0.1 } }, { learnedLimit: false }).learnedLimit)
    assert.deepStrictEqual(
      Policy.make({ learnedLimit: false }, { learnedLimit: { period: 20 } }).learnedLimit,
      { ...standard, period: 20 }
    )
    assert.deepStrictEqual(
      Policy.combine({ learnedLimit: { decrease: 0.1 } }, { learnedLimit: { period: 20 } }).learnedLimit,
      { decrease: 0.1, period: 20 }
    )
    assert.isFalse(Policy.combine({ learnedLimit: { decrease: 0.1 } }, { learnedLimit: false }).learnedLimit)
  })

  it("has a share from 0.01 to 0.5, a period of at least 8 answers, and a length of time", () => {
    const wrong = (learnedLimit: unknown, message: RegExp) =>
      assert.throws(() => Policy.make({ learnedLimit } as Policy.Options), message)
    wrong({ decrease: 0 }, /learnedLimit\.decrease is 0; it has to be a share from 0.01 to 0.5/)
    wrong({ decrease: 0.6 }, /learnedLimit\.decrease/)
    wrong({ period: 7 }, /learnedLimit\.period is 7; it has to be a whole number of answers, at least 8/)
    wrong({ memory: -1 }, /learnedLimit\.memory/)
    wrong({ most: 3 }, /learnedLimit\.most is unknown/)
    wrong("yes", /learnedLimit has to be true, false, or an object/)
  })
})

describe("a hedge", () => {
  it("is off by default, and when a later layer turns it off", () => {
    assert.isUndefined(Policy.defaults.hedge)
    const standard = { after: { percentile: 0.95 }, otherwise: undefined, share: 0.05, to: "tier" } as const
    assert.deepStrictEqual(Policy.make({ hedge: {} }).hedge, standard)
    assert.isUndefined(Policy.make({ hedge: {} }, { hedge: false }).hedge)
    assert.deepStrictEqual(Policy.make({ hedge: { after: 5 } }, { hedge: { share: 0.1 } }).hedge, {
      ...standard,
      after: 5,
      share: 0.1
    })
    assert.deepStrictEqual(Policy.combine({ hedge: { after: 5 } }, { hedge: { share: 0.1 } }).hedge, {
      after: 5,
      share: 0.1
    })
  })

  it("is refused where it means nothing", () => {
    const wrong = (options: object, message: RegExp) => assert.throws(() => Policy.make(options), message)
    wrong(
      { hedge: { after: "p100" } },
      /hedge\.after is "p100"; a percentile has to be above p0 and below p100/
    )
    wrong({ hedge: { after: "p0" } }, /hedge\.after/)
    wrong({ hedge: { after: "soon" } }, /hedge\.after is "soon".*or a percentile such as "p95"/)
    wrong({ hedge: { after: -1 } }, /hedge\.after/)
    wrong({ hedge: { otherwise: "p95" } }, /hedge\.otherwise/)
    wrong({ hedge: { share: 1.1 } }, /hedge\.share is 1.1; it has to be a share from 0 to 1/)
    wrong({ hedge: { share: -0.1 } }, /hedge\.share/)
    wrong({ hedge: { to: "model" } }, /hedge\.to is "model"; it has to be one of "tier", "chain"/)
    wrong({ hedge: { delay: 1 } }, /hedge\.delay is unknown/)
    wrong({ hedge: true }, /hedge has to be an object/)
    wrong(
      { hedge: { after: "30 seconds" }, timeouts: { firstContent: "30 seconds" } },
      /hedge\.after is not below timeouts\.firstContent/
    )
    wrong(
      { hedge: { otherwise: "1 minute" }, timeouts: { firstContent: "30 seconds" } },
      /hedge\.otherwise is not below/
    )
  })
})

describe("the retries", () => {
  it.effect("are two by default, after at most half a second and at most two", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* delays(Policy.defaults.rules.Overloaded.retry, 1), [500, 2_000])
      assert.deepStrictEqual(yield* delays(Policy.defaults.rules.Overloaded.retry, 0), [0, 500])
    })
  )

  it.effect("may be more than there are delays: the last delay repeats", () =>
    Effect.gen(function* () {
      const policy = Policy.make({ retries: { times: 4, backoff: ["1 second", "3 seconds"] } })
      assert.deepStrictEqual(yield* delays(policy.rules.Empty.retry, 1), [1_000, 3_000, 3_000, 3_000])
    })
  )

  it.effect("may be fewer, and none at all", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* delays(Policy.make({ retries: { times: 1 } }).rules.Empty.retry, 1),
        [500]
      )
      assert.deepStrictEqual(yield* delays(Policy.make({ retries: { times: 0 } }).rules.Empty.retry, 1), [])
    })
  )

  it.effect("are still two when only the delays are set, however many", () =>
    Effect.gen(function* () {
      const one = Policy.make({ retries: { backoff: ["1 second"] } })
      assert.deepStrictEqual(yield* delays(one.rules.Empty.retry, 1), [1_000, 1_000])
      const three = Policy.make({ retries: { backoff: ["1 second", "2 seconds", "3 seconds"] } })
      assert.deepStrictEqual(yield* delays(three.rules.Empty.retry, 1), [1_000, 2_000])
    })
  )

  it.effect("may be set in parts by different layers", () =>
    Effect.gen(function* () {
      const policy = Policy.make({ retries: { times: 3 } }, { retries: { backoff: ["1 second"] } })
      assert.deepStrictEqual(yield* delays(policy.rules.Empty.retry, 1), [1_000, 1_000, 1_000])
    })
  )

  it.effect("may be any schedule, which replaces earlier settings", () =>
    Effect.gen(function* () {
      const schedule = Schedule.spaced("7 millis").pipe(Schedule.upTo({ times: 2 }))
      const policy = Policy.make({ retries: { times: 9 } }, { retries: schedule })
      assert.deepStrictEqual(yield* delays(policy.rules.Connection.retry), [7, 7])
      const numbers = Policy.make({ retries: schedule }, { retries: { times: 1 } })
      assert.deepStrictEqual(yield* delays(numbers.rules.Connection.retry, 1), [500])
      assert.strictEqual(policy.rules.Timeout.retry, "never")
    })
  )

  it.effect("wait anything from nothing to the whole delay, evenly", () =>
    Effect.gen(function* () {
      const drawn: Array<number> = []
      for (let i = 0; i < 500; i++) {
        const step = yield* Schedule.toStep(Backoff.fullJitter(["1 second"]))
        drawn.push(Duration.toMillis((yield* step(0, undefined))[1]))
      }
      assert.isTrue(drawn.every((delay) => delay >= 0 && delay < 1_000))
      assert.approximately(drawn.reduce((sum, delay) => sum + delay, 0) / drawn.length, 500, 50)
    }).pipe(Random.withSeed("jitter"))
  )
})

describe("the delays of retries", () => {
  it("are refused if one of them is not a length of time, or there is none", () => {
    const made = (backoff: ReadonlyArray<unknown>) => () => Policy.make({ retries: { backoff } as object })
    assert.throws(made(["1 second", "soon"]), /retries\.backoff is "soon"; it has to be a length of time/)
    assert.throws(made([]), /retries\.backoff .*has to be a list of at least one length of time/)
    assert.doesNotThrow(made(["1 second", 0]))
  })
})

describe("ejection", () => {
  it("is refused where it means nothing", () => {
    const wrong = (ejection: object, message: RegExp) =>
      assert.throws(() => Policy.make({ ejection }), message)
    wrong({ share: 2 }, /ejection\.share is 2/)
    wrong({ attempts: 0 }, /ejection\.attempts is 0/)
    wrong({ window: "a while" }, /ejection\.window is "a while"/)
    wrong({ shares: 1 }, /ejection\.shares is unknown/)
    assert.isUndefined(Policy.make({ ejection: false }).ejection)
  })
})

describe("a chain's policy", () => {
  const chain = Chain.make(Model.make(Backend.make("a", {}), "m"))

  it.effect("merged over one that it has keeps the other fields of ejection, hedges and retries", () =>
    Effect.gen(function* () {
      const twice = Chain.withPolicy(
        Chain.withPolicy(chain, {
          ejection: { share: 0.3 },
          hedge: { after: "1 second" },
          retries: { times: 3 }
        }),
        { ejection: { attempts: 7 }, hedge: { share: 0.2 }, retries: { backoff: [1_000] } }
      )
      const { ejection, hedge, rules } = Policy.make(twice.policy)
      assert.deepInclude(ejection, { share: 0.3, attempts: 7 })
      assert.deepInclude(hedge, { after: 1_000, share: 0.2 })
      assert.deepStrictEqual(yield* delays(rules.Connection.retry), [500, 500, 500])
      const off = Policy.make(Chain.withPolicy(twice, { ejection: false, hedge: false }).policy)
      assert.deepStrictEqual([off.ejection, off.hedge], [undefined, undefined])
      const on = Policy.make(
        Chain.withPolicy(Chain.withPolicy(chain, { ejection: false }), { ejection: {} }).policy
      )
      assert.deepStrictEqual(on.ejection, Policy.defaults.ejection)
    })
  )

  it("merged over one that it has keeps the fields that it does not set", () => {
    const twice = Chain.withPolicy(
      Chain.withPolicy(chain, {
        maxWait: 1,
        timeouts: { idle: 2 },
        threshold: { transient: 3 },
        cooldown: { rateLimit: { base: 4, max: 50 } },
        rules: { Invalid: { next: "model" }, Timeout: { rest: { base: 6 } } }
      }),
      {
        maxWait: undefined,
        timeouts: { answer: 20 },
        threshold: { unknown: 30 },
        cooldown: { rateLimit: { base: 40 } },
        rules: { TooLarge: { next: "model" }, Timeout: { rest: { max: 60 } } }
      }
    )
    const policy = Policy.make(twice.policy)
    assert.strictEqual(policy.maxWait, 1)
    assert.deepInclude(policy.timeouts, { idle: 2, answer: 20 })
    assert.deepInclude(policy.rules.RateLimit.rest, { base: 40, max: 50 })
    assert.strictEqual(policy.rules.Connection.rest?.threshold, 3)
    assert.strictEqual(policy.rules.Unknown.rest?.threshold, 30)
    assert.deepInclude(policy.rules.Timeout.rest, { base: 6, max: 60, threshold: 3 })
    assert.strictEqual(policy.rules.Invalid.next, "model")
    assert.strictEqual(policy.rules.TooLarge.next, "model")
  })

  it("wins when both are set", () => {
    const twice = Chain.withPolicy(
      Chain.withPolicy(chain, { attempts: 1, rules: { Timeout: { rest: null, next: "stop" } } }),
      { attempts: 2, rules: { Timeout: { next: "model" } } }
    )
    const policy = Policy.make(twice.policy)
    assert.strictEqual(policy.attempts, 2)
    assert.deepInclude(policy.rules.Timeout, { rest: undefined, next: "model" })
  })

  it("does not change the chain from which it was made", () => {
    const one = Chain.withPolicy(chain, { attempts: 1 })
    Chain.withPolicy(one, { attempts: 2 })
    assert.strictEqual(one.policy?.attempts, 1)
    assert.isUndefined(chain.policy)
  })
})
