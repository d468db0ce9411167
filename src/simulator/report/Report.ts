/** What a simulation amounts to, in numbers: who was answered, by whom, how late, and what the faults cost. */
import type { FailureClass } from "../../failure/Failure.ts"
import type { FaultName } from "../faults/Faults.ts"
import type { Asked, Call } from "../Journal.ts"
import type { Played } from "../Simulation.ts"
import type { Fault } from "../scenario/Scenario.ts"
import * as Timeline from "./Timeline.ts"

/** How times are spread, in milliseconds. */
export interface Spread {
  readonly p50: number
  readonly p95: number
  readonly max: number
}

/** What became of the calls to one target. */
export interface TargetReport {
  readonly target: string
  readonly calls: number
  readonly answered: number
  /** Calls let through one at a time, to find out whether a rest is over. */
  readonly probes: number
  readonly failures: Readonly<Partial<Record<FailureClass, number>>>
}

/** What a fault cost. Times are milliseconds since the start. */
export interface FaultReport {
  readonly fault: FaultName
  /** What broke; `*` is every target. */
  readonly target: string
  readonly from: number
  readonly until: number
  readonly share: number
  /** Calls that met it. */
  readonly calls: number
  /** From its end until one of its targets was called and answered; `never` when none was, absent when it had no end. */
  readonly backAfter?: number | "never"
}

/** The requests that came in one stretch of time. */
export interface Interval {
  readonly from: number
  readonly asked: number
  /** Who answered them, by target. */
  readonly served: Readonly<Record<string, number>>
  readonly lost: number
  /** Time to the first word (streams) or to the answer. */
  readonly p95?: number
}

/** What a simulation amounts to. Times are milliseconds. */
export interface Report {
  readonly title?: string
  readonly about?: string
  readonly model: string
  readonly stream: boolean
  readonly duration: number
  readonly perSecond: number
  readonly seed: number
  readonly requests: {
    readonly asked: number
    readonly answered: number
    /** Answered by their first call. */
    readonly atOnce: number
    /** Answered after at least one call had failed. */
    readonly rescued: number
    readonly failed: number
    /** Streams that broke off after their first word, when nothing can fail over any more. */
    readonly broken: number
    /** What callers got instead of an answer, and how often. */
    readonly errors: Readonly<Record<string, number>>
    /** Calls to the same target again. */
    readonly retries: number
    /** Calls to another target after a failure. */
    readonly failovers: number
  }
  /** To the first word of a stream, else to the answer. Absent where there was none. */
  readonly times: {
    readonly atOnce?: Spread
    readonly rescued?: Spread
    /** What rescued requests lost before the call that was answered began. */
    readonly added?: Spread
  }
  readonly targets: ReadonlyArray<TargetReport>
  readonly faults: ReadonlyArray<FaultReport>
  readonly timeline: ReadonlyArray<Timeline.Entry>
  /** How long each interval is. */
  readonly step: number
  readonly intervals: ReadonlyArray<Interval>
}

/** Sums a simulation up. */
export const of = (played: Played): Report => {
  const { requests, scenario } = played
  const { about, duration, model, perSecond, seed, stream, title } = scenario
  const answered = requests.filter(({ state }) => state === "answered")
  const atOnce = answered.filter(({ calls }) => calls.length === 1)
  const rescued = answered.filter(({ calls }) => calls.length > 1)
  const calls = requests.flatMap((request) => request.calls).sort((a, b) => a.at - b.at)
  const step = stepOf(duration)
  return {
    ...present("title", title),
    ...present("about", about),
    model,
    stream,
    duration,
    perSecond,
    seed,
    requests: {
      asked: requests.length,
      answered: answered.length,
      atOnce: atOnce.length,
      rescued: rescued.length,
      failed: requests.filter(({ state }) => state === "failed").length,
      broken: requests.filter(({ state }) => state === "broken").length,
      errors: count(requests.flatMap(({ error }) => error ?? [])),
      retries: followed(requests, "Retry"),
      failovers: followed(requests, "Next")
    },
    times: {
      ...present("atOnce", spread(atOnce.flatMap(({ took }) => took ?? []))),
      ...present("rescued", spread(rescued.flatMap(({ took }) => took ?? []))),
      ...present("added", spread(rescued.flatMap(({ lost }) => lost ?? [])))
    },
    targets: scenario.targets.map(({ target }) =>
      targetReport(
        target,
        calls.filter((call) => call.target === target)
      )
    ),
    faults: scenario.faults.map((fault, index) =>
      faultReport(fault, played.met[index] ?? 0, calls, duration)
    ),
    timeline: Timeline.of(played),
    step,
    intervals: Array.from({ length: Math.ceil(duration / step) }, (_, index) =>
      interval(
        index * step,
        requests.filter(({ at }) => Math.floor(at / step) === index)
      )
    )
  }
}

/** True when every request got its whole answer. */
export const isLossless = ({ requests: { answered, asked } }: Report): boolean => answered === asked

const targetReport = (target: string, calls: ReadonlyArray<Call>): TargetReport => ({
  target,
  calls: calls.length,
  answered: calls.filter(({ outcome }) => outcome === "answered").length,
  probes: calls.filter(({ probe }) => probe).length,
  failures: count(
    calls.flatMap(({ outcome }) => (outcome === undefined || outcome === "answered" ? [] : outcome))
  )
})

const faultReport = (
  { from, key, name, share, targets, until }: Fault,
  met: number,
  calls: ReadonlyArray<Call>,
  duration: number
): FaultReport => {
  const common = { fault: name, target: key, from, until, share, calls: met }
  if (until >= duration) return common
  const back = calls.find(
    ({ at, outcome, target }) => at >= until && outcome === "answered" && targets.has(target)
  )
  return { ...common, backAfter: back === undefined ? "never" : back.at - until }
}

const interval = (from: number, requests: ReadonlyArray<Asked>): Interval => {
  const answered = requests.filter(({ state }) => state === "answered")
  return {
    from,
    asked: requests.length,
    served: count(answered.flatMap(({ by }) => by ?? [])),
    lost: requests.length - answered.length,
    ...present("p95", spread(answered.flatMap(({ took }) => took ?? []))?.p95)
  }
}

/** How often a failed call was followed by another one, as was decided then. */
const followed = (requests: ReadonlyArray<Asked>, decision: Call["next"]): number =>
  requests.reduce(
    (sum, { calls }) => sum + calls.slice(0, -1).filter(({ next }) => next === decision).length,
    0
  )

const seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600]

/** The shortest round step that makes at most 20 intervals of a time. */
const stepOf = (duration: number): number => {
  const step = seconds.find((step) => duration <= 20 * step * 1000)
  return step === undefined ? Math.ceil(duration / 20 / 3_600_000) * 3_600_000 : step * 1000
}

const spread = (times: ReadonlyArray<number>): Spread | undefined => {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1]
  const max = sorted.at(-1)
  return max === undefined ? undefined : { p50: at(0.5) ?? max, p95: at(0.95) ?? max, max }
}

const count = <K extends string>(names: ReadonlyArray<K>): { [P in K]?: number } & Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts as { [P in K]?: number } & Record<string, number>
}

const present = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V }
