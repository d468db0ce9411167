/** Counts a simulation while it runs. Its memory does not grow with the number of requests. */
import type { FailureClass } from "../../failure/Failure.ts"
import type { Scenario } from "../scenario/Scenario.ts"
import { type Call, hasFailed, type RequestRecord } from "./Journal.ts"
import { Lost } from "./Lost.ts"
import { Loyalty } from "./Loyalty.ts"
import { Times } from "./Times.ts"

/** Counts by name. */
export type Counts = Record<string, number>

/** The calls to one target. */
export interface TargetTally {
  calls: number
  answered: number
  probes: number
  /** Calls that were stopped beside the other call of a hedged request. */
  dropped: number
  readonly failures: { [C in FailureClass]?: number }
}

/** The requests that arrived in one interval. */
export interface Stretch {
  asked: number
  calls: number
  lost: number
  readonly served: Counts
  readonly times: Times
}

/** How many requests of each kind are kept as examples. */
const examples = 12

/** Counts requests as they end, in any order. */
export class Tally {
  asked = 0
  answered = 0
  atOnce = 0
  hedged = 0
  failed = 0
  broken = 0
  calls = 0
  retries = 0
  failovers = 0
  hedges = 0
  readonly errors: Counts = {}
  readonly times = {
    all: new Times(),
    atOnce: new Times(),
    hedged: new Times(),
    rescued: new Times(),
    added: new Times()
  }
  readonly targets: ReadonlyMap<string, TargetTally>
  /** By the index of the fault: when one of its targets first answered a call that began after the fault's end. */
  readonly backAt: Array<number | undefined>
  readonly lost = new Lost()
  readonly loyalty = new Loyalty()
  /** The first requests that were lost, and the first that were rescued. */
  readonly examples: { readonly lost: Array<RequestRecord>; readonly rescued: Array<RequestRecord> } = {
    lost: [],
    rescued: []
  }
  readonly #scenario: Scenario
  readonly #stretches: ReadonlyArray<{ readonly step: number; readonly all: Array<Stretch> }>

  /** `steps`: the lengths of the intervals, in milliseconds. */
  constructor(scenario: Scenario, steps: ReadonlyArray<number>) {
    this.#scenario = scenario
    this.targets = new Map(
      scenario.targets.map(({ target }) => [
        target,
        { calls: 0, answered: 0, probes: 0, dropped: 0, failures: {} }
      ])
    )
    this.backAt = scenario.faults.map(() => undefined)
    this.#stretches = steps.map((step) => ({
      step,
      all: Array.from({ length: Math.ceil(scenario.duration / step) }, () => ({
        asked: 0,
        calls: 0,
        lost: 0,
        served: {},
        times: new Times()
      }))
    }))
  }

  /** The intervals of one of the lengths given to the constructor. */
  stretches(step: number): ReadonlyArray<Stretch> {
    return this.#stretches.find((each) => each.step === step)?.all ?? []
  }

  /** Counts a request that has ended. */
  readonly add = (request: RequestRecord): void => {
    const { by, calls, error, lost, state, took } = request
    const isAnswered = state === "answered"
    const way = calls.some(hasFailed) ? "rescued" : calls.length > 1 ? "hedged" : "atOnce"
    const isRescued = isAnswered && way === "rescued"
    this.asked++
    this.calls += calls.length
    if (isAnswered) this.answered++
    else this[state === "broken" ? "broken" : "failed"]++
    if (isAnswered && way !== "rescued") this[way]++
    if (isAnswered && took !== undefined) {
      this.times.all.add(took)
      this.times[way].add(took)
      if (isRescued) this.times.added.add(lost ?? 0)
    }
    if (error !== undefined) count(this.errors, error)
    this.lost.add(request)
    if (this.#scenario.conversations !== undefined) this.loyalty.add(request)
    for (const call of calls) this.#call(call, call === calls.at(-1))
    for (const { all, step } of this.#stretches) {
      const stretch = all[Math.min(Math.floor(request.at / step), all.length - 1)]
      if (stretch === undefined) continue
      stretch.asked++
      stretch.calls += calls.length
      if (!isAnswered) stretch.lost++
      else if (by !== undefined) count(stretch.served, by)
      if (isAnswered && took !== undefined) stretch.times.add(took)
    }
    this.#keep(request, isRescued)
  }

  #call(call: Call, isLast: boolean): void {
    const { at, hedge, next, outcome, probe, target } = call
    if (hedge) this.hedges++
    if (!isLast && next === "Retry") this.retries++
    if (!isLast && next === "Next") this.failovers++
    const tally = this.targets.get(target)
    if (tally === undefined) return
    tally.calls++
    if (probe) tally.probes++
    if (outcome === "answered") {
      tally.answered++
      for (const [index, { targets, until }] of this.#scenario.faults.entries()) {
        const back = this.backAt[index]
        if (at >= until && (back === undefined || at < back) && targets.has(target)) this.backAt[index] = at
      }
    } else if (outcome === "dropped") tally.dropped++
    else if (outcome !== undefined) count(tally.failures, outcome)
  }

  #keep(request: RequestRecord, isRescued: boolean): void {
    const { lost, rescued } = this.examples
    if (request.state !== "answered") {
      if (lost.length < examples) lost.push(request)
    } else if (isRescued && rescued.length < examples) rescued.push(request)
  }
}

/** Adds one to the count of a name. */
export const count = (counts: Record<string, number | undefined>, name: string): void => {
  counts[name] = (counts[name] ?? 0) + 1
}
