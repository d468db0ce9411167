/**
 * One request as the record of decisions has it, and how each event changes it.
 *
 * Requests and answers are never part of it.
 */
import * as Schema from "effect/Schema"
import type { About, FailoverEvent } from "../events/FailoverEvent.ts"
import { classOf, type Failure } from "../failure/Failure.ts"

/** A target that was skipped because it was benched. Times are milliseconds since the epoch. */
export const Skip = Schema.Struct({
  target: Schema.String,
  key: Schema.String,
  reason: Schema.String,
  /** Absent for a manual bench without an end. */
  until: Schema.optionalKey(Schema.Finite)
})

/** One attempt. Durations are milliseconds. */
export const AttemptRecord = Schema.Struct({
  /** `provider/model#credential` */
  target: Schema.String,
  at: Schema.Finite,
  probe: Schema.Boolean,
  /** Until it failed, answered, or reached the commit point of its stream; absent while it runs. */
  duration: Schema.optionalKey(Schema.Finite),
  /** Present for a hedge, which began beside the attempt before it. */
  hedge: Schema.optionalKey(Schema.Literal(true)),
  /** `dropped`: stopped because another attempt had content first. */
  outcome: Schema.Literals(["running", "answered", "failed", "interrupted", "dropped"]),
  /** The failure's class, as in the decision table. */
  failure: Schema.optionalKey(Schema.String),
  status: Schema.optionalKey(Schema.Int),
  evidence: Schema.optionalKey(Schema.String),
  /** How the run continued: `retry in 500 ms`, `next`, `stop`. */
  action: Schema.optionalKey(Schema.String)
})

/** The outcome of a request. */
export const Outcome = Schema.Literals(["running", "answered", "failed", "interrupted", "broken"])

/**
 * One request, as far as it has progressed. `broken` is a stream that failed after its commit point.
 *
 * @category models
 */
export const Decision = Schema.Struct({
  id: Schema.Int,
  kind: Schema.Literals(["effect", "stream"]),
  /** The caller's id of the request, the requested model and the operation, if the caller provided them. */
  requestId: Schema.optionalKey(Schema.String),
  model: Schema.optionalKey(Schema.String),
  operation: Schema.optionalKey(Schema.String),
  conversation: Schema.optionalKey(Schema.String),
  at: Schema.Finite,
  outcome: Outcome,
  /** The target that answered. */
  target: Schema.optionalKey(Schema.String),
  /** The tag of the run's error. */
  error: Schema.optionalKey(Schema.String),
  duration: Schema.optionalKey(Schema.Finite),
  attempts: Schema.Array(AttemptRecord),
  skips: Schema.Array(Skip)
})

/** One request, as far as it has progressed. */
export type Decision = typeof Decision.Type

/** One attempt. */
export type AttemptRecord = typeof AttemptRecord.Type

/** The skips per request that are remembered; more would add nothing. */
const maxSkips = 32

/** The characters per text of the caller that are remembered. */
const maxText = 200

/** Whether something failed during a request, even if it was answered in the end. */
export const isTroubled = ({ attempts, outcome }: Decision): boolean =>
  outcome === "failed" || outcome === "broken" || attempts.some(({ failure }) => failure !== undefined)

/** Whether an event can be the first of its run. */
export const begins = (event: FailoverEvent): boolean =>
  event._tag === "Skipped" ||
  event._tag === "RunFailed" ||
  (event._tag === "AttemptStarted" && event.attempt === 1)

/** The record of a run that begins with this event. */
export const begun = ({ run }: FailoverEvent): Decision => {
  const { about, id, kind, startedAt } = run
  const decision: Draft = { id, kind, at: startedAt, outcome: "running", attempts: [], skips: [] }
  if (about !== undefined) addAbout(decision, about)
  return decision
}

type Draft = { -readonly [K in keyof Decision]: Decision[K] }

const addAbout = (decision: Draft, { conversation, model, operation, requestId }: About): void => {
  if (requestId !== undefined) decision.requestId = requestId.slice(0, maxText)
  if (model !== undefined) decision.model = model.slice(0, maxText)
  if (operation !== undefined) decision.operation = operation.slice(0, maxText)
  if (conversation !== undefined) decision.conversation = conversation.slice(0, maxText)
}

/** Tenths of a millisecond are enough. */
const tenths = (millis: number): number => Math.round(millis * 10) / 10

/** The record after an event; the same object if it does not change. */
export const after = (decision: Decision, event: FailoverEvent): Decision => {
  switch (event._tag) {
    case "Skipped": {
      if (decision.skips.length >= maxSkips) return decision
      const { key, reason, target, until } = event
      const skip = { target: target.key, key, reason, ...(Number.isFinite(until) && { until }) }
      return { ...decision, skips: [...decision.skips, skip] }
    }
    case "AttemptStarted": {
      const { at, hedge, probe, target } = event
      const attempt: AttemptRecord = {
        target: target.key,
        at,
        probe,
        ...(hedge === true && { hedge }),
        outcome: "running"
      }
      return { ...decision, attempts: [...decision.attempts, attempt] }
    }
    case "AttemptFailed":
      return withAttempt(decision, event.attempt, {
        outcome: "failed",
        duration: tenths(event.duration),
        ...failed(event.failure),
        action:
          event.action._tag === "Retry"
            ? `retry in ${Math.round(event.action.delay)} ms`
            : event.action._tag.toLowerCase()
      })
    case "AttemptSucceeded": {
      const { attempt, duration, target } = event
      return {
        ...withAttempt(decision, attempt, { outcome: "answered", duration: tenths(duration) }),
        target: target.key
      }
    }
    case "AttemptDropped":
      return withAttempt(decision, event.attempt, { outcome: "dropped", duration: tenths(event.duration) })
    case "StreamEnded":
      return event.failure === undefined
        ? decision
        : withAttempt(decision, lastOf(decision, "answered"), failed(event.failure))
    case "RunFailed":
      return decision
    case "RunInterrupted":
      return withAttempt(decision, lastOf(decision, "running"), { outcome: "interrupted" })
    case "RunEnded": {
      const { duration, error, outcome } = event
      return {
        ...decision,
        outcome,
        ...(error !== undefined && error._tag !== "StreamBroken" && { error: error._tag }),
        duration: tenths(duration)
      }
    }
  }
}

const failed = (failure: Failure) => ({
  failure: classOf(failure),
  ...(failure.status !== undefined && { status: failure.status }),
  ...(failure.evidence !== undefined && { evidence: failure.evidence })
})

/** Attempts count from 1. */
const withAttempt = (decision: Decision, attempt: number, change: Partial<AttemptRecord>): Decision => {
  const known = decision.attempts[attempt - 1]
  return known === undefined
    ? decision
    : { ...decision, attempts: decision.attempts.with(attempt - 1, { ...known, ...change }) }
}

/** The number of the last attempt with an outcome; 0 if there is none. */
const lastOf = ({ attempts }: Decision, outcome: AttemptRecord["outcome"]): number =>
  attempts.findLastIndex((attempt) => attempt.outcome === outcome) + 1
