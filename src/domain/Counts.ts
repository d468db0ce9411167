/** Counts of attempts, for reports. */
import type { FailureClass } from "../failure/Failure.ts"

/** The counts of one target, or of one credential with all its models, since the process started. */
export interface AttemptCounts {
  /** Attempts that ended by themselves; those that a caller interrupted are not counted. */
  readonly attempts: number
  readonly failures: number
  readonly failuresInRow: number
  readonly lastFailure:
    | { readonly class: FailureClass; readonly at: number; readonly evidence: string | undefined }
    | undefined
}

/** The same while it counts. */
export type Counts = { -readonly [K in keyof AttemptCounts]: AttemptCounts[K] }

/** The counts of a target, and those of its credential. */
export interface Counted {
  readonly own: Counts
  readonly credential: Counts
}
