/** Turns changes of the bench into the lines of a timeline. */

import type { FailureClass } from "../../failure/Failure.ts"
import type { BenchInfo } from "../../health/BenchInfo.ts"

/** The status of a bench key from a moment on. Times are milliseconds since the start. */
export interface BenchStep extends Pick<BenchInfo, "key" | "status" | "reason" | "evidence"> {
  readonly at: number
  readonly until: number | undefined
}

/** One line. Times are milliseconds since the start; `last` is the time of the last event in the line. */
export type Line =
  /** A key is benched. `until`: the end of its cooldown. */
  | {
      readonly what: "rests"
      readonly at: number
      readonly key: string
      readonly reason: FailureClass | "Manual" | undefined
      readonly evidence: string | undefined
      readonly until: number
    }
  /** Probes, or last attempts of requests without another target, failed, and the key stays benched. */
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
  /** It answered and is no longer benched; `rested` is how long it was. */
  | { readonly what: "back"; readonly at: number; readonly key: string; readonly rested: number }

type Mutable<A> = A extends unknown ? { -readonly [K in keyof A]: A[K] } : never
type Rest = Mutable<Extract<Line, { readonly what: "rests" | "fails" }>>

/** A call that fails this soon after the key was benched had begun before. */
const underWay = 250

/** Builds the lines. A change that repeats the line before is added to that line. */
export class Benches {
  readonly lines: Array<Line> = []
  /** The benched keys: since when, their last line, and whether they are being probed. */
  readonly #benched = new Map<string, { since: number; told: Rest; probing: boolean }>()

  add({ at, evidence, key, reason, status, until = Number.POSITIVE_INFINITY }: BenchStep): void {
    const known = this.#benched.get(key)
    if (status !== "resting") {
      if (known === undefined) return
      known.probing = status === "probing"
      if (status !== "free") return
      this.#benched.delete(key)
      this.lines.push({ what: "back", at, key, rested: at - known.since })
    } else if (known === undefined) {
      const told: Rest = { what: "rests", at, key, reason, evidence, until }
      this.#benched.set(key, { since: at, told, probing: false })
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
