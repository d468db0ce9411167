/** Judges whether a caller's result is allowed. */
import type { Outcome } from "./caller.ts"
import { faults } from "./faults.ts"
import { type Entry, lateVisits } from "./ledger.ts"
import type { Plan } from "./plan.ts"
import * as Received from "./received.ts"
import { judge, seal } from "./seal.ts"
import { isSafe, secret } from "./world.ts"

/** What must never happen. */
export type Violation = "lost" | "mixed" | "truncated as success" | "duplicated after commit" | "a key leaked"

/** What may happen. */
export type Fine =
  /** A whole answer. */
  | "answered"
  /** A whole answer of another target than the first. */
  | "answered by a fallback"
  /** A clean error that the request or its chain justifies. */
  | "refused"
  /** A stream broke after its first content, with an error event. */
  | "broke and said so"
  | "left by its caller"
  /** After the whole drain of a stop: a clean error, or a closed connection if an error could not be sent. */
  | "cut at the end of a drain"

export interface Verdict {
  readonly as: Fine | Violation
  readonly isFine: boolean
  readonly why: string
}

const fine = (as: Fine): Verdict => ({ as, isFine: true, why: "" })
const violation = (as: Violation, why: string): Verdict => ({ as, isFine: false, why })

/** The error of a gateway whose drain is over. */
const stopped = "the gateway stopped before the request was answered"

/** Judges one request. `isDrained`: its gateway was stopping, and its drain was over. */
export const judgeCall = (plan: Plan, outcome: Outcome, entry: Entry, isDrained: boolean): Verdict => {
  const { body, end, headers, status } = outcome
  if (body.includes(secret) || JSON.stringify(headers).includes(secret)) return violation("a key leaked", "")
  const late = lateVisits(entry)
  if (late.length > 0)
    return violation("duplicated after commit", late.map(({ target }) => target).join(", "))
  if (end === "left") return fine("left by its caller")
  if (end === "late") return violation("lost", "no end within the caller's maxWait")
  // A JSON answer cannot report that it was cut, and a slow reader may not have read the error event.
  if (end === "broken" && isDrained && status === 200 && (!plan.stream || plan.reads === "slowly"))
    return fine("cut at the end of a drain")
  if (end === "broken") return violation("lost", `the connection broke: ${outcome.error}`)
  const isStream = String(headers["content-type"]).includes("event-stream")
  if (status === 200 && isStream !== plan.stream)
    return violation("mixed", "a stream for a whole answer, or the reverse")
  const received = isStream ? Received.stream(plan.api, body) : Received.whole(plan.api, status, body)
  const target = String(headers["x-failover-target"] ?? "")
  const expected = plan.tool ? toolText(plan, target) : undefined
  const kind =
    expected === undefined
      ? judge(received.text, plan.nonce, target, plan.size)
      : received.text === expected
        ? "whole"
        : expected.startsWith(received.text)
          ? "beginning"
          : "foreign"
  if (received.text !== "" && kind === "foreign")
    return violation("mixed", `of ${target}: ${received.text.slice(0, 200)}`)
  if (received.isComplete && !received.isError) {
    if (kind !== "whole")
      return violation("truncated as success", `${received.text.length} characters of ${target}`)
    return fine(entry.visits[0]?.target === target ? "answered" : "answered by a fallback")
  }
  if (!received.isError)
    return violation("lost", `status ${status}, neither an answer nor an error: ${body.slice(-300)}`)
  if (isDrained && body.includes(stopped)) return fine("cut at the end of a drain")
  const seen = entry.visits.map(({ fault }) => (fault === undefined ? undefined : faults[fault]))
  if (received.hasBegun) {
    const isEarned = entry.visits.some(
      (visit, index) => visit.target === target && seen[index]?.isLate === true
    )
    return isEarned
      ? fine("broke and said so")
      : violation("lost", `${target} did not break: ${body.slice(-300)}`)
  }
  const isEarned = !isSafe(plan.model) || seen.some((fault) => fault?.isTheRequests === true)
  return isEarned
    ? fine("refused")
    : violation("lost", `status ${status} although a target could answer: ${body.slice(0, 300)}`)
}

const toolText = (plan: Plan, target: string): string =>
  JSON.stringify({ sealed: seal(plan.nonce, target, plan.size) })
