/** What a single signal says, before it has become a failure. */
import type { FailureClass } from "../../failure/Failure.ts"

/**
 * The class a signal stands for. Two more than a failure has, because their meaning hangs on when the limit ends:
 *
 * - `UsageWindow`: a plan's allowance for a period is used up (5 hours, a day, a week). `RateLimit` when it comes back
 *   within a day, else `Balance`; when nothing is said, `RateLimit`.
 * - `Allowance`: the same, but when nothing is said, `Balance`.
 */
export type SignalClass = FailureClass | "UsageWindow" | "Allowance"

/** A row of a table of sentences: the class, the pattern, and where the sentence was seen or documented. */
export interface Row {
  readonly as: SignalClass
  readonly when: RegExp
  readonly source: string
}

/** What was decided, and by which signal. */
export interface Verdict {
  readonly as: SignalClass
  readonly evidence: string
}
