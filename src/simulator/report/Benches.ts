/** What came on the bench and went off it, told as a story while it happens. */

import type { FailureClass } from "../../failure/Failure.ts"
import type { BenchInfo } from "../../health/BenchInfo.ts"

/** How a key of the bench stands from a moment on. Times are milliseconds since the start. */
export interface BenchStep extends Pick<BenchInfo, "key" | "status" | "reason" | "evidence"> {
  readonly at: number
  readonly until: number | undefined
}

/** One line of it. Times are milliseconds since the start; `last` is when something happened for the last time. */
export type Line =
  /** A key comes on the bench. `until`: when it may be tried again. */
  | {
      readonly what: "rests"
      readonly at: number
      readonly key: string
      readonly reason: FailureClass | "Manual" | undefined
      readonly evidence: string | undefined
      readonly until: number
    }
  /** It was tried again and failed, by so many probes and by so many last tries of requests that had no other target, and rests on. */
  | {
      readonly what: "fails"
      readonly at: number
      readonly last: number
      readonly key: string
      readonly reason: FailureClass | "Manual" | undefined
      readonly probes: number
      readonly lastTries: number
      readonly until: number
    }
  /** It answered, and is off the bench after so long. */
  | { readonly what: "back"; readonly at: number; readonly key: string; readonly rested: number }

type Mutable<A> = A extends unknown ? { -readonly [K in keyof A]: A[K] } : never
type Rest = Mutable<Extract<Line, { readonly what: "rests" | "fails" }>>

/** What fails so soon after a key came on the bench was under way then. */
const underWay = 250

/** Tells it. Steps that say the same as the line before are added to that line. */
export class Benches {
  readonly lines: Array<Line> = []
  /** The keys that rest: since when, the last that was told of them, and whether somebody probes them. */
  readonly #resting = new Map<string, { since: number; told: Rest; probing: boolean }>()

  add({ at, evidence, key, reason, status, until = Number.POSITIVE_INFINITY }: BenchStep): void {
    const known = this.#resting.get(key)
    if (status !== "resting") {
      if (known === undefined) return
      known.probing = status === "probing"
      if (status !== "free") return
      this.#resting.delete(key)
      this.lines.push({ what: "back", at, key, rested: at - known.since })
    } else if (known === undefined) {
      const told: Rest = { what: "rests", at, key, reason, evidence, until }
      this.#resting.set(key, { since: at, told, probing: false })
      this.lines.push(told)
    } else if (!known.probing && known.told.what === "rests" && at - known.since <= underWay) {
      known.told.until = until
    } else {
      if (known.told.what !== "fails" || known.told.reason !== reason) {
        known.told = { what: "fails", at, last: at, key, reason, probes: 0, lastTries: 0, until }
        this.lines.push(known.told)
      }
      known.told[known.probing ? "probes" : "lastTries"]++
      known.told.last = at
      known.told.until = until
      known.probing = false
    }
  }
}
