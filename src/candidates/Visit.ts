/**
 * A visit: the attempts of a run at one target, until it leaves the target. A visit begins when the bench has admitted the
 * target.
 */
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import type { Begun } from "../capacity/Capacity.ts"
import type { Backend } from "../domain/Backend.ts"
import type { Target } from "../domain/Target.ts"
import type * as Failure from "../failure/Failure.ts"
import type { Answers, AnswersBetween } from "../health/AnswersBetween.ts"
import type * as Bench from "../health/Bench.ts"
import * as UserCode from "../util/UserCode.ts"

/** No more retries. */
const done = Number.POSITIVE_INFINITY

/** One visit to a target. */
export class Visit<out P extends Backend> {
  readonly backend: P
  readonly target: Target
  /** How the bench admitted the current attempt. */
  admission: Bench.Go | Bench.Probe
  /** The last attempt at a benched target: it has no retries. */
  isLastAttempt: boolean
  /** When the visit has to end, in milliseconds since the epoch; computed on first use, and again when that time comes. */
  endsAt: number | undefined
  /** When that was first computed, in milliseconds since the epoch. */
  timedFrom = 0
  /** The current attempt, as counted for the target's learned limits. */
  begun: Begun | undefined
  /** When the current attempt was suspended; `undefined` for one that ended in the turn in which it began. */
  suspendedAt: number | undefined
  /** Whether the current attempt is a probe with a shorter timeout than the target's own. */
  isShort = false
  /** Whether a wait queue admitted it for a retry. */
  hasTakenTurn = false
  /** Whether it has waited for a time that the provider named. */
  waited = false
  /** The failure that made the provider amend the request; `undefined` for the original request. */
  amendedFor: Failure.BadRequest | undefined
  /** The counter of the target's answers, and its value at the first retry. */
  #others: { readonly answers: Answers; readonly before: number } | undefined
  #backoff:
    | Effect.Success<ReturnType<typeof Schedule.toStep<unknown, Failure.Failure, never, never>>>
    | undefined

  constructor(backend: P, target: Target, admission: Bench.Go | Bench.Probe, isLastAttempt = false) {
    this.backend = backend
    this.target = target
    this.admission = admission
    this.isLastAttempt = isLastAttempt
  }

  /** A probe, or a call to a benched target, has one attempt and no retries. */
  get isSingle(): boolean {
    return this.isLastAttempt || this.admission._tag === "Probe"
  }

  /** Whether an attempt has failed and was retried at once or after a delay. */
  get hasRetried(): boolean {
    return this.#others !== undefined
  }

  /** Whether the target has answered another request since the visit first failed and was retried. */
  get hasAnsweredOthers(): boolean {
    return this.#others !== undefined && this.#others.answers.count > this.#others.before
  }

  /** An attempt failed, and there will be another one. */
  retried(answers: AnswersBetween): void {
    if (this.#others !== undefined) return
    const others = answers.of(this.target)
    this.#others = { answers: others, before: others.count }
  }

  /**
   * The next delay of a schedule, in milliseconds; infinite when the schedule is done, fails, or returns no delay before
   * `endsAt` or within a second.
   */
  backoff(
    schedule: Schedule.Schedule<unknown, Failure.Failure>,
    failure: Failure.Failure,
    now: number,
    endsAt: number
  ): Effect.Effect<number> {
    const step = this.#backoff === undefined ? Schedule.toStep(schedule) : Effect.succeed(this.#backoff)
    const delay = Effect.flatMap(step, (next) => {
      this.#backoff = next
      const delay = Effect.map(next(now, failure), ([, backoff]) => Duration.toMillis(backoff))
      return Pull.catchDone(delay, () => Effect.succeed(done))
    })
    return Effect.flatMap(
      UserCode.run(delay, Math.min(UserCode.maxWait, Math.max(0, endsAt - now))),
      (outcome) =>
        outcome._tag === "Succeeded"
          ? Effect.succeed(Number.isNaN(outcome.value) ? done : Math.max(0, outcome.value))
          : Effect.contextWith((context: Context.Context<never>) => {
              UserCode.name(schedule, "the schedule of the retries", outcome.did, "no more retries", context)
              return Effect.succeed(done)
            })
    )
  }
}
