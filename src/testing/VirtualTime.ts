/** Runs something in virtual time to its end, for tests that do not care when it ends. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"

/** How the time passes. */
export interface Options {
  /**
   * One step of time. Work that begins within a step has begun before the next one, so a step has to be shorter than the
   * timeouts that are not to fire. Default 100 milliseconds.
   */
  readonly step?: Duration.Input | undefined
  /** After so much time the effect is interrupted, and the test dies with a message. Default 1 hour. */
  readonly atMost?: Duration.Input | undefined
}

/**
 * Runs an effect while the `TestClock` passes in small steps, and gives what it gives.
 *
 * One large step would do harm: the clock jumps, and an attempt that had no turn yet meets its timeout before it has begun.
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
