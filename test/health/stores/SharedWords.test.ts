/** The messages of replicas over a real Redis: all of them arrive, in the right order. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as EffectRedis from "effect/persistence/Redis"
import * as Redacted from "effect/Redacted"
import * as Credential from "../../../src/domain/Credential.ts"
import * as Target from "../../../src/domain/Target.ts"
import * as Bench from "../../../src/health/Bench.ts"
import * as EngineBench from "../../../src/health/EngineBench.ts"
import { connect } from "../../../src/health/stores/NodeConnection.ts"
import * as RedisBench from "../../../src/health/stores/RedisBench.ts"
import { restore } from "../../../src/health/stores/Saved.ts"
import * as Scripts from "../../../src/health/stores/Scripts.ts"
import * as Policy from "../../../src/policy/Policy.ts"
import { dead, throttle } from "../../support/engine.ts"
import * as Redis from "../../support/redis.ts"
import {
  becomes,
  eventually,
  live,
  on,
  pair,
  quick,
  type Registry,
  replica,
  statusOf,
  together
} from "../../support/replicas.ts"
import { answer, fail, target } from "../../support/stores.ts"
import { waited } from "../../support/waited.ts"

const entries = "{effect-failover}:entries"

const client = (url: string) => connect(Redacted.make(url))

/** Counts how often a script is run. */
const counting = (url: string, counts: Map<unknown, number>, options: { readonly isDeaf?: boolean } = {}) =>
  Effect.map(client(url), (redis): EffectRedis.Redis["Service"] => ({
    ...redis,
    subscribe: (channel) => redis.subscribe(options.isDeaf === true ? "nobody-speaks-here" : channel),
    eval: (script) => {
      const run = redis.eval(script)
      return (...params) =>
        Effect.tap(run(...params), () => Effect.sync(() => counts.set(script, (counts.get(script) ?? 0) + 1)))
    }
  }))

const untilOf = (registry: Registry, key: string) =>
  Effect.map(registry.list, (list) => list.find((info) => info.key === key)?.until ?? 0)

/** The command that writes a record. */
const put = (key: string, record: object): Scripts.Command => ({
  _tag: "Put",
  key,
  record: JSON.stringify({ since: 0, until: 0, age: 0, consecutiveBenches: 1, failures: 1, ...record })
})

describe.skipIf(!Redis.isInstalled)(
  `the words of replicas${Redis.isInstalled ? "" : ` (skipped: ${Redis.missing})`}`,
  () => {
    live(
      "what was recorded last reaches Redis, though the process ends at once",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const b = yield* replica(url)
        // The last write has half a second. A run in which the replica waited for a core is not counted.
        const heard: Array<string> = []
        for (let i = 0; heard.length < 3 && i < 100; i++) {
          const before = waited()
          yield* Effect.scoped(
            Effect.gen(function* () {
              const a = yield* replica(url)
              if (heard.length > 0) yield* together(a, b)
              yield* on(a, fail(target("x", `m${i}`), throttle("20 minutes")))
            })
          )
          const isBusy = waited() - before > 100
          if (isBusy && i < 99) continue
          yield* becomes(b, `x/m${i}#k`, "resting")
          heard.push(`x/m${i}#k`)
        }
        yield* Effect.scoped(
          Effect.gen(function* () {
            const a = yield* replica(url)
            yield* together(a, b)
            yield* a.unbench(heard[0]!)
          })
        )
        yield* becomes(b, heard[0]!, "free")
      })
    )

    live(
      "an endless manual bench that is lifted and replaced by a short one is short on all replicas",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const [a, b] = yield* pair(url)
        yield* a.bench("x")
        yield* becomes(b, "x", "manual")
        yield* a.unbench("x")
        yield* a.bench("x", { for: "2 seconds", reason: "short" })
        yield* eventually(untilOf(b, "x"), (until) => Number.isFinite(until))
        const redis = yield* client(url)
        const { manual } = JSON.parse(yield* redis.send<string>("HGET", entries, "x"))
        assert.isNumber(manual.until)
        yield* becomes(b, "x", "free")
        yield* becomes(yield* replica(url), "x", "free")
      })
    )

    live(
      "a bench that is lifted and followed by a shorter or a manual one leaves nothing of the old one",
      Effect.gen(function* () {
        const [a, b] = yield* pair((yield* Redis.make).url)
        const [x, y] = [target("x", "m"), target("y", "m")]
        for (const one of [x, y]) yield* on(a, fail(one, throttle("1 hour")))
        yield* becomes(b, "x/m#k", "resting")
        yield* becomes(b, "y/m#k", "resting")
        yield* a.unbench("x/m#k")
        yield* on(a, fail(x, throttle("1 minute")))
        yield* a.unbench("y/m#k")
        yield* a.bench("y/m#k", { for: "1 second" })
        const now = Date.now()
        yield* eventually(untilOf(b, "x/m#k"), (until) => until > now && until < now + 120_000)
        yield* becomes(b, "y/m#k", "manual")
        yield* becomes(b, "y/m#k", "free")
      })
    )

    live(
      "a manual bench that begins while another replica lifts the old one stays",
      Effect.gen(function* () {
        const [a, b] = yield* pair((yield* Redis.make).url)
        yield* a.bench("x", { for: "1 hour" })
        yield* becomes(b, "x", "manual")
        yield* b.unbench("x")
        yield* b.bench("x", { for: "30 minutes", by: "ann" })
        yield* becomes(a, "x", "manual")
        yield* eventually(
          Effect.map(a.list, ([info]) => info?.by),
          (by) => by === "ann"
        )
      })
    )

    for (const [what, command, ...key] of [
      ["flushed", "FLUSHALL"],
      ["robbed of its records", "DEL", entries]
    ] as const) {
      live(
        `a Redis that is ${what} gets the records again, over the same connection`,
        Effect.gen(function* () {
          const { url } = yield* Redis.make
          const [a, b] = yield* pair(url, { resync: "50 millis" })
          yield* on(a, fail(target("x", "m"), throttle("20 seconds")))
          yield* b.bench("y")
          yield* becomes(b, "x/m#k", "resting")
          yield* becomes(a, "y", "manual")
          const redis = yield* client(url)
          yield* redis.send(command, ...key)
          const fields = Effect.map(redis.send<ReadonlyArray<string>>("HKEYS", entries), (keys) =>
            keys.toSorted()
          )
          yield* eventually(Effect.orDie(fields), (keys) => keys.join() === "x/m#k,y")
          assert.strictEqual(yield* statusOf(b, "x/m#k"), "resting")
          yield* on(a, fail(target("z", "m"), throttle("20 seconds")))
          yield* becomes(b, "z/m#k", "resting")
        })
      )
    }

    live(
      "a replica that missed a cleared key finds it by comparing",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const a = yield* replica(url)
        yield* a.bench("other")
        yield* on(a, fail(target("x", "m"), throttle("20 seconds")))
        const deaf = yield* RedisBench.make(counting(url, new Map(), { isDeaf: true }), {
          ...quick,
          resync: "50 millis"
        })
        yield* becomes(deaf, "x/m#k", "resting")
        yield* a.unbench("x/m#k")
        yield* becomes(deaf, "x/m#k", "free")
        assert.strictEqual(yield* statusOf(deaf, "other"), "manual")
      })
    )

    live(
      "a bench that is cleared while its replica joins stays cleared",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const [joins, compares, cleared] = yield* Effect.all([
          Deferred.make<void>(),
          Deferred.make<void>(),
          Deferred.make<void>()
        ])
        const untilCleared = Effect.andThen(Deferred.succeed(compares, undefined), Deferred.await(cleared))
        const slow = Effect.map(
          Effect.andThen(Deferred.await(joins), client(url)),
          (redis): EffectRedis.Redis["Service"] => ({
            ...redis,
            eval: (script) => {
              const run = redis.eval(script)
              const isPull = new Set<unknown>([Scripts.pull]).has(script)
              return (...params) => (isPull ? Effect.andThen(untilCleared, run(...params)) : run(...params))
            }
          })
        )
        const a = yield* RedisBench.make(slow, quick)
        yield* on(a, fail(target("x", "m"), throttle("20 seconds")))
        yield* Deferred.succeed(joins, undefined)
        // The record is in Redis, and has not been read back.
        yield* Deferred.await(compares)
        yield* a.unbench("x/m#k")
        yield* Deferred.succeed(cleared, undefined)
        const redis = yield* client(url)
        yield* eventually(Effect.orDie(redis.send<number>("HEXISTS", entries, "x/m#k")), (n) => n === 0)
        assert.strictEqual(yield* statusOf(a, "x/m#k"), "free")
      })
    )

    live(
      "a lost message is noticed by the next one, and what it said is read",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const [a, b] = yield* pair(url, { resync: "1 hour" })
        const redis = yield* client(url)
        const names = Scripts.names("effect-failover")
        const lost = put("x/m#k", { reason: "RateLimit", left: 60_000 })
        for (let i = 0; i < 2; i++) {
          yield* redis.eval(Scripts.write)({ ...names, channel: "nobody-hears-this" }, "third", [lost])
        }
        assert.strictEqual(yield* statusOf(a, "x/m#k"), "free")
        yield* b.bench("y")
        for (const one of [a, b]) yield* becomes(one, "x/m#k", "resting")
        assert.strictEqual(yield* statusOf(a, "y"), "manual")
      })
    )

    it.live("a replica with an older record does not clear it, unless by hand", () =>
      Effect.gen(function* () {
        const redis = yield* client((yield* Redis.make).url)
        const names = Scripts.names("epochs")
        const tell = (replica: string, ...said: ReadonlyArray<Scripts.Command>) =>
          Effect.map(redis.eval(Scripts.write)(names, replica, said), ([, epochs]) => epochs)
        const isThere = Effect.map(redis.send<number>("HEXISTS", names.entries, "x"), (n) => n === 1)
        const [first = 0] = yield* tell("one", put("x", { reason: "RateLimit", left: 60_000 }))
        yield* tell("two", put("x", { reason: "RateLimit", left: 90_000 }))
        const clear = { _tag: "Clear", key: "x", epoch: first } as const
        yield* tell("one", { ...clear, byHand: false })
        assert.isTrue(yield* isThere)
        yield* tell("one", { ...clear, byHand: true })
        assert.isFalse(yield* isThere)
        const [epoch = 0] = yield* tell("one", put("x", { reason: "RateLimit", left: 60_000 }))
        yield* tell("two", { _tag: "Clear", key: "x", epoch, byHand: false })
        assert.isFalse(yield* isThere)
      }).pipe(Effect.scoped)
    )

    it.live("of two records the later end wins, with its hint; of two secrets the one found dead last", () =>
      Effect.gen(function* () {
        const redis = yield* client((yield* Redis.make).url)
        const names = Scripts.names("merge")
        const tell = (said: Scripts.Command) => redis.eval(Scripts.write)(names, "one", [said])
        const record = Effect.map(redis.send<string>("HGET", names.entries, "x"), (text) => JSON.parse(text))
        const rest = (left: number, hint: number, fingerprint: string) =>
          put("x", { reason: "InvalidKey", left, hint, fingerprint, consecutiveBenches: left / 1_000 })
        yield* tell(rest(60_000, 90_000, "aaaa"))
        const first = yield* record
        assert.isBelow(Math.abs(first.hint - first.until - 30_000), 50)
        yield* tell(rest(50_000, 70_000, "aaaa"))
        const earlier = yield* record
        assert.deepStrictEqual(
          [earlier.until, earlier.hint, earlier.consecutiveBenches],
          [first.until, first.hint, 60]
        )
        yield* tell(rest(50_000, 70_000, "bbbb"))
        const other = yield* record
        assert.strictEqual(other.fingerprint, "bbbb")
        assert.isBelow(other.until, first.until)
        assert.isBelow(other.hint, first.hint)
      }).pipe(Effect.scoped)
    )

    live(
      "a new secret for a key that another replica found dead is probed at once",
      Effect.gen(function* () {
        const [a, b] = yield* pair((yield* Redis.make).url)
        const of = (secret: string) =>
          Target.make({
            provider: "x",
            model: "m",
            credential: Credential.make("k", { apiKey: Redacted.make(secret) }),
            policy: Policy.defaults
          })
        yield* on(a, fail(of("sk-old-0123456789"), dead("InvalidKey")))
        yield* becomes(b, "x#k", "resting")
        assert.strictEqual(yield* on(b, answer(of("sk-old-0123456789"))), "Benched")
        assert.strictEqual(yield* on(b, answer(of("sk-new-0123456789"))), "Probe")
        yield* becomes(a, "x#k", "free")
      })
    )

    live(
      "3,000 benched keys are sent and read in pieces, and comparing them afterwards takes one record",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const counts = new Map<unknown, number>()
        const a = yield* RedisBench.make(counting(url, counts), { ...quick })
        EngineBench.of(a).modifyUnsafe((state) => {
          let next = state
          for (let i = 0; i < 3_000; i++) {
            const manual = { since: 0, until: Number.POSITIVE_INFINITY, reason: undefined, by: undefined }
            next = Bench.bench(next, `x/m${i}`, manual)
          }
          return [undefined, next]
        }, 0)
        yield* eventually(
          Effect.sync(() => counts.get(Scripts.write) ?? 0),
          (n) => n >= 6,
          "20 seconds"
        )
        counts.clear()
        const b = yield* RedisBench.make(counting(url, counts), {
          ...quick,
          resync: "20 millis"
        })
        yield* eventually(
          Effect.sync(() => EngineBench.of(b).stateUnsafe().entries.size),
          (size) => size === 3_000,
          "20 seconds"
        )
        yield* together(a, b)
        assert.isAtMost(counts.get(Scripts.pull) ?? 0, 40)
        counts.clear()
        yield* eventually(
          Effect.sync(() => counts.get(Scripts.pull) ?? 0),
          (n) => n >= 5
        )
        assert.isUndefined(counts.get(Scripts.write), "there was nothing to tell")
      })
    )
  }
)

describe("a record from elsewhere", () => {
  const from = { reason: "RateLimit", since: 0, until: 10_000, consecutiveBenches: 1, failures: 1 } as const

  it("changes nothing if it ends within the slack, and wins if it ends later", () => {
    const state = restore(Bench.make(), "x", from, 0)
    assert.strictEqual(restore(state, "x", { ...from, until: 10_500 }, 0, 500), state)
    const later = restore(state, "x", { ...from, until: 10_501 }, 0, 500)
    assert.strictEqual(later.entries.get("x")?.until, 10_501)
  })

  it("by hand changes nothing if it ends within the slack", () => {
    const by = (until: number) => ({ ...from, manual: { since: 0, until } })
    const state = restore(Bench.make(), "x", by(10_000), 0)
    assert.strictEqual(restore(state, "x", by(10_500), 0, 500), state)
    assert.strictEqual(restore(state, "x", by(9_600), 0, 500, true), state)
    assert.strictEqual(restore(state, "x", by(10_501), 0, 500).entries.get("x")?.manual?.until, 10_501)
    assert.strictEqual(restore(state, "x", by(2_000), 0, 500, true).entries.get("x")?.manual?.until, 2_000)
  })
})
