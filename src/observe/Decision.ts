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
export const isTroubled = ({ attempts, outcome }: Pick<Decision, "attempts" | "outcome">): boolean =>
  outcome === "failed" || outcome === "broken" || attempts.some(({ failure }) => failure !== undefined)

/** Whether an event can be the first of its run. */
export const begins = (event: FailoverEvent): boolean =>
  event._tag === "Skipped" ||
  event._tag === "RunFailed" ||
  (event._tag === "AttemptStarted" && event.attempt === 1)

/** A record in progress. It is changed in place: the events of a request take 0.3 µs, and 0.5 with a copy for each (2026-11-30). */
export interface Draft extends Mutable<Omit<Decision, "attempts" | "skips">> {
  readonly attempts: Array<Mutable<AttemptRecord>>
  readonly skips: Array<typeof Skip.Type>
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** The record of a run that begins with this event. */
export const begun = ({ run }: FailoverEvent): Draft => {
  const { about, id, kind, startedAt } = run
  const draft: Draft = { id, kind, at: startedAt, outcome: "running", attempts: [], skips: [] }
  if (about !== undefined) addAbout(draft, about)
  return draft
}

/** A copy that does not change any more. */
export const copied = (draft: Draft): Decision => ({
  ...draft,
  attempts: draft.attempts.map((attempt) => ({ ...attempt })),
  skips: [...draft.skips]
})

const addAbout = (draft: Draft, { conversation, model, operation, requestId }: About): void => {
  if (requestId !== undefined) draft.requestId = requestId.slice(0, maxText)
  if (model !== undefined) draft.model = model.slice(0, maxText)
  if (operation !== undefined) draft.operation = operation.slice(0, maxText)
  if (conversation !== undefined) draft.conversation = conversation.slice(0, maxText)
}

/** Tenths of a millisecond are enough. */
const tenths = (millis: number): number => Math.round(millis * 10) / 10

/** Adds an event to a record. Returns whether it changed. */
export const add = (draft: Draft, event: FailoverEvent): boolean => {
  switch (event._tag) {
    case "Skipped": {
      if (draft.skips.length >= maxSkips) return false
      const { key, reason, target, until } = event
      draft.skips.push({ target: target.key, key, reason, ...(Number.isFinite(until) && { until }) })
      return true
    }
    case "AttemptStarted": {
      const { at, hedge, probe, target } = event
      draft.attempts.push(
        hedge === true
          ? { target: target.key, at, probe, hedge, outcome: "running" }
          : { target: target.key, at, probe, outcome: "running" }
      )
      return true
    }
    case "AttemptFailed": {
      const attempt = draft.attempts[event.attempt - 1]
      if (attempt === undefined) return false
      attempt.outcome = "failed"
      attempt.duration = tenths(event.duration)
      addFailure(attempt, event.failure)
      attempt.action =
        event.action._tag === "Retry"
          ? `retry in ${Math.round(event.action.delay)} ms`
          : event.action._tag.toLowerCase()
      return true
    }
    case "AttemptSucceeded":
      draft.target = event.target.key
      end(draft, event, "answered")
      return true
    case "AttemptDropped":
      return end(draft, event, "dropped")
    case "StreamEnded": {
      const attempt = lastOf(draft, "answered")
      if (event.failure === undefined || attempt === undefined) return false
      addFailure(attempt, event.failure)
      return true
    }
    case "RunFailed":
      return false
    case "RunInterrupted": {
      const attempt = lastOf(draft, "running")
      if (attempt === undefined) return false
      attempt.outcome = "interrupted"
      return true
    }
    case "RunEnded": {
      const { duration, error, outcome } = event
      draft.outcome = outcome
      if (error !== undefined && error._tag !== "StreamBroken") draft.error = error._tag
      draft.duration = tenths(duration)
      return true
    }
  }
}

/** Attempts count from 1. */
const end = (
  { attempts }: Draft,
  { attempt: number, duration }: { readonly attempt: number; readonly duration: number },
  outcome: AttemptRecord["outcome"]
): boolean => {
  const attempt = attempts[number - 1]
  if (attempt === undefined) return false
  attempt.outcome = outcome
  attempt.duration = tenths(duration)
  return true
}

const addFailure = (attempt: Mutable<AttemptRecord>, failure: Failure): void => {
  attempt.failure = classOf(failure)
  if (failure.status !== undefined) attempt.status = failure.status
  if (failure.evidence !== undefined) attempt.evidence = failure.evidence
}

/** The last attempt with an outcome. */
const lastOf = ({ attempts }: Draft, outcome: AttemptRecord["outcome"]) =>
  attempts.findLast((attempt) => attempt.outcome === outcome)
