/** The bench in the words of those who look at it: how each key stands, and what changed. */

import * as BenchKey from "../domain/BenchKey.ts"
import type { FailureClass } from "../failure/Failure.ts"
import type { Scope } from "../policy/Rule.ts"
import type * as AttemptCounts from "./AttemptCounts.ts"
import type * as Bench from "./Bench.ts"

/**
 * How a key stands. `half-open`: its rest has ended and the next attempt is a probe. A target that is let back by a
 * passed check only is `resting` until then, past the end of its rest too.
 */
export type Status = "free" | "resting" | "half-open" | "probing" | "manual"

/** One key of the bench, for people. Times are milliseconds since the epoch. */
export interface BenchInfo {
  readonly key: BenchKey.BenchKey
  readonly scope: Scope
  readonly status: Status
  readonly reason: FailureClass | "Manual" | undefined
  readonly evidence: string | undefined
  readonly since: number | undefined
  /** Infinite for a rest by hand without an end. */
  readonly until: number | undefined
  /** When access comes back, as the provider said of a dead key. Probes are sent before it, too. */
  readonly hint: number | undefined
  /** Rests in a row. */
  readonly consecutiveBenches: number
  /** Exhausted visits in a row. */
  readonly failures: number
  /** Who put it there by hand. */
  readonly by: string | undefined
}

/** How one key is doing: its counts and its state. */
export interface Health extends AttemptCounts.AttemptCounts {
  readonly key: BenchKey.BenchKey
  readonly status: Status
  readonly until: number | undefined
}

/**
 * Something has changed at a key: it came on the bench, was extended, went off it, changed its state there, or had a
 * failure counted.
 */
export interface BenchChange {
  /** In milliseconds since the epoch. */
  readonly at: number
  readonly info: BenchInfo
  /** How it stood until then. */
  readonly before: Pick<BenchInfo, "status" | "until">
}

/** True when a rest has begun with a change, or is longer than it was. */
export const isRest = ({ before, info }: BenchChange): boolean =>
  (info.status === "resting" || info.status === "manual") &&
  (info.status !== before.status || info.until !== before.until)

/** True when a key has gone off the bench with a change. */
export const isRelease = ({ before, info }: BenchChange): boolean =>
  info.status === "free" && before.status !== "free"

/** How a key stands now. `held`: it is let back by a passed check only. */
export const statusOf = (entry: Bench.Entry, now: number, held = false): Status =>
  entry.manual !== undefined && now < entry.manual.until
    ? "manual"
    : entry.reason === undefined
      ? "free"
      : now < entry.until
        ? "resting"
        : entry.probe !== 0
          ? "probing"
          : held
            ? "resting"
            : "half-open"

/** An entry, for people. */
export const infoOf = (key: BenchKey.BenchKey, entry: Bench.Entry, now: number, held = false): BenchInfo => {
  const status = statusOf(entry, now, held)
  const manual = status === "manual" ? entry.manual : undefined
  const free = status === "free"
  return {
    key,
    scope: BenchKey.scopeOf(BenchKey.parse(key) ?? { provider: key }),
    status,
    reason: manual === undefined ? entry.reason : "Manual",
    evidence: manual === undefined ? entry.evidence : manual.reason,
    since: manual?.since ?? (free ? undefined : entry.since),
    until: manual?.until ?? (free ? undefined : entry.until),
    hint: free ? undefined : entry.hint,
    consecutiveBenches: entry.consecutiveBenches,
    failures: entry.failures,
    by: manual?.by
  }
}
