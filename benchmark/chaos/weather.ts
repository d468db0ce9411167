/** Which fault a provider has for a request: the seed, the request and the time decide, and nothing else. */

import * as Random from "../../test/support/Random.ts"
import { now } from "./clock.ts"
import { faults } from "./faults.ts"

/** How long the weather stays the same, in milliseconds. */
const slot = 2_500

const names = Object.keys(faults)
/** Faults that cost a caller seconds are rarer. */
const slow = names.filter((name) => name.startsWith("silent"))
const quick = names.filter((name) => !slow.includes(name))

export interface Weather {
  /** The fault for a request that comes as this provider's `visit`th of a request, or none. */
  readonly faultOf: (provider: string, nonce: string, visit: number) => string | undefined
  /** From now on nobody breaks. */
  readonly clear: () => void
}

export const make = (seed: number, began: number): Weather => {
  let isClear = false
  return {
    clear: () => {
      isClear = true
    },
    faultOf: (provider, nonce, visit) => {
      if (isClear) return undefined
      const sky = Random.of(seed, provider, Math.floor((now() - began) / slot))
      const share = sky.pick([0, 0.1, 0.3, 0.6, 0.9, 1])
      // Often one thing is wrong, sometimes everything.
      const few = sky.chance(0.5) ? [sky.pick(quick), sky.pick(quick)] : quick
      const random = Random.of(seed, provider, nonce, visit)
      if (!random.chance(share)) return undefined
      return random.chance(0.01) ? random.pick(slow) : random.pick(few)
    }
  }
}
