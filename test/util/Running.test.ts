/** Waiting for something that runs, also in a process that stands still for a while. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as MonotonicClock from "../../src/time/MonotonicClock.ts"
import * as Running from "../../src/util/Running.ts"

/** Keeps the event loop busy. */
const standStill = (millis: number) => {
  const until = performance.now() + millis
  while (performance.now() < until);
}

/** Waits at most 20 ms for an effect, while the process stands still for 300 ms. */
const waitFor = <A>(effect: Effect.Effect<A>) =>
  Effect.gen(function* () {
    const context = yield* Effect.context<never>()
    const now = yield* MonotonicClock.currentTimeMillis
    return yield* Effect.callback<Running.Ended<A>>((resume) => {
      const leave = Running.park(
        Running.start(effect, context),
        {
          dueAt: now + 20,
          context,
          onEnd: (ended) => Effect.succeed(ended),
          onInterrupt: () => {}
        },
        resume
      )
      standStill(300)
      return leave
    })
  })

describe("a wait for something that runs", () => {
  it.live("ends with what arrived while the process stood still, although it was due before", () =>
    Effect.gen(function* () {
      const arriving = Effect.as(Effect.sleep("40 millis"), "an answer")
      const ended = yield* waitFor(arriving)
      assert.notStrictEqual(ended, "timeout")
    })
  )

  it.live("ends with a timeout after a standstill in which nothing arrived", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* waitFor(Effect.never), "timeout")
    })
  )
})

describe("a further timeout that moves when it comes", () => {
  it("is asked again when it comes while it is compared with the time", () => {
    let now = 0
    const asleep: Array<() => void> = []
    const clock: Clock.Clock = {
      currentTimeMillisUnsafe: () => now,
      currentTimeMillis: Effect.sync(() => now),
      currentTimeNanosUnsafe: () => BigInt(now) * 1_000_000n,
      currentTimeNanos: Effect.sync(() => BigInt(now) * 1_000_000n),
      monotonicTimeNanosUnsafe: () => BigInt(now) * 1_000_000n,
      monotonicTimeNanos: Effect.sync(() => BigInt(now) * 1_000_000n),
      sleep: () => Effect.callback<void>((resume) => void asleep.push(() => resume(Effect.void)))
    }
    const context = Context.make(Clock.Clock, clock)
    let ownDueAt = 10
    let endsAt = 11
    const within = {
      get visitEndsAt() {
        if (endsAt <= now) endsAt = 50
        const end = endsAt
        // A millisecond passes at just this moment.
        if (now === 10) now = 11
        return end
      }
    }
    const ended: Array<unknown> = []
    const running: Running.Running<never> = {
      pollUnsafe: () => undefined,
      addObserver: () => {},
      interruptUnsafe: () => ended.push("interrupted"),
      dueAt: () => ownDueAt
    }
    const waiter = {
      dueAt: Number.POSITIVE_INFINITY,
      within,
      context,
      onEnd: (how: Running.Ended<never>) => Effect.sync(() => ended.push(how)),
      onInterrupt: () => {}
    }
    const watching = new Running.Watching(running, waiter, () => ended.push("resumed"))
    ownDueAt = 100
    now = 10
    asleep.shift()?.()
    assert.deepStrictEqual(ended, [])
    assert.isFalse(watching.isOver)
    watching.leave()
  })
})

describe("something that is an exit", () => {
  it("has ended before it began, and needs no fiber", () => {
    for (const exit of [Exit.succeed("an answer"), Exit.fail("no"), Exit.void]) {
      const running = Running.start<unknown, never>(exit, Context.empty())
      const seen: Array<unknown> = []
      running.addObserver((ended) => seen.push(ended))
      running.interruptUnsafe()
      assert.deepStrictEqual([running.pollUnsafe(), ...seen], [exit, exit])
      assert.isFalse(Fiber.isFiber(running))
    }
    assert.isTrue(
      Fiber.isFiber(
        Running.start(
          Effect.suspend(() => Effect.void),
          Context.empty()
        )
      )
    )
  })
})
