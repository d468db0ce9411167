/** A log of decisions, ready to be replayed. */
import type { FaultName } from "../faults/Faults.ts"
import type { Recorded } from "./Recorded.ts"

/** One request of a log. */
export interface Request {
  /** Milliseconds since the start of the log. */
  readonly at: number
  readonly model: string
  readonly stream: boolean
  readonly conversation: number
  readonly isLast: boolean
  /** The fault that every target returns for it; `undefined` if the targets decide. */
  readonly own: FaultName | undefined
}

/** The requests and the behaviour of targets in a log. */
export interface Replay {
  /** The first moment of the log, in milliseconds since the epoch: the same for every config that it is replayed on. */
  readonly startsAt: number
  readonly requests: ReadonlyArray<Request>
  /** The recorded outcomes, by target. */
  readonly recorded: ReadonlyMap<string, ReadonlyArray<Recorded>>
}
