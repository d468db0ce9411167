/**
 * Which of two upstreams is in use, as a pure state machine.
 *
 *     primary ──throttled, key dead, or faults in a row──▶ backup ──cooldown over and a check passed──▶ returning
 *        ▲                                                   ▲                                            │  │
 *        │                                                   └────────────── the same ───────────────────┘  │
 *        └──────────────────────────────── the ramp is over ─────────────────────────────────────────────────┘
 *
 * Five rules always hold: without a backup nothing moves; only a passed check moves away from the backup, and not
 * before the cooldown is over; an answer resets the count of faults; a refused request shows nothing about an
 * upstream; and an outcome whose request began before the last move is stale and ignored.
 */

import { classOf, type Failure, type FailureClass, subjectOf, waitMillis } from "../failure/Failure.ts"
import * as Bench from "../health/Bench.ts"
import * as Ramp from "./Ramp.ts"

/** One of the two upstreams. */
export type Upstream = "primary" | "backup"

/** `returning`: the primary gets a growing share of the requests, the backup gets the others. */
export type Phase = "primary" | "backup" | "returning"

/** The effect of a failure on the route: leave the upstream at once, count it, or nothing. */
export type Verdict = "move" | "count" | "ignore"

/** The rules of one route. Times are milliseconds. */
export interface Rules {
  readonly hasBackup: boolean
  /** Consecutive faults that move the route. */
  readonly threshold: number
  /** The shortest time from a move until the primary may return. */
  readonly cooldown: number
  readonly ramp: Ramp.Ramp
  readonly judge: (failure: Failure) => Verdict
}

/** The condition of one upstream. */
export interface Condition {
  /** Consecutive failures that were not ignored. */
  readonly failuresInRow: number
  /** True from a failure that moves the route until it answers or passes the check it needs. */
  readonly down: boolean
  readonly lastFailure: { readonly class: FailureClass; readonly at: number } | undefined
}

/** The state of a route. Times are milliseconds since the epoch. */
export interface State {
  readonly phase: Phase
  /** Increases when the route leaves the primary and when it returns; each request remembers its epoch. */
  readonly epoch: number
  readonly since: number
  /** The end of the cooldown or of the ramp; in the past during the phase `primary`. */
  readonly until: number
  /** How often the route has left the primary. */
  readonly moves: number
  readonly primary: Condition
  readonly backup: Condition
}

/** No failures. */
const fine: Condition = { failuresInRow: 0, down: false, lastFailure: undefined }

/**
 * All requests go to the primary.
 *
 * @internal
 */
export const initial = (now: number): State => ({
  phase: "primary",
  epoch: 0,
  since: now,
  until: now,
  moves: 0,
  primary: fine,
  backup: fine
})

/**
 * The default verdict: a throttle and a dead key move at once, faults are counted, and failures that concern the request, or this
 * process, are ignored.
 */
export const judge = (failure: Failure): Verdict => {
  switch (subjectOf(failure)) {
    case "request":
    case "requestAtModel":
    case "process":
      return "ignore"
    default:
      return failure._tag === "Transient" ? "count" : "move"
  }
}

/**
 * The share of requests that goes to the primary, from 0 to 1.
 *
 * @internal
 */
export const share = (state: State, { ramp }: Rules, now: number): number => {
  switch (state.phase) {
    case "primary":
      return 1
    case "backup":
      return 0
    case "returning":
      return Ramp.share(ramp, now - state.since)
  }
}

/**
 * Ends the ramp when its time is up.
 *
 * @internal
 */
export const settle = (state: State, now: number): State =>
  state.phase === "returning" && now >= state.until
    ? { ...state, phase: "primary", since: state.until }
    : state

/**
 * A request that began in `epoch` was answered by an upstream.
 *
 * @internal
 */
export const succeeded = (state: State, at: Upstream, epoch: number): State =>
  epoch !== state.epoch || isFine(state[at]) || (at === "primary" && state.phase === "backup")
    ? state
    : { ...state, [at]: { ...state[at], failuresInRow: 0, down: false } }

const isFine = ({ down, failuresInRow }: Condition): boolean => !down && failuresInRow === 0

/**
 * A request that began in `epoch` failed at an upstream.
 *
 * @internal
 */
export const failed = (
  state: State,
  rules: Rules,
  at: Upstream,
  epoch: number,
  failure: Failure,
  now: number
): State => {
  const verdict = rules.judge(failure)
  if (epoch !== state.epoch || verdict === "ignore") return state
  const before = state[at]
  const failuresInRow = before.failuresInRow + 1
  const down = before.down || verdict === "move" || failuresInRow >= rules.threshold
  const next = { ...state, [at]: { failuresInRow, down, lastFailure: { class: classOf(failure), at: now } } }
  if (at === "backup" || !down || !rules.hasBackup || state.phase === "backup") return next
  const asked = Math.min(waitMillis(failure, now) ?? 0, Bench.longestHint)
  return {
    ...next,
    phase: "backup",
    epoch: state.epoch + 1,
    since: now,
    until: now + Math.max(rules.cooldown, asked),
    moves: state.moves + 1
  }
}

/**
 * A check of the primary that began in `epoch` ended; without a failure it passed.
 *
 * @internal
 */
export const checked = (
  state: State,
  rules: Rules,
  epoch: number,
  failure: Failure | undefined,
  now: number
): State => {
  if (failure !== undefined) return failed(state, rules, "primary", epoch, failure, now)
  if (epoch !== state.epoch || state.phase !== "backup" || now < state.until) return state
  const primary = { ...state.primary, failuresInRow: 0, down: false }
  const until = now + rules.ramp.over
  return settle({ ...state, phase: "returning", epoch: epoch + 1, since: now, until, primary }, now)
}
