/** Counts of attempts, for reports. */
import type { FailureClass } from "../failure/Failure.ts"

/** The counts of one target, or of one credential with all its models, since the process started. */
export interface AttemptCounts {
  /** Attempts that ended. Attempts that were interrupted by the caller are not counted. */
  readonly attempts: number
  readonly failures: number
  readonly failuresInRow: number
  readonly lastFailure:
    | { readonly class: FailureClass; readonly at: number; readonly evidence: string | undefined }
    | undefined
}

/** `AttemptCounts` that can be changed in place. */
export type Counts = { -readonly [K in keyof AttemptCounts]: AttemptCounts[K] }

/** The counts of a target and of its credential. */
export interface Counted {
  readonly own: Counts
  readonly credential: Counts
}
