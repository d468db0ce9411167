/** What was observed of one scenario, from both ends. All times are seconds of the published timings. */
import type { Call } from "./Caller.ts"

/** One attempt, as the wall saw it. */
export interface Attempt {
  /** Seconds since the scenario began. */
  readonly at: number
  /** Characters of the prompt. */
  readonly size: number
  readonly answer: string
}

/** One request of a sequence. */
export interface Request {
  /** Seconds since the scenario began. */
  readonly at: number
  readonly outcome: Call["outcome"]
  readonly isWhole: boolean
}

/** All that a score is made of. */
export interface Observed {
  readonly outcome: Call["outcome"]
  /** What was said, whole or not. */
  readonly text: string
  /** The answer is the expected text, to the letter. */
  readonly isWhole: boolean
  readonly error: string | undefined
  readonly code: string | undefined
  readonly status: number | undefined
  readonly model: string | undefined
  readonly hasUsage: boolean
  readonly seconds: number
  /** The attempts at the model that was asked for, and at its fallback. */
  readonly primary: ReadonlyArray<Attempt>
  readonly fallback: ReadonlyArray<Attempt>
  /** Did a plain call get a whole answer in time afterwards? */
  readonly isAlive: boolean
  /** What a machine needs for the work itself does not shrink with the timings: so much is added to upper bounds. */
  readonly grace: number
  /** Where a scenario is a sequence of requests, all of them. */
  readonly requests: ReadonlyArray<Request>
}
