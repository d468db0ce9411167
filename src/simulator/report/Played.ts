/** What happened in a simulation, as it was counted. */
import type { Scenario } from "../scenario/Scenario.ts"
import type * as Usage from "../world/Usage.ts"
import type { Benches } from "./Benches.ts"
import type { Tally } from "./Tally.ts"

/** What happened in a simulation. */
export interface Played {
  readonly scenario: Scenario
  /** Counted in the intervals of `Steps.stepsOf` its duration. */
  readonly tally: Tally
  /** Everything that came on the bench, went off it or changed there. */
  readonly story: Benches
  /** How many calls met each fault, in the order of the scenario. */
  readonly met: ReadonlyArray<number>
  /** What was read and written, by target. */
  readonly usage: ReadonlyMap<string, Usage.Tokens>
  /** When the last request was done, in milliseconds since the start. */
  readonly end: number
}
