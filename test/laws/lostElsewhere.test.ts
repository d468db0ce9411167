/**
 * The first law, with more reasons to skip a target than failures: limits of its own, manual benches, set clocks, and a bench that is
 * shared with another process. A lost request has called each target that would have answered it, except those that it may
 * not call.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as RedisBench from "../../src/health/stores/RedisBench.ts"
import { Backend, BenchRegistry, Chain, Credential, Failover, Failure, Model } from "../../src/index.ts"
import * as MonotonicClock from "../../src/time/MonotonicClock.ts"
import { patientClock, settable } from "../support/clock.ts"
import { VirtualRedis } from "../support/virtualRedis.ts"
import { check } from "./scenario.ts"

const Int = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const List = <S extends Schema.Constraint>(item: S, minimum: number, maximum: number) =>
  Schema.Array(item).check(Schema.isBetweenLength(minimum, maximum))

const Service = Schema.Struct({
  way: Schema.Literals(["Overloaded", "RateLimit", "InvalidKey", "ModelMissing", "Connection", "hang"]),
  /** When it begins to fail and when it recovers, in milliseconds. */
  from: Schema.Literals([0, 300]),
  until: Schema.Literals([0, 200, 2_000, 9_000, 40_000, 1e9]),
  latency: Schema.Literals([0, 5, 40, 900]),
  rpm: Schema.Literals([0, 6, 60, 600])
})

const Day = Schema.Struct({
  seed: Int(0, 1_000),
  callers: Schema.Literals([1, 2, 5, 20, 60]),
  /** Milliseconds between two callers. */
  gap: Schema.Literals([0, 1, 10, 400, 3_000]),
  kind: Schema.Literals(["effect", "stream"]),
  services: List(Service, 1, 4),
  byHand: List(
    Schema.Struct({
      target: Int(0, 3),
      at: Schema.Literals([0, 100, 3_000]),
      millis: Schema.Literals([500, 2_500, 60_000])
    }),
    0,
    2
  ),
  whenAllBenched: Schema.Literals(["tryAnyway", "wait", "fail"]),
  maxWait: Schema.Literals([3_000, 0]),
  processes: Schema.Literals([1, 2]),
  /** The time of a message to Redis, in milliseconds. */
  delay: Schema.Literals([0, 1, 30]),
  /** When the wall clock of the first process is set, and by how many hours. */
  jumps: List(
    Schema.Struct({ at: Schema.Literals([0, 250, 2_500, 8_000]), hours: Schema.Literals([-1, 24, -0.01]) }),
    0,
    2
  )
})
type Day = typeof Day.Type
type Service = typeof Service.Type

const failureOf = (way: Exclude<Service["way"], "hang">): Failure.Failure => {
  const message = "out of order"
  switch (way) {
    case "RateLimit":
      return new Failure.RateLimit({ message })
    case "InvalidKey":
    case "ModelMissing":
      return new Failure.AuthDead({ reason: way, message })
    default:
      return new Failure.Transient({ reason: way, message })
  }
}

interface Call {
  readonly caller: number
  readonly target: number
  readonly at: number
}

/** A lost request, and the state of each target at that moment. */
interface Lost {
  readonly caller: number
  readonly process: number
  readonly at: number
  readonly tag: string
  readonly states: ReadonlyArray<string>
}

const isWell = ({ from, until }: Service, at: number) => at < from || at >= until

const nameOf = (index: number) => `p${index}`

const chainOf = ({ services }: Day, calls: Array<Call>) =>
  Chain.fromLinks(
    services.map((service, index) => {
      const { latency, rpm, way } = service
      const ask = (caller: number) =>
        Effect.gen(function* () {
          const at = yield* MonotonicClock.currentTimeMillis
          calls.push({ caller, target: index, at })
          if (!isWell(service, at - start) && way === "hang") return yield* Effect.never
          if (latency > 0) yield* Effect.sleep(latency)
          return isWell(service, at - start) || way === "hang" ? nameOf(index) : yield* failureOf(way)
        })
      const options = rpm === 0 ? {} : { credentials: [Credential.make("key", { rpm })] as const }
      return Model.make(Backend.make(nameOf(index), { ask }, options), "m")
    })
  )

/** The start of the scenario, when the processes have found each other. */
const start = 1_000

const play = (day: Day) =>
  Effect.gen(function* () {
    const calls: Array<Call> = []
    const lost: Array<Lost> = []
    const redis = new VirtualRedis(day.delay, yield* Clock.Clock)
    const chain = chainOf(day, calls)
    const { clock, set } = yield* settable
    // All times of this process are relative to its first reading.
    MonotonicClock.millis(clock)
    /** Only the wall clock of the first process is set. */
    const inProcess = <A, E, R>(process: number, effect: Effect.Effect<A, E, R>) =>
      process === 0 ? Effect.provideService(effect, Clock.Clock, clock) : effect
    const registries = yield* Effect.forEach(Array.from({ length: day.processes }), (_, process) =>
      inProcess(
        process,
        day.processes === 1 ? BenchRegistry.makeMemory : RedisBench.make(Effect.succeed(redis.connection))
      )
    )
    const { maxWait, whenAllBenched } = day
    const runtimes = yield* Effect.forEach(registries, (registry) =>
      Effect.provideService(
        Failover.make({ policy: { maxWait, whenAllBenched, timeouts: { answer: 30_000 } } }),
        BenchRegistry.BenchRegistry,
        registry
      )
    )
    yield* TestClock.adjust(start)
    yield* Effect.forkChild(
      Effect.forEach(
        day.byHand,
        ({ at, millis, target }, i) =>
          Effect.delay(
            inProcess(
              i % day.processes,
              registries[i % day.processes]!.bench(nameOf(target % day.services.length), { for: millis })
            ),
            at
          ),
        { concurrency: "unbounded" }
      )
    )
    yield* Effect.forkChild(
      Effect.forEach(
        day.jumps,
        ({ at, hours }) =>
          Effect.delay(
            Effect.sync(() => set(hours * 3_600_000)),
            at
          ),
        { concurrency: "unbounded" }
      )
    )
    const request = (caller: number) => {
      const process = caller % day.processes
      const failover = runtimes[process]!
      const ask =
        day.kind === "effect"
          ? failover.use(chain, ({ service }) => service.ask(caller))
          : Stream.runDrain(
              failover.useStream(chain, ({ service }) => Stream.fromEffect(service.ask(caller)))
            )
      const noted = Effect.catch(ask, ({ _tag }) =>
        Effect.gen(function* () {
          const at = yield* MonotonicClock.currentTimeMillis
          const states = (yield* failover.explain(chain)).map(({ state, why }) => `${state} ${why?.reason}`)
          lost.push({ caller, process, at, tag: _tag, states })
        })
      )
      return inProcess(process, noted)
    }
    const callers = yield* Effect.forEach(Array.from({ length: day.callers }), (_, i) =>
      Effect.forkChild(Effect.delay(request(i), i * day.gap + 1))
    )
    const all = yield* Effect.forkChild(Fiber.joinAll(callers))
    yield* TestClock.adjust("20 minutes")
    yield* Fiber.join(all)
    return { calls, lost }
  }).pipe(Effect.scoped, Random.withSeed(String(day.seed)), Effect.provide(patientClock))

/** Whether a lost request may have skipped a target that would have answered it. */
const isExcused = (
  { byHand, maxWait, services, whenAllBenched }: Day,
  lost: Lost,
  target: number
): boolean => {
  const state = lost.states[target]!
  // A limit is never exceeded, and the end of a manual bench is noticed within a second.
  const wasByHand = byHand.some(({ at, millis, target: index }) => {
    const [from, until] = [start + at, start + at + millis]
    return index % services.length === target && from <= lost.at && lost.at <= until + maxWait + 1_000
  })
  if (wasByHand || state.startsWith("limited")) return true
  if (whenAllBenched !== "tryAnyway") return !/^(callable|probe) /.test(state)
  // Dead keys and models do not recover by themselves.
  return state === "resting InvalidKey" || state === "resting ModelMissing"
}

/** Fails if a lost request has skipped a target that would have answered it, or if a limit is exceeded. */
const judge = (day: Day) =>
  Effect.gen(function* () {
    const { calls, lost } = yield* play(day)
    for (const one of lost) {
      for (const [index, service] of day.services.entries()) {
        const wasCalled = calls.some(({ caller, target }) => caller === one.caller && target === index)
        if (wasCalled || !isWell(service, one.at - start)) continue
        const story = `caller ${one.caller} at ${one.at}: ${one.tag}, ${one.states.join(", ")}`
        assert.isTrue(isExcused(day, one, index), `${nameOf(index)} was not called, ${story}`)
      }
    }
    for (const [index, { rpm }] of day.services.entries()) {
      if (rpm === 0) continue
      for (let process = 0; process < day.processes; process++) {
        const own = calls.filter(
          ({ caller, target }) => target === index && caller % day.processes === process
        )
        for (const [i, { at }] of own.entries()) {
          const since = own.slice(0, i + 1).findLastIndex((call) => at - call.at > 60_000) + 1
          assert.isAtMost(i + 1 - since, 2 * rpm, nameOf(index))
        }
      }
    }
  })

/** Sixty callers, one every 0.4 s. */
const sixty = { callers: 60, gap: 400, maxWait: 3_000, processes: 1, byHand: [], jumps: [] } as const

describe("no request is lost", () => {
  it.effect.prop(
    "while a target that it may call would answer it, with limits, manual benches and a shared bench",
    [Day],
    ([day]) => judge(day),
    check(150)
  )

  it.effect("that was waiting for a retry when a model that it had skipped came back", () =>
    judge({
      ...sixty,
      seed: 90,
      kind: "effect",
      services: [
        { way: "Overloaded", from: 300, until: 1e9, latency: 900, rpm: 0 },
        { way: "ModelMissing", from: 0, until: 9_000, latency: 0, rpm: 600 }
      ],
      whenAllBenched: "tryAnyway",
      delay: 0
    })
  )

  it.effect("that was waiting for a retry when the probe of a target that it had skipped was answered", () =>
    judge({
      ...sixty,
      seed: 6,
      kind: "stream",
      services: [
        { way: "Connection", from: 0, until: 2_000, latency: 900, rpm: 6 },
        { way: "hang", from: 300, until: 40_000, latency: 40, rpm: 0 },
        { way: "Overloaded", from: 0, until: 9_000, latency: 900, rpm: 6 }
      ],
      byHand: [{ target: 1, at: 3_000, millis: 500 }],
      whenAllBenched: "fail",
      delay: 30
    })
  )

  it.effect("that comes after the end of a manual bench of which its process was informed late", () =>
    judge({
      ...sixty,
      seed: 0,
      kind: "effect",
      services: [{ way: "RateLimit", from: 300, until: 200, latency: 0, rpm: 6 }],
      byHand: [{ target: 0, at: 0, millis: 2_500 }],
      whenAllBenched: "tryAnyway",
      maxWait: 0,
      processes: 2,
      delay: 0
    })
  )
})
