/** How far a run is: by the time that has passed, or by the requests that were sent, whichever ends it first. */
import { setTimeout as sleep } from "node:timers/promises"
import { now } from "./clock.ts"

/** How often is looked whether a run is over, in milliseconds. */
const step = 100

export interface Course {
  /** From 0 to 1. */
  readonly share: () => number
  readonly isOver: () => boolean
  /** Waits so many milliseconds, or until the end. */
  readonly pause: (millis: number) => Promise<void>
  /** Waits until so much of the run is done. */
  readonly reached: (share: number) => Promise<void>
}

/** Begins now; `sent` gives how many requests there were so far. */
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
