/** What the tests of the engine share: failures of every class, and runs in virtual time. */
import { assert } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Failure from "../../src/failure/Failure.ts"
import { type BenchInfo, BenchRegistry } from "../../src/health/BenchRegistry.ts"
import type { Rule } from "../../src/policy/Rule.ts"
import type * as Scripted from "../../src/testing/Scripted.ts"

/** A throttle with the wait that the provider named. */
export const throttle = (retryAfter?: Duration.Input) =>
  new Failure.RateLimit({ message: "slow down", ...after(retryAfter) })

/** A fault with this reason. */
export const fault = (
  reason: typeof Failure.TransientReason.Type = "Overloaded",
  retryAfter?: Duration.Input
) => new Failure.Transient({ reason, message: "busy", ...after(retryAfter) })

/** A dead key or model, with the date the provider names. */
export const dead = (reason: typeof Failure.AuthDeadReason.Type = "InvalidKey", until?: number) =>
  new Failure.AuthDead({ reason, message: "no", ...(until !== undefined && { until }) })

/** A refusal of the request. */
export const refusal = (reason: typeof Failure.BadRequestReason.Type = "Invalid") =>
  new Failure.BadRequest({ reason, message: "not like this" })

/** A prompt that is too long. */
export const tooLong = (tokens: { readonly limit?: number; readonly actual?: number } = {}) =>
  new Failure.ContextExceeded({ message: "too long", ...tokens })

const after = (retryAfter: Duration.Input | undefined) =>
  retryAfter === undefined ? {} : { retryAfter: Duration.fromInputUnsafe(retryAfter) }

/** The simplest failure of a class. */
export const failureOf = (name: Failure.FailureClass): Failure.Failure => {
  const one = <const L extends string>(literals: ReadonlyArray<L>) => literals.find((l) => l === name)
  const transient = one(Failure.TransientReason.literals)
  const auth = one(Failure.AuthDeadReason.literals)
  const bad = one(Failure.BadRequestReason.literals)
  if (transient !== undefined) return fault(transient)
  if (auth !== undefined) return dead(auth)
  if (bad !== undefined) return refusal(bad)
  return name === "RateLimit" ? throttle() : tooLong()
}

/** The end of a run: its result, its time, and the keys that were benched then. */
export interface Played<A, E> {
  readonly value: A | undefined
  readonly error: E | undefined
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Milliseconds since the run began. */
  readonly took: number
  /** `key reason until`, in the order of the keys. */
  readonly benches: ReadonlyArray<string>
}

/**
 * Plays a run in virtual time and returns how it ended. Every random number is `chance`, so a backoff with full jitter waits
 * half of its delay by default.
 */
export const play = <A, E, R>(
  run: Effect.Effect<A, E, R>,
  options: { readonly within?: Duration.Input; readonly chance?: number } = {}
): Effect.Effect<Played<A, E>, never, R | BenchRegistry> =>
  Effect.gen(function* () {
    const began = yield* Clock.currentTimeMillis
    const fiber = yield* run.pipe(
      Effect.provideService(Random.Random, always(options.chance ?? 0.5)),
      Effect.result,
      Effect.flatMap((result) =>
        Effect.gen(function* () {
          const at = yield* Clock.currentTimeMillis
          return {
            value: Result.isSuccess(result) ? result.success : undefined,
            error: Result.isFailure(result) ? result.failure : undefined,
            at,
            took: at - began,
            benches: yield* benches
          }
        })
      ),
      Effect.forkDetach({ startImmediately: true })
    )
    yield* TestClock.adjust(options.within ?? "1 hour")
    if (fiber.pollUnsafe() === undefined) return yield* Effect.die(new Error("the run has not ended"))
    return yield* Fiber.join(fiber)
  })

/** A random source that always returns the same number. */
export const always = (chance: number): typeof Random.Random.Service => ({
  nextDoubleUnsafe: () => chance,
  nextIntUnsafe: () => 0
})

/** Every key on the bench, as `key reason until`. */
export const benches: Effect.Effect<ReadonlyArray<string>, never, BenchRegistry> = Effect.flatMap(
  BenchRegistry,
  (registry) => Effect.map(registry.list, (list) => list.map(inWords).sort())
)

const inWords = ({ key, reason, until }: BenchInfo) => `${short(key)} ${reason} ${until}`

/** Every call of some providers as `time target`, in order of time. */
export const calls = (...providers: ReadonlyArray<Scripted.Scripted>): ReadonlyArray<string> =>
  providers
    .flatMap((provider) => provider.calls)
    .sort((a, b) => a.at - b.at)
    .map(({ at, target }) => `${at} ${short(target)}`)

/** A target without its credential, if it has only one. */
const short = (key: string) => (key.includes("/") ? key.replace("#default", "") : key)

/** The texts of a stream's parts that have content. */
export const texts = <E, R>(
  stream: Stream.Stream<Scripted.Part, E, R>
): Effect.Effect<ReadonlyArray<string>, E, R> =>
  Effect.map(Stream.runCollect(stream), (parts) =>
    parts.map((part) => part.text).filter((text) => text !== "")
  )

/** The delays that a row chooses, without a clock. Every random number is `chance`. */
export const delays = (retry: Rule["retry"], chance = 0.5) =>
  Effect.gen(function* () {
    assert(typeof retry !== "string")
    const step = yield* Schedule.toStep(retry)
    const found: Array<number> = []
    while (found.length < 20) {
      const next = yield* Effect.option(step(0, fault()))
      if (next._tag === "None") break
      found.push(Duration.toMillis(next.value[1]))
    }
    return found
  }).pipe(Effect.provideService(Random.Random, always(chance)))
