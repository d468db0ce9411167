/**
 * The first law: a request is answered if, within its deadline, a target that it has not tried would answer it or a target
 * that it may retry recovers. The load on a failing target stays bounded.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Backend, Chain, Failover, Failure, Model } from "../../src/index.ts"
import { patientClock } from "../support/clock.ts"
import { check } from "./scenario.ts"

const Int = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const Day = Schema.Struct({
  seed: Int(0, 1_000),
  callers: Schema.Literals([1, 2, 5, 14, 20, 60, 200]),
  /** Milliseconds between two callers. */
  gap: Schema.Literals([0, 0, 1, 10, 700]),
  kind: Schema.Literals(["effect", "stream"]),
  failing: Int(0, 9),
  way: Schema.Literals([
    "RateLimit",
    "InvalidKey",
    "Balance",
    "ModelMissing",
    "Overloaded",
    "ServerError",
    "Connection"
  ]),
  /** How long a call takes. */
  latency: Schema.Literals([0, 5, 40]),
  /** The position of the healthy target in the chain, from 0 to 1. */
  place: Schema.Literals([0, 0.5, 1]),
  attempts: Schema.Literals([8, 1, 3]),
  retryBudget: Schema.Literals([0.2, 0, 1_000]),
  whenAllBenched: Schema.Literals(["tryAnyway", "wait", "fail"]),
  /** How long the healthy target fails as well. */
  blip: Schema.Literals([50, 200, 450])
})
type Day = typeof Day.Type

const failureOf = (way: Day["way"]): Failure.Failure => {
  const message = "out of order"
  switch (way) {
    case "RateLimit":
      return new Failure.RateLimit({ message })
    case "InvalidKey":
    case "Balance":
    case "ModelMissing":
      return new Failure.AuthDead({ reason: way, message })
    default:
      return new Failure.Transient({ reason: way, message })
  }
}

const service = (name: string, until: number, failure: Failure.Failure, latency: number) => {
  const seen = { failed: 0 }
  const ask = Effect.gen(function* () {
    const isFailing = (yield* Clock.currentTimeMillis) < until
    if (latency > 0) yield* Effect.sleep(latency)
    if (!isFailing) return name
    seen.failed++
    return yield* failure
  })
  return { seen, backend: Backend.make(name, { ask }) }
}

/** How many callers are lost, and how many calls each target received while it failed. */
const play = (
  day: Day,
  services: ReadonlyArray<ReturnType<typeof service>>,
  defaults: boolean,
  deadline = 600_000
) =>
  Effect.gen(function* () {
    const chain = Chain.fromLinks(services.map(({ backend }) => Model.make(backend, "m")))
    const failover = yield* Failover.make(
      defaults
        ? {}
        : {
            policy: { attempts: day.attempts, whenAllBenched: day.whenAllBenched },
            retryBudget: day.retryBudget
          }
    )
    const ask =
      day.kind === "effect"
        ? failover.useAnswered(chain, ({ service }) => service.ask, { deadline })
        : Stream.runDrain(
            failover.useStream(chain, ({ service }) => Stream.fromEffect(service.ask), { deadline })
          )
    const callers = yield* Effect.forEach(Array.from({ length: day.callers }), (_, i) =>
      Effect.forkChild(Effect.exit(Effect.delay(ask, i * day.gap)))
    )
    const all = yield* Effect.forkChild(Fiber.joinAll(callers))
    yield* TestClock.adjust("20 minutes")
    const exits = yield* Fiber.join(all)
    return exits.filter((exit) => exit._tag === "Failure").length
  }).pipe(Effect.provide(Failover.layer()), Random.withSeed(String(day.seed)), Effect.provide(patientClock))

describe("no request is lost", () => {
  it.effect.prop(
    "while one target of its chain is healthy, whatever the others fail with, wherever it stands and however many callers there are",
    [Day],
    ([day]) =>
      Effect.gen(function* () {
        const services = Array.from({ length: day.failing }, (_, i) =>
          service(`dead${i}`, Number.POSITIVE_INFINITY, failureOf(day.way), day.latency)
        )
        const at = Math.round(day.place * services.length)
        const well = service("well", 0, failureOf(day.way), day.latency)
        assert.strictEqual(
          yield* play(day, [...services.slice(0, at), well, ...services.slice(at)], false),
          0
        )
        const retries = day.retryBudget === 1_000 ? 2 * day.callers : 0.2 * day.callers + 10 + 200
        for (const { seen } of services) assert.isAtMost(seen.failed, day.callers + retries)
      }),
    check(150)
  )

  it.effect.prop(
    "when all its targets fail for less than the first backoff, with all defaults",
    [Day],
    ([day]) =>
      Effect.gen(function* () {
        const isFault = ["Overloaded", "ServerError", "Connection"].includes(day.way)
        const way = isFault || day.way === "RateLimit" ? day.way : "Overloaded"
        const services = Array.from({ length: 1 + (day.failing % 3) }, (_, i) =>
          service(`p${i}`, day.blip, failureOf(way), day.latency)
        )
        assert.strictEqual(yield* play(day, services, true), 0)
        // Twice the calls of one attempt and one retry each.
        for (const { seen } of services) assert.isAtMost(seen.failed, 4 * day.callers)
      }),
    check(150)
  )

  it.effect.prop(
    "when all its targets fail for less than the first backoff, and its deadline is shorter than the second one",
    [Day, Schema.Literals([1_000, 1_500, 1_900])],
    ([day, deadline]) =>
      Effect.gen(function* () {
        const services = Array.from({ length: 1 + (day.failing % 2) }, (_, i) =>
          service(`p${i}`, day.blip, failureOf("ServerError"), day.latency)
        )
        const callers = day.callers === 200 ? 20 : day.callers
        assert.strictEqual(yield* play({ ...day, callers }, services, true, deadline), 0)
        for (const { seen } of services) assert.isAtMost(seen.failed, 4 * day.callers)
      }),
    check(150)
  )
})
