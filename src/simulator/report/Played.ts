/** What was counted in a simulation. */
import type { Scenario } from "../scenario/Scenario.ts"
import type * as Usage from "../world/Usage.ts"
import type { Benches } from "./Benches.ts"
import type { Tally } from "./Tally.ts"

/** What was counted in a simulation, before it is summed up. */
export interface Played {
  readonly scenario: Scenario
  /** Counted in the intervals of `Steps.stepsOf` its duration. */
  readonly tally: Tally
  /** All changes of the bench. */
  readonly story: Benches
  /** How many calls each fault hit, in the order of the scenario. */
  readonly met: ReadonlyArray<number>
  /** The tokens read and written, by target. */
  readonly usage: ReadonlyMap<string, Usage.Tokens>
  /** When the last request was done, in milliseconds since the start. */
  readonly end: number
}
