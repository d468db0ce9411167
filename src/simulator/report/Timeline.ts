/** The timeline of a simulation: faults, benched keys, their probes and recoveries, and lost requests. */
import type { Line } from "./Benches.ts"
import type { Loss } from "./Lost.ts"

/** One line of the timeline. Times are milliseconds since the start. */
export type Entry =
  /** Fault number `fault` (from 0) of the scenario begins, or is over. */
  | { readonly what: "begins" | "over"; readonly at: number; readonly fault: number }
  | Line
  /** Requests were lost. */
  | ({ readonly what: "lost" } & Loss)

/** The time in which a fault is active. */
interface Span {
  readonly from: number
  readonly until: number
}

/** The timeline, in the order in which its parts began. `end`: the end of the report. */
export const of = (
  faults: ReadonlyArray<Span>,
  benches: ReadonlyArray<Line>,
  lost: ReadonlyArray<Loss>,
  end: number
): ReadonlyArray<Entry> =>
  [
    ...faults.flatMap(
      ({ from, until }, fault): ReadonlyArray<Entry> => [
        { what: "begins", at: from, fault },
        ...(until < end ? [{ what: "over", at: until, fault } as const] : [])
      ]
    ),
    ...benches,
    ...lost.map((loss): Entry => ({ what: "lost", ...loss }))
  ].sort((a, b) => a.at - b.at)
