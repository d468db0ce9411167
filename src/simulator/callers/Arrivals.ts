/** The times at which requests arrive. */
import type * as Random from "effect/Random"
import type { Scenario } from "../scenario/Scenario.ts"

/** The time of each request in milliseconds since the start. Call it for the requests in order. */
export const of = (
  { arrivals, perSecond, replay }: Scenario,
  chance: Random.Random
): ((index: number) => number) => {
  if (replay !== undefined) return (index) => replay.requests[index]?.at ?? 0
  if (arrivals === "even") return (index) => (index * 1000) / perSecond
  let now = 0
  return () => {
    now -= (Math.log(1 - chance.nextDoubleUnsafe()) * 1000) / perSecond
    return now
  }
}
