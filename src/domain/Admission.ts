/** How the bench admits a target: as a regular attempt, as a probe, or not at all. */
import type { FailureClass } from "../failure/Failure.ts"
import type { BenchKey } from "./BenchKey.ts"

/** The target is free. `generation` marks when the attempt began. */
export interface Go {
  readonly _tag: "Go"
  readonly generation: number
}

/** A cooldown has ended and this attempt is the probe. `id` holds the probe slot of every key in `keys`. */
export interface Probe {
  readonly _tag: "Probe"
  readonly generation: number
  readonly id: number
  readonly keys: ReadonlyArray<BenchKey>
}

/** The target is benched. */
export interface Benched {
  readonly _tag: "Benched"
  readonly key: BenchKey
  /** Milliseconds since the epoch; in the past while a probe is under way or a health check has to pass. */
  readonly until: number
  /**
   * Two reasons do not come from the bench. `OwnLimit`: the credential is over its own limit of requests per minute.
   * `LearnedLimit`: the target is at a limit that was learned from its refusals.
   */
  readonly reason: FailureClass | "Manual" | "OwnLimit" | "LearnedLimit"
  readonly evidence: string | undefined
  readonly probing: boolean
}

/** The answer of the bench for a target. */
export type Admission = Go | Probe | Benched
