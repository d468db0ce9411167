/** Attempts of targets that have equals: how many are under way, and how long first contents and whole answers take. */

import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import type { Signals } from "../choice/Signals.ts"
import type { OpenStream } from "../stream/OpenStream.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import type { Running } from "../util/Running.ts"

/** Follows an attempt at a whole answer that has just been started. */
export const effect = <A>(
  running: Running<A>,
  signals: Signals,
  context: Context.Context<never>
): Running<A> => {
  const exit = running.pollUnsafe()
  // What ends in the turn in which it began was never under way, and has taken no time.
  if (exit !== undefined) ended(exit, signals, context)
  else {
    const { load } = signals
    load.began()
    const startedAt = now(context)
    running.addObserver((exit) => {
      if (Exit.isSuccess(exit)) answered(signals, "effect", startedAt, now(context))
      load.ended()
    })
  }
  return running
}

/** Follows an attempt at a stream, which is under way until its end. */
export const stream = <C>(
  opening: OpenStream<C>,
  signals: Signals,
  context: Context.Context<never>
): OpenStream<C> => {
  const { load } = signals
  load.began()
  opening.watch(() => load.ended())
  const exit = opening.pollUnsafe()
  if (exit !== undefined) ended(exit, signals, context)
  else {
    const startedAt = now(context)
    opening.addObserver((exit) => {
      if (Exit.isSuccess(exit)) answered(signals, "stream", startedAt, now(context))
    })
  }
  return opening
}

const ended = (exit: Exit.Exit<unknown, unknown>, { outcomes }: Signals, context: Context.Context<never>) => {
  if (outcomes !== undefined && Exit.isSuccess(exit)) outcomes.add(false, now(context))
}

const now = (context: Context.Context<never>): number =>
  MonotonicClock.millis(Context.get(context, Clock.Clock))

const answered = (signals: Signals, kind: "stream" | "effect", startedAt: number, endedAt: number): void => {
  signals.outcomes?.add(false, endedAt)
  signals.load.took(kind, endedAt - startedAt, endedAt)
  signals.times[kind].add(endedAt - startedAt)
}
