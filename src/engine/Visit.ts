/** What the attempts at one target share: the time they have, and what has been tried about the failures before. */
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import type * as Failure from "../failure/Failure.ts"
import * as UserCode from "../util/UserCode.ts"

/** No more retries. */
const done = Number.POSITIVE_INFINITY

/** One visit. It is made when the first of its attempts fails or waits. */
export class Visit {
  /** When the next target's time begins, in milliseconds since the epoch. */
  endsAt: number
  /** Whether it has waited because the provider asked for it. */
  waited = false
  /** The failure of an attempt whose token cap was too high: the cap is left out from then on. */
  capped: Failure.BadRequest | undefined
  #backoff:
    | Effect.Success<ReturnType<typeof Schedule.toStep<unknown, Failure.Failure, never, never>>>
    | undefined

  constructor(endsAt: number) {
    this.endsAt = endsAt
  }

  /** The next delay of its schedule, in milliseconds; infinite when that is done. */
  backoff(
    schedule: Schedule.Schedule<unknown, Failure.Failure>,
    failure: Failure.Failure,
    now: number
  ): Effect.Effect<number> {
    const step = this.#backoff === undefined ? Schedule.toStep(schedule) : Effect.succeed(this.#backoff)
    const delay = Effect.flatMap(step, (next) => {
      this.#backoff = next
      const delay = Effect.map(next(now, failure), ([, backoff]) => Duration.toMillis(backoff))
      return Pull.catchDone(delay, () => Effect.succeed(done))
    })
    return Effect.flatMap(
      UserCode.word(delay, Math.min(UserCode.patience, Math.max(0, this.endsAt - now))),
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
