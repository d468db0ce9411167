/** The progress of a run: by elapsed time or by requests sent, whichever ends it first. */
import { setTimeout as sleep } from "node:timers/promises"
import { now } from "./clock.ts"

/** The interval of checks whether a run is over, in milliseconds. */
const step = 100

export interface Course {
  /** From 0 to 1. */
  readonly share: () => number
  readonly isOver: () => boolean
  /** Waits this many milliseconds, or until the end of the run. */
  readonly pause: (millis: number) => Promise<void>
  /** Waits until this share of the run is done. */
  readonly reached: (share: number) => Promise<void>
}

/** Begins now. `sent` returns the number of requests so far. */
export const make = (
  bounds: { readonly minutes: number; readonly requests: number },
  sent: () => number
): Course => {
  const began = now()
  const share = () =>
    Math.min(1, Math.max((now() - began) / (bounds.minutes * 60_000), sent() / bounds.requests))
  const isOver = () => share() >= 1
  return {
    share,
    isOver,
    pause: async (millis) => {
      const until = now() + millis
      while (now() < until && !isOver()) await sleep(Math.min(step, until - now()))
    },
    reached: async (part) => {
      while (share() < part) await sleep(step)
    }
  }
}
