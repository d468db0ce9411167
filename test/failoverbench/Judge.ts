/** The verdict on an observation, by the benchmark's own rules. */
import type { Observed } from "./Observed.ts"
import type { Scenario } from "./Scenarios.ts"

/**
 * - `pass`: the expected end, and every check holds
 * - `partial`: the expected end, but an advisory check failed; or a refusal that another target answered
 * - `safe`: not the expected end, but a clean error in time, and every required check holds
 * - `fail`: a hang, a partial answer reported as success, or a required check that failed
 */
export type Verdict = "pass" | "partial" | "safe" | "fail"

/** A verdict, and the checks that prevented a better one. */
export interface Judged {
  readonly verdict: Verdict
  /** The failed checks, including informational ones. */
  readonly missed: ReadonlyArray<string>
}

/** Judges one scenario. Checks of fallbacks are left out for a system without fallbacks. */
export const judge = (scenario: Scenario, seen: Observed, hasFallbacks = true): Judged => {
  const missed = scenario.checks.filter(
    (check) => (hasFallbacks || check.needsFallback !== true) && !check.holds(seen)
  )
  const told = missed.map(({ name }) => name)
  const missedAny = (kind: "required" | "advisory") => missed.some((check) => check.kind === kind)
  const verdict = (): Verdict => {
    if (seen.outcome === "hang") return "fail"
    const isAnswer = seen.outcome === "answer"
    if (scenario.wanted === "answer" && isAnswer && !seen.isWhole) return "fail"
    if (missedAny("required")) return "fail"
    if (scenario.wanted === "refusal" && isAnswer) return "partial"
    if (scenario.wanted === "answer" && !isAnswer) return "safe"
    return missedAny("advisory") ? "partial" : "pass"
  }
  return { verdict: verdict(), missed: told }
}
