/** Plays a scenario in virtual time and records everything observable. */
import { assert } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Random from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Bench from "../../src/health/Bench.ts"
import * as EngineBench from "../../src/health/EngineBench.ts"
import {
  BenchKey,
  BenchRegistry,
  Chain,
  Commit,
  Credential,
  Failover,
  type FailoverEvent,
  Failure,
  Model,
  type Policy,
  type Provider,
  type RunError
} from "../../src/index.ts"
import { Scripted } from "../../src/testing/index.ts"
import { patientClock } from "../support/clock.ts"
import type { Scenario } from "./scenario.ts"

/** A request: its caller, and whether it has an output limit. */
export interface Request {
  readonly caller: number
  readonly capped: boolean
}

/** The outcome of one caller's request. Times are milliseconds since the epoch. */
export interface Told {
  readonly caller: number
  readonly asks: "complete" | "stream" | "open"
  readonly startedAt: number
  readonly endedAt: number
  readonly exit: Exit.Exit<void, RunError.RunError | RunError.StreamBroken>
  /** The content that arrived, piece by piece: `target@call:piece`. */
  readonly pieces: ReadonlyArray<string>
  /** Calls and fibers of this caller that still ran after it had left. Stubborn calls may. */
  readonly running: { readonly calls: number; readonly fibers: number }
  /** The target that the runtime named as the source of the answer, if it was asked for. */
  readonly answered: Omit<Failover.Answered<unknown>, "value"> | undefined
}

/** An event that an observer received, and the bench at that moment. */
export interface Heard {
  readonly event: FailoverEvent.FailoverEvent
  readonly state: Bench.State
}

/** Two states of the bench with one operation between them. */
export interface Step {
  readonly operation: "fail" | "succeed" | "release" | "reopen"
  readonly admission: Bench.Go | Bench.Probe
  readonly before: Bench.State
  readonly after: Bench.State
  readonly at: number
}

/** Everything observable of a scenario. */
export interface Played {
  readonly told: ReadonlyArray<Told>
  readonly heard: ReadonlyArray<Heard>
  readonly steps: ReadonlyArray<Step>
  /** Every call that reached a provider, in order. */
  readonly calls: ReadonlyArray<Scripted.Recorded<Request>>
  readonly chain: Chain.Chain<AnyProvider>
  /** The steps of the `n`th call to a target. */
  readonly stepsOf: (target: string, n: number) => ReadonlyArray<string>
  /** What was left after all callers had gone and all uninterruptible work had ended. */
  readonly left: { readonly calls: number; readonly fibers: number; readonly probes: ReadonlyArray<string> }
}

type AnyProvider = Provider.Provider<Request, string, Scripted.Part>

/** Plays a scenario to its end. `onEvent` is called with every event of a run. */
export const play = (scenario: Scenario, onEvent: () => void = () => {}): Effect.Effect<Played> => {
  const heard: Array<Heard> = []
  const steps: Array<Step> = []
  const fibers = scenario.callers.map(() => new Fibers())
  const world = build(scenario)
  const registry = Layer.effect(
    BenchRegistry.BenchRegistry,
    Effect.map(BenchRegistry.makeMemory, (inner) => watched(inner, steps))
  )
  return Effect.gen(function* () {
    const bench = yield* BenchRegistry.BenchRegistry
    const failover = yield* Failover.make({
      policy: policyOf(scenario),
      retryBudget: scenario.policy.retryBudget,
      observer: (event) => {
        heard.push({ event, state: EngineBench.of(bench).stateUnsafe() })
        onEvent()
      }
    })
    yield* Effect.forkChild(benchByHand(scenario, world, bench))
    const callers = yield* Effect.forEach(scenario.callers, (_, caller) =>
      Effect.forkChild(call(scenario, world, failover, fibers[caller]!, caller))
    )
    const everybody = yield* Effect.forkChild(Fiber.joinAll(callers))
    // The longest deadline, plus time for uninterruptible calls to finish.
    yield* TestClock.adjust("15 minutes")
    if (everybody.pollUnsafe() === undefined) return yield* Effect.die(new Error("somebody still waits"))
    const told = yield* Fiber.join(everybody)
    yield* TestClock.adjust("15 minutes")
    const left = {
      calls: world.scripted.reduce((sum, provider) => sum + provider.open, 0),
      fibers: fibers.reduce((sum, { active }) => sum + active, 0),
      probes: [...EngineBench.of(bench).stateUnsafe().entries]
        .filter(([, entry]) => entry.probe !== 0)
        .map(([key]) => key)
    }
    return { ...world, told, heard, steps, left }
  }).pipe(Effect.provide(registry), Random.withSeed(scenario.seed), Effect.provide(patientClock))
}

/** Counts the fibers that the runtime started for some callers and that still run. */
export class Fibers {
  active = 0
  readonly recordFiberStart = () => {
    this.active++
  }
  readonly recordFiberEnd = () => {
    this.active--
  }
}

// -- providers ----------------------------------------------------------------------------------------------------

interface World extends Pick<Played, "calls" | "chain" | "stepsOf"> {
  readonly scripted: ReadonlyArray<Scripted.Scripted<Request>>
}

const build = (scenario: Scenario): World => {
  const calls: Array<Scripted.Recorded<Request>> = []
  const targets = new Map<string, number>()
  /** Targets take the scripts in the order in which they are first called. */
  const scriptOf = (target: string) => {
    if (!targets.has(target)) targets.set(target, targets.size)
    return scenario.scripts[targets.get(target)! % scenario.scripts.length]!
  }
  const stepsOf = (target: string, n: number) => {
    const script = scriptOf(target)
    return script[n % script.length]!
  }
  const counts = new Map<string, number>()
  const scripted = scenario.providers.map((provider, i) => {
    const next: Scripted.Script<Request, string, Scripted.Part> = ({ key }) => {
      calls.push(made.calls.at(-1)!)
      const n = counts.get(key) ?? 0
      counts.set(key, n + 1)
      const steps = stepsOf(key, n).map((name, place) => stepOf(name, `${key}@${n}:${place};`))
      // The provider counts its calls too, and runs the script of that number.
      return Array.from({ length: n + 1 }, () => steps)
    }
    const made = Scripted.makeWith<Request, string, Scripted.Part>(format, `p${i}`, next, {
      strategy: provider.strategy,
      credentials: credentialsOf(provider.places),
      withoutOutputLimit: provider.capped
        ? (request) => (request.capped ? { ...request, capped: false } : undefined)
        : undefined
    })
    return made
  })
  const providers = scripted.map((provider, i): AnyProvider => {
    if (scenario.providers[i]?.stubborn !== true) return provider
    return {
      ...provider,
      complete: (request, target) => Effect.uninterruptible(provider.complete(request, target))
    }
  })
  const chainOf = (links: Scenario["chain"]) =>
    Chain.fromLinks(
      links.map(({ model, provider, window }) =>
        Model.make(providers[provider % providers.length]!, `m${model}`, {
          contextWindow: window === 0 ? undefined : window
        })
      )
    )
  const special = (links: Scenario["chain"]) => (links.length === 0 ? undefined : chainOf(links))
  return {
    scripted,
    calls,
    stepsOf,
    chain: {
      ...chainOf(scenario.chain),
      onContextExceeded: special(scenario.onContextExceeded),
      onContentPolicy: special(scenario.onContentPolicy)
    }
  }
}

const credentialsOf = ([first, ...rest]: ReadonlyArray<string>) => {
  const credential = (place: string | undefined, i: number) =>
    Credential.make(`c${i}`, { weight: i + 1, baseUrl: place === "own" ? undefined : place })
  return [credential(first, 0), ...rest.map((place, i) => credential(place, i + 1))] as const
}

const format: Scripted.Format<Request, string, Scripted.Part> = {
  answer: (text) => text,
  chunk: (part) => part,
  phase: (part) => part.phase
}

/** Every piece of content names its target, its call and its position. */
const stepOf = (name: string, tag: string): Scripted.Step<string, Scripted.Part> => {
  const [what, how, number] = name.split(" ")
  switch (what) {
    case "one":
    case "two":
    case "three":
      return tag
    case "held":
      return Scripted.held(tag)
    case "complete":
      return Scripted.complete()
    case "wait":
      return { wait: Number(how) }
    case "hang":
      // Longer than any caller waits, but finite: an uninterruptible call has to end.
      return { wait: "14 minutes" }
    case "die":
      return { die: new Error("a bug") }
    case "end":
      return { end: true }
    default:
      return failureOf(what!, number === undefined ? undefined : Number(number))
  }
}

const isOneOf = <A extends string>(all: ReadonlyArray<A>, text: string): text is A =>
  all.some((a) => a === text)

const failureOf = (name: string, number: number | undefined): Failure.Failure => {
  const message = name
  const after = number === undefined ? {} : { retryAfter: Duration.millis(number) }
  if (isOneOf(Failure.TransientReason.literals, name)) {
    return new Failure.Transient({ reason: name, message, ...after })
  }
  if (isOneOf(Failure.BadRequestReason.literals, name))
    return new Failure.BadRequest({ reason: name, message })
  if (isOneOf(Failure.AuthDeadReason.literals, name)) {
    return new Failure.AuthDead({ reason: name, message, ...(number !== undefined && { until: number }) })
  }
  return name === "ContextExceeded"
    ? new Failure.ContextExceeded({ message, limit: 1_000 })
    : new Failure.RateLimit({ message, ...after })
}

const policyOf = ({ hedge, learnedLimit, policy }: Scenario): Policy.Options => ({
  hedge,
  learnedLimit,
  attempts: policy.attempts,
  deadline: policy.deadline,
  fallbackReserve: policy.fallbackReserve,
  maxWait: policy.maxWait,
  whenAllBenched: policy.whenAllBenched,
  commit:
    policy.commit === "first content"
      ? Commit.firstContent
      : policy.commit === "complete"
        ? Commit.complete
        : Commit.chunks(2),
  timeouts: { firstContent: policy.timeout, idle: policy.timeout, answer: policy.timeout },
  retries: { times: policy.retries },
  threshold: { transient: policy.threshold }
})

// -- callers and operators ----------------------------------------------------------------------------------------

const call = (
  scenario: Scenario,
  { calls, chain }: World,
  failover: Failover.Failover["Service"],
  fibers: Fibers,
  caller: number
): Effect.Effect<Told> =>
  Effect.gen(function* () {
    const { asks, at, leaves } = scenario.callers[caller]!
    const request: Request = { caller, capped: true }
    const pieces: Array<string> = []
    let answered: Told["answered"]
    const take = (text: string) => void pieces.push(...text.split(";").filter((piece) => piece !== ""))
    const read = <E>(stream: Stream.Stream<Scripted.Part, E>) =>
      Stream.runForEach(stream, (part) => Effect.sync(() => take(part.text)))
    const ask = (): Effect.Effect<void, RunError.RunError | RunError.StreamBroken> => {
      switch (asks) {
        case "stream":
          return read(failover.stream(chain, request))
        case "open":
          return Effect.scoped(
            Effect.flatMap(failover.open(chain, request), ({ value, ...rest }) => {
              answered = rest
              return read(value)
            })
          )
        case "complete":
          return Effect.map(failover.answer(chain, request), ({ value, ...rest }) => {
            answered = rest
            take(value)
          })
      }
    }

    // Shortly after everything else begins, so that virtual time waits for everything at that time.
    yield* Effect.sleep(at + 1)
    const startedAt = yield* Clock.currentTimeMillis
    let endedAt = startedAt
    const fiber = yield* ask().pipe(
      Effect.provideService(Scheduler.MaxOpsBeforeYield, scenario.turn),
      Effect.provideService(Metric.FiberRuntimeMetrics, fibers),
      Effect.onExit(() => Effect.map(Clock.currentTimeMillis, (now) => void (endedAt = now))),
      Effect.forkChild
    )
    if (leaves !== "never") {
      if ("after" in leaves) yield* Effect.sleep(leaves.after)
      else for (let i = 0; i < leaves.turns; i++) yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
    }
    const exit = yield* Fiber.await(fiber)
    // The runtime interrupts an attempt that timed out without waiting for it. This gives it time for its last turns.
    for (let i = 0; i < 40; i++) yield* Effect.yieldNow
    const open = calls.filter(({ outcome, request }) => request.caller === caller && outcome === "open")
    const running = { calls: open.length, fibers: fibers.active }
    return { caller, asks, startedAt, endedAt, exit, pieces, answered, running }
  })

const benchByHand = (scenario: Scenario, { chain }: World, bench: BenchRegistry.BenchRegistry["Service"]) =>
  Effect.forEach(scenario.byHand, ({ at, link, millis, scope }) => {
    const { spec, backend } = chain.models[link % chain.models.length]!
    const credential = Context.isKey(backend) ? undefined : backend.credentials[0].name
    return Effect.andThen(
      Effect.sleep(at),
      bench.bench(
        BenchKey.format({
          provider: spec.provider,
          ...((scope === "target" || scope === "model") && { model: spec.model }),
          ...((scope === "target" || scope === "credential") && { credential })
        }),
        { for: millis }
      )
    )
  })

// -- records ------------------------------------------------------------------------------------------------------

/** Records what each operation of the engine does to the bench. */
export const watched = (
  registry: BenchRegistry.BenchRegistry["Service"],
  steps: Array<Step>
): typeof registry => {
  const inner = EngineBench.of(registry)
  const note = (
    operation: Step["operation"],
    admission: Step["admission"],
    now: { readonly millis: () => number } | number,
    act: () => void
  ) => {
    const before = inner.stateUnsafe()
    act()
    const at = typeof now === "number" ? now : now.millis()
    steps.push({ operation, admission, before, after: inner.stateUnsafe(), at })
  }
  const noted: EngineBench.EngineBench = {
    ...inner,
    failUnsafe: (target, admission, failure, rest, now) =>
      note("fail", admission, now, () => inner.failUnsafe(target, admission, failure, rest, now)),
    succeedUnsafe: (target, admission, now) =>
      note("succeed", admission, now, () => inner.succeedUnsafe(target, admission, now)),
    releaseUnsafe: (probe, now) => note("release", probe, now, () => inner.releaseUnsafe(probe, now)),
    reopenUnsafe: (probe, now) => note("reopen", probe, now, () => inner.reopenUnsafe(probe, now))
  }
  return { ...registry, [EngineBench.key]: noted }
}

/** The targets of a chain, by their bench keys. */
export const targetsOf = (chain: Chain.Chain<AnyProvider>): ReadonlyArray<ReadonlyArray<string>> =>
  chain.models.flatMap(({ backend, spec: { model, provider } }) =>
    Context.isKey(backend)
      ? []
      : backend.credentials.map(({ name: credential }) =>
          keysOf(BenchKey.format({ provider, model, credential }))
        )
  )

/** Every bench key that covers a target. */
export const keysOf = (target: string): ReadonlyArray<string> => {
  const parts = BenchKey.parse(target)
  assert.isDefined(parts)
  const { credential, model, provider } = parts
  return [target, BenchKey.format({ provider, credential }), BenchKey.format({ provider, model }), provider]
}

/** The state of a key at a moment, read from its entry. */
export const standing = (
  state: Bench.State,
  key: string,
  at: number
): "free" | "resting" | "half-open" | "probed" => {
  const entry = state.entries.get(key)
  if (entry === undefined) return "free"
  if (Bench.isBenched(entry, at)) return "resting"
  return entry.reason === undefined ? "free" : entry.probe === 0 ? "half-open" : "probed"
}
