/** Plays a day in virtual time and records every call, every end and what is left. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { makeRuntime, type Runtime } from "../../../src/engine/Runtime.ts"
import { makeSharedState, waitingOf } from "../../../src/engine/SharedState.ts"
import * as EngineBench from "../../../src/health/EngineBench.ts"
import {
  Backend,
  BenchRegistry,
  Chain,
  Credential,
  type FailoverEvent,
  Failure,
  Model,
  type Policy,
  type RunError
} from "../../../src/index.ts"
import * as MonotonicClock from "../../../src/time/MonotonicClock.ts"
import { Sleeper } from "../../../src/util/Sleeper.ts"
import { patientClock, settable } from "../../support/clock.ts"
import { Fibers } from "../play.ts"
import { type Day, type Service, troubleAt } from "./day.ts"
import { type Asking, type Standing, Standings } from "./standing.ts"

/** A call that reached a service. Times are milliseconds since the start. */
export interface Call {
  readonly caller: number
  readonly service: number
  readonly at: number
  /** Whether the target was benched or half-open: such an attempt is made once and not repeated. */
  readonly isSingle: boolean
  endedAt: number
}

/** The end of a request. */
export interface End {
  readonly caller: number
  readonly startedAt: number
  readonly at: number
  /** The tag of its error; "answered", or "left" if its caller disconnected. */
  readonly how: "answered" | "left" | RunError.RunError["_tag"] | RunError.StreamBroken["_tag"]
  /** Whether a target answered it. A stream may still break or last too long. */
  readonly hadContent: boolean
  /** The standing of each service's target for a lost request at its end. */
  readonly standings: ReadonlyArray<Standing>
  /** How it stood when the time for one more target was left before the deadline; empty for a request that had ended by then. */
  readonly earlier: ReadonlyArray<Standing>
}

/** Everything observable of a day. */
export interface Played {
  readonly calls: ReadonlyArray<Call>
  readonly ends: ReadonlyArray<End>
  /** What is left after all callers have gone. */
  readonly left: Readonly<Record<string, number>>
}

/** When the day begins: not at 0, which would hide a time that was never set. */
const start = 1_000

/** When the last check for a target that can be called is due before the deadline, in milliseconds from the start of a request. */
export const lastCheck = ({ policy: { deadline } }: Day): number => deadline - Math.min(2_000, deadline / 4)

export const nameOf = (index: number) => `p${index}`

const failureOf = (service: Service, at: number): Failure.Failure => {
  const { from, lasts, way } = troubleAt(service, at)!
  const message = "out of order"
  const left = Math.min(Math.max(1, from + lasts - at), 86_400_000)
  switch (way) {
    case "RateLimit":
      return new Failure.RateLimit({ message })
    case "RateLimit with its end":
      return new Failure.RateLimit({ message, retryAfter: left })
    case "RateLimit for a second":
      return new Failure.RateLimit({ message, retryAfter: 1_000 })
    case "Overloaded with its end":
      return new Failure.Transient({ reason: "Overloaded", message, retryAfter: left })
    case "InvalidKey":
    case "Balance":
    case "ModelMissing":
      return new Failure.AuthDead({ reason: way, message })
    case "hang":
    case "slow":
    case "cut early":
    case "cut late":
      return new Failure.Transient({ reason: "Truncated", message })
    default:
      return new Failure.Transient({ reason: way, message })
  }
}

/** One call of a service. */
const ask = (service: Service, call: Call): Effect.Effect<string, Failure.Failure> =>
  Effect.suspend(() => {
    const trouble = troubleAt(service, call.at)
    const pause = (millis: number) => (millis > 0 ? Effect.sleep(millis) : Effect.void)
    if (trouble?.way === "hang") return Effect.never
    if (trouble?.way === "slow") return Effect.as(Effect.sleep(10_000), "late")
    const ends = Effect.suspend(() =>
      trouble === undefined ? Effect.succeed("well") : Effect.fail(failureOf(service, call.at))
    )
    return Effect.andThen(pause(service.latency), ends)
  })

/** The same as a stream. With a late cut it breaks after its content. */
const askStream = (service: Service, call: Call): Stream.Stream<string, Failure.Failure> => {
  if (troubleAt(service, call.at)?.way !== "cut late") return Stream.fromEffect(ask(service, call))
  const content = Effect.as(Effect.sleep(service.latency), "well")
  return Stream.concat(Stream.fromEffect(content), Stream.fromEffect(ask(service, call)))
}

/** The chain of a day. A reload makes it again. */
const chainOf = ({ services, strategy, tiers }: Day) => {
  const models = services.map(({ isShared, rpm, weight }, index) => {
    const credential = Credential.make("key", {
      ...(rpm > 0 && { rpm }),
      ...(isShared && { baseUrl: "https://shared.example" })
    })
    const backend = Backend.make(nameOf(index), { index }, { credentials: [credential] })
    return Model.withWeight(Model.make(backend, "m"), weight)
  })
  let at = 0
  const sizes = [...tiers, services.length]
  const links = sizes.flatMap((size) => {
    const own = models.slice(at, at + size)
    at += size
    return own.length === 0 ? [] : [Chain.withStrategy(Chain.equalsOf(own), strategy)]
  })
  return Chain.fromLinks(links)
}

const policyOf = ({ policy }: Day): Policy.Options => ({
  deadline: policy.deadline,
  attempts: policy.attempts,
  maxWait: policy.maxWait,
  whenAllBenched: policy.whenAllBenched,
  learnedLimit: policy.learnedLimit,
  hedge: policy.hedge === 0 ? false : { after: policy.hedge, share: 0.5, to: "chain" },
  timeouts: { answer: policy.timeout, firstContent: policy.timeout, idle: policy.timeout }
})

const callerOf = ({ names }: Day, caller: number): Asking => ({
  caller: names > 0 ? `caller ${caller % names}` : undefined,
  request: names === 0 ? `request ${caller}` : "a request"
})

/** Plays a day to its end. */
export const play = (day: Day): Effect.Effect<Played> =>
  Effect.gen(function* () {
    const { clock, set } = yield* settable
    return yield* Effect.provideService(playWith(day, set), Clock.Clock, clock)
  }).pipe(Random.withSeed(String(day.seed)), Effect.provide(patientClock))

const playWith = (day: Day, set: (millis: number) => void): Effect.Effect<Played> =>
  Effect.gen(function* () {
    const calls: Array<Call> = []
    const ends: Array<End> = []
    const fibers = new Fibers()
    const registry = yield* BenchRegistry.makeMemory
    const state = () => EngineBench.of(registry).stateUnsafe()
    const kept = makeSharedState()
    const standings = new Standings(EngineBench.of(registry), kept)
    const context = yield* Effect.context<never>()
    const clock = Context.get(context, Clock.Clock)
    const now = () => MonotonicClock.millis(clock) - start
    const begin = () => ({
      chain: chainOf(day),
      runtime: makeRuntime(registry, { policy: policyOf(day), retryBudget: day.policy.retryBudget }, {}, kept)
    })
    let current = begin()
    const targets = (yield* current.runtime.explain(current.chain)).map(({ target }) => target)
    const targetOf = (service: number) => targets.find(({ key }) => key === `${nameOf(service)}/m#key`)!
    yield* TestClock.adjust(start)

    const called = (caller: number, service: number): Call => {
      const asking = callerOf(day, caller)
      const isSingle = standings.isSingle(targetOf(service), asking, MonotonicClock.millis(clock))
      const call = { caller, service, at: now(), isSingle, endedAt: Number.POSITIVE_INFINITY }
      calls.push(call)
      return call
    }
    const noted = <A, E>(call: Call, effect: Effect.Effect<A, E>) =>
      Effect.onExit(effect, () => Effect.sync(() => void (call.endedAt = now())))
    const request = (
      runtime: Runtime,
      chain: ReturnType<typeof chainOf>,
      caller: number,
      observer: FailoverEvent.Observer
    ) => {
      const options = { ...callerOf(day, caller), observer }
      if (day.kind === "effect") {
        return runtime.use(
          chain,
          ({ service: { index } }) =>
            Effect.suspend(() => {
              const call = called(caller, index)
              return noted(call, ask(day.services[index]!, call))
            }),
          options
        )
      }
      const stream = ({ service: { index } }: { readonly service: { readonly index: number } }) =>
        Stream.suspend(() => {
          const call = called(caller, index)
          return Stream.ensuring(
            askStream(day.services[index]!, call),
            Effect.sync(() => void (call.endedAt = now()))
          )
        })
      return Stream.runDrain(runtime.useStream(chain, stream, options))
    }
    const one = (caller: number) =>
      Effect.gen(function* () {
        const { every, after } = day.leaves
        yield* Effect.sleep(caller * day.gap + 1)
        const { chain, runtime } = current
        const startedAt = now()
        let lost: ReadonlyArray<Standing> = []
        let earlier: ReadonlyArray<Standing> = []
        const standing = (at: number) =>
          day.services.map((_, index) => standings.of(targetOf(index), callerOf(day, caller), at))
        let hadContent = false
        // In the turn in which it is lost, since other requests may be answered in the next one.
        const observer: FailoverEvent.Observer = (event) => {
          if (event._tag === "AttemptSucceeded") hadContent = true
          if (event._tag !== "RunFailed") return
          lost = standing(event.at)
        }
        const ended = (exit: Exit.Exit<unknown, RunError.RunError | RunError.StreamBroken>) =>
          Effect.sync(() => {
            const error = Option.map(Exit.findErrorOption(exit), ({ _tag }) => _tag)
            const how = Exit.isSuccess(exit) ? "answered" : Option.getOrElse(error, () => "left" as const)
            ends.push({ caller, startedAt, at: now(), how, hadContent, standings: lost, earlier })
          })
        const fiber = yield* request(runtime, chain, caller, observer).pipe(
          Effect.provideService(Metric.FiberRuntimeMetrics, fibers),
          Effect.onExit(ended),
          Effect.forkChild
        )
        const watched = yield* Effect.sleep(lastCheck(day) - 1).pipe(
          Effect.andThen(Effect.sync(() => void (earlier = standing(MonotonicClock.millis(clock))))),
          Effect.forkChild
        )
        if (every > 0 && (caller + 1) % every === 0) {
          yield* Effect.sleep(after)
          yield* Fiber.interrupt(fiber)
        }
        yield* Fiber.await(fiber)
        yield* Fiber.interrupt(watched)
      })
    const at = (millis: number, effect: Effect.Effect<unknown>) =>
      Effect.forkChild(Effect.andThen(Effect.sleep(millis), effect))
    for (const { at: millis, lasts, service } of day.byHand) {
      const key = nameOf(service % day.services.length)
      yield* at(millis, registry.bench(key, { for: lasts }))
    }
    for (const millis of day.reloads)
      yield* at(
        millis,
        Effect.sync(() => void (current = begin()))
      )
    for (const { at: millis, hours } of day.jumps)
      yield* at(
        millis,
        Effect.sync(() => set(hours * 3_600_000))
      )
    const callers = yield* Effect.forEach(Array.from({ length: day.callers }), (_, caller) =>
      Effect.forkChild(one(caller))
    )
    const all = yield* Effect.forkChild(Fiber.joinAll(callers))
    yield* TestClock.adjust(day.callers * day.gap + day.policy.deadline + 20_000)
    if (all.pollUnsafe() === undefined) return yield* Effect.die(new Error("somebody still waits"))
    yield* Fiber.join(all)
    const { queues, room } = waitingOf(kept, EngineBench.of(registry))
    return {
      calls,
      ends,
      left: {
        calls: calls.filter(({ endedAt }) => endedAt === Number.POSITIVE_INFINITY).length,
        fibers: fibers.active,
        probes: [...state().entries].filter(([, { probe }]) => probe !== 0).length,
        queues: queues.size,
        room: room
          .all(MonotonicClock.millis(clock))
          .reduce((sum, { inFlight, waiting }) => sum + inFlight + waiting, 0),
        timers: Sleeper.of(context).size
      }
    }
  })
