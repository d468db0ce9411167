/** An outage benches a target for all once two callers have met it. For a single named caller it is benched as fast as for one without a name. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"
import * as Caller from "../../src/callers/Caller.ts"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import { fault } from "../support/engine.ts"
import * as Noisy from "../support/noisy.ts"

const model = (name: string) => Model.make(Backend.make(name, {}), "m")
const chain = Chain.make(model("first"), model("second"))

/** These callers send requests at an interval while the first target fails. Returns when that target was called. */
const outage = (
  callerOf: (n: number) => string | undefined,
  {
    every = 1_000,
    lasts = 120_000,
    reason = "ServerError" as Parameters<typeof fault>[0],
    requestOf = (_: number): string | undefined => undefined
  } = {}
) =>
  Effect.gen(function* () {
    const calls: Array<number> = []
    let now = 0
    const ask = (request: string | undefined) =>
      Failover.use(
        chain,
        ({ name }) =>
          name === "first"
            ? Effect.suspend(() => {
                calls.push(now)
                return Effect.fail(fault(reason))
              })
            : Effect.succeed(name),
        { request }
      )
    let n = 0
    for (; now < lasts; now += 100) {
      if (now % every === 0) {
        yield* Effect.forkDetach(Effect.provideService(ask(requestOf(n)), Caller.Caller, callerOf(n++)))
      }
      yield* TestClock.adjust(100)
    }
    return calls
  }).pipe(Effect.provide(Failover.layer()), Random.withSeed("outage"))

describe("an outage", () => {
  it.effect("calls the target as often for a single caller as for unknown ones", () =>
    Effect.gen(function* () {
      for (const reason of Noisy.classes) {
        const unknown = yield* outage(() => undefined, { reason })
        assert.deepStrictEqual(yield* outage(() => "only", { reason }), unknown, reason)
      }
    })
  )

  for (const many of [2, 20]) {
    it.effect(`is met by at most twice as many calls with ${many} callers as with unknown ones`, () =>
      Effect.gen(function* () {
        for (const reason of Noisy.classes) {
          const unknown = yield* outage(() => undefined, { reason })
          const named = yield* outage((n) => `${(n * 7) % many}`, { reason })
          assert.isAtMost(named.length, 2 * unknown.length, reason)
        }
      })
    )
  }

  it.effect(
    "gets at most twice as many calls with requests that cannot be told apart, and is benched as soon",
    () =>
      Effect.gen(function* () {
        for (const reason of Noisy.classes) {
          const unknown = yield* outage(() => undefined, { reason })
          const different = yield* outage(() => undefined, { reason, requestOf: (n) => `request ${n}` })
          assert.isAtMost(different.length, 2 * unknown.length, reason)
          const early = (calls: ReadonlyArray<number>) => calls.filter((at) => at < 5_000).length
          assert.isAtMost(early(different), early(unknown) + 1, reason)
        }
      })
  )

  it.effect(
    "benches the target for all with the second caller's visit, and for the first one with its own",
    () =>
      Effect.gen(function* () {
        const asked: Array<string> = []
        const ask = (caller: string) =>
          Effect.gen(function* () {
            const use = Failover.use(
              chain,
              ({ name }) => {
                asked.push(`${caller} ${name}`)
                return name === "first" ? Effect.fail(fault("ServerError")) : Effect.succeed(name)
              },
              { caller }
            )
            yield* Effect.forkDetach(use)
            yield* TestClock.adjust(10)
          })
        const { list } = yield* BenchRegistry
        yield* ask("x")
        assert.strictEqual((yield* list)[0]?.callers, 1)
        const explained = yield* Effect.flatMap(Failover.Failover, (failover) => failover.explain(chain))
        assert.deepInclude(explained[0], { state: "callable", callers: 1 })
        yield* ask("x")
        yield* ask("y")
        assert.isUndefined((yield* list)[0]?.callers)
        yield* ask("z")
        assert.deepStrictEqual(asked, ["x first", "x second", "x second", "y first", "y second", "z second"])
      }).pipe(Effect.provide(Failover.layer({ policy: { retries: { times: 0 } } })))
  )
})
