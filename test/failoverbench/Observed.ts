/** What the caller and the upstream observed in one scenario. All times are seconds of the published timings. */
import type { Call } from "./Caller.ts"

/** One attempt, as the upstream recorded it. */
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

/** Everything that a score depends on. */
export interface Observed {
  readonly outcome: Call["outcome"]
  /** The text that was received, complete or not. */
  readonly text: string
  /** Whether the answer is exactly the expected text. */
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
  /** Added to upper bounds: the machine's own work takes the same time however short the timings are. */
  readonly grace: number
  /** All requests, if the scenario is a sequence. */
  readonly requests: ReadonlyArray<Request>
}
