/** Errors of the application itself, which are no failures of the target. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import { layer } from "../support/chains.ts"
import { play, throttle } from "../support/engine.ts"
import { observed, only } from "../support/observed.ts"

type Options = Failover.CallOptions

describe("the application's own error", () => {
  const own = { classify: () => Failover.notMine }
  const chain = Chain.make(Model.make(Backend.make("a", {}), "m"), Model.make(Backend.make("b", {}), "m"))

  it.effect("ends a probe without a result: the next request probes", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const one = Chain.make(Model.make(Backend.make("a", {}), "m"))
      yield* Effect.exit(
        Failover.use(one, () => Effect.fail(throttle("5 seconds")), { whenAllBenched: "fail" })
      )
      yield* TestClock.adjust("5 seconds")
      for (let i = 0; i < 2; i++) {
        const { events, observer } = observed()
        const error = yield* Effect.flip(
          Failover.use(one, () => Effect.fail("no such user"), { ...own, observer })
        )
        assert.strictEqual(error, "no such user")
        assert.deepStrictEqual(
          only(events, "AttemptStarted").map(({ probe }) => probe),
          [true]
        )
      }
      assert.lengthOf(yield* registry.list, 1)
    }).pipe(layer())
  )

  it.effect("allows the next request to probe at the same moment", () =>
    Effect.gen(function* () {
      const one = Chain.make(Model.make(Backend.make("a", {}), "m"))
      yield* Effect.exit(
        Failover.use(one, () => Effect.fail(throttle("5 seconds")), { whenAllBenched: "fail" })
      )
      const slow = Effect.delay(Effect.fail("no such user"), "100 millis")
      const first = yield* Effect.forkChild(Effect.exit(Failover.use(one, () => slow, own)))
      yield* Effect.yieldNow
      const { at } = yield* play(Failover.use(one, () => Effect.succeed("fine"), own))
      yield* Fiber.join(first)
      assert.strictEqual(at, 5_100)
    }).pipe(layer({ whenAllBenched: "wait" }))
  )

  it.effect("ends the stream for the observer before its commit point: the target has answered", () =>
    Effect.gen(function* () {
      for (const [ask, tags] of [
        [
          (options: Options) =>
            Stream.runDrain(
              Failover.useStream(chain, () => Stream.fail("no such user"), { ...own, ...options })
            ),
          ["AttemptStarted", "AttemptSucceeded", "StreamEnded", "RunEnded"]
        ],
        [
          (options: Options) =>
            Failover.use(chain, () => Effect.fail("no such user"), { ...own, ...options }),
          ["AttemptStarted", "AttemptSucceeded", "RunEnded"]
        ]
      ] as const) {
        const { events, observer } = observed()
        yield* Effect.exit<unknown, unknown, Failover.Failover>(ask({ observer }))
        assert.deepStrictEqual(
          events.map(({ _tag }) => _tag),
          [...tags]
        )
        assert.strictEqual(yield* Effect.flip<unknown, unknown, Failover.Failover>(ask({})), "no such user")
        const [ended] = only(events, "RunEnded")
        assert.strictEqual(ended?.outcome, "answered")
        assert.isUndefined(only(events, "StreamEnded").find(({ complete }) => complete))
      }
    }).pipe(layer())
  )

  it.effect("stops the hedge beside it", () =>
    Effect.gen(function* () {
      let opened = 0
      let open = 0
      const slow = Effect.acquireUseRelease(
        Effect.sync(() => {
          opened++
          open++
        }),
        () => Effect.never,
        () => Effect.sync(() => open--)
      )
      const mine = Effect.delay(Effect.fail("no such user"), "2 seconds")
      const ask = Failover.use(chain, ({ name }) => (name === "a" ? mine : slow), { ...own, hedge: true })
      const { error, took } = yield* play(ask, { within: "3 seconds" })
      assert.deepStrictEqual([error, took, opened, open], ["no such user", 2_000, 1, 0])
    }).pipe(layer({ hedge: { after: "1 second", share: 1, to: "chain" } }))
  )
})
