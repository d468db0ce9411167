/** Judges what was observed, by the benchmark's own rules. */
import type { Observed } from "./Observed.ts"
import type { Scenario } from "./Scenarios.ts"

/**
 * - `pass`: the good end, and every check holds
 * - `partial`: the good end, but an advisory check was missed; or a refusal that was answered around
 * - `safe`: not the good end, but a clean error in time, and every required check holds
 * - `fail`: a hang, a part of an answer as success, or a required check that was missed
 */
export type Verdict = "pass" | "partial" | "safe" | "fail"

/** A verdict, and the reasons why it is not better. */
export interface Judged {
  readonly verdict: Verdict
  /** The checks that were missed, the informational ones included. */
  readonly missed: ReadonlyArray<string>
}

/** Judges one scenario. Checks of fallbacks are left out for a system without them. */
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
