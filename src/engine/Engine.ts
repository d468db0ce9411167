/** What all requests of a runtime share, and the observer and the classifier of one call. */
import type * as Context from "effect/Context"
import * as FailoverEvent from "../events/FailoverEvent.ts"
import type { CallOptions, UseOptions } from "./CallOptions.ts"
import { contained } from "./failures/Classify.ts"
import type { Shared } from "./run/RunOptions.ts"

/** The engine of a runtime. */
export interface Engine {
  readonly shared: Shared
  /** The runtime's own observer. */
  readonly observer: FailoverEvent.Observer | undefined
}

/** The observer of a call: that of the runtime, and the call's own. */
export const observerOf = (
  { observer, shared }: Engine,
  call: CallOptions | undefined
): FailoverEvent.Observer | undefined =>
  call?.observer === undefined
    ? observer
    : FailoverEvent.combine(observer, FailoverEvent.contained(call.observer, shared))

/** The classification of the errors of a call. */
export const classifierOf = <E>(
  { shared }: Engine,
  call: UseOptions<E> | undefined,
  context: Context.Context<never>
) => call?.classify && contained(call.classify, shared, context)
