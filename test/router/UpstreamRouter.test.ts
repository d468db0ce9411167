import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { FailoverEvent } from "../../src/events/FailoverEvent.ts"
import * as Failure from "../../src/failure/Failure.ts"
import type { RunError } from "../../src/failure/RunError.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as UpstreamRouter from "../../src/router/UpstreamRouter.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { always, badRequest, played, refusedConnection, throttled, wrongKey } from "../support/upstream.ts"

type Steps = ReadonlyArray<Scripted.Call<string, Scripted.Part>>
type More = Partial<Omit<UpstreamRouter.Options<never, never, never, never, never>, "primary" | "backup">>

type Asking = (options: Failover.CallOptions) => Effect.Effect<unknown, RunError, Failover.Failover>

/** A primary and a backup that play scripts, with a router between them. No jitter, and checks that pass. */
const upstreams = (options: { readonly main: Steps; readonly spare?: Steps | undefined } & More) =>
  Effect.gen(function* () {
    const { main: mainSteps, spare: spareSteps = [["spare"]], ...more } = options
    const main = Scripted.make("main", mainSteps)
    const spare = Scripted.make("spare", spareSteps)
    const router = yield* UpstreamRouter.make({
      check: Effect.void,
      jitter: 0,
      ...more,
      primary: Model.make(main, "large"),
      backup: Model.make(spare, "large")
    })
    const ask = UpstreamRouter.complete(router, "hi")
    const active = Effect.map(router.status, (status) => status.active)
    return { main, spare, router, ask, active }
  })

const test = (
  name: string,
  body: () => Effect.Effect<void, unknown, Failover.Failover | BenchRegistry | Scope.Scope>
) => it.effect(name, () => Effect.provide(body(), Failover.layer()))

/** Runs an effect for twenty virtual minutes. */
const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("20 minutes")
    return yield* Fiber.join(fiber)
  })

/** Sends this many requests, one after another. */
const times = <A, E, R>(n: number, ask: Effect.Effect<A, E, R>) => Effect.replicateEffect(ask, n)

describe("a route", () => {
  test("stays with the primary as long as it answers", () =>
    Effect.gen(function* () {
      const { active, ask, spare } = yield* upstreams({ main: [["main"]] })
      assert.deepStrictEqual(yield* times(3, ask), ["main", "main", "main"])
      assert.strictEqual(yield* active, "primary")
      assert.strictEqual(spare.calls.length, 0)
    }))

  test("moves at once when the primary throttles, and the request is answered by the backup", () =>
    Effect.gen(function* () {
      const { active, ask, main } = yield* upstreams({ main: [[throttled()], ["main"]] })
      assert.strictEqual(yield* ask, "spare")
      assert.strictEqual(yield* active, "backup")
      assert.deepStrictEqual(yield* times(5, ask), ["spare", "spare", "spare", "spare", "spare"])
      assert.strictEqual(main.calls.length, 1)
    }))

  test("moves at once even if the throttle requests a short wait", () =>
    Effect.gen(function* () {
      const { active, ask } = yield* upstreams({ main: [[throttled("1 second")], ["main"]] })
      assert.strictEqual(yield* ask, "spare")
      assert.strictEqual(yield* active, "backup")
    }))

  test("moves at once when the primary's key is dead", () =>
    Effect.gen(function* () {
      const { active, ask } = yield* upstreams({ main: [[wrongKey]] })
      assert.strictEqual(yield* ask, "spare")
      assert.strictEqual(yield* active, "backup")
    }))

  test("moves with the third connection error in a row, and each of the three requests is answered", () =>
    Effect.gen(function* () {
      const { active, ask, main } = yield* upstreams({ main: [[refusedConnection]] })
      assert.deepStrictEqual(yield* times(2, ask), ["spare", "spare"])
      assert.strictEqual(yield* active, "primary")
      assert.strictEqual(yield* ask, "spare")
      assert.strictEqual(yield* active, "backup")
      assert.strictEqual(yield* ask, "spare")
      assert.strictEqual(main.calls.length, 3)
    }))

  test("resets the count after an answer", () =>
    Effect.gen(function* () {
      const down = [refusedConnection]
      const { active, ask, router } = yield* upstreams({
        main: [down, down, ["main"], down, down, ["main"]]
      })
      yield* times(5, ask)
      assert.strictEqual(yield* active, "primary")
      assert.strictEqual((yield* router.status).primary.failuresInRow, 2)
      assert.strictEqual(yield* ask, "main")
      assert.strictEqual((yield* router.status).primary.failuresInRow, 0)
    }))

  test("does not count a request that every upstream would refuse; the caller gets the failure", () =>
    Effect.gen(function* () {
      const down = [refusedConnection]
      const { active, ask, router, spare } = yield* upstreams({ main: [down, [badRequest], down, ["main"]] })
      yield* ask
      assert.strictEqual((yield* Effect.flip(ask))._tag, "BadRequest")
      yield* ask
      assert.strictEqual((yield* router.status).primary.failuresInRow, 2)
      assert.strictEqual(yield* active, "primary")
      assert.strictEqual(spare.calls.length, 2)
    }))

  test("counts attempts of one request at several credentials as one visit", () =>
    Effect.gen(function* () {
      const main = Scripted.make(
        "main",
        ({ credential }) => (credential.name === "first" ? [[throttled()]] : [["second key"]]),
        { credentials: [Credential.make("first"), Credential.make("second")] }
      )
      const router = yield* UpstreamRouter.make({
        primary: Model.make(main, "large"),
        backup: Model.make(Scripted.make("spare", [["spare"]]), "large"),
        check: Effect.void
      })
      assert.deepStrictEqual(yield* times(3, UpstreamRouter.complete(router, "hi")), [
        "second key",
        "second key",
        "second key"
      ])
      assert.strictEqual((yield* router.status).moves, 0)
    }))

  test("counts a fault of the caller's own effect as it is classified", () =>
    Effect.gen(function* () {
      const oslo = Backend.make("oslo", { today: Effect.fail("too many") })
      const bergen = Backend.make("bergen", { today: Effect.succeed("rain") })
      const router = yield* UpstreamRouter.make({
        primary: Model.make(oslo, "forecast"),
        backup: Model.make(bergen, "forecast"),
        check: Effect.void
      })
      const today = UpstreamRouter.use(
        router,
        (backend): Effect.Effect<string, string> => backend.service.today,
        {
          classify: (error) => new Failure.RateLimit({ message: error })
        }
      )
      assert.strictEqual(yield* today, "rain")
      assert.strictEqual((yield* router.status).active, "backup")
    }))

  test("moves once for many requests that fail together", () =>
    Effect.gen(function* () {
      const { ask, main, router } = yield* upstreams({ main: [[{ wait: "1 second" }, throttled()]] })
      const many = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 20 }, () => ask),
          { concurrency: "unbounded" }
        )
      )
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(many), Array(20).fill("spare"))
      const { moves, primary } = yield* router.status
      assert.deepStrictEqual([moves, primary.failuresInRow, main.calls.length], [1, 1, 20])
    }))

  test("is not moved by a caller that disconnects", () =>
    Effect.gen(function* () {
      const { ask, router } = yield* upstreams({ main: [[{ hang: true }]], threshold: 1 })
      const fiber = yield* Effect.forkChild(ask, { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual((yield* router.status).primary.failuresInRow, 0)
    }))

  test("counts no failure when the request's deadline ends it, even after failures", () =>
    Effect.gen(function* () {
      const { router } = yield* upstreams({ main: [[refusedConnection]], spare: [[{ hang: true }]] })
      const asked = yield* Effect.forkChild(
        Effect.flip(UpstreamRouter.complete(router, "hi", { deadline: "2 seconds" }))
      )
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(asked))._tag, "DeadlineExceeded")
      const { backup, primary } = yield* router.status
      assert.deepStrictEqual([primary.failuresInRow, backup?.failuresInRow], [1, 0])
    }))

  test("is not moved by requests with a short deadline, but by an upstream that does not answer for long", () =>
    Effect.gen(function* () {
      const { active, main, router } = yield* upstreams({ main: [[{ hang: true }]], threshold: 1 })
      const hurried = yield* Effect.forkChild(
        UpstreamRouter.complete(router, "hi", { deadline: "2 seconds" })
      )
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* Fiber.join(hurried), "spare")
      assert.strictEqual(yield* active, "primary")
      const patient = yield* Effect.forkChild(UpstreamRouter.complete(router, "hi", { deadline: "1 hour" }))
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* Fiber.join(patient), "spare")
      assert.strictEqual(yield* active, "backup")
      assert.strictEqual(main.open, 0)
    }))

  test("does not move if the primary is manually benched", () =>
    Effect.gen(function* () {
      const { active, ask, main } = yield* upstreams({ main: [["main"]] })
      const bench = yield* BenchRegistry
      yield* bench.bench("main")
      assert.deepStrictEqual(yield* times(4, ask), ["spare", "spare", "spare", "spare"])
      assert.strictEqual(yield* active, "primary")
      assert.strictEqual(main.calls.length, 0)
      yield* bench.unbench("main")
      assert.strictEqual(yield* ask, "main")
    }))

  test("benches nothing", () =>
    Effect.gen(function* () {
      const { ask } = yield* upstreams({ main: [[refusedConnection]], spare: [[throttled()]] })
      yield* times(5, Effect.flip(ask))
      assert.deepStrictEqual(yield* (yield* BenchRegistry).list, [])
    }))
})

describe("the way back", () => {
  test("begins with a check at the end of the cooldown of five minutes, not before", () => {
    const play = played("pass")
    return Effect.gen(function* () {
      const { active, ask, main } = yield* upstreams({
        main: [[throttled()], ["main"]],
        check: play.check,
        ramp: false
      })
      yield* TestClock.adjust("1 minute")
      yield* ask
      yield* TestClock.adjust("299 seconds")
      assert.deepStrictEqual(play.began, [])
      assert.strictEqual(yield* ask, "spare")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(play.began, [360_000])
      assert.strictEqual(yield* active, "primary")
      assert.strictEqual(yield* ask, "main")
      assert.strictEqual(main.calls.length, 2)
    })
  })

  test("begins later if the primary requested a longer wait", () => {
    const play = played("pass")
    return Effect.gen(function* () {
      const { ask } = yield* upstreams({ main: [[throttled("20 minutes")]], check: play.check })
      yield* ask
      yield* TestClock.adjust("30 minutes")
      assert.deepStrictEqual(play.began, [1_200_000])
    })
  })

  test("waits for a passed check, however many fail", () => {
    const play = played(refusedConnection, throttled(), badRequest, "hang", "pass")
    return Effect.gen(function* () {
      const { active, ask, main } = yield* upstreams({
        main: [[throttled()], ["main"]],
        check: play.check,
        cooldown: "1 minute",
        ramp: false
      })
      yield* ask
      yield* TestClock.adjust("189 seconds")
      assert.strictEqual(yield* active, "backup")
      assert.strictEqual(yield* ask, "spare")
      assert.strictEqual(main.calls.length, 1)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(play.began, [60_000, 90_000, 120_000, 150_000, 190_000])
      assert.strictEqual(yield* active, "primary")
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(play.began.length, 5)
    })
  })

  test("needs no requests: the primary is back before the next one", () =>
    Effect.gen(function* () {
      const { ask } = yield* upstreams({ main: [[throttled()], ["main"]] })
      yield* ask
      yield* TestClock.adjust("6 minutes")
      assert.strictEqual(yield* ask, "main")
    }))

  test("restarts when the primary fails again", () => {
    const play = played("pass")
    return Effect.gen(function* () {
      const { active, ask, router } = yield* upstreams({
        main: [[throttled()], ["main"], [throttled()], ["main"]],
        check: play.check,
        ramp: false
      })
      yield* ask
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual([yield* ask, yield* ask], ["main", "spare"])
      assert.strictEqual(yield* active, "backup")
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(play.began, [300_000, 600_000])
      assert.strictEqual(yield* ask, "main")
      assert.strictEqual((yield* router.status).moves, 2)
    })
  })

  test("is neither shortened nor lost by a request that began before the move", () =>
    Effect.gen(function* () {
      const { active, ask } = yield* upstreams({
        main: [
          [{ wait: "4 minutes" }, throttled()],
          [{ wait: "6 minutes" }, throttled()],
          [throttled()],
          ["main"]
        ],
        ramp: false,
        policy: { timeouts: { answer: "1 hour" } }
      })
      const early = yield* Effect.forkChild(Effect.all([ask, ask], { concurrency: "unbounded" }))
      yield* TestClock.adjust("1 second")
      yield* ask
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* active, "primary")
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(yield* Fiber.join(early), ["spare", "spare"])
      assert.strictEqual(yield* active, "primary")
    }))

  test("starts again when the primary fails during the ramp", () => {
    const play = played("pass")
    return Effect.gen(function* () {
      const { ask } = yield* upstreams({
        main: [[throttled()]],
        check: play.check,
        cooldown: "10 seconds",
        ramp: { from: 1, over: "1 hour" }
      })
      yield* ask
      yield* TestClock.adjust("10 seconds")
      yield* ask
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(play.began, [10_000, 20_000])
    })
  })

  test("survives a check that cannot be stopped, and starts no second one meanwhile", () => {
    const play = played("pass")
    const stubborn = Effect.andThen(play.check, Effect.uninterruptible(Effect.sleep("1 minute")))
    return Effect.gen(function* () {
      const { ask, router } = yield* upstreams({ main: [[throttled()]], check: stubborn })
      yield* ask
      yield* TestClock.adjust("390 seconds")
      assert.deepStrictEqual(play.began, [300_000, 380_000])
      assert.strictEqual((yield* router.status).lastCheck?.failure?.message, "the check timed out")
      yield* TestClock.adjust("50 seconds")
    })
  })

  test("ends with the scope: no more checks", () => {
    const play = played(refusedConnection)
    return Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { ask } = yield* upstreams({ main: [[throttled()]], check: play.check }).pipe(
        Scope.provide(scope)
      )
      yield* ask
      yield* TestClock.adjust("5 minutes")
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(play.began, [300_000])
    })
  })
})

describe("a primary during the ramp", () => {
  const returning = (options: More = {}) =>
    Effect.gen(function* () {
      const both = yield* upstreams({ main: [[throttled()], ["main"]], ...options })
      yield* both.ask
      yield* TestClock.adjust("5 minutes")
      return both
    })
  /** The share of these requests that the primary received. */
  const shareOf = <E, R>(ask: Effect.Effect<string, E, R>) =>
    Effect.map(times(1_000, ask), (answers) => answers.filter((answer) => answer === "main").length / 1_000)

  test("gets a tenth of the requests at first, and all of them a minute later", () =>
    Effect.gen(function* () {
      const { ask, router } = yield* returning()
      const seen: Array<readonly [number, number]> = []
      for (let i = 0; i < 7; i++) {
        seen.push([(yield* router.status).share, yield* shareOf(ask)])
        yield* TestClock.adjust("10 seconds")
      }
      for (const [share, observed] of seen) assert.closeTo(observed, share, 0.05)
      assert.deepStrictEqual(
        seen.map(([share]) => Math.round(share * 100)),
        [10, 25, 40, 55, 70, 85, 100]
      )
      assert.deepStrictEqual(seen.at(-1), [1, 1])
    }).pipe(Random.withSeed("ramp")))

  test("gets its requests in the same order from the same seed", () =>
    Effect.gen(function* () {
      const { ask } = yield* returning({ ramp: { from: 0.5, over: "1 hour" } })
      const drawn = (seed: string) => Random.withSeed(times(50, ask), seed)
      const one = yield* drawn("one")
      assert.deepStrictEqual(yield* drawn("one"), one)
      assert.notDeepEqual(yield* drawn("two"), one)
    }))

  test("moves the route at once when it throttles, and other requests go to the backup", () =>
    Effect.gen(function* () {
      const { ask, router } = yield* upstreams({ main: [[throttled()], ["main"], [throttled()]] })
      const lucky = Effect.provideService(ask, Random.Random, always(0))
      yield* ask
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual([yield* lucky, yield* lucky, yield* lucky], ["main", "spare", "spare"])
      const { moves, phase, until } = yield* router.status
      assert.deepStrictEqual([phase, moves, until], ["backup", 2, 600_000])
    }))

  test("serves requests that the backup fails meanwhile", () =>
    Effect.gen(function* () {
      const { ask, router } = yield* upstreams({
        main: [[throttled()], ["main"]],
        spare: [["spare"], [refusedConnection]]
      })
      yield* ask
      yield* TestClock.adjust("5 minutes")
      const unlucky = Effect.provideService(ask, Random.Random, always(0.99))
      assert.strictEqual(yield* unlucky, "main")
      assert.strictEqual((yield* router.status).phase, "returning")
    }))

  test("is named by the way of a request that it gets", () =>
    Effect.gen(function* () {
      const { router } = yield* returning()
      const drawn = (chance: number) => Effect.provideService(router.way, Random.Random, always(chance))
      assert.deepStrictEqual(
        [(yield* drawn(0)).upstream, (yield* drawn(0.99)).upstream],
        ["primary", "backup"]
      )
    }))

  test("gets everything at once without a ramp", () =>
    Effect.gen(function* () {
      const { ask } = yield* returning({ ramp: false })
      assert.strictEqual(yield* shareOf(ask), 1)
    }))
})

describe("without a backup", () => {
  test("nothing moves, nothing is checked, and the failures go to the caller", () => {
    const play = played("pass")
    return Effect.gen(function* () {
      const main = Scripted.make("main", [[throttled()], [wrongKey], [refusedConnection], ["main"]])
      const router = yield* UpstreamRouter.make({
        primary: Model.make(main, "large"),
        check: play.check,
        threshold: 1
      })
      const ask = UpstreamRouter.complete(router, "hi")
      for (const failed of [throttled()._tag, wrongKey._tag, refusedConnection._tag]) {
        const error = yield* Effect.flip(ask)
        assert.deepStrictEqual(
          error._tag === "ChainExhausted" ? error.attempts.map(({ failure }) => failure._tag) : error,
          [failed]
        )
      }
      const { active, backup, moves, primary } = yield* router.status
      assert.deepStrictEqual([active, backup, moves], ["primary", undefined, 0])
      assert.deepStrictEqual([primary.healthy, primary.failuresInRow], [false, 3])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(play.began, [])
      assert.strictEqual(yield* ask, "main")
      assert.isTrue((yield* router.status).primary.healthy)
    })
  })
})

describe("a backup equal to the primary", () => {
  test("counts as no backup", () =>
    Effect.gen(function* () {
      const main = Scripted.make("main", [[throttled()], ["main"]])
      const router = yield* UpstreamRouter.make({
        primary: Model.make(main, "large"),
        backup: Model.make(main, "large"),
        check: Effect.void
      })
      yield* Effect.flip(UpstreamRouter.complete(router, "hi"))
      assert.deepStrictEqual(
        [(yield* router.status).active, (yield* router.status).backup],
        ["primary", undefined]
      )
      assert.strictEqual(yield* UpstreamRouter.complete(router, "hi"), "main")
    }))
})

describe("a request that the upstream in use cannot answer", () => {
  test("is sent to the other one, which does not move the route", () =>
    Effect.gen(function* () {
      const { active, ask, main } = yield* upstreams({
        main: [[throttled()], ["main"]],
        spare: [["spare"], [refusedConnection], ["spare"]]
      })
      assert.deepStrictEqual([yield* ask, yield* ask, yield* ask], ["spare", "main", "spare"])
      assert.strictEqual(yield* active, "backup")
      assert.strictEqual(main.calls.length, 2)
    }))

  test("fails with the failures of both", () =>
    Effect.gen(function* () {
      const { ask } = yield* upstreams({ main: [[throttled()]], spare: [[wrongKey]] })
      const error = yield* Effect.flip(ask)
      assert.deepStrictEqual(
        error._tag === "ChainExhausted" ? error.attempts.map(({ target }) => target) : error,
        ["main/large#default", "spare/large#default"]
      )
    }))

  test("fails right away without rescue, and the route still moves", () =>
    Effect.gen(function* () {
      const { active, ask, main, spare } = yield* upstreams({
        main: [[throttled()]],
        spare: [["spare"], [throttled()]],
        rescue: false
      })
      assert.strictEqual((yield* Effect.flip(ask))._tag, "ChainExhausted")
      assert.strictEqual(spare.calls.length, 0)
      assert.strictEqual(yield* active, "backup")
      assert.strictEqual(yield* ask, "spare")
      assert.strictEqual((yield* Effect.flip(ask))._tag, "ChainExhausted")
      assert.strictEqual(main.calls.length, 1)
    }))
})

describe("streams", () => {
  const texts = <E, R>(stream: Stream.Stream<Scripted.Part, E, R>) =>
    Effect.map(Stream.runCollect(stream), (parts) => parts.map(({ text }) => text).join(""))

  test("fall back to the backup before any content, and move the route", () =>
    Effect.gen(function* () {
      const { active, router } = yield* upstreams({ main: [[Scripted.held("role"), throttled()]] })
      assert.strictEqual(yield* texts(UpstreamRouter.stream(router, "hi")), "spare")
      assert.strictEqual(yield* active, "backup")
      assert.strictEqual(yield* texts(UpstreamRouter.stream(router, "hi")), "spare")
    }))

  test("stay with their upstream after content, and their end counts", () =>
    Effect.gen(function* () {
      const { active, router, spare } = yield* upstreams({ main: [["hel", refusedConnection]] })
      for (let i = 1; i <= 3; i++) {
        assert.strictEqual(yield* active, "primary")
        const error = yield* Effect.flip(texts(UpstreamRouter.stream(router, "hi")))
        assert.strictEqual(error._tag, "StreamBroken")
      }
      assert.strictEqual(yield* active, "backup")
      assert.strictEqual(spare.calls.length, 0)
    }))

  test("reset the count only when they are complete", () =>
    Effect.gen(function* () {
      const { router } = yield* upstreams({
        main: [[refusedConnection], ["hello"], [refusedConnection], ["hel", { hang: true }]]
      })
      const row = Effect.map(router.status, (status) => status.primary.failuresInRow)
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* texts(UpstreamRouter.stream(router, "hi"))
          assert.strictEqual(yield* row, 1)
          const opened = yield* UpstreamRouter.open(router, "hi")
          assert.strictEqual(opened.target.provider, "main")
          yield* Stream.runDrain(opened.value)
          assert.strictEqual(yield* row, 0)
        })
      )
      yield* texts(UpstreamRouter.stream(router, "hi"))
      yield* Stream.runDrain(Stream.take(UpstreamRouter.stream(router, "hi"), 1))
      assert.strictEqual(yield* row, 1)
    }))

  test("that end with an error of the caller's own reset the count, like effects that do", () =>
    Effect.gen(function* () {
      const own = Backend.make("own", { stream: Stream.concat(Stream.make(1), Stream.fail("no such user")) })
      const router = yield* UpstreamRouter.make({
        primary: Model.make(own, "n"),
        backup: Model.make(own, "m"),
        check: Effect.void
      })
      const row = Effect.map(router.status, (status) => status.primary.failuresInRow)
      const options = {
        classify: (error: string) => (error === "no such user" ? Failover.notMine : refusedConnection)
      }
      const connection = UpstreamRouter.useStream(
        router,
        () => Stream.concat(Stream.make(1), Stream.fail("broken")),
        options
      )
      yield* Effect.ignore(Stream.runDrain(connection))
      assert.strictEqual(yield* row, 1)
      const ended = UpstreamRouter.useStream(router, (backend) => backend.service.stream, options)
      assert.strictEqual(yield* Effect.flip(Stream.runDrain(ended)), "no such user")
      assert.strictEqual(yield* row, 0)
    }))

  test("of any service are routed the same way", () =>
    Effect.gen(function* () {
      const numbers = (backend: string, stream: Stream.Stream<number, Failure.Failure>) =>
        Backend.make(backend, { stream })
      const router = yield* UpstreamRouter.make({
        primary: Model.make(numbers("one", Stream.fail(throttled())), "n"),
        backup: Model.make(numbers("two", Stream.make(1, 2)), "n"),
        check: Effect.void
      })
      const stream = UpstreamRouter.useStream(router, (backend) => backend.service.stream)
      assert.deepStrictEqual(yield* Stream.runCollect(stream), [1, 2])
      assert.strictEqual((yield* router.status).active, "backup")
    }))
})

describe("a primary that is watched while it is in use", () => {
  test("moves the route with the third failed check in a row", () => {
    const play = played("pass", refusedConnection, refusedConnection, refusedConnection, "pass")
    return Effect.gen(function* () {
      const { active, ask } = yield* upstreams({ main: [["main"]], check: play.check, watch: true })
      yield* TestClock.adjust("89 seconds")
      assert.strictEqual(yield* active, "primary")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* active, "backup")
      assert.strictEqual(yield* ask, "spare")
      yield* TestClock.adjust("299 seconds")
      assert.deepStrictEqual(play.began, [0, 30_000, 60_000, 90_000])
      yield* TestClock.adjust("61 seconds")
      assert.strictEqual(yield* active, "primary")
    })
  })
})

describe("a router", () => {
  test("reports where requests go and the status of both upstreams", () => {
    const play = played(wrongKey, "pass")
    return Effect.gen(function* () {
      const { ask, router } = yield* upstreams({ main: [[throttled()], ["main"]], check: play.check })
      assert.deepStrictEqual(yield* router.status, {
        active: "primary",
        phase: "primary",
        share: 1,
        since: 0,
        until: undefined,
        moves: 0,
        primary: { models: ["main/large"], healthy: true, failuresInRow: 0, lastFailure: undefined },
        backup: { models: ["spare/large"], healthy: true, failuresInRow: 0, lastFailure: undefined },
        lastCheck: undefined
      })
      yield* TestClock.adjust("10 seconds")
      yield* ask
      yield* TestClock.adjust("5 minutes")
      const moved = yield* router.status
      assert.deepStrictEqual(
        [moved.active, moved.phase, moved.share, moved.since, moved.until, moved.moves],
        ["backup", "backup", 0, 10_000, 310_000, 1]
      )
      assert.deepStrictEqual(moved.primary, {
        models: ["main/large"],
        healthy: false,
        failuresInRow: 2,
        lastFailure: { class: "InvalidKey", at: 310_000 }
      })
      assert.deepStrictEqual(moved.lastCheck, { at: 310_000, duration: 0, failure: wrongKey })
      yield* TestClock.adjust("30 seconds")
      const back = yield* router.status
      assert.deepStrictEqual(
        [back.active, back.phase, back.share, back.until, back.primary.healthy],
        ["primary", "returning", 0.1, 400_000, true]
      )
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(
        [(yield* router.status).phase, (yield* router.status).since],
        ["primary", 400_000]
      )
    })
  })

  test("emits events for leaving and returning", () => {
    const play = played(refusedConnection, "pass")
    return Effect.gen(function* () {
      const { ask, router } = yield* upstreams({
        main: [[throttled()], ["main"]],
        check: play.check,
        ramp: { over: "20 seconds" }
      })
      const heard = yield* router.events.pipe(
        Stream.map((event) => [event._tag, event.at]),
        Stream.take(5),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      yield* ask
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(yield* Fiber.join(heard), [
        ["Moved", 0],
        ["Checked", 300_000],
        ["Checked", 330_000],
        ["Returning", 330_000],
        ["Returned", 350_000]
      ])
    })
  })

  test("also passes the events of a run to its caller", () =>
    Effect.gen(function* () {
      const { active, router } = yield* upstreams({ main: [[throttled()]] })
      const events: Array<FailoverEvent["_tag"]> = []
      const answered = yield* UpstreamRouter.answer(router, "hi", {
        observer: (event) => void events.push(event._tag)
      })
      assert.strictEqual(answered.attempts, 2)
      assert.deepStrictEqual(events, [
        "AttemptStarted",
        "AttemptFailed",
        "AttemptStarted",
        "AttemptSucceeded",
        "RunEnded"
      ])
      assert.strictEqual(yield* active, "backup")
    }))

  test("can be given a policy of its own, row by row", () =>
    Effect.gen(function* () {
      const { ask, main, router } = yield* upstreams({
        main: [[refusedConnection], [refusedConnection], ["main"]],
        policy: {
          retries: { times: 2, backoff: ["1 second"] },
          rules: { Connection: { rest: undefined }, Overloaded: { next: "stop" } }
        }
      })
      const asked = yield* Effect.forkChild(ask)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* Fiber.join(asked), "main")
      assert.strictEqual(main.calls.length, 3)
      assert.strictEqual((yield* router.status).primary.failuresInRow, 0)
      assert.deepStrictEqual(yield* (yield* BenchRegistry).list, [])
    }))

  test("accepts whole chains as upstreams", () =>
    Effect.gen(function* () {
      const model = (name: string, ...steps: Steps) => Model.make(Scripted.make(name, steps), "m")
      const router = yield* UpstreamRouter.make({
        primary: Chain.make(model("a", [throttled()]), model("b", ["b"], [throttled()])),
        backup: Chain.make(model("c", ["c"])),
        check: Effect.void
      })
      const ask = UpstreamRouter.complete(router, "hi")
      assert.strictEqual(yield* ask, "b")
      assert.strictEqual((yield* router.status).active, "primary")
      assert.strictEqual(yield* ask, "c")
      const { active, backup, primary } = yield* router.status
      assert.deepStrictEqual([active, primary.models, backup?.models], ["backup", ["a/m", "b/m"], ["c/m"]])
    }))

  for (const [how, limited] of [
    ["their deadline cuts off", (ask: Asking) => ask({ deadline: "10 seconds" })],
    ["their callers give up", (ask: Asking) => Effect.timeoutOption(ask({}), "4 seconds")]
  ] as const) {
    test(`moves when the primary hangs, although it observes only attempts that ${how}`, () =>
      Effect.gen(function* () {
        const { main, router } = yield* upstreams({
          main: [[{ hang: true }]],
          check: Effect.fail(throttled())
        })
        const requests = Effect.replicateEffect(
          Effect.andThen(
            Effect.ignore(limited((options) => UpstreamRouter.complete(router, "hi", options))),
            Effect.sleep("1 second")
          ),
          30
        )
        yield* inTime(requests)
        assert.isAtMost(main.calls.length, 7)
        assert.strictEqual((yield* router.status).active, "backup")
      }))
  }

  test("stays with a primary that a few callers with little time gave up", () =>
    Effect.gen(function* () {
      const { active, router } = yield* upstreams({ main: [[{ wait: "2 seconds" }, "main"]] })
      const ask = UpstreamRouter.complete(router, "hi")
      const hasty = Effect.replicateEffect(Effect.timeoutOption(ask, "1 second"), 50)
      yield* inTime(Effect.andThen(ask, hasty))
      assert.strictEqual(yield* active, "primary")
    }))

  test("can be a service of the application", () => {
    const oslo = Backend.make("oslo", { today: Effect.succeed("rain") })
    class Weather extends Context.Service<Weather, UpstreamRouter.UpstreamRouter<typeof oslo>>()(
      "test/Weather"
    ) {}
    return Effect.gen(function* () {
      const router = yield* Weather
      assert.strictEqual(yield* UpstreamRouter.use(router, (backend) => backend.service.today), "rain")
    }).pipe(
      Effect.provide(
        UpstreamRouter.layer(Weather, { primary: Model.make(oslo, "forecast"), check: oslo.service.today })
      )
    )
  })
})

describe("a chain as an upstream", () => {
  const over = (main: Chain.Chain<Scripted.Scripted>, more: More = {}) =>
    Effect.map(
      UpstreamRouter.make({
        check: Effect.void,
        jitter: 0,
        ...more,
        primary: main,
        backup: Scripted.make("spare", [["spare"]]).model("large")
      }),
      (router) => ({ router, ask: UpstreamRouter.complete(router, "hi") })
    )

  test("keeps its chain for prompts that are too long, and for refused content", () =>
    Effect.gen(function* () {
      for (const [failure, special] of [
        [new Failure.ContextExceeded({ message: "too long" }), Chain.onContextExceeded],
        [new Failure.BadRequest({ reason: "ContentPolicy", message: "no" }), Chain.onContentPolicy]
      ] as const) {
        const other = Scripted.make("other", [["other"]])
        const main = Scripted.make("main", [[failure]])
        const { ask, router } = yield* over(
          special(Chain.make(main.model("m")), Chain.make(other.model("m")))
        )
        assert.deepStrictEqual(yield* times(4, ask), ["other", "other", "other", "other"])
        assert.strictEqual((yield* router.status).active, "primary")
      }
    }))

  test("does not move the route for a failure of such a chain", () =>
    Effect.gen(function* () {
      const other = Scripted.make("other", [[wrongKey]])
      const main = Scripted.make("main", [[new Failure.ContextExceeded({ message: "too long" })]])
      const { ask, router } = yield* over(
        Chain.onContextExceeded(Chain.make(main.model("m")), Chain.make(other.model("m")))
      )
      yield* Effect.exit(ask)
      const { active, backup, primary } = yield* router.status
      assert.deepStrictEqual([active, primary.healthy, backup?.healthy], ["primary", true, true])
      assert.isUndefined(backup?.lastFailure)
    }))

  test("keeps its policy, under that of the router", () =>
    Effect.gen(function* () {
      const hanging = () => Scripted.make("main", [[{ hang: true }]])
      const timed = (deadline: Duration.Input) =>
        Chain.withPolicy(Chain.make(hanging().model("m")), { deadline, fallbackReserve: 0 })
      const { ask } = yield* over(timed("7 seconds"))
      const began = yield* Clock.currentTimeMillis
      const left = yield* inTime(Effect.andThen(Effect.exit(ask), Clock.currentTimeMillis))
      assert.strictEqual(left - began, 7_000)
      const { ask: shorter } = yield* over(timed("7 seconds"), { policy: { deadline: "3 seconds" } })
      const again = yield* Clock.currentTimeMillis
      const gone = yield* inTime(Effect.andThen(Effect.exit(shorter), Clock.currentTimeMillis))
      assert.strictEqual(gone - again, 3_000)
    }))
})
