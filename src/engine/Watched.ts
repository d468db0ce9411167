/** Counts attempts under way at each target and, where needed, measures the time to the first content or the whole answer. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import type { WaitQueues } from "../candidates/queue/WaitQueues.ts"
import type { Kind } from "../choice/Load.ts"
import { Outcomes } from "../choice/Outcomes.ts"
import type { Signals, SignalsOf } from "../choice/Signals.ts"
import type { Target } from "../domain/Target.ts"
import type { OpenStream } from "../stream/OpenStream.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import type { Running } from "../util/Running.ts"

/** What runs share, as far as it is needed here. */
interface Shared {
  readonly signals: SignalsOf
  readonly queues: WaitQueues
}

/** Whether times are needed: for the choice among equals, or for the delay of a hedge. */
const isTimed = ({ hasEquals, policy }: Target): boolean => hasEquals || policy.hedge !== undefined

/** Whether attempts under way are counted: for the same purposes, or to learn the limits of the target. */
const isCounted = (target: Target): boolean => target.policy.learnedLimit !== undefined || isTimed(target)

/** Follows an attempt at a whole answer that has just been started. */
export const effect = <A>(
  running: Running<A>,
  target: Target,
  shared: Shared,
  context: Context.Context<never>
): Running<A> => {
  const exit = running.pollUnsafe()
  if (exit === undefined) return isCounted(target) ? counted(running, target, shared, context) : running
  // An attempt that ends in the turn in which it began has taken no time.
  if (isTimed(target)) ended(exit, shared.signals.ofTarget(target), context)
  return running
}

const counted = <A>(
  running: Running<A>,
  target: Target,
  { queues, signals }: Shared,
  context: Context.Context<never>
): Running<A> => {
  const known = signals.ofTarget(target)
  const { load } = known
  load.began()
  const startedAt = isTimed(target) ? now(context) : undefined
  let isLeft = false
  running.addObserver((exit) => {
    if (startedAt !== undefined && Exit.isSuccess(exit))
      answered(target, known, "effect", startedAt, now(context))
    load.ended()
    // Otherwise the run reports the end, once it has recorded it.
    if (isLeft) queues.ended(target)
  })
  return {
    pollUnsafe: () => running.pollUnsafe(),
    addObserver: (observer) => running.addObserver(observer),
    interruptUnsafe: () => {
      isLeft = true
      running.interruptUnsafe()
    }
  }
}

/** Follows an attempt at a stream, which is under way until its end. */
export const stream = <C>(
  opening: OpenStream<C>,
  target: Target,
  { queues, signals }: Shared,
  context: Context.Context<never>
): void => {
  if (!isCounted(target)) return
  const known = signals.ofTarget(target)
  const { load } = known
  load.began()
  opening.watch(() => {
    load.ended()
    queues.ended(target)
  })
  if (!isTimed(target)) return
  const exit = opening.pollUnsafe()
  if (exit !== undefined) ended(exit, known, context)
  else {
    const startedAt = now(context)
    opening.addObserver((exit) => {
      if (Exit.isSuccess(exit)) answered(target, known, "stream", startedAt, now(context))
    })
  }
}

/** Reads no clock until a target has failed: only a service without input or output answers at once. */
const ended = (exit: Exit.Exit<unknown, unknown>, { outcomes }: Signals, context: Context.Context<never>) => {
  if (outcomes !== undefined && Exit.isSuccess(exit)) outcomes.add(false, now(context))
}

const now = (context: Context.Context<never>): number =>
  MonotonicClock.millis(Context.get(context, Clock.Clock))

const answered = (
  { hasEquals, policy }: Target,
  signals: Signals,
  kind: Kind,
  startedAt: number,
  endedAt: number
): void => {
  const window = hasEquals ? policy.ejection?.window : undefined
  if (window !== undefined && signals.outcomes?.window !== window) signals.outcomes = new Outcomes(window)
  signals.outcomes?.add(false, endedAt)
  signals.load.took(kind, endedAt - startedAt, endedAt)
  signals.times[kind].add(endedAt - startedAt)
}
