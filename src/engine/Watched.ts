/** Attempts of targets that have equals: how many are under way, and how long first contents and whole answers take. */

import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import type { Signals } from "../choice/Signals.ts"
import type { OpenStream } from "../stream/OpenStream.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import type { Running } from "../util/Running.ts"

/** Starts an attempt at a whole answer. */
export const effect = <A>(
  begin: () => Running<A>,
  signals: Signals,
  context: Context.Context<never>
): Running<A> => {
  const { load } = signals
  load.began()
  const running = begin()
  const now = clockOf(context)
  const exit = running.pollUnsafe()
  if (exit !== undefined) {
    // What ends in the turn in which it began has taken no time.
    load.ended()
    if (Exit.isSuccess(exit)) signals.outcomes?.add(false, now())
  } else {
    const startedAt = now()
    running.addObserver((exit) => {
      if (Exit.isSuccess(exit)) answered(signals, "effect", startedAt, now())
      load.ended()
    })
  }
  return running
}

/** Starts an attempt at a stream, which is under way until its end. */
export const stream = <C>(
  begin: () => OpenStream<C>,
  signals: Signals,
  context: Context.Context<never>
): OpenStream<C> => {
  const { load } = signals
  load.began()
  const opening = begin()
  opening.watch(() => load.ended())
  const now = clockOf(context)
  const exit = opening.pollUnsafe()
  if (exit !== undefined) {
    if (Exit.isSuccess(exit)) signals.outcomes?.add(false, now())
  } else {
    const startedAt = now()
    opening.addObserver((exit) => {
      if (Exit.isSuccess(exit)) answered(signals, "stream", startedAt, now())
    })
  }
  return opening
}

const answered = (signals: Signals, kind: "stream" | "effect", startedAt: number, now: number): void => {
  signals.outcomes?.add(false, now)
  signals.load.took(kind, now - startedAt, now)
  signals.times[kind].add(now - startedAt)
}

/** The clock is looked up when it is first read. */
const clockOf = (context: Context.Context<never>) => {
  let known: MonotonicClock.Known | undefined
  return () => MonotonicClock.read((known ??= MonotonicClock.of(Context.get(context, Clock.Clock))))
}
