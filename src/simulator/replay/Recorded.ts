/** The recorded outcomes of targets, found again by calls at about the same time. */
import type { Act, FaultName } from "../faults/Faults.ts"
import { faults } from "../faults/Faults.ts"
import type { ProtocolName } from "../faults/Shapes.ts"
import type { Line } from "./Log.ts"

/** The outcome of one call. Times are milliseconds. */
export interface Recorded {
  /** Since the start. */
  readonly at: number
  /** How long the answer or the failure took. */
  readonly took: number
  /** The time until the end of the answer, if it answered. */
  readonly whole: number
  /** `undefined` for an answer. */
  readonly fault: FaultName | undefined
  /** The wait that the provider named, if any. */
  readonly retryAfter: number | undefined
  /** The stream broke after it had begun. */
  readonly broke: boolean
}

/** A call finds an outcome recorded at most this many milliseconds before or after it. Each outcome is found once. */
const near = 1_000

/**
 * An attempt that was stopped because the other attempt of a hedged request had content first would have answered later, at
 * a time that no log has. It is assumed to have taken this many times the time that it had.
 */
const overtaken = 2

/** The outcomes of one target; each call uses one up. */
export class Outcomes {
  readonly #all: ReadonlyArray<Recorded>
  #next = 0

  /** In the order of their times. */
  constructor(all: ReadonlyArray<Recorded>) {
    this.#all = all
  }

  /**
   * The outcome of a call at `now`: that of a call recorded near this time which no call has found before; without one,
   * the last outcome before it. Times must not go back.
   */
  at(now: number): Recorded | undefined {
    while (this.#next < this.#all.length && this.#all[this.#next]!.at < now - near) this.#next++
    const next = this.#all[this.#next]
    if (next !== undefined && next.at <= now + near) {
      this.#next++
      return next
    }
    return this.#all[this.#next - 1] ?? next
  }
}

/** The fault that reproduces a failure class of a target. Classes that are missing here concern the request. */
const faultOf: Readonly<Record<string, FaultName>> = {
  RateLimit: "throttled",
  InvalidKey: "invalidKey",
  Forbidden: "invalidKey",
  Balance: "noCredit",
  ModelMissing: "modelGone",
  Overloaded: "overloaded",
  ServerError: "serverError",
  Connection: "unreachable",
  Silent: "silent",
  Truncated: "cut",
  Empty: "cut",
  Malformed: "cut",
  Unknown: "cut"
}

/** Failures that concern the request: every target returns them. */
const ownOf: Readonly<Record<string, FaultName>> = {
  Invalid: "badRequest",
  ContentPolicy: "badRequest",
  MaxTokens: "badRequest",
  TooLarge: "badRequest",
  Unsupported: "badRequest",
  ContextExceeded: "contextExceeded"
}

/** The fault that every target returns for a request, if its failures concerned the request. */
export const own = ({ attempts, outcome }: Line): FaultName | undefined => {
  const last = attempts.at(-1)?.failure
  return outcome === "failed" && last !== undefined ? ownOf[last] : undefined
}

/** The outcomes of every target in a log that begins at `start`, in milliseconds since the epoch. */
export const of = (log: ReadonlyArray<Line>, start: number): ReadonlyMap<string, ReadonlyArray<Recorded>> => {
  const byTarget = new Map<string, Array<Recorded>>()
  for (const line of log) {
    for (const attempt of line.attempts) {
      const { at, duration = 0, evidence, failure, outcome, target } = attempt
      const isDropped = outcome === "dropped"
      const isAnswer =
        outcome === "answered" ||
        (line.outcome === "broken" && attempt === line.attempts.at(-1) && !isDropped)
      const fault = failure === undefined ? undefined : faultOf[failure]
      // Abandoned calls, and refusals of the request, show nothing about the target.
      if (!isAnswer && !isDropped && fault === undefined) continue
      const took = isDropped ? duration * overtaken : duration
      const whole = Math.max(took, (line.duration ?? 0) - (at - line.at))
      const known = byTarget.get(target) ?? []
      byTarget.set(target, known)
      known.push({
        at: at - start,
        took,
        whole,
        fault: isAnswer || isDropped ? undefined : fault,
        retryAfter: retryAfterOf(evidence),
        broke: line.outcome === "broken" && isAnswer
      })
    }
  }
  for (const all of byTarget.values()) all.sort((a, b) => a.at - b.at)
  return byTarget
}

const retryAfterOf = (evidence = ""): number | undefined => {
  const seconds = /retry-after: (\d+(?:\.\d+)?)/i.exec(evidence)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}

/** The provider's action that reproduces a record. A broken stream breaks at the recorded time, after its last content. */
export const act = (recorded: Recorded, protocol: ProtocolName, model: string): Act => {
  const { broke, fault, retryAfter, took, whole } = recorded
  const normal = { _tag: "Answer", firstWord: took, whole, ...(broke && { cutAfter: 4 }) } as const
  if (fault === undefined) return normal
  const done = faults[fault]({ protocol, model, normal, retryAfter, afterWords: 0 })
  return done._tag === "Refuse" || done._tag === "Unreachable" ? { ...done, after: took } : done
}
