/** Health checks, and a route between a primary and a backup, as in llm-bridge-core. See docs/parity.md. */
import { assert, describe } from "@effect/vitest"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Credential, type Failure, Model, Policy, Target } from "effect-failover"
import { Scripted } from "effect-failover/testing"
import { HealthCheck, UpstreamRouter } from "effect-failover/upstream"
import {
  ask,
  broken,
  chainOf,
  chance,
  isBenched,
  type Steps,
  throttled,
  under,
  unreachable
} from "../support/parity.ts"

const test = under()

/** Checks with these outcomes, in order; the last one repeats. Also the times at which they were made. */
const checks = (
  ...ends: ReadonlyArray<"pass" | "hang" | Failure.Failure | { readonly take: Duration.Input }>
) => {
  const at: Array<number> = []
  const check = Effect.flatMap(Clock.currentTimeMillis, (now): Effect.Effect<void, Failure.Failure> => {
    const end = ends[Math.min(at.length, ends.length - 1)] ?? "pass"
    at.push(now)
    if (end === "pass") return Effect.void
    if (end === "hang") return Effect.never
    return "take" in end ? Effect.sleep(end.take) : Effect.fail(end)
  })
  return { at, check }
}

// -- a primary and a backup ---------------------------------------------------------------------------------------

type RouterOptions = Partial<
  Omit<UpstreamRouter.Options<never, never, never, never, never>, "primary" | "backup">
>

/** A router between two upstreams that play scripts. Its checks pass, and have no jitter. */
const routerOf = (primary: Steps, options: RouterOptions = {}) =>
  Effect.gen(function* () {
    const [main, spare] = [Scripted.make("main", primary), Scripted.make("spare", [["from the backup"]])]
    const router = yield* UpstreamRouter.make({
      check: Effect.void,
      jitter: 0,
      ramp: false,
      ...options,
      primary: Model.make(main, "m"),
      backup: Model.make(spare, "m")
    })
    return {
      main,
      spare,
      router,
      request: UpstreamRouter.complete(router, "a prompt"),
      active: Effect.map(router.status, (status) => status.active)
    }
  })

describe("an upstream router", () => {
  test("a route is sticky: it stays with the primary while that answers, and with the backup once it has moved", () =>
    Effect.gen(function* () {
      const { active, main, request } = yield* routerOf([["hello"], ["hello"], [throttled], ["hello"]])
      assert.deepStrictEqual(yield* Effect.replicateEffect(request, 2), ["hello", "hello"])
      assert.strictEqual(yield* active, "primary")
      yield* Effect.replicateEffect(request, 4)
      assert.strictEqual(yield* active, "backup")
      assert.strictEqual(main.calls.length, 3)
    }))

  test("a 429 from the primary moves the route at once", () =>
    Effect.gen(function* () {
      const { active, request } = yield* routerOf([[throttled]])
      assert.strictEqual(yield* request, "from the backup")
      assert.strictEqual(yield* active, "backup")
    }))

  test("three connection errors in a row move the route, and two do not", () =>
    Effect.gen(function* () {
      const { active, request } = yield* routerOf([[unreachable]])
      yield* Effect.replicateEffect(request, 2)
      assert.strictEqual(yield* active, "primary")
      yield* request
      assert.strictEqual(yield* active, "backup")
    }))

  test("the primary is left alone for five minutes before the route comes back", () =>
    Effect.gen(function* () {
      const { at, check } = checks("pass")
      const { active, request } = yield* routerOf([[throttled], ["hello"]], { check })
      yield* request
      yield* TestClock.adjust("299 seconds")
      assert.deepStrictEqual([yield* active, at], ["backup", []])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([yield* active, at], ["primary", [300_000]])
      assert.strictEqual(yield* request, "hello")
    }))

  test("the route comes back only after a passed check", () =>
    Effect.gen(function* () {
      const { at, check } = checks(unreachable, broken, "pass")
      const { active, request } = yield* routerOf([[throttled], ["hello"]], { check, interval: "10 seconds" })
      yield* request
      yield* TestClock.adjust("319 seconds")
      assert.strictEqual(yield* active, "backup")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* active, "primary")
      assert.deepStrictEqual(at, [300_000, 310_000, 320_000])
    }))

  test("an answer sets the count of connection errors back", () =>
    Effect.gen(function* () {
      const no = [unreachable]
      const { active, request, router } = yield* routerOf([no, no, ["hello"], no, no, ["hello"]])
      yield* Effect.replicateEffect(request, 5)
      assert.strictEqual((yield* router.status).primary.failuresInRow, 2)
      yield* request
      assert.strictEqual((yield* router.status).primary.failuresInRow, 0)
      assert.strictEqual(yield* active, "primary")
    }))

  test("without a backup nothing moves", () =>
    Effect.gen(function* () {
      const main = Scripted.make("main", [
        [throttled],
        [unreachable],
        [unreachable],
        [unreachable],
        ["hello"]
      ])
      const router = yield* UpstreamRouter.make({ primary: Model.make(main, "m"), check: Effect.void })
      const request = UpstreamRouter.complete(router, "a prompt")
      yield* Effect.replicateEffect(Effect.flip(request), 4)
      assert.deepInclude(yield* router.status, { active: "primary", phase: "primary", moves: 0 })
      assert.strictEqual(yield* request, "hello")
    }))

  test("a primary that has recovered gets a share of the requests that grows", () =>
    Effect.gen(function* () {
      const ramp = { from: 0.1, over: "1 minute" } as const
      const { request, router } = yield* routerOf([[throttled], ["hello"]], { ramp })
      yield* request
      const shares: Array<number> = []
      for (const wait of ["5 minutes", "30 seconds", "30 seconds"] as const) {
        yield* TestClock.adjust(wait)
        shares.push((yield* router.status).share)
      }
      assert.deepStrictEqual(shares, [0.1, 0.55, 1])
      assert.strictEqual(yield* request, "hello")
    }))

  test("a share of a tenth is a tenth of the requests", () =>
    Effect.gen(function* () {
      const ramp = { from: 0.1, over: "1 minute" } as const
      const { request } = yield* routerOf([[throttled], ["hello"]], { ramp })
      yield* request
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* chance(0.09)(request), "hello")
      assert.strictEqual(yield* chance(0.11)(request), "from the backup")
    }))

  test("the active route can be read", () =>
    Effect.gen(function* () {
      const { request, router } = yield* routerOf([["hello"], [throttled]])
      yield* request
      assert.deepInclude(yield* router.status, { active: "primary", phase: "primary", share: 1, moves: 0 })
      yield* request
      assert.deepInclude(yield* router.status, { active: "backup", share: 0, moves: 1, until: 300_000 })
    }))

  test("the health of both upstreams can be read", () =>
    Effect.gen(function* () {
      const { request, router } = yield* routerOf([["hello"], [throttled]])
      yield* request
      const before = yield* router.status
      assert.deepStrictEqual([before.primary.healthy, before.backup?.healthy], [true, true])
      yield* request
      const { backup, primary } = yield* router.status
      assert.deepStrictEqual([primary.healthy, backup?.healthy], [false, true])
      assert.deepStrictEqual(primary.lastFailure, { class: "RateLimit", at: 0 })
      assert.deepStrictEqual([primary.models, backup?.models], [["main/m"], ["spare/m"]])
    }))
})

// -- checks -------------------------------------------------------------------------------------------------------

const target = Target.make({
  provider: "main",
  model: "m",
  credential: Credential.make("default"),
  policy: Policy.defaults
})

/** Checks one target while the scope is open. */
const checking = (check: Effect.Effect<void, Failure.Failure>, options: HealthCheck.CommonOptions = {}) =>
  HealthCheck.make({ targets: [target], check: () => check, jitter: 0, ...options })

describe("active checks", () => {
  test("a check is any cheap request of one's own to the target", () =>
    Effect.gen(function* () {
      const main = Scripted.make("main", [["pong"]])
      const scope = yield* Effect.scope
      yield* Layer.buildWithScope(
        HealthCheck.HealthCheck.layerChain({
          chain: chainOf(main),
          check: (provider, at) => provider.complete("ping", at),
          jitter: 0
        }),
        scope
      )
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(
        main.calls.map(({ request, target: at }) => [at, request]),
        [["main/m#default", "ping"]]
      )
    }))

  test("checks are made at an interval", () =>
    Effect.gen(function* () {
      const { at, check } = checks("pass")
      yield* checking(check, { interval: "30 seconds" })
      yield* TestClock.adjust("90 seconds")
      assert.deepStrictEqual(at, [0, 30_000, 60_000, 90_000])
    }))

  test("the interval of checks is spread by jitter", () =>
    Effect.gen(function* () {
      for (const [number, second] of [
        [0, 24_000],
        [1, 36_000]
      ] as const) {
        const { at, check } = checks("pass")
        const scope = yield* Scope.make()
        const began = yield* Clock.currentTimeMillis
        yield* chance(number)(Scope.provide(checking(check, { interval: "30 seconds", jitter: 0.2 }), scope))
        yield* TestClock.adjust("45 seconds")
        yield* Scope.close(scope, Exit.void)
        const [first = 0, next = 0] = at
        assert.strictEqual(first - began, number * 6_000)
        assert.strictEqual(next - first, second)
      }
    }))

  test("a check that takes longer than its timeout has failed", () =>
    Effect.gen(function* () {
      const { check } = checks("hang")
      const health = yield* checking(check, { timeout: "10 seconds" })
      yield* TestClock.adjust("9 seconds")
      assert.isTrue((yield* health.report)[0]?.checking)
      yield* TestClock.adjust("1 second")
      const [report] = yield* health.report
      assert.deepInclude(report, { checking: false, healthy: false })
      assert.strictEqual(report?.lastFailure?.class, "Timeout")
    }))

  test("checks of one target are single-flight: who asks meanwhile shares the one that is under way", () =>
    Effect.gen(function* () {
      const { at, check } = checks({ take: "5 seconds" })
      const health = yield* checking(check)
      const asked = yield* Effect.forkChild(
        Effect.all([health.check(target.key), health.check(target.key)], { concurrency: "unbounded" }),
        { startImmediately: true }
      )
      yield* TestClock.adjust("5 seconds")
      const results = yield* Fiber.join(asked)
      assert.deepStrictEqual(
        results.map((checked) => checked?.result),
        ["passed", "passed"]
      )
      assert.deepStrictEqual(at, [0])
    }))

  test("nothing is checked unless you ask for it", () =>
    Effect.gen(function* () {
      const main = Scripted.make("main", [["hello"]])
      yield* ask(chainOf(main))
      yield* TestClock.adjust("1 day")
      assert.strictEqual(main.calls.length, 1)
    }))

  test("a failed check benches its target for requests", () =>
    Effect.gen(function* () {
      const { check } = checks(unreachable)
      yield* checking(check)
      yield* TestClock.adjust(0)
      assert.isTrue(yield* isBenched(target.key))
      const [main, spare] = [Scripted.make("main", [["never asked"]]), Scripted.make("spare", [["spared"]])]
      assert.strictEqual(yield* ask(chainOf(main, spare)), "spared")
    }))

  test("with recovery by timer a target comes back when its rest has ended", () =>
    Effect.gen(function* () {
      const { check } = checks(unreachable)
      yield* checking(check, { recovery: "timer" })
      yield* TestClock.adjust("5 seconds")
      const main = Scripted.make("main", [["hello"]])
      assert.strictEqual(yield* ask(chainOf(main, Scripted.make("spare", [["spared"]]))), "hello")
    }))

  test("with recovery by check a target comes back only when a check has passed", () =>
    Effect.gen(function* () {
      const { check } = checks(unreachable, "pass")
      yield* checking(check, { recovery: "check", interval: "1 minute" })
      const chain = chainOf(Scripted.make("main", [["hello"]]), Scripted.make("spare", [["spared"]]))
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(yield* ask(chain), "spared")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* ask(chain), "hello")
    }))
})
