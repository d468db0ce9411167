/** The fault of a provider for a request. Only the seed, the request and the time determine it. */

import * as Random from "../../test/support/Random.ts"
import { now } from "./clock.ts"
import { faults } from "./faults.ts"

/** How long the mix of faults stays the same, in milliseconds. */
const slot = 2_500

const names = Object.keys(faults)
/** Faults that cost a caller seconds are rarer. */
const slow = names.filter((name) => name.startsWith("silent"))
const quick = names.filter((name) => !slow.includes(name))

export interface FaultMix {
  /** The fault for a request, or none. `visit` says how often the request came to a provider before. */
  readonly faultOf: (provider: string, nonce: string, visit: number) => string | undefined
  /** From now on no provider fails. */
  readonly clear: () => void
}

export const make = (seed: number, began: number): FaultMix => {
  let isClear = false
  return {
    clear: () => {
      isClear = true
    },
    faultOf: (provider, nonce, visit) => {
      if (isClear) return undefined
      const slotRandom = Random.of(seed, provider, Math.floor((now() - began) / slot))
      const share = slotRandom.pick([0, 0.1, 0.3, 0.6, 0.9, 1])
      // Half of the time one or two kinds of faults occur, otherwise all of them.
      const few = slotRandom.chance(0.5) ? [slotRandom.pick(quick), slotRandom.pick(quick)] : quick
      const random = Random.of(seed, provider, nonce, visit)
      if (!random.chance(share)) return undefined
      return random.chance(0.01) ? random.pick(slow) : random.pick(few)
    }
  }
}
