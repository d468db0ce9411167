/** The story of a simulation: what broke, who rested for it, how often it was probed, when it served again, who lost. */
import type { Line } from "./Benches.ts"
import type { Loss } from "./Lost.ts"

/** One line of the story. Times are milliseconds since the start. */
export type Entry =
  /** Fault number `fault` (from 0) of the scenario begins, or is over. */
  | { readonly what: "begins" | "over"; readonly at: number; readonly fault: number }
  | Line
  /** Requests got no answer. */
  | ({ readonly what: "lost" } & Loss)

/** When a fault is there. */
interface Span {
  readonly from: number
  readonly until: number
}

/** The story, in the order in which its parts began. `end`: the end of the report. */
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
