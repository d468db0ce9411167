/**
 * `npm run bench -- --shared`: the cost of joining a bench that is shared over Redis, and the traffic. It
 * starts a `redis-server` of its own, on a free port, and reports if that is not installed.
 *
 * Aims: a replica joins 10,000 benched keys within 1 s and 100 ms of CPU, and 100,000 within 10 s and without a pause of
 * the event loop above 50 ms.
 */
import { spawnSync } from "node:child_process"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import type * as EffectRedis from "effect/persistence/Redis"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Bench from "../src/health/Bench.ts"
import * as EngineBench from "../src/health/EngineBench.ts"
import { connect } from "../src/health/stores/NodeConnection.ts"
import * as RedisBench from "../src/health/stores/RedisBench.ts"
import * as MonotonicClock from "../src/time/MonotonicClock.ts"
import * as Redis from "../test/support/redis.ts"

const hour = 3_600_000

const replica = (url: string) =>
  RedisBench.make(connect(Redacted.make(url)), { timeout: "5 seconds", resync: "10 seconds" })

type Registry = Effect.Success<ReturnType<typeof replica>>

/** Waits until this many keys are known. Checks only now and then, so that the checks cost nothing. */
const knows = (registry: Registry, count: number): Effect.Effect<void> =>
  Effect.suspend(() =>
    EngineBench.of(registry).stateUnsafe().entries.size >= count
      ? Effect.void
      : Effect.andThen(Effect.sleep("2 millis"), knows(registry, count))
  )

/** Benches of this process, made in one step. */
const rests = (registry: Registry, from: number, count: number) =>
  Effect.map(MonotonicClock.currentTimeMillis, (now) =>
    EngineBench.of(registry).modifyUnsafe((state) => {
      let next = state
      for (let i = from; i < from + count; i++) {
        next = Bench.change(next, now, [`provider/model-${i}#key`], (entry) => ({
          ...entry,
          reason: "RateLimit",
          evidence: "429 rate_limit_exceeded",
          since: now,
          until: now + hour,
          hits: 1,
          failures: 1,
          generation: state.generation + 1
        }))
      }
      return [undefined, { ...next, generation: state.generation + 1 }]
    }, now)
  )

/** The longest pause of the event loop while an effect runs. */
const pauses = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    let worst = 0
    let last = performance.now()
    const timer = setInterval(() => {
      const now = performance.now()
      worst = Math.max(worst, now - last - 1)
      last = now
    }, 1)
    const cpu = process.cpuUsage()
    const began = performance.now()
    return Effect.map(effect, () => {
      clearInterval(timer)
      const { system, user } = process.cpuUsage(cpu)
      return { took: performance.now() - began, cpu: (system + user) / 1_000, worst }
    })
  })

const numbers = (info: string) =>
  Object.fromEntries(
    info.split("\r\n").flatMap((line) => {
      const [name, value] = line.split(":")
      return value === undefined ? [] : [[name, Number(value)]]
    })
  )

/** The traffic to and from Redis while an effect runs. */
const traffic = <A, E, R>(redis: EffectRedis.Redis["Service"], effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const stats = Effect.map(redis.send<string>("INFO", "stats"), numbers)
    const before = yield* stats
    yield* effect
    const after = yield* stats
    const grown = (name: string) => (after[name] ?? 0) - (before[name] ?? 0)
    return {
      commands: grown("total_commands_processed"),
      toRedis: grown("total_net_input_bytes"),
      fromRedis: grown("total_net_output_bytes")
    }
  })

const ms = (value: number) => `${value.toFixed(0)} ms`
const bytes = (value: number) => `${(value / 1e6).toFixed(2)} MB`

const row = (name: string, result: { readonly took: number; readonly cpu: number; readonly worst: number }) =>
  console.log(`| ${name} | ${ms(result.took)} | ${ms(result.cpu)} | ${ms(result.worst)} |`)

const joining = Effect.fnUntraced(function* (count: number) {
  const { url } = yield* Redis.make
  const told = yield* Effect.scoped(
    Effect.gen(function* () {
      const first = yield* replica(url)
      yield* rests(first, 0, count)
      const redis = yield* connect(Redacted.make(url))
      const isTold: Effect.Effect<void, unknown> = Effect.flatMap(
        redis.send<number>("HLEN", "{effect-failover}:entries"),
        (known) => (known >= count ? Effect.void : Effect.andThen(Effect.sleep("5 millis"), isTold))
      )
      return yield* pauses(isTold)
    })
  )
  row(`telling ${count} keys to an empty Redis`, told)
  // A first replica has warmed up the code, so that the work is measured and not its compilation.
  yield* Effect.scoped(Effect.flatMap(replica(url), (warm) => knows(warm, count)))
  const joined = yield* Effect.scoped(Effect.flatMap(replica(url), (late) => pauses(knows(late, count))))
  row(`joining ${count} keys`, joined)
})

const many = Effect.fnUntraced(function* (replicas: number, count: number) {
  const { url } = yield* Redis.make
  const redis = yield* connect(Redacted.make(url))
  const first = yield* replica(url)
  yield* rests(first, 0, count)
  const isTold: Effect.Effect<void, unknown> = Effect.flatMap(
    redis.send<number>("HLEN", "{effect-failover}:entries"),
    (told) => (told >= count ? Effect.void : Effect.andThen(Effect.sleep("20 millis"), isTold))
  )
  yield* isTold
  const scope = yield* Effect.scope
  const all: Array<Registry> = [first]
  const known = (of: number) => Effect.forEach(all, (one) => knows(one, of), { discard: true })
  const line = (name: string, t: Effect.Success<ReturnType<typeof traffic>>) =>
    console.log(`| ${name} | ${t.commands} | ${bytes(t.toRedis)} | ${bytes(t.fromRedis)} |`)
  const join = Effect.gen(function* () {
    for (let i = all.length; i < replicas; i++) {
      const next = yield* Scope.provide(replica(url), scope)
      all.push(next)
      yield* knows(next, count)
    }
  })
  line(`${replicas} replicas join ${count} keys`, yield* traffic(redis, join))
  yield* Effect.sleep("2 seconds")
  line(
    "30 s in which nothing happens (compared every 10 s)",
    yield* traffic(redis, Effect.sleep("30 seconds"))
  )
  const wave = Effect.andThen(rests(first, count, 100), known(count + 100))
  line("100 new rests, heard by all", yield* traffic(redis, wave))
})

const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) =>
  Effect.runPromise(effect.pipe(Effect.scoped, Effect.provide(Logger.layer([]))))

/** Prints all tables. */
export const print = async () => {
  if (spawnSync("redis-server", ["--version"]).status !== 0) {
    console.log("redis-server is not installed: nothing is measured")
    return
  }
  console.log("| | took | CPU | longest pause |\n| --- | --- | --- | --- |")
  await run(joining(10_000))
  await run(joining(100_000))
  console.log("\n| | commands | to Redis | from Redis |\n| --- | --- | --- | --- |")
  await run(many(50, 10_000))
}
