/** Replicas that share their bench over a real Redis, which is also paused, killed and restarted empty. */
import { assert, describe } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as EffectRedis from "effect/persistence/Redis"
import * as Redacted from "effect/Redacted"
import * as Chain from "../../../src/domain/Chain.ts"
import * as Model from "../../../src/domain/Model.ts"
import * as Failover from "../../../src/engine/Failover.ts"
import { BenchRegistry } from "../../../src/health/BenchRegistry.ts"
import { connect } from "../../../src/health/stores/NodeConnection.ts"
import * as RedisBench from "../../../src/health/stores/RedisBench.ts"
import * as Scripts from "../../../src/health/stores/Scripts.ts"
import * as Scripted from "../../../src/testing/Scripted.ts"
import { dead, fault, throttle } from "../../support/engine.ts"
import * as Redis from "../../support/redis.ts"
import {
  becomes,
  eventually,
  hasty,
  live,
  on,
  pair,
  quick,
  replica,
  statusOf,
  together
} from "../../support/replicas.ts"
import { answer, fail, target } from "../../support/stores.ts"

describe.skipIf(!Redis.isInstalled)(
  `replicas over Redis${Redis.isInstalled ? "" : ` (skipped: ${Redis.missing})`}`,
  () => {
    live(
      "a bench set by one replica applies to the others",
      Effect.gen(function* () {
        const [a, b] = yield* pair((yield* Redis.make).url)
        yield* on(a, fail(target("x", "m"), throttle("20 seconds")))
        yield* becomes(b, "x/m#k", "resting")
        const [there] = yield* a.list
        const [here] = yield* b.list
        assert.strictEqual(here?.reason, "RateLimit")
        assert.isBelow(Math.abs((here?.until ?? 0) - (there?.until ?? 0)), 100)
        assert.strictEqual(yield* on(b, answer(target("x", "m"))), "Benched")
      })
    )

    live(
      "a manual bench is lifted by hand, on any replica",
      Effect.gen(function* () {
        const [a, b] = yield* pair((yield* Redis.make).url)
        yield* a.bench("x", { reason: "repairs", by: "ann" })
        yield* becomes(b, "x", "manual")
        const [info] = yield* b.list
        assert.deepStrictEqual(
          [info?.by, info?.evidence, info?.until],
          ["ann", "repairs", Number.POSITIVE_INFINITY]
        )
        assert.isTrue(yield* b.unbench("x"))
        yield* becomes(a, "x", "free")
      })
    )

    live(
      "a replica that joins later starts with the shared bench",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const [a] = yield* pair(url)
        yield* on(a, fail(target("x", "m", "old"), dead("InvalidKey")))
        yield* a.bench("y", { for: "1 hour" })
        const late = yield* replica(url)
        yield* becomes(late, "x#old", "resting")
        yield* becomes(late, "y", "manual")
      })
    )

    live(
      "of several probes at once, on two replicas, one is sent",
      Effect.gen(function* () {
        const [a, b] = yield* pair((yield* Redis.make).url)
        const x = target("x", "m")
        yield* on(a, fail(x, throttle("300 millis")))
        yield* becomes(a, "x/m#k", "half-open")
        yield* becomes(b, "x/m#k", "half-open")
        const held = yield* Deferred.make<void>()
        const tries = yield* Effect.forEach(
          Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? a : b)),
          (registry) =>
            Effect.forkChild(
              Effect.scoped(
                Effect.gen(function* () {
                  const admission = yield* registry.admit(x)
                  // An admitted request stays in flight until the bench has answered all of them.
                  if (admission._tag !== "Benched") yield* Deferred.await(held)
                  return admission._tag
                })
              )
            )
        )
        const answered = Effect.sync(() => tries.filter((fiber) => fiber.pollUnsafe() !== undefined).length)
        yield* eventually(answered, (n) => n >= 19, "20 seconds")
        yield* Deferred.succeed(held, undefined)
        const tags = yield* Effect.forEach(tries, Fiber.join)
        assert.deepStrictEqual(
          tags.filter((tag) => tag !== "Benched"),
          ["Probe"]
        )
      })
    )

    live(
      "what a probe proved is true for all",
      Effect.gen(function* () {
        const [a, b] = yield* pair((yield* Redis.make).url)
        const x = target("x", "m")
        yield* on(a, fail(x, throttle("300 millis")))
        yield* becomes(b, "x/m#k", "half-open")
        assert.strictEqual(yield* on(b, answer(x)), "Probe")
        yield* becomes(a, "x/m#k", "free")
        assert.strictEqual(yield* on(a, answer(x)), "Go")
      })
    )

    live(
      "a failed probe benches the key for longer on all replicas",
      Effect.gen(function* () {
        const [a, b] = yield* pair((yield* Redis.make).url)
        const x = target("x", "m")
        yield* on(a, fail(x, throttle("300 millis")))
        yield* becomes(b, "x/m#k", "half-open")
        yield* on(b, fail(x, throttle()))
        const info = yield* eventually(
          Effect.map(a.list, ([info]) => info),
          (info) => info?.status === "resting" && info.consecutiveBenches === 2
        )
        // The second cooldown, not the first.
        assert.isAbove((info?.until ?? 0) - (yield* Clock.currentTimeMillis), 8_000)
      })
    )

    live(
      "a probe whose caller disconnects can be sent by another replica",
      Effect.gen(function* () {
        const [a, b] = yield* pair((yield* Redis.make).url)
        const x = target("x", "m")
        yield* on(a, fail(x, throttle("300 millis")))
        yield* becomes(a, "x/m#k", "half-open")
        yield* becomes(b, "x/m#k", "half-open")
        assert.strictEqual(yield* Effect.scoped(Effect.map(a.admit(x), ({ _tag }) => _tag)), "Probe")
        yield* eventually(on(b, answer(x)), (tag) => tag === "Probe")
      })
    )

    live(
      "a run passes a target by that another replica is probing, and the next one serves",
      Effect.gen(function* () {
        const [a, b] = yield* pair((yield* Redis.make).url)
        const first = Scripted.make("x", [["from x"]])
        const second = Scripted.make("y", [["from y"]])
        yield* on(a, fail(target("x", "m", "default"), throttle("300 millis")))
        yield* becomes(a, "x/m#default", "half-open")
        yield* becomes(b, "x/m#default", "half-open")
        const chain = Chain.make(Model.make(first, "m"), Model.make(second, "m"))
        const failover = Context.get(
          yield* Layer.build(Failover.layerNoDeps().pipe(Layer.provide(Layer.succeed(BenchRegistry, b)))),
          Failover.Failover
        )
        yield* Effect.scoped(
          Effect.gen(function* () {
            assert.strictEqual((yield* a.admit(target("x", "m", "default")))._tag, "Probe")
            const { target: served } = yield* failover.answer(chain, "hello")
            assert.strictEqual(served.provider, "y")
          })
        )
        // The slot is free again.
        yield* eventually(
          Effect.map(Effect.orDie(failover.answer(chain, "hello")), ({ target }) => target.provider),
          (provider) => provider === "x"
        )
      })
    )

    live(
      "no request waits for a paused Redis, and afterwards the states are merged",
      Effect.gen(function* () {
        const redis = yield* Redis.make
        const [a, b] = yield* pair(redis.url, hasty)
        yield* redis.pause
        const began = yield* Clock.currentTimeMillis
        yield* on(a, fail(target("x", "m"), throttle("20 seconds")))
        yield* on(b, fail(target("y", "m"), throttle("1 minute")))
        assert.strictEqual(yield* on(a, answer(target("x", "m"))), "Benched")
        assert.strictEqual(yield* on(a, answer(target("y", "m"))), "Go")
        assert.isBelow((yield* Clock.currentTimeMillis) - began, 200)
        yield* redis.resume
        yield* becomes(b, "x/m#k", "resting")
        yield* becomes(a, "y/m#k", "resting")
      })
    )

    live(
      "a probe waits for a paused Redis at most its timeout, and only once",
      Effect.gen(function* () {
        const redis = yield* Redis.make
        const [a] = yield* pair(redis.url, hasty)
        const x = target("x", "m")
        yield* on(a, fail(x, throttle("300 millis")))
        yield* becomes(a, "x/m#k", "half-open")
        yield* redis.pause
        const timed = Effect.gen(function* () {
          const began = yield* Clock.currentTimeMillis
          assert.strictEqual(yield* Effect.scoped(Effect.map(a.admit(x), ({ _tag }) => _tag)), "Probe")
          return (yield* Clock.currentTimeMillis) - began
        })
        const first = yield* timed
        assert.isAtLeast(first, 150)
        assert.isBelow(first, 600)
        assert.isBelow(yield* timed, 100)
        yield* redis.resume
      })
    )

    live(
      "a Redis that comes back empty gets everything again, later end first",
      Effect.gen(function* () {
        const redis = yield* Redis.make
        const [a, b] = yield* pair(redis.url)
        yield* on(a, fail(target("x", "m"), throttle("20 seconds")))
        yield* becomes(b, "x/m#k", "resting")
        yield* redis.kill
        yield* on(b, fail(target("y", "m"), fault("Overloaded", "30 seconds")))
        yield* a.bench("x/m#k", { for: "1 hour" })
        yield* redis.restart
        yield* becomes(a, "y/m#k", "resting")
        yield* becomes(b, "x/m#k", "manual")
        const late = yield* replica(redis.url)
        yield* becomes(late, "x/m#k", "manual")
        yield* becomes(late, "y/m#k", "resting")
      })
    )

    live(
      "a replica is there at once when there is no Redis, and joins the others when there is one",
      Effect.gen(function* () {
        const redis = yield* Redis.make
        yield* redis.kill
        const a = yield* replica(redis.url)
        yield* on(a, fail(target("x", "m"), throttle("20 seconds")))
        assert.strictEqual(yield* statusOf(a, "x/m#k"), "resting")
        const b = yield* replica(redis.url)
        yield* redis.restart
        yield* becomes(b, "x/m#k", "resting")
      })
    )

    live(
      "a lost message is made good by comparing everything now and then",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const [a] = yield* pair(url, { resync: "50 millis" })
        const deaf = yield* RedisBench.make(
          Effect.map(connect(Redacted.make(url)), (redis) => ({
            ...redis,
            subscribe: () => redis.subscribe("nobody-speaks-here")
          })),
          { ...quick, resync: "50 millis" }
        )
        yield* on(a, fail(target("x", "m"), throttle("20 seconds")))
        yield* becomes(deaf, "x/m#k", "resting")
      })
    )

    live(
      "a comparison without news changes nothing: a running probe continues",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        let comparisons = 0
        const counting = Effect.map(connect(Redacted.make(url)), (redis): EffectRedis.Redis["Service"] => ({
          ...redis,
          eval: (script) => {
            const run = redis.eval(script)
            const isComparison = (script as unknown) === Scripts.pull
            return (...params) =>
              Effect.tap(run(...params), () => Effect.sync(() => void (isComparison && comparisons++)))
          }
        }))
        const a = yield* RedisBench.make(counting, { ...quick, resync: "10 millis" })
        yield* together(a, yield* replica(url))
        const x = target("x", "m")
        yield* on(a, fail(x, throttle("300 millis")))
        yield* becomes(a, "x/m#k", "half-open")
        yield* Effect.scoped(
          Effect.gen(function* () {
            const admission = yield* a.admit(x)
            assert.strictEqual(admission._tag, "Probe")
            const before = comparisons
            yield* eventually(
              Effect.sync(() => comparisons),
              (now) => now >= before + 3
            )
            assert.strictEqual(yield* statusOf(a, "x/m#k"), "probing")
            if (admission._tag === "Probe") yield* a.record(x, admission, undefined)
            assert.strictEqual(yield* statusOf(a, "x/m#k"), "free")
          })
        )
      })
    )

    live(
      "a replica stops at once while Redis is paused",
      Effect.gen(function* () {
        const redis = yield* Redis.make
        const began = yield* Clock.currentTimeMillis
        yield* Effect.scoped(
          Effect.gen(function* () {
            const [a] = yield* pair(redis.url, hasty)
            yield* redis.pause
            yield* a.bench("x")
          })
        )
        assert.isBelow((yield* Clock.currentTimeMillis) - began, 3_000)
        yield* redis.resume
      })
    )
  }
)
