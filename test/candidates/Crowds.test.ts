/** Many callers at one target that fails for a moment, or names a wait. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type * as Failure from "../../src/failure/Failure.ts"
import { fault, throttle } from "../support/engine.ts"

/** A service that fails until a given time, and counts its calls. */
const service = (name: string, until: number, failure: Failure.Failure, latency = 0) => {
  const seen = { failed: 0, answered: 0, open: 0, most: 0 }
  const ask = Effect.gen(function* () {
    const failing = (yield* Clock.currentTimeMillis) < until
    seen.open++
    seen.most = Math.max(seen.most, seen.open)
    yield* Effect.sleep(latency)
    if (failing) {
      seen.failed++
      return yield* failure
    }
    seen.answered++
    return "fine"
  }).pipe(Effect.ensuring(Effect.sync(() => void seen.open--)))
  return { seen, backend: Backend.make(name, { ask }) }
}

type Service = ReturnType<typeof service>

const asks = {
  effect: (services: ReadonlyArray<Service>, options?: Pick<Failover.CallOptions, "whenAllBenched">) =>
    Failover.use(
      Chain.fromLinks(services.map(({ backend }) => Model.make(backend, "m"))),
      ({ service }) => service.ask,
      options
    ),
  stream: (services: ReadonlyArray<Service>, options?: Pick<Failover.CallOptions, "whenAllBenched">) =>
    Stream.runDrain(
      Failover.useStream(
        Chain.fromLinks(services.map(({ backend }) => Model.make(backend, "m"))),
        ({ service }) => Stream.fromEffect(service.ask),
        options
      )
    )
}

/** How many of these callers are answered, and when the last one is. All call at once. */
const crowd = Effect.fnUntraced(function* (
  callers: number,
  ask: Effect.Effect<unknown, unknown, Failover.Failover>
) {
  let lastAt = 0
  const one = Effect.tap(ask, () => Effect.map(Clock.currentTimeMillis, (now) => void (lastAt = now)))
  const fibers = yield* Effect.forEach(Array.from({ length: callers }), () =>
    Effect.forkChild(Effect.exit(one))
  )
  const all = yield* Effect.forkChild(Fiber.joinAll(fibers))
  yield* TestClock.adjust("15 minutes")
  const exits = yield* Fiber.join(all)
  return { answered: exits.filter((exit) => exit._tag === "Success").length, lastAt }
}, Random.withSeed("crowd"))

const runtime = () => Effect.provide(Failover.layer())

for (const [kind, ask] of Object.entries(asks)) {
  describe(`a crowd that requests ${kind === "stream" ? "streams" : "whole answers"}`, () => {
    for (const callers of [1, 5, 10, 14, 20, 100, 500, 1_000]) {
      for (const blip of [50, 100, 400]) {
        it.effect(`of ${callers} loses no request to a fault of ${blip} ms`, () =>
          Effect.gen(function* () {
            const one = service("one", blip, fault("ServerError"))
            const { answered, lastAt } = yield* crowd(callers, ask([one]))
            assert.strictEqual(answered, callers)
            assert.isAtMost(one.seen.failed, 4 * callers)
            assert.isAtMost(lastAt, 3_500)
          }).pipe(runtime())
        )
      }
    }

    for (const callers of [2, 20, 1_000]) {
      for (const latency of [0, 20, 5_000]) {
        it.effect(
          `of ${callers} that waits a second as the provider asks is answered, each in ${latency} ms`,
          () =>
            Effect.gen(function* () {
              const one = service("one", 1_000, throttle("1 second"), 20)
              const slow = service("one", 0, throttle(), latency)
              const backend = Backend.make("one", {
                ask: Effect.flatMap(Clock.currentTimeMillis, (now) =>
                  now < 1_000 ? one.backend.service.ask : slow.backend.service.ask
                )
              })
              const { answered } = yield* crowd(callers, ask([{ ...slow, backend }]))
              assert.strictEqual(answered, callers)
              assert.strictEqual(one.seen.failed, callers)
              assert.isBelow(slow.seen.most, Math.max(3, callers), "they come back in a ramp")
            }).pipe(runtime())
        )
      }
    }

    for (const callers of [14, 100]) {
      it.effect(`of ${callers}, half with a named wait and half with a fault, is answered`, () =>
        Effect.gen(function* () {
          const seen = { failed: 0 }
          const answer = Effect.gen(function* () {
            const now = yield* Clock.currentTimeMillis
            yield* Effect.sleep(20)
            if (now >= 900) return "fine"
            return yield* seen.failed++ % 2 === 0 ? fault("ServerError") : throttle("500 millis")
          })
          const one = service("one", 0, fault())
          const { answered, lastAt } = yield* crowd(
            callers,
            ask([{ ...one, backend: Backend.make("one", { ask: answer }) }])
          )
          // A request that waited as the throttle named, and is throttled again, has used its retry.
          assert.isAtLeast(answered, callers - 1)
          assert.isAtMost(seen.failed, 2 * callers)
          assert.isAtMost(lastAt, 3_500)
        }).pipe(runtime())
      )
    }

    for (const [limit, options] of [
      ["does not want to wait for a target", { maxWait: 0 }],
      ["may ask one target only", { targets: 1 }],
      ["may ask two targets of three", { targets: 2 }],
      ["may ask one target only and does not want to wait", { maxWait: 0, targets: 1 }]
    ] as const) {
      it.effect(
        `of 300 that ${limit} loses no request to a blip: each waits as long as its retries would`,
        () =>
          Effect.gen(function* () {
            const services = ["a", "b", "c"].map((name) => service(name, 100, fault("ServerError"), 20))
            const some = options.targets === undefined ? services.slice(0, 1) : services
            const { answered, lastAt } = yield* crowd(300, ask(some))
            assert.strictEqual(answered, 300)
            assert.isAtMost(lastAt, 1_000)
            for (const { seen } of services.slice(options.targets ?? 1)) assert.strictEqual(seen.failed, 0)
            assert.isAtMost(services[0]!.seen.failed, 2 * 300)
          }).pipe(Effect.provide(Failover.layer({ policy: options })))
      )
    }

    for (const [wait, until, options] of [
      ["1 second", 1_000, undefined],
      ["30 seconds", 30_000, { whenAllBenched: "wait" }]
    ] as const) {
      it.effect(`of 20 that may call one target only waits for it if it names ${wait}`, () =>
        Effect.gen(function* () {
          const [full, other] = [service("a", until, throttle(wait), 20), service("b", 0, throttle(), 20)]
          assert.strictEqual((yield* crowd(20, ask([full, other], options))).answered, 20)
          assert.strictEqual(other.seen.answered, 0)
        }).pipe(Effect.provide(Failover.layer({ policy: { targets: 1 } })))
      )
    }

    it.effect(
      "loses no request that is admitted first, while the target still fails and others disconnect",
      () =>
        Effect.gen(function* () {
          const one = service("one", 1_000, fault("ServerError"), 40)
          const fibers = yield* Effect.forEach(Array.from({ length: 60 }), () =>
            Effect.forkChild(Effect.exit(ask([one])))
          )
          const ended = yield* Effect.forkChild(Effect.forEach(fibers, Fiber.await))
          for (const [i, fiber] of fibers.entries()) {
            if (i % 2 === 1) continue
            yield* TestClock.adjust(30)
            fiber.interruptUnsafe()
          }
          yield* TestClock.adjust("1 minute")
          const exits = (yield* Fiber.join(ended)).filter((_, i) => i % 2 === 1)
          assert.isTrue(exits.every((exit) => exit._tag === "Success" && exit.value._tag === "Success"))
          assert.isAtMost(one.seen.failed, 120)
          assert.strictEqual(one.seen.open, 0)
        }).pipe(Random.withSeed("crowd"), runtime())
    )

    it.effect("of a thousand loses no request when one target of two works", () =>
      Effect.gen(function* () {
        const one = service("one", 60_000, fault("ServerError"))
        const two = service("two", 0, fault())
        const { answered } = yield* crowd(1_000, ask([one, two]))
        assert.strictEqual(answered, 1_000)
        assert.isAtMost(one.seen.failed, 2_000)
      }).pipe(runtime())
    )

    it.effect("of a thousand with whenAllBenched: wait returns in doubling batches", () =>
      Effect.gen(function* () {
        const one = service("one", 6_000, fault("ServerError"), 100)
        const { answered, lastAt } = yield* crowd(1_000, ask([one], { whenAllBenched: "wait" }))
        assert.strictEqual(answered, 1_000)
        assert.isAtMost(one.seen.failed, 2_000)
        assert.isAtMost(lastAt, 30_000)
      }).pipe(runtime())
    )
  })
}
