/**
 * Which of two upstreams is in use, as a pure state machine.
 *
 *     primary ──throttled, key dead, or faults in a row──▶ backup ──cooldown over and a check passed──▶ returning
 *        ▲                                                   ▲                                            │  │
 *        │                                                   └────────────── the same ───────────────────┘  │
 *        └──────────────────────────────── the ramp is over ─────────────────────────────────────────────────┘
 *
 * Five rules hold everywhere: without a backup nothing moves; only a passed check leads away from the backup, and
 * none before the cooldown is over; an answer ends the row of faults; a refused request says nothing of an upstream;
 * and an outcome whose request began before the last move is stale and changes nothing.
 */

import { classOf, type Failure, type FailureClass, waitMillis } from "../failure/Failure.ts"
import * as Bench from "../health/Bench.ts"
import * as Ramp from "./Ramp.ts"

/** One of the two. */
export type Upstream = "primary" | "backup"

/** `returning`: the primary gets a share of the requests that grows, the backup gets the others. */
export type Phase = "primary" | "backup" | "returning"

/** What a failure means for the route: leave the upstream at once, count it, or nothing. */
export type Verdict = "move" | "count" | "ignore"

/** The rules of one route. Times are milliseconds. */
export interface Rules {
  readonly hasBackup: boolean
  /** Faults in a row that move the route. */
  readonly threshold: number
  /** From a move until the primary may come back, at least. */
  readonly cooldown: number
  readonly ramp: Ramp.Ramp
  readonly judge: (failure: Failure) => Verdict
}

/** What is known of one upstream. */
export interface Condition {
  /** Failures in a row that were not ignored. */
  readonly failuresInRow: number
  /** It has given reason to leave it, and since then neither answered nor passed the check that it needed. */
  readonly down: boolean
  readonly lastFailure: { readonly class: FailureClass; readonly at: number } | undefined
}

/** Where requests go, and why. Times are milliseconds since the epoch. */
export interface State {
  readonly phase: Phase
  /** Grows when the primary is left and when it comes back: it dates the requests. */
  readonly epoch: number
  readonly since: number
  /** The end of the cooldown, or of the ramp; the past in the phase `primary`. */
  readonly until: number
  /** How often the primary was left. */
  readonly moves: number
  readonly primary: Condition
  readonly backup: Condition
}

/** Nothing has failed. */
const fine: Condition = { failuresInRow: 0, down: false, lastFailure: undefined }

/** Everything goes to the primary. */
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
 * What a failure means when nothing else is said: a throttle and a dead key move at once, faults count, and what is
 * the request's own fault means nothing.
 */
export const judge = (failure: Failure): Verdict => {
  switch (failure._tag) {
    case "RateLimit":
    case "AuthDead":
      return "move"
    case "Transient":
      return "count"
    case "BadRequest":
    case "ContextExceeded":
      return "ignore"
  }
}

/** The share of the requests that goes to the primary, from 0 to 1. */
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

/** Ends the ramp when its time has come. */
export const settle = (state: State, now: number): State =>
  state.phase === "returning" && now >= state.until
    ? { ...state, phase: "primary", since: state.until }
    : state

/** A request that began in `epoch` got its answer from an upstream. */
export const succeeded = (state: State, at: Upstream, epoch: number): State =>
  epoch !== state.epoch || isFine(state[at]) || (at === "primary" && state.phase === "backup")
    ? state
    : { ...state, [at]: { ...state[at], failuresInRow: 0, down: false } }

const isFine = ({ down, failuresInRow }: Condition): boolean => !down && failuresInRow === 0

/** A request that began in `epoch` failed at an upstream. */
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

/** A check of the primary that began in `epoch` ended; without a failure it was passed. */
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
