/** A log of decisions, ready to be played again. */
import type { FaultName } from "../faults/Faults.ts"
import type { Recorded } from "./Recorded.ts"

/** One request of a log. */
export interface Request {
  /** Milliseconds since the first one. */
  readonly at: number
  readonly model: string
  readonly stream: boolean
  readonly conversation: number
  readonly isLast: boolean
  /** What every target answers it; `undefined` where that is up to the targets. */
  readonly own: FaultName | undefined
}

/** What a log brings to a scenario. */
export interface Replay {
  readonly requests: ReadonlyArray<Request>
  /** What targets did, by target. */
  readonly recorded: ReadonlyMap<string, ReadonlyArray<Recorded>>
}
