/** Runs an effect to its end in virtual time, for tests that do not depend on when it ends. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"

/** How time advances. */
export interface Options {
  /**
   * One step of time. Work that starts within a step has started before the next one, so a step must be shorter than
   * the timeouts that should not fire. Default 100 milliseconds.
   */
  readonly step?: Duration.Input | undefined
  /** After this much time the effect is interrupted, and the test dies with a message. Default 1 hour. */
  readonly atMost?: Duration.Input | undefined
}

/**
 * Runs an effect while the `TestClock` advances in small steps, and returns its result.
 *
 * One large step would be wrong: the clock would jump, and an attempt that has not run yet would time out before it
 * starts.
 *
 * @example
 * import { Chain, Failover, Failure } from "effect-failover"
 * import { Scripted, VirtualTime } from "effect-failover/testing"
 * import { Duration, Effect } from "effect"
 *
 * const flaky = Scripted.make("flaky", [
 *   [new Failure.RateLimit({ message: "slow down", retryAfter: Duration.seconds(2) })],
 *   [{ wait: "5 seconds" }, "hello"]
 * ])
 * // takes no time at all
 * const answer = VirtualTime.run(Failover.complete(Chain.make(flaky.model("m")), "hi")).pipe(
 *   Effect.provide(Failover.layer())
 * )
 */
export const run = <A, E, R>(effect: Effect.Effect<A, E, R>, options: Options = {}): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const step = Duration.fromInputUnsafe(options.step ?? "100 millis")
    const most = Duration.toMillis(Duration.fromInputUnsafe(options.atMost ?? "1 hour"))
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
    for (let passed = 0; fiber.pollUnsafe() === undefined; passed += Duration.toMillis(step)) {
      if (passed > most) {
        yield* Fiber.interrupt(fiber)
        return yield* Effect.die(
          new Error(`VirtualTime.run: not done after ${Duration.format(Duration.millis(most))}`)
        )
      }
      yield* TestClock.adjust(step)
    }
    return yield* Fiber.join(fiber)
  })
