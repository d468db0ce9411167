/** The meaning of a single signal, before it becomes a failure. */
import type { FailureClass } from "../../failure/Failure.ts"

/**
 * The class of a signal. Two more than a failure has, because their meaning depends on when the limit ends:
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
}

/** The decision and the deciding signal. */
export interface Verdict {
  readonly as: SignalClass
  readonly evidence: string
}

/** One group of codes with the same meaning. */
export interface CodeGroup {
  readonly as: SignalClass
  readonly source: string
  /** The codes, separated by spaces. */
  readonly values: string
}
