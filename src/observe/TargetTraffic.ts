/** The traffic of one target in short steps of time, in a ring that holds the last of them. */
import type { Target } from "../domain/Target.ts"
import { classOf, type Failure, type FailureClass } from "../failure/Failure.ts"
import * as Steps from "../util/Steps.ts"
import * as Latency from "./Latency.ts"

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

/** What is counted of an attempt or a stream. */
export interface Outcome {
  readonly answered?: boolean
  readonly duration?: number
  readonly failure?: Failure
}

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

  count({ answered, duration, failure }: Outcome): void {
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
export class TargetRing {
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

  count(number: number, outcome: Outcome): void {
    const slot = (this.#ring[Steps.slotOf(number, this.#ring)] ??= new Slot())
    if (slot.number < number) slot.reset(number)
    slot.count(outcome)
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
