/** The observations of one scenario, from both ends. All times are seconds of the published timings. */
import type { Call } from "./Caller.ts"

/** One attempt, as the wall recorded it. */
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

/** Everything that a score is based on. */
export interface Observed {
  readonly outcome: Call["outcome"]
  /** The text of the answer, complete or not. */
  readonly text: string
  /** The answer is exactly the expected text. */
  readonly isWhole: boolean
  readonly error: string | undefined
  readonly code: string | undefined
  readonly status: number | undefined
  readonly model: string | undefined
  readonly hasUsage: boolean
  readonly seconds: number
  /** The attempts at the requested model, and at its fallback. */
  readonly primary: ReadonlyArray<Attempt>
  readonly fallback: ReadonlyArray<Attempt>
  /** Whether a plain call afterwards got a complete answer in time. */
  readonly isAlive: boolean
  /** The machine's own time, which does not shrink with the timings. It is added to upper bounds. */
  readonly grace: number
  /** All requests of a scenario that is a sequence. */
  readonly requests: ReadonlyArray<Request>
}
