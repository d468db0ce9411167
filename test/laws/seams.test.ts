/**
 * Code of users: whatever an observer, a classifier, a schedule, a limiter, a judge or a provider's method does, no request is
 * lost, no fiber dies, no exception goes uncaught, and the log names the faulty function once.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import {
  Backend,
  BenchRegistry,
  Chain,
  Credential,
  Failover,
  Failure,
  Model,
  Phase,
  type Policy
} from "../../src/index.ts"
import { UpstreamRouter } from "../../src/router/index.ts"
import * as Flow from "../../src/stream/Flow.ts"
import { Scripted } from "../../src/testing/index.ts"

const secret = "sk-secret-in-a-prompt"

/** Ways in which a user's function is broken. */
const broken = {
  throws: () => {
    throw new TypeError(secret)
  },
  "throws no error": () => {
    throw secret
  },
  "gives nothing": () => undefined,
  "returns an invalid value": () => ({ _tag: "Transient", reason: secret }),
  "gives an error": () => new Error(secret),
  "returns a promise that is rejected": () => Promise.reject(new Error(secret)),
  "returns a promise that never settles": () => new Promise(() => {})
} satisfies Record<string, () => unknown>

/** Ways in which a user's effect is broken. */
const brokenEffects: Record<string, Effect.Effect<never>> = {
  dies: Effect.die(new TypeError(secret)),
  "dies later": Effect.andThen(Effect.sleep(5), Effect.die(new TypeError(secret))),
  fails: Effect.fail(secret) as unknown as Effect.Effect<never>,
  hangs: Effect.never,
  "hangs and cannot be interrupted": Effect.uninterruptible(Effect.never),
  "interrupts itself": Effect.interrupt,
  "gives nothing": Effect.undefined as Effect.Effect<never>,
  "returns an invalid value": Effect.succeed(Number.NaN) as unknown as Effect.Effect<never>
}

// An uncaught exception would end the process. Here it is collected.
const uncaught: Array<unknown> = []
const collect = (error: unknown) => void uncaught.push(error)
beforeAll(() => {
  process.on("uncaughtException", collect)
  process.on("unhandledRejection", collect)
})
afterAll(() => {
  process.off("uncaughtException", collect)
  process.off("unhandledRejection", collect)
})

/** Runs an effect for ten virtual minutes and returns what it logged. Fails on an uncaught exception. */
const watch = <A, E>(program: Effect.Effect<A, E, BenchRegistry.BenchRegistry>) =>
  Effect.gen(function* () {
    const logs: Array<string> = []
    const logger = Logger.make<unknown, void>(({ cause, message }) => {
      logs.push(`${String(message)} ${Cause.pretty(cause)}`)
    })
    const fiber = yield* program.pipe(
      Effect.provide(BenchRegistry.layerMemory),
      Effect.provide(Logger.layer([logger])),
      Effect.forkChild
    )
    yield* TestClock.adjust("10 minutes")
    // Promises are rejected in turns of the real event loop.
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    assert.deepStrictEqual(uncaught.splice(0), [])
    const exit = fiber.pollUnsafe()
    yield* Fiber.interrupt(fiber)
    assert.isFalse(logs.join("\n").includes(secret), "a secret in the log")
    return { exit: exit !== undefined && Exit.isSuccess(exit) ? exit.value : undefined, logs }
  })

const named = (logs: ReadonlyArray<string>, seam: string) => logs.filter((line) => line.includes(seam)).length

const fault = new Failure.Transient({ reason: "ServerError", message: "boom" })
type Word = { readonly text: string; readonly phase: Phase.Phase }

/** Two services. The first one fails: at once or in a later turn, and before or after the commit point. */
const failing = (when: "at once" | "later") => {
  const pause = when === "at once" ? Effect.void : Effect.sleep(5)
  const wrong = Effect.andThen(pause, Effect.fail("closed" as const))
  const oslo = Backend.make("oslo", {
    today: wrong as Effect.Effect<string, "closed">,
    before: Stream.fromEffect(wrong) as Stream.Stream<string, "closed">,
    after: Stream.concat(Stream.make("r"), Stream.fromEffect(wrong)) as Stream.Stream<string, "closed">,
    slow: Stream.concat(Stream.make("r"), Stream.never) as Stream.Stream<string, "closed">
  })
  const bergen = Backend.make("bergen", {
    today: Effect.succeed("rain") as Effect.Effect<string, "closed">,
    before: Stream.make("rain") as Stream.Stream<string, "closed">,
    after: Stream.make("rain") as Stream.Stream<string, "closed">,
    slow: Stream.make("rain") as Stream.Stream<string, "closed">
  })
  return Chain.make(Model.make(oslo, "m"), Model.make(bergen, "m"))
}

const runtime = (options: Failover.FailoverOptions = {}, policy: Policy.Options = {}) =>
  Failover.make({ ...options, policy: { retries: { times: 0 }, ...policy } })

const tagOf = (exit: Exit.Exit<unknown, unknown> | undefined) =>
  exit === undefined
    ? "hangs"
    : Exit.isSuccess(exit)
      ? exit.value
      : (exit.cause.reasons[0]?._tag === "Fail" && (exit.cause.reasons[0].error as { _tag?: string })._tag) ||
        "died"

describe("broken user code", () => {
  for (const [how, breaks] of Object.entries(broken)) {
    for (const when of ["at once", "later"] as const) {
      const classify = breaks as () => Failure.Failure
      it.effect(`classify ${how}, ${when}: the run continues, and a cut stream ends with an error`, () =>
        Effect.gen(function* () {
          const { exit, logs } = yield* watch(
            Effect.gen(function* () {
              const failover = yield* runtime()
              const chain = failing(when)
              const ask = (part: "before" | "after") =>
                Effect.exit(
                  Stream.runCollect(
                    failover.useStream(chain, (backend) => backend.service[part], { classify })
                  )
                )
              const whole = yield* Effect.exit(
                failover.useAnswered(chain, (backend) => backend.service.today, { classify })
              )
              return [
                Exit.isSuccess(whole) && whole.value.value,
                tagOf(yield* ask("before")),
                tagOf(yield* ask("after"))
              ]
            })
          )
          assert.deepStrictEqual(exit, ["rain", ["rain"], "StreamBroken"])
          assert.strictEqual(named(logs, "classify"), 1)
        })
      )

      it.effect(`an observer ${how}, ${when}: nothing else is affected`, () =>
        Effect.gen(function* () {
          const heard: Array<string> = []
          const { exit, logs } = yield* watch(
            Effect.gen(function* () {
              const failover = yield* runtime({ observer: breaks as () => void })
              const call = {
                classify: () => fault,
                observer: (event: { readonly _tag: string }) => void heard.push(event._tag)
              }
              const chain = failing(when)
              const whole = yield* failover.useAnswered(chain, (backend) => backend.service.today, call)
              const stream = Stream.runCollect(
                failover.useStream(chain, (backend) => backend.service.after, call)
              )
              return [whole.value, tagOf(yield* Effect.exit(stream))]
            })
          )
          assert.deepStrictEqual(exit, ["rain", ["rain"]])
          assert.include(heard, "AttemptFailed")
          const isTrouble = how.startsWith("throws") || how.endsWith("rejected")
          assert.strictEqual(named(logs, "observer"), isTrouble ? 1 : 0)
        })
      )
    }

    it.effect(`isBusy ${how}: a stalled stream is cut on time, with an error`, () =>
      Effect.gen(function* () {
        const { exit, logs } = yield* watch(
          Effect.gen(function* () {
            const failover = yield* runtime()
            return tagOf(
              yield* Effect.exit(
                Stream.runCollect(
                  failover.useStream(failing("later"), (backend) => backend.service.slow, {
                    classify: () => fault,
                    isBusy: breaks as () => boolean
                  })
                )
              )
            )
          })
        )
        assert.strictEqual(exit, "StreamBroken")
        assert.strictEqual(named(logs, "isBusy"), 1)
      })
    )

    for (const at of ["the first chunk", "a later chunk"] as const) {
      for (const kind of ["a pump", "a flow"] as const) {
        it.effect(`phase ${how} at ${at} of ${kind}: the attempt fails`, () =>
          Effect.gen(function* () {
            const { exit, logs } = yield* watch(
              Effect.gen(function* () {
                const failover = yield* runtime()
                const chain = Chain.make(
                  Model.make(Backend.make("a", {}), "m"),
                  Model.make(Backend.make("b", {}), "m")
                )
                const words = (name: string): Stream.Stream<Word> => {
                  const all = [
                    { text: `${name}1`, phase: Phase.content },
                    { text: `${name}2`, phase: Phase.content },
                    { text: `${name}3`, phase: { content: true, complete: true, last: true } }
                  ]
                  let next = 0
                  return kind === "a pump"
                    ? Stream.rechunk(Stream.fromIterable(all), 1)
                    : Flow.toStream<Word, never>(() => ({
                        take: () => (next < all.length ? [all[next++]!] : undefined),
                        ended: () => (next < all.length ? undefined : Exit.void),
                        onReady: (reader) => reader(),
                        cancel: () => {}
                      }))
                }
                const bad = at === "the first chunk" ? "a1" : "a2"
                return tagOf(
                  yield* Effect.exit(
                    Stream.runCollect(
                      failover.useStream(chain, (backend) => words(backend.name), {
                        phase: (word) =>
                          word.text === bad ? (breaks() as unknown as Phase.Phase) : word.phase
                      })
                    ).pipe(Effect.map((all) => all.map(({ text }) => text)))
                  )
                )
              })
            )
            assert.deepStrictEqual(exit, at === "the first chunk" ? ["b1", "b2", "b3"] : "StreamBroken")
            assert.strictEqual(named(logs, "phase"), 1)
          })
        )
      }
    }

    it.effect(`the judge of a router ${how}: the default verdict moves the route, and it returns`, () =>
      Effect.gen(function* () {
        const { exit, logs } = yield* watch(
          Effect.gen(function* () {
            const failover = yield* runtime()
            let checks = 0
            const router = yield* UpstreamRouter.make({
              primary: Model.make(
                Scripted.make("a", [[new Failure.RateLimit({ message: "later" })], ["one"]]),
                "m"
              ),
              backup: Model.make(Scripted.make("b", [["two"]]), "m"),
              check: Effect.suspend(() => (++checks < 3 ? Effect.fail(fault) : Effect.void)),
              cooldown: "1 minute",
              interval: "10 seconds",
              ramp: false,
              judge: breaks as () => "move"
            })
            const ask = Effect.provideService(
              UpstreamRouter.complete(router, "q"),
              Failover.Failover,
              failover
            )
            const first = yield* ask
            const moved = (yield* router.status).phase
            yield* Effect.sleep("3 minutes")
            return [first, moved, (yield* router.status).phase, yield* ask]
          }).pipe(Effect.scoped)
        )
        assert.deepStrictEqual(exit, ["two", "backup", "primary", "one"])
        assert.strictEqual(named(logs, "judge"), 1)
      })
    )

    it.effect(`a provider's method ${how}: the next target answers`, () =>
      Effect.gen(function* () {
        const { exit } = yield* watch(
          Effect.gen(function* () {
            const failover = yield* runtime()
            const good = Scripted.make("b", [["one"]])
            const bad = {
              ...Scripted.make("a", [["no"]]),
              complete: breaks as never,
              stream: breaks as never
            }
            const chain = Chain.make(Model.make(bad, "m"), Model.make(good, "m"))
            const parts = yield* Stream.runCollect(failover.stream(chain, "q"))
            return [yield* failover.complete(chain, "q"), parts.map(({ text }) => text).join("")]
          })
        )
        assert.deepStrictEqual(exit, ["one", "one"])
      })
    )

    it.effect(`withoutOutputLimit ${how}: the caller gets the error of its output limit, or an answer`, () =>
      Effect.gen(function* () {
        const { exit } = yield* watch(
          Effect.gen(function* () {
            const failover = yield* runtime()
            const tooMuch = new Failure.BadRequest({ reason: "MaxTokens", message: "too much" })
            for (const step of [[tooMuch], [{ wait: 5 }, tooMuch]]) {
              const bad = { ...Scripted.make("a", [step]), withoutOutputLimit: breaks as never }
              assert.isTrue(
                Exit.isFailure(yield* Effect.exit(failover.complete(Chain.make(Model.make(bad, "m")), "q")))
              )
            }
            return "over"
          })
        )
        assert.strictEqual(exit, "over")
      })
    )

    it.effect(`the cancel of a flow ${how}: its reader can leave anyway`, () =>
      Effect.gen(function* () {
        const { exit } = yield* watch(
          Effect.gen(function* () {
            const failover = yield* runtime()
            const chain = Chain.make(Model.make(Backend.make("a", {}), "m"))
            let taken = false
            const stream = Flow.toStream<string, never>(() => ({
              take: () => {
                if (taken) return undefined
                taken = true
                return ["one"]
              },
              ended: () => undefined,
              onReady: () => {},
              cancel: breaks as () => void
            }))
            return yield* Stream.runCollect(
              Stream.take(
                failover.useStream(chain, () => stream),
                1
              )
            )
          })
        )
        assert.deepStrictEqual(exit, ["one"])
      })
    )
  }

  for (const [how, effect] of Object.entries(brokenEffects)) {
    it.effect(`a limiter that ${how}: requests are admitted within a second`, () =>
      Effect.gen(function* () {
        const { exit, logs } = yield* watch(
          Effect.gen(function* () {
            const failover = yield* runtime({ limiter: { take: () => effect } })
            const model = Model.make(
              Scripted.make("a", [["one"]], { credentials: [Credential.make("c", { rpm: 1 })] }),
              "m"
            )
            const ask = failover.complete(Chain.make(model), "q", { deadline: "10 seconds" })
            return [yield* ask, yield* ask]
          })
        )
        assert.deepStrictEqual(exit, ["one", "one"])
        assert.strictEqual(named(logs, "limiter"), 1)
      })
    )

    it.effect(`a schedule whose delay ${how}: the next target answers, and the deadline holds`, () =>
      Effect.gen(function* () {
        const retries = Schedule.modifyDelay(Schedule.recurs(3), () => effect) as Schedule.Schedule<
          unknown,
          Failure.Failure
        >
        const { exit } = yield* watch(
          Effect.gen(function* () {
            const failover = yield* runtime({}, { retries })
            const answers: Array<unknown> = []
            for (const script of [[[fault]], [[{ wait: 5 }, fault]]]) {
              const chain = Chain.make(
                Model.make(Scripted.make("a", script), "m"),
                Model.make(Scripted.make("b", [["one"]]), "m")
              )
              answers.push(yield* failover.complete(chain, "q", { deadline: "10 seconds" }))
              const parts = yield* Stream.runCollect(failover.stream(chain, "q", { deadline: "10 seconds" }))
              answers.push(parts.map(({ text }) => text).join(""))
            }
            return answers
          })
        )
        assert.deepStrictEqual(exit, ["one", "one", "one", "one"])
      })
    )

    it.effect(`the check of a router that ${how}: the router continues to check`, () =>
      Effect.gen(function* () {
        let checks = 0
        const { exit } = yield* watch(
          Effect.gen(function* () {
            const failover = yield* runtime()
            const router = yield* UpstreamRouter.make({
              primary: Model.make(
                Scripted.make("a", [[new Failure.RateLimit({ message: "later" })], ["one"]]),
                "m"
              ),
              backup: Model.make(Scripted.make("b", [["two"]]), "m"),
              check: Effect.suspend(() => (++checks === 1 ? effect : Effect.void)),
              cooldown: "1 minute",
              interval: "10 seconds",
              ramp: false
            })
            yield* Effect.provideService(UpstreamRouter.complete(router, "q"), Failover.Failover, failover)
            yield* Effect.sleep("5 minutes")
            return (yield* router.status).phase
          }).pipe(Effect.scoped)
        )
        // A check that cannot be interrupted is not started a second time while it runs.
        if (how !== "hangs and cannot be interrupted") assert.strictEqual(exit, "primary")
      })
    )
  }

  it.effect("an error that is not the target's goes to the caller at once, unchanged", () =>
    Effect.gen(function* () {
      for (const when of ["at once", "later"] as const) {
        const { exit } = yield* watch(
          Effect.gen(function* () {
            const bench = yield* BenchRegistry.BenchRegistry
            const events: Array<string> = []
            const failover = yield* runtime({ observer: ({ _tag }) => events.push(_tag) })
            const chain = failing(when)
            const classify = () => Failover.notMine
            const whole = failover.useAnswered(chain, (backend) => backend.service.today, { classify })
            const stream = (part: "before" | "after") => {
              const heard: Array<string> = []
              return Stream.runForEach(
                failover.useStream(chain, (backend) => backend.service[part], { classify }),
                (text) => Effect.sync(() => void heard.push(text))
              ).pipe(
                Effect.match({ onSuccess: () => [...heard, "well"], onFailure: (error) => [...heard, error] })
              )
            }
            return {
              whole: yield* Effect.flip(whole),
              before: yield* stream("before"),
              after: yield* stream("after"),
              benches: yield* bench.list,
              attempts: events.filter((tag) => tag === "AttemptStarted").length,
              failed: events.filter((tag) => tag === "AttemptFailed" || tag === "RunFailed").length
            }
          })
        )
        assert.deepStrictEqual(exit as unknown, {
          whole: "closed",
          before: ["closed"],
          after: ["r", "closed"],
          benches: [],
          attempts: 3,
          failed: 0
        })
      }
    })
  )
})
