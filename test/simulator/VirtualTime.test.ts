import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as VirtualTime from "../../src/simulator/time/VirtualTime.ts"

const run = <A, E>(program: Effect.Effect<A, E>) => VirtualTime.run(program, { startAt: 1_000 })

describe("virtual time", () => {
  it.live("advances only when no work is left, and resumes sleepers in order", () =>
    Effect.gen(function* () {
      const woken: Array<string> = []
      const sleeper = (name: string, millis: number) =>
        Effect.gen(function* () {
          yield* Effect.sleep(millis)
          woken.push(`${name} at ${yield* Clock.currentTimeMillis}`)
        })
      yield* run(
        Effect.all([sleeper("c", 30), sleeper("a", 10), sleeper("d", 30), sleeper("b", 20.5)], {
          concurrency: "unbounded"
        })
      )
      assert.deepStrictEqual(woken, ["a at 1010", "b at 1020.5", "c at 1030", "d at 1030"])
    })
  )

  it.live("keeps thousands of timers in order, whatever is cancelled on the way", () =>
    Effect.gen(function* () {
      let last = 0
      let wrong = 0
      const count = 2_000
      const one = (index: number) => {
        const millis = (index * 7919) % 1009
        const sleep = Effect.tap(Effect.sleep(millis), () =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            if (now < last) wrong++
            last = now
          })
        )
        return index % 3 === 0 ? Effect.timeoutOption(sleep, millis / 2) : sleep
      }
      yield* run(
        Effect.forEach(
          Array.from({ length: count }, (_, i) => i),
          one,
          { concurrency: "unbounded", discard: true }
        )
      )
      assert.strictEqual(wrong, 0)
      assert.strictEqual(last, 1_000 + 1008)
    })
  )

  it.live("runs timeouts, interruptions and finalizers like the real clock", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Effect.ensuring(Effect.never, Effect.sleep("3 seconds")))
        const timedOut = yield* Effect.timeoutOption(Effect.never, "1 minute")
        yield* Fiber.interrupt(fiber)
        return [timedOut._tag, yield* Clock.currentTimeMillis, yield* Clock.monotonicTimeNanos]
      })
      assert.deepStrictEqual(yield* run(program), ["None", 64_000, 63_000_000_000n])
    })
  )

  it.live("simulates a year in no time", () =>
    Effect.gen(function* () {
      const program = Effect.repeat(Effect.sleep("1 day"), { times: 364 })
      const end = yield* run(Effect.andThen(program, Clock.currentTimeMillis))
      assert.strictEqual(end, 1_000 + 365 * 24 * 3_600_000)
    })
  )

  it.live("fails if its program fails", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(run(Effect.delay(Effect.fail("no"), "1 hour")))
      assert.deepStrictEqual(exit, Exit.fail("no"))
    })
  )

  it.live("does not wait for anything but time", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(run(Effect.promise(() => new Promise(() => {}))))
      assert.isTrue(Exit.hasDies(exit))
    })
  )

  it.live("can be interrupted from outside", () =>
    Effect.gen(function* () {
      const endless = Effect.repeat(Effect.sleep("1 second"), Schedule.forever)
      const fiber = yield* Effect.forkChild(run(endless), { startImmediately: true })
      yield* Effect.sleep("5 millis")
      assert.isTrue(
        Exit.hasInterrupts(yield* Fiber.interrupt(fiber).pipe(Effect.andThen(Fiber.await(fiber))))
      )
    })
  )
})
