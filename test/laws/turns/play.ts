/** Takes the turns in one order, in virtual time, and records everything observable. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { makeRuntime } from "../../../src/engine/Runtime.ts"
import { makeSharedState } from "../../../src/engine/SharedState.ts"
import type * as Bench from "../../../src/health/Bench.ts"
import * as EngineBench from "../../../src/health/EngineBench.ts"
import {
  Backend,
  BenchRegistry,
  Chain,
  Credential,
  type FailoverEvent,
  Failure,
  Model,
  Policy,
  type RunError,
  Target
} from "../../../src/index.ts"
import { patientClock } from "../../support/clock.ts"
import { Fibers, type Step, watched } from "../play.ts"
import { Gates } from "./gates.ts"
import type { Turn, World } from "./turns.ts"

/** The length of the manual bench in milliseconds: less than the maxWait of a request. */
export const byHand = 2_000

/** The length of its cooldown. */
const rest = 1_000

/** The target that is benched at first, then probed and benched by hand. */
export const primary = "primary/m#default"

/** Everything observable of one order of the turns. */
export interface Seen {
  readonly exits: ReadonlyArray<Exit.Exit<unknown, RunError.RunError | RunError.StreamBroken>>
  readonly events: ReadonlyArray<FailoverEvent.FailoverEvent>
  /** Attempts at a target that was benched or half-open. Such an attempt is made once, and is not repeated. */
  readonly single: ReadonlySet<FailoverEvent.FailoverEvent>
  readonly steps: ReadonlyArray<Step>
  /** When the target was benched by hand; infinite without that. */
  readonly benchedAt: number
  /** The number of events before it. */
  readonly eventsBefore: number
  /** The number of steps of the bench before it. */
  readonly stepsBefore: number
  /** What is left after all callers have gone. */
  readonly left: { readonly calls: number; readonly fibers: number; readonly probes: ReadonlyArray<string> }
}

const failure = new Failure.Transient({ reason: "Connection", message: "gone" })

const policy: Policy.Options = {
  deadline: "1 hour",
  timeouts: { firstContent: "1 hour", idle: "1 hour", answer: "1 hour" },
  cooldown: { transient: { base: rest, max: rest } }
}

/** Takes the turns in this order. */
export const play = (order: ReadonlyArray<Turn>, world: World): Effect.Effect<Seen> =>
  Effect.gen(function* () {
    const services = { primary: new Gates(), backup: new Gates() }
    const events: Array<FailoverEvent.FailoverEvent> = []
    const single = new Set<FailoverEvent.FailoverEvent>()
    const steps: Array<Step> = []
    const fibers = new Fibers()
    const registry = watched(yield* BenchRegistry.makeMemory, steps)
    const kept = makeSharedState()
    const observer = (event: FailoverEvent.FailoverEvent) => {
      events.push(event)
      if (event._tag !== "AttemptStarted") return
      if (EngineBench.of(registry).stateUnsafe().entries.get(event.target.key)?.reason !== undefined)
        single.add(event)
    }
    const begin = () => {
      const backends = world.chain === "alone" ? (["primary"] as const) : (["primary", "backup"] as const)
      const links = backends.map((name) => Model.make(Backend.make(name, { gates: services[name] }), "m"))
      const options = {
        policy: { ...policy, whenAllBenched: world.whenAllBenched },
        observer
      }
      return { runtime: makeRuntime(registry, options, {}, kept), chain: Chain.fromLinks(links) }
    }
    let current = begin()
    const ask = Effect.suspend(() => {
      const { chain, runtime } = current
      const name = `caller ${callers.length}`
      const who = world.told === "no" ? {} : world.told === "by name" ? { caller: name } : { request: name }
      return world.kind === "effect"
        ? Effect.asVoid(runtime.useAnswered(chain, ({ service }) => service.gates.ask, who))
        : Stream.runDrain(
            runtime.useStream(chain, ({ service }) => Stream.fromEffect(service.gates.ask), who)
          )
    })
    const callers: Array<Fiber.Fiber<void, RunError.RunError | RunError.StreamBroken>> = []
    const call = Effect.map(
      Effect.forkChild(Effect.provideService(ask, Metric.FiberRuntimeMetrics, fibers)),
      (fiber) => void callers.push(fiber)
    )
    yield* restFromTheStart(registry)

    let benchedAt = Number.POSITIVE_INFINITY
    let eventsBefore = Number.POSITIVE_INFINITY
    let stepsBefore = Number.POSITIVE_INFINITY
    const take = (turn: Turn): Effect.Effect<void> => {
      switch (turn) {
        case "a caller":
        case "another caller":
          return call
        case "a probe":
          return Effect.andThen(pastTheRest(registry), call)
        case "a success":
          return Effect.sync(() => services.primary.end(Exit.succeed("well"), world.ends))
        case "a failure":
          return Effect.sync(() => services.primary.end(Exit.fail(failure), world.ends))
        case "a manual bench":
          return Effect.gen(function* () {
            benchedAt = yield* Clock.currentTimeMillis
            eventsBefore = events.length
            stepsBefore = steps.length
            yield* registry.bench(primary, { for: byHand })
          })
        case "a hang-up":
          return Effect.suspend(() => {
            const waiting = callers.find((fiber) => fiber.pollUnsafe() === undefined)
            return waiting === undefined ? Effect.void : Fiber.interrupt(waiting)
          })
        case "a reload":
          return Effect.sync(() => void (current = begin()))
      }
    }
    for (const turn of order) {
      yield* take(turn)
      services.backup.answerAll()
      yield* TestClock.adjust(world.gap)
      services.backup.answerAll()
    }

    // From now on every target is healthy.
    for (let i = 0; i < 40 && callers.some((fiber) => fiber.pollUnsafe() === undefined); i++) {
      services.primary.answerAll()
      services.backup.answerAll()
      yield* TestClock.adjust(250)
    }
    for (const fiber of callers) yield* Fiber.interrupt(fiber)
    const exits = yield* Effect.forEach(callers, Fiber.await)
    yield* TestClock.adjust(1)
    return {
      exits,
      events,
      single,
      steps,
      benchedAt,
      eventsBefore,
      stepsBefore,
      left: {
        calls: services.primary.open + services.backup.open,
        fibers: fibers.active,
        probes: [...EngineBench.of(registry).stateUnsafe().entries]
          .filter(([, { probe }]) => probe !== 0)
          .map(([key]) => key)
      }
    }
  }).pipe(Random.withSeed("turns"), Effect.provide(patientClock))

const restFromTheStart = (registry: BenchRegistry.BenchRegistry["Service"]) => {
  const target = Target.make({
    provider: "primary",
    model: "m",
    credential: Credential.none,
    policy: Policy.make(policy)
  })
  const go: Bench.Go = { _tag: "Go", generation: 0 }
  return registry.record(target, go, failure, target.policy.rules.Connection.rest ?? undefined)
}

/** Waits for the rest of the target's cooldown. */
const pastTheRest = (registry: BenchRegistry.BenchRegistry["Service"]) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const entry = EngineBench.of(registry).stateUnsafe().entries.get(primary)
    return TestClock.adjust(entry?.reason === undefined ? 0 : Math.max(0, entry.until - now))
  })
