/** Two reports of one scenario side by side, and what differs most between them. */
import type { Report } from "./Report.ts"

/** What is compared. */
export type Measure =
  | "lost"
  | "p50"
  | "p95"
  | "p99"
  | "longest"
  | "calls"
  | "back"
  | "atOneTarget"
  | "cached"
  | "cost"

/** One measure of both. */
export interface Row {
  readonly measure: Measure
  readonly one: number
  readonly other: number
  /** How much the difference matters compared with the others; 0 for none. */
  readonly weight: number
}

/**
 * The measures that both reports have. `lost`, `calls` (per request), `atOneTarget` and `cached` are shares of 1 and
 * ratios, `back` is the longest time from a fault's end until one of its targets served again (infinite for never), `cost`
 * is in the unit of the prices; the others are milliseconds.
 */
export const rows = (one: Report, other: Report): ReadonlyArray<Row> =>
  (Object.keys(measures) as ReadonlyArray<Measure>).flatMap((measure) => {
    const { of, weigh } = measures[measure]
    const [a, b] = [of(one), of(other)]
    return a === undefined || b === undefined ? [] : [{ measure, one: a, other: b, weight: weigh(a, b) }]
  })

/** The measure with the most important difference; `undefined` if none matters. */
export const most = (rows: ReadonlyArray<Row>): Row | undefined => {
  const [first] = rows.toSorted((a, b) => b.weight - a.weight)
  return first !== undefined && first.weight > notable ? first : undefined
}

/** A smaller difference does not count: 3 % of a time, or 0.15 % of the requests. */
const notable = 0.03

/** The logarithm of the ratio of two numbers; two numbers near zero count as equal. */
const times =
  (importance: number, nothing: number) =>
  (a: number, b: number): number => {
    if (a === b) return 0
    if (!Number.isFinite(a) || !Number.isFinite(b)) return importance * 5
    return importance * Math.abs(Math.log((a + nothing) / (b + nothing)))
  }

const steps =
  (importance: number) =>
  (a: number, b: number): number =>
    importance * Math.abs(a - b)

const measures: {
  readonly [M in Measure]: {
    readonly of: (report: Report) => number | undefined
    readonly weigh: (a: number, b: number) => number
  }
} = {
  lost: { of: ({ requests: { answered, asked } }) => 1 - answered / asked, weigh: steps(20) },
  p50: { of: ({ times }) => times.all?.p50, weigh: times(1, 50) },
  p95: { of: ({ times }) => times.all?.p95, weigh: times(0.8, 50) },
  p99: { of: ({ times }) => times.all?.p99, weigh: times(0.6, 50) },
  longest: { of: ({ times }) => times.all?.max, weigh: times(0.3, 50) },
  calls: { of: ({ requests: { asked, calls } }) => calls / asked, weigh: steps(2) },
  back: { of: (report) => backOf(report), weigh: times(0.3, 5_000) },
  atOneTarget: { of: ({ conversations }) => conversations?.atOneTarget, weigh: steps(2) },
  cached: {
    of: ({ conversations, tokens: { cached, input } }) =>
      conversations === undefined || input === 0 ? undefined : cached / input,
    weigh: steps(1)
  },
  cost: { of: ({ cost }) => cost, weigh: times(1.5, 1e-9) }
}

const backOf = ({ faults }: Report): number | undefined => {
  const backs = faults.flatMap(({ backAfter }) =>
    backAfter === undefined ? [] : backAfter === "never" ? Number.POSITIVE_INFINITY : backAfter
  )
  return backs.length === 0 ? undefined : Math.max(...backs)
}
