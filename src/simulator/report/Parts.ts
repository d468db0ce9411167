/** The parts of a report: targets, faults, intervals. */
import type { FaultName } from "../faults/Faults.ts"
import type { Fault } from "../scenario/Scenario.ts"
import * as Usage from "../world/Usage.ts"
import type { Played } from "./Played.ts"
import type { Counts, Tally, TargetTally } from "./Tally.ts"

/** The calls to one target. */
export interface TargetReport {
  readonly target: string
  readonly calls: number
  readonly answered: number
  /** Probes of the target while it was half-open. */
  readonly probes: number
  /** Calls that were stopped because the other call of a hedged request had content first. */
  readonly dropped: number
  readonly failures: Readonly<TargetTally["failures"]>
  readonly tokens: Usage.Tokens
  /** In the unit of the prices; absent if its model has no price. */
  readonly cost?: number
}

/** The effect of a fault. Times are milliseconds since the start. */
export interface FaultReport {
  readonly fault: FaultName
  /** What broke; `*` is every target. */
  readonly target: string
  readonly from: number
  readonly until: number
  readonly share: number
  /** The period of a recurring fault: it is active in the first `lasts` of each `every`. */
  readonly every?: number
  readonly lasts?: number
  /** Calls that it hit. */
  readonly calls: number
  /** From its end until one of its targets answered a call; `never` if none did, absent if the fault has no end. */
  readonly backAfter?: number | "never"
}

/** The requests that arrived in one interval. */
export interface Interval {
  readonly from: number
  readonly asked: number
  /** Calls that were made for them. */
  readonly calls: number
  /** How many each target answered. */
  readonly served: Readonly<Counts>
  readonly lost: number
  /** The time to the first word (streams) or to the answer; absent if none was answered. */
  readonly p50?: number
  readonly p95?: number
  readonly p99?: number
}

/** The reports of the scenario's targets, in their order. */
export const targetsOf = ({ scenario, tally, usage }: Played): ReadonlyArray<TargetReport> =>
  scenario.targets.map(({ model, target }) => {
    const tokens = usage.get(target) ?? Usage.none
    const counted = tally.targets.get(target) ?? noCalls
    return { target, ...counted, tokens, ...present("cost", Usage.cost(tokens, model, scenario.prices)) }
  })

const noCalls = { calls: 0, answered: 0, probes: 0, dropped: 0, failures: {} }

/** The cost of all targets; `undefined` if one that was called has no price. */
export const costOf = (targets: ReadonlyArray<TargetReport>): number | undefined =>
  targets.some(({ cost, tokens }) => cost === undefined && tokens.input > 0) ||
  targets.every(({ cost }) => cost === undefined)
    ? undefined
    : targets.reduce((sum, { cost = 0 }) => sum + cost, 0)

/** The report of a fault. */
export const faultReport = (
  { every, from, key, lasts, name, share, until }: Fault,
  met: number,
  backAt: number | undefined,
  duration: number
): FaultReport => {
  const common = {
    fault: name,
    target: key,
    from,
    until,
    share,
    calls: met,
    ...(lasts < every && { every, lasts })
  }
  if (until >= duration) return common
  return { ...common, backAfter: backAt === undefined ? "never" : backAt - until }
}

/** The intervals of one length. */
export const intervals = (tally: Tally, step: number): ReadonlyArray<Interval> =>
  tally.stretches(step).map(({ asked, calls, lost, served, times }, index) => {
    const spread = times.spread()
    return {
      from: index * step,
      asked,
      calls,
      served,
      lost,
      ...(spread && { p50: spread.p50, p95: spread.p95, p99: spread.p99 })
    }
  })

/** A field that is present only if it has a value. */
export const present = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V }
