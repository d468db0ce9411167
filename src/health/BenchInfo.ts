/** The bench for reports: the state of each key, and changes. */

import * as BenchKey from "../domain/BenchKey.ts"
import type { FailureClass } from "../failure/Failure.ts"
import type { Scope } from "../policy/Rule.ts"
import type * as AttemptCounts from "./AttemptCounts.ts"
import type * as Bench from "./Bench.ts"

/**
 * The state of a key. `resting`: benched, and in its cooldown. `manual`: benched by hand. `half-open`: its cooldown has ended
 * and the next attempt is a probe. `probing`: the probe is under way. A held target is `resting` until a health check
 * passes, also after its cooldown.
 */
export type Status = "free" | "resting" | "half-open" | "probing" | "manual"

/** One key of the bench, for reports. Times are milliseconds since the epoch. */
export interface BenchInfo {
  readonly key: BenchKey.BenchKey
  readonly scope: Scope
  readonly status: Status
  readonly reason: FailureClass | "Manual" | undefined
  readonly evidence: string | undefined
  readonly since: number | undefined
  /** Infinite for a manual bench without an end. */
  readonly until: number | undefined
  /** When a dead key regains access, as the provider stated. Probes are sent before it, too. */
  readonly hint: number | undefined
  /** Consecutive benches. */
  readonly consecutiveBenches: number
  /** Consecutive exhausted visits. */
  readonly failures: number
  /** Who benched it manually. */
  readonly by: string | undefined
  /** How many callers it keeps out, if the requests of no others have failed; absent for a bench that holds for all. */
  readonly callers?: number | undefined
}

/** The counts and the state of one key. */
export interface Health extends AttemptCounts.AttemptCounts {
  readonly key: BenchKey.BenchKey
  readonly status: Status
  readonly until: number | undefined
}

/**
 * A change of a key: it was benched, extended or released, its state changed, or a failure was counted.
 */
export interface BenchChange {
  /** In milliseconds since the epoch. */
  readonly at: number
  readonly info: BenchInfo
  /** Its state before the change. */
  readonly before: Pick<BenchInfo, "status" | "until">
}

/** True when the change began or extended a cooldown. */
export const isBenching = ({ before, info }: BenchChange): boolean =>
  (info.status === "resting" || info.status === "manual") &&
  (info.status !== before.status || info.until !== before.until)

/** True when the change released the key. */
export const isRelease = ({ before, info }: BenchChange): boolean =>
  info.status === "free" && before.status !== "free"

/**
 * The state of a key. `held`: only a passed health check makes it callable again.
 *
 * @internal
 */
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

/**
 * An entry, for reports.
 *
 * @internal
 */
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
    by: manual?.by,
    ...(!free && manual === undefined && entry.isTheirs && { callers: entry.callers.length })
  }
}
