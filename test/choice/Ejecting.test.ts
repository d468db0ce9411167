/** A runtime with equals, one of which fails too often. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { BenchRegistry, Chain, Credential, Failover, Failure, Model, Policy } from "../../src/index.ts"
import { Scripted } from "../../src/testing/index.ts"
import { make } from "../support/Random.ts"

const fault = new Failure.Transient({ reason: "ServerError", message: "oops" })

/** A provider that fails a share of its attempts. */
const provider = (name: string, share: number, failure: Failure.Failure = fault) => {
  const random = make(name.length)
  return Scripted.make(name, () => [[{ wait: 20 }, random.chance(share) ? failure : name]])
}

type Provider = ReturnType<typeof provider>

const equals = (...providers: ReadonlyArray<Provider>) =>
  Chain.equalsOf(providers.map((each) => Model.make(each, "m")))

interface Second {
  lost: number
  attempts: number
  requests: number
}

/** This many requests a second, for this many seconds. Returns the outcomes of those that began in each second. */
const load = (chain: Chain.Chain<Provider>, seconds: number, each = 20) =>
  Effect.gen(function* () {
    const all: Array<Second> = []
    for (let number = 0; number < seconds; number++) {
      const second: Second = { lost: 0, attempts: 0, requests: each }
      all.push(second)
      for (let i = 0; i < each; i++) {
        yield* Effect.forkChild(
          Effect.matchCause(Failover.answer(chain, "q"), {
            onFailure: () => void second.lost++,
            onSuccess: (served) => void (second.attempts += served.attempts)
          })
        )
        yield* TestClock.adjust(1_000 / each)
      }
    }
    yield* TestClock.adjust("10 seconds")
    return all
  })

const benchOf = (key: string) =>
  Effect.map(
    Effect.flatMap(BenchRegistry.BenchRegistry, ({ list }) => list),
    (benches) => benches.find((bench) => bench.key === key)
  )

const runtime = (policy: Policy.Options = {}) => Effect.provide(Failover.layer({ policy }))

describe("one of two equals that fails three attempts in ten", () => {
  it.effect(
    "is benched although retries hide it, and costs few attempts after 15 seconds; no request is lost",
    () =>
      Effect.gen(function* () {
        const chain = Chain.withStrategy(equals(provider("bad", 0.3), provider("good1", 0)), "random")
        const seconds = yield* load(chain, 60)
        assert.strictEqual(
          seconds.reduce((sum, { lost }) => sum + lost, 0),
          0
        )
        const later = seconds.slice(15)
        const perRequest =
          later.reduce((sum, { attempts }) => sum + attempts, 0) /
          later.reduce((sum, { requests }) => sum + requests, 0)
        assert.isBelow(perRequest, 1.05)
      }).pipe(runtime(), Random.withSeed("eject"))
  )

  it.effect("gives the failure count", () =>
    Effect.gen(function* () {
      const chain = Chain.withStrategy(equals(provider("bad", 0.3), provider("good1", 0)), "random")
      let evidence: string | undefined
      for (let i = 0; i < 200 && evidence === undefined; i++) {
        yield* Effect.forkChild(Effect.exit(Failover.complete(chain, "q")))
        yield* TestClock.adjust(50)
        evidence = (yield* benchOf("bad/m#default"))?.evidence
      }
      assert.match(String(evidence), /^\d+ of \d+ attempts in 30 s failed$/)
    }).pipe(runtime(), Random.withSeed("eject"))
  )

  it.effect("is judged by the answers before its first failure too", () =>
    Effect.gen(function* () {
      let broken = false
      const turning = Scripted.make("turning", () => [[{ wait: 20 }, broken ? fault : "fine"]])
      const chain = Chain.withStrategy(equals(turning, provider("good1", 0)), "roundRobin")
      yield* load(chain, 10, 40)
      broken = true
      let evidence: string | undefined
      for (let i = 0; i < 400 && evidence === undefined; i++) {
        yield* Effect.forkChild(Effect.exit(Failover.complete(chain, "q")))
        yield* TestClock.adjust(25)
        evidence = (yield* benchOf("turning/m#default"))?.evidence
      }
      const [, failed, attempts] = /^(\d+) of (\d+) attempts/.exec(String(evidence))!
      assert.isAtLeast(Number(attempts) - Number(failed), 190)
      assert.isAbove(Number(failed), 0.2 * Number(attempts))
    }).pipe(runtime({ rules: { ServerError: { rest: null } } }), Random.withSeed("eject"))
  )

  it.effect("stays where ejection is off", () =>
    Effect.gen(function* () {
      const chain = Chain.withStrategy(equals(provider("bad", 0.3), provider("good1", 0)), "random")
      const seconds = yield* load(chain, 40)
      const attempts = seconds.slice(20).reduce((sum, second) => sum + second.attempts, 0)
      assert.isAbove(attempts / 400, 1.1)
    }).pipe(runtime({ ejection: false, rules: { ServerError: { rest: null } } }), Random.withSeed("eject"))
  )
})

describe("ejection", () => {
  const plain = { rules: { ServerError: { rest: null }, RateLimit: { rest: null } } } as const

  const benched = (chain: Chain.Chain<Provider>, policy: Policy.Options = {}) =>
    Effect.gen(function* () {
      yield* load(chain, 10)
      const { list } = yield* BenchRegistry.BenchRegistry
      return (yield* list).map(({ key }) => key)
    }).pipe(runtime({ ...plain, ...policy }), Random.withSeed("eject"))

  it.effect("leaves half of the tier in, however bad all are", () =>
    Effect.gen(function* () {
      const all = ["one", "two2", "three", "four44"].map((name) => provider(name, 0.9))
      assert.isAtMost((yield* benched(Chain.withStrategy(equals(...all), "random"))).length, 2)
    })
  )

  it.effect("holds for the credentials of one model, which have a tier to themselves", () =>
    Effect.gen(function* () {
      const random = make(4)
      const keys = Scripted.make(
        "keys",
        (target) => [[{ wait: 20 }, target.credential.name === "bad" && random.chance(0.6) ? fault : "fine"]],
        { credentials: [Credential.make("bad"), Credential.make("good")], strategy: "random" }
      )
      assert.deepStrictEqual(yield* benched(Chain.make(Model.make(keys, "m"))), ["keys/m#bad"])
    })
  )

  it.effect("counts a stream that breaks after its first content as one failed attempt", () =>
    Effect.gen(function* () {
      const cut = Scripted.make("cut", [[{ wait: 20 }, "hel", { wait: 20 }, fault]])
      const fine = provider("good1", 0)
      const chain = Chain.withStrategy(equals(cut, fine), "random")
      for (let i = 0; i < 120; i++) {
        yield* Effect.forkChild(Effect.exit(Stream.runDrain(Failover.stream(chain, "q"))))
        yield* TestClock.adjust(50)
      }
      const bench = yield* benchOf("cut/m#default")
      const counted = /^(\d+) of (\d+) attempts/.exec(String(bench?.evidence))
      assert.isNotNull(counted, "it is ejected")
      assert.strictEqual(counted?.[1], counted?.[2])
    }).pipe(runtime(plain), Random.withSeed("eject"))
  )

  it.effect("leaves a target without equals alone", () =>
    Effect.gen(function* () {
      const chain = Chain.make(Model.make(provider("one", 0.9), "m"), Model.make(provider("two2", 0.9), "m"))
      assert.deepStrictEqual(yield* benched(chain), [])
    })
  )

  it.effect("counts neither failures of the request nor throttles: a full target does not fail", () =>
    Effect.gen(function* () {
      const refusal = new Failure.BadRequest({ reason: "Unsupported", message: "no" })
      const throttle = new Failure.RateLimit({ message: "slow down" })
      for (const failure of [refusal, throttle]) {
        const chain = Chain.withStrategy(
          equals(provider("bad", 0.5, failure), provider("good1", 0)),
          "random"
        )
        assert.deepStrictEqual(yield* benched(chain), [])
      }
    })
  )

  it.effect("does not count what a caller can cause with the text of a request", () =>
    Effect.gen(function* () {
      for (const reason of ["Empty", "Truncated", "Malformed", "Unknown"] as const) {
        const failure = new Failure.Transient({ reason, message: "no" })
        const chain = Chain.withStrategy(
          equals(provider("bad", 0.45, failure), provider("good1", 0)),
          "random"
        )
        const policy = { rules: { [reason]: { rest: null } }, retries: { times: 4 } }
        assert.deepStrictEqual(yield* benched(chain, policy), [], reason)
      }
    })
  )

  it.effect("refuses invalid options", () =>
    Effect.sync(() => {
      assert.throws(() => Policy.make({ ejection: { window: 0 } }), /ejection\.window/)
      assert.throws(() => Policy.make({ ejection: { share: 1.5 } }), /ejection\.share/)
      assert.throws(() => Policy.make({ ejection: { attempts: 0 } }), /ejection\.attempts/)
      assert.deepStrictEqual(
        Policy.make({ ejection: { window: "1 minute" } }, { ejection: { attempts: 5 } }).ejection,
        {
          ...Policy.defaults.ejection!,
          window: 60_000,
          attempts: 5
        }
      )
      assert.isUndefined(Policy.make({ ejection: false }).ejection)
    })
  )
})
