/** The meaning of a single signal, before it becomes a failure. */
import type { SignalClass } from "../sentences/Row.ts"

/** The decision and the deciding signal. */
export interface Verdict {
  readonly as: SignalClass
  readonly evidence: string
}

/** One group of codes with the same meaning. */
export interface CodeGroup {
  readonly as: SignalClass
  readonly source: string
  /** The codes, separated by spaces. */
  readonly values: string
}
