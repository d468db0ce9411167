/**
 * The attempts of a run at one target: what is called, how long that may take, and what has been tried already. A visit
 * begins when the bench has admitted the target.
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
import type * as Bench from "../health/Bench.ts"
import * as UserCode from "../util/UserCode.ts"

/** No more retries. */
const done = Number.POSITIVE_INFINITY

/** One visit to a target. */
export class Visit<out P extends Backend> {
  readonly backend: P
  readonly target: Target
  /** What the bench admitted the current attempt as. */
  admission: Bench.Go | Bench.Probe
  /** Called although it is benched: one attempt, no retries. */
  isLastResort: boolean
  /** When the time of the next target begins, in milliseconds since the epoch; worked out when it is first needed. */
  endsAt: number | undefined
  /** The current attempt, as its target's learned limits know it. */
  begun: Begun | undefined
  /** When the current attempt was suspended; `undefined` for one that ended in the turn in which it began. */
  suspendedAt: number | undefined
  /** Whether it has waited because the provider asked for it. */
  waited = false
  /** The failure for which the provider amends the request from now on. */
  amendedFor: Failure.BadRequest | undefined
  #backoff:
    | Effect.Success<ReturnType<typeof Schedule.toStep<unknown, Failure.Failure, never, never>>>
    | undefined

  constructor(backend: P, target: Target, admission: Bench.Go | Bench.Probe, isLastResort = false) {
    this.backend = backend
    this.target = target
    this.admission = admission
    this.isLastResort = isLastResort
  }

  /** A probe, or a call to a benched target, has one attempt and no retries. */
  get isSingle(): boolean {
    return this.isLastResort || this.admission._tag === "Probe"
  }

  /**
   * The next delay of a schedule, in milliseconds; infinite when the schedule is done, fails, or gives no delay until
   * `endsAt`, or within a second.
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
      UserCode.word(delay, Math.min(UserCode.maxWait, Math.max(0, endsAt - now))),
      (word) =>
        word._tag === "Said"
          ? Effect.succeed(Number.isNaN(word.value) ? done : Math.max(0, word.value))
          : Effect.contextWith((context: Context.Context<never>) => {
              UserCode.name(schedule, "the schedule of the retries", word.did, "no more retries", context)
              return Effect.succeed(done)
            })
    )
  }
}
