/** What the bench answers when it is asked whether a target may be called. */
import type { FailureClass } from "../failure/Failure.ts"
import type { BenchKey } from "./BenchKey.ts"

/** The target is free. `generation` dates the attempt that now begins. */
export interface Go {
  readonly _tag: "Go"
  readonly generation: number
}

/** A rest has ended and this attempt decides whether it is over. The slot of every key in `keys` is held by `id`. */
export interface Probe {
  readonly _tag: "Probe"
  readonly generation: number
  readonly id: number
  readonly keys: ReadonlyArray<BenchKey>
}

/** The target rests. */
export interface Resting {
  readonly _tag: "Resting"
  readonly key: BenchKey
  /** Milliseconds since the epoch; in the past while a probe is under way or a passed check is waited for. */
  readonly until: number
  /** `OwnLimit` is never the bench's word: the credential is over its own limit of requests a minute. */
  readonly reason: FailureClass | "Manual" | "OwnLimit"
  readonly evidence: string | undefined
  readonly probing: boolean
}

/** What the bench says of a target. */
export type Admission = Go | Probe | Resting
