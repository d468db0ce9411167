/**
 * How the last minutes went, per target: attempts, failures and latency in short steps of time.
 *
 * For people who look at a running process. Counting an event costs a few array accesses, and the memory is bounded:
 * so many targets, each with a ring of so many steps, of which only those with traffic hold a histogram.
 *
 * Counted is what speaks for or against a target. A caller who hung up, a request whose own time was up and a request
 * that every provider would refuse say nothing about it.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Target } from "../domain/Target.ts"
import type { FailoverEvent, Observer } from "../events/FailoverEvent.ts"
import { classOf, type Failure, type FailureClass } from "../failure/Failure.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import * as Checks from "../util/Checks.ts"
import * as Ends from "./Ends.ts"
import * as Latency from "./Latency.ts"
import * as Steps from "./Steps.ts"

/** One step of time with traffic. Durations are milliseconds, and estimates (within a tenth). */
export interface Step {
  /** Its number since the epoch: it begins at `number * stepMillis`. */
  readonly number: number
  readonly answered: number
  readonly failed: number
  /** Half of the answers took no longer. Absent where nothing answered. */
  readonly p50?: number
  /** All but one of twenty answers took no longer. */
  readonly p95?: number
}

/** How one target did lately. */
export interface Reading {
  readonly target: Pick<Target, "key" | "provider" | "model"> & { readonly credential: string }
  /** In the whole window. */
  readonly answered: number
  readonly failed: number
  /** What the failures were. */
  readonly failures: Readonly<Partial<Record<FailureClass, number>>>
  readonly p50?: number
  readonly p95?: number
  /** Only the steps in which something happened, the oldest first. */
  readonly steps: ReadonlyArray<Step>
  /** When something last happened, in milliseconds since the epoch. */
  readonly lastAt: number
}

/** How long and how fine a record is. */
export interface Options {
  /** Milliseconds that one step covers. Default 10 s. */
  readonly stepMillis?: number | undefined
  /** How many steps are kept. Default 60: ten minutes. */
  readonly steps?: number | undefined
  /** How many targets are kept; the one that was idle the longest gives way. Default 400, at most some 8 MB. */
  readonly capacity?: number | undefined
}

/**
 * The last minutes of every target. Give `observer` to the runtime.
 *
 * @category services
 */
export class Pulse extends Context.Service<
  Pulse,
  {
    readonly observer: Observer
    readonly stepMillis: number
    readonly steps: number
    /** Every target with traffic in the window. A target that has not changed gives the same object again. */
    readonly readings: Effect.Effect<ReadonlyArray<Reading>>
    /** What callers got: the steps of the window in which requests ended, the oldest first. */
    readonly requests: Effect.Effect<ReadonlyArray<Ends.Ended>>
  }
>()("effect-failover/Pulse") {
  /** The last ten minutes in steps of ten seconds, when nothing else is said. */
  static readonly layer = (options?: Options): Layer.Layer<Pulse> =>
    Layer.effect(
      Pulse,
      Effect.sync(() => make(options))
    )
}

/** Builds a record. */
export const make = (options: Options = {}): Pulse["Service"] => {
  Checks.fields("Pulse.make", options, {
    stepMillis: Checks.number("a number of milliseconds, more than 0", { above: 0 }),
    steps: Checks.number("a whole number, at least 1", { least: 1, whole: true }),
    capacity: Checks.count
  })
  const { capacity = 400, stepMillis = 10_000, steps = 60 } = options
  const lanes = new Map<string, Lane>()
  const ends = new Ends.Ends(steps)

  const laneOf = (target: Target): Lane => {
    const known = lanes.get(target.key)
    if (known !== undefined) return known
    if (lanes.size >= capacity) forgetIdlest(lanes)
    const lane = new Lane(target, steps)
    lanes.set(target.key, lane)
    return lane
  }

  return {
    observer: (event) => {
      const number = Math.floor(event.at / stepMillis)
      const answered = Ends.isAnswered(event)
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

const forgetIdlest = (lanes: Map<string, Lane>): void => {
  let idlest: readonly [string, Lane] | undefined
  for (const entry of lanes) {
    if (idlest === undefined || entry[1].lastAt < idlest[1].lastAt) idlest = entry
  }
  if (idlest !== undefined) lanes.delete(idlest[0])
}

/** What an event says about a target. */
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
      // Whether a stream holds is known at its end.
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

/** What several steps come to. */
class Tally {
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

  copy(): Tally {
    const copy = new Tally()
    copy.answered = this.answered
    copy.failed = this.failed
    copy.latency.merge(this.latency)
    Object.assign(copy.failures, this.failures)
    return copy
  }
}

/** One target's ring of steps. */
class Lane {
  readonly #target: Reading["target"]
  readonly #ring: Array<Slot | undefined>
  #read: { readonly oldest: number; readonly reading: Reading | undefined } | undefined
  /** What the steps of a window come to without its last one, in which things still happen. */
  #before: { readonly current: number; readonly tally: Tally } | undefined
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

  /** The window whose last step is `current`; `undefined` when nothing happened in it. */
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

  #tallyOf(slots: ReadonlyArray<Slot>, current: number): Tally {
    if (this.#before?.current !== current) {
      const tally = new Tally()
      for (const slot of slots) if (slot.number < current) tally.add(slot)
      this.#before = { current, tally }
    }
    const tally = this.#before.tally.copy()
    const last = slots.at(-1)
    if (last?.number === current) tally.add(last)
    return tally
  }
}
