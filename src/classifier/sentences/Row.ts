/** A row of a table of sentences, and the classes that a signal can have. */
import type { FailureClass } from "../../failure/Failure.ts"

/**
 * The class of a signal. There are two more than the classes of failures, because their meaning depends on when the limit
 * ends:
 *
 * - `UsageWindow`: a plan's quota for a period is used up (5 hours, a day, a week). `RateLimit` if it refills within
 *   a day, otherwise `Balance`; if the end is unknown, `RateLimit`.
 * - `Allowance`: the same, but if the end is unknown, `Balance`.
 */
export type SignalClass = FailureClass | "UsageWindow" | "Allowance"

/** A row of a table of sentences: the class, the pattern, and where the sentence was seen or documented. */
export interface Row {
  readonly as: SignalClass
  readonly when: RegExp
  readonly source: string
  /** Statuses with which the sentence means something else. */
  readonly unless?: ((status: number) => boolean) | undefined
}

/** Rows with one class and one source. */
export const rows = (
  as: SignalClass,
  source: string,
  ...patterns: ReadonlyArray<RegExp>
): ReadonlyArray<Row> => patterns.map((when) => ({ as, when, source }))
