/**
 * The last minutes of each target: attempts, failures and latency in short steps of time.
 *
 * For the status page. Counting an event costs a few array accesses, and the memory is bounded:
 * a number of targets, each with a ring of steps, of which only those with traffic hold a histogram.
 *
 * Only what shows the health of a target is counted: not a disconnected caller, the end of a request's deadline, or a
 * request that every provider would refuse.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Target } from "../domain/Target.ts"
import type { FailoverEvent, Observer } from "../events/FailoverEvent.ts"
import { classOf, type Failure, type FailureClass } from "../failure/Failure.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import * as Checks from "../util/Checks.ts"
import * as Latency from "./Latency.ts"
import * as RequestOutcomes from "./RequestOutcomes.ts"
import * as Steps from "./Steps.ts"

/** One step of time with traffic. Durations are milliseconds, and estimates (within a tenth). */
export interface Step {
  /** Its number since the epoch: it begins at `number * stepMillis`. */
  readonly number: number
  readonly answered: number
  readonly failed: number
  /** The median duration of answers. Absent without answers. */
  readonly p50?: number
  /** The 95th percentile of the duration of answers. */
  readonly p95?: number
}

/** The recent traffic of one target. */
export interface Reading {
  readonly target: Pick<Target, "key" | "provider" | "model"> & { readonly credential: string }
  /** In the whole window. */
  readonly answered: number
  readonly failed: number
  /** The failures by class. */
  readonly failures: Readonly<Partial<Record<FailureClass, number>>>
  readonly p50?: number
  readonly p95?: number
  /** Only steps with traffic, oldest first. */
  readonly steps: ReadonlyArray<Step>
  /** The time of the last event, in milliseconds since the epoch. */
  readonly lastAt: number
}

/** The length and resolution of a record. */
export interface Options {
  /** Milliseconds that one step covers. Default 10 s. */
  readonly stepMillis?: number | undefined
  /** The number of steps. Default 60: ten minutes. */
  readonly steps?: number | undefined
  /** The number of targets; the one idle the longest is dropped. Default 400, at most about 8 MB. */
  readonly capacity?: number | undefined
}

/**
 * The last minutes of every target. Give `observer` to the runtime.
 *
 * @category services
 */
export class RecentTraffic extends Context.Service<
  RecentTraffic,
  {
    readonly observer: Observer
    readonly stepMillis: number
    readonly steps: number
    /** Every target with traffic in the window. An unchanged target returns the same object again. */
    readonly readings: Effect.Effect<ReadonlyArray<Reading>>
    /** What callers got: the steps of the window with finished requests, oldest first. */
    readonly requests: Effect.Effect<ReadonlyArray<RequestOutcomes.OutcomeStep>>
  }
>()("effect-failover/RecentTraffic") {
  /** By default the last ten minutes in steps of ten seconds. */
  static readonly layer = (options?: Options): Layer.Layer<RecentTraffic> =>
    Layer.effect(
      RecentTraffic,
      Effect.sync(() => make(options))
    )
}

/** Builds a record. */
export const make = (options: Options = {}): RecentTraffic["Service"] => {
  Checks.fields("RecentTraffic.make", options, {
    stepMillis: Checks.number("a number of milliseconds, more than 0", { above: 0 }),
    steps: Checks.number("a whole number, at least 1", { least: 1, whole: true }),
    capacity: Checks.count
  })
  const { capacity = 400, stepMillis = 10_000, steps = 60 } = options
  const lanes = new Map<string, TargetRing>()
  const ends = new RequestOutcomes.RequestOutcomes(steps)

  const laneOf = (target: Target): TargetRing => {
    const known = lanes.get(target.key)
    if (known !== undefined) return known
    if (lanes.size >= capacity) forgetIdlest(lanes)
    const lane = new TargetRing(target, steps)
    lanes.set(target.key, lane)
    return lane
  }

  return {
    observer: (event) => {
      const number = Math.floor(event.at / stepMillis)
      const answered = RequestOutcomes.isAnswered(event)
      if (answered !== undefined) ends.count(number, answered)
      const change = changeOf(event)
      if (change === undefined) return
      const lane = laneOf(change.target)
      lane.count(number, change)
      lane.lastAt = event.at
    },
    stepMillis,
    steps,
    readings: Effect.map(MonotonicClock.currentTimeMillis, (now) => {
      const current = Math.floor(now / stepMillis)
      return [...lanes.values()].flatMap((lane) => lane.read(current) ?? [])
    }),
    requests: Effect.map(MonotonicClock.currentTimeMillis, (now) => ends.read(Math.floor(now / stepMillis)))
  }
}

const forgetIdlest = (lanes: Map<string, TargetRing>): void => {
  let idlest: readonly [string, TargetRing] | undefined
  for (const entry of lanes) {
    if (idlest === undefined || entry[1].lastAt < idlest[1].lastAt) idlest = entry
  }
  if (idlest !== undefined) lanes.delete(idlest[0])
}

/** The effect of an event on a target. */
interface Change {
  readonly target: Target
  readonly answered?: boolean
  readonly duration?: number
  readonly failure?: Failure
}

const changeOf = (event: FailoverEvent): Change | undefined => {
  switch (event._tag) {
    case "AttemptSucceeded": {
      const { duration, run, target } = event
      // A stream's outcome is known at its end.
      return { target, duration, answered: run.kind === "effect" }
    }
    case "AttemptFailed":
      return event.cutOff || !isTargets(event.failure)
        ? undefined
        : { target: event.target, failure: event.failure }
    case "StreamEnded": {
      const { failure, target } = event
      return failure === undefined || !isTargets(failure) ? { target, answered: true } : { target, failure }
    }
    default:
      return undefined
  }
}

/** Whether a failure is the target's and not the request's. */
const isTargets = ({ _tag }: Failure): boolean => _tag !== "BadRequest" && _tag !== "ContextExceeded"

class Slot {
  number = -1
  answered = 0
  failed = 0
  readonly latency = new Latency.Histogram()
  readonly failures = new Map<FailureClass, number>()
  #step: Step | undefined

  reset(number: number): void {
    this.number = number
    this.answered = 0
    this.failed = 0
    this.latency.clear()
    this.failures.clear()
    this.#step = undefined
  }

  count({ answered, duration, failure }: Change): void {
    this.#step = undefined
    if (answered === true) this.answered++
    if (duration !== undefined) this.latency.add(duration)
    if (failure === undefined) return
    const name = classOf(failure)
    this.failed++
    this.failures.set(name, (this.failures.get(name) ?? 0) + 1)
  }

  get step(): Step {
    const { answered, failed, latency, number } = this
    this.#step ??= { number, answered, failed, ...quantiles(latency) }
    return this.#step
  }
}

const quantiles = (latency: Latency.Histogram) =>
  latency.size === 0 ? {} : { p50: latency.quantile(0.5), p95: latency.quantile(0.95) }

/** The sums of several steps. */
class StepSums {
  answered = 0
  failed = 0
  readonly latency = new Latency.Histogram()
  readonly failures: Partial<Record<FailureClass, number>> = {}

  add({ answered, failed, failures, latency }: Slot): void {
    this.answered += answered
    this.failed += failed
    this.latency.merge(latency)
    for (const [name, count] of failures) this.failures[name] = (this.failures[name] ?? 0) + count
  }

  copy(): StepSums {
    const copy = new StepSums()
    copy.answered = this.answered
    copy.failed = this.failed
    copy.latency.merge(this.latency)
    Object.assign(copy.failures, this.failures)
    return copy
  }
}

/** The ring of one target. */
class TargetRing {
  readonly #target: Reading["target"]
  readonly #ring: Array<Slot | undefined>
  #read: { readonly oldest: number; readonly reading: Reading | undefined } | undefined
  /** The sums of a window's steps without the last one, which still changes. */
  #before: { readonly current: number; readonly tally: StepSums } | undefined
  lastAt = 0

  constructor({ credential, key, model, provider }: Target, steps: number) {
    this.#target = { key, provider, model, credential: credential.name }
    this.#ring = Steps.makeRing(steps)
  }

  count(number: number, change: Change): void {
    const slot = (this.#ring[Steps.slotOf(number, this.#ring)] ??= new Slot())
    if (slot.number < number) slot.reset(number)
    slot.count(change)
    this.#read = undefined
    if (this.#before !== undefined && number < this.#before.current) this.#before = undefined
  }

  /** The window that ends with step `current`; `undefined` without traffic. */
  read(current: number): Reading | undefined {
    const known = this.#read
    const isCurrent = known !== undefined && known.oldest >= Steps.firstOf(this.#ring, current)
    if (known !== undefined && (known.reading === undefined || isCurrent)) return known.reading
    const reading = this.#readingOf(Steps.inWindow(this.#ring, current), current)
    this.#read = { oldest: reading?.steps[0]?.number ?? 0, reading }
    return reading
  }

  #readingOf(slots: ReadonlyArray<Slot>, current: number): Reading | undefined {
    if (slots.length === 0) return undefined
    const { answered, failed, failures, latency } = this.#tallyOf(slots, current)
    return {
      target: this.#target,
      answered,
      failed,
      failures,
      ...quantiles(latency),
      steps: slots.map(({ step }) => step),
      lastAt: this.lastAt
    }
  }

  #tallyOf(slots: ReadonlyArray<Slot>, current: number): StepSums {
    if (this.#before?.current !== current) {
      const tally = new StepSums()
      for (const slot of slots) if (slot.number < current) tally.add(slot)
      this.#before = { current, tally }
    }
    const tally = this.#before.tally.copy()
    const last = slots.at(-1)
    if (last?.number === current) tally.add(last)
    return tally
  }
}
