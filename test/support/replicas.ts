/** Replicas that share their bench over a Redis, and the waits of their tests. */
import { it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import { connect } from "../../src/health/stores/NodeConnection.ts"
import * as RedisBench from "../../src/health/stores/RedisBench.ts"

export type Registry = BenchRegistry["Service"]

/** Timeouts that a busy machine does not exceed, and short pauses. */
export const quick: RedisBench.Options = {
  timeout: "5 seconds",
  claimTimeout: "5 seconds",
  retry: "20 millis"
}

/** For tests in which Redis hangs. */
export const hasty: RedisBench.Options = {
  timeout: "300 millis",
  claimTimeout: "200 millis",
  retry: "20 millis"
}

/** One replica: its registry, as long as the scope is open. */
export const replica = (url: string, options: RedisBench.Options = {}) =>
  RedisBench.make(connect(Redacted.make(url)), { ...quick, ...options })

export const on = <A, E, R>(registry: Registry, effect: Effect.Effect<A, E, R>) =>
  Effect.provideService(effect, BenchRegistry, registry)

/** Waits until a value satisfies a condition, and fails with the last value after a time that is long even for a busy machine. */
export const eventually = <A>(
  read: Effect.Effect<A>,
  holds: (value: A) => boolean,
  within: Duration.Input = "60 seconds"
) =>
  read.pipe(
    Effect.filterOrFail(holds, (value) => value),
    Effect.retry(Schedule.spaced("5 millis").pipe(Schedule.upTo({ duration: within }))),
    Effect.catch((last) => Effect.die(new Error(`it stayed ${JSON.stringify(last)}`)))
  )

export const statusOf = (registry: Registry, key: string) =>
  Effect.map(registry.list, (list) => list.find((info) => info.key === key)?.status ?? "free")

export const becomes = (registry: Registry, key: string, status: string) =>
  eventually(statusOf(registry, key), (now) => now === status)

/** A replica that has reached Redis: another one has received what it sent. */
export const together = Effect.fnUntraced(function* (...replicas: ReadonlyArray<Registry>) {
  for (const [i, one] of replicas.entries()) {
    yield* one.bench(`hello-${i}`)
    for (const other of replicas) yield* becomes(other, `hello-${i}`, "manual")
  }
  for (const [i, one] of replicas.entries()) {
    yield* one.unbench(`hello-${i}`)
    for (const other of replicas) yield* becomes(other, `hello-${i}`, "free")
  }
})

export const pair = (url: string, options?: RedisBench.Options) =>
  Effect.gen(function* () {
    const a = yield* replica(url, options)
    const b = yield* replica(url, options)
    yield* together(a, b)
    return [a, b] as const
  })

/** Keeps logs instead of printing them. */
export const quiet = Effect.provide(Logger.layer([]))

export const live = (name: string, test: Effect.Effect<void, unknown, Scope.Scope>) =>
  it.live(name, () => test.pipe(Effect.scoped, quiet))
