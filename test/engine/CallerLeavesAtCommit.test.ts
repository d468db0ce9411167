/** A caller that disconnects at the moment at which its hedged stream commits, before it has received the stream: nothing stays open. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Failover from "../../src/engine/Failover.ts"
import type { FailoverEvent } from "../../src/events/FailoverEvent.ts"
import { chainOf, hang, layer } from "../support/chains.ts"

const answering = [[{ wait: "2 seconds" }, "content", { hang: true }]] as const

for (const [which, first, second] of [
  ["the first attempt", answering, hang],
  ["the hedge", hang, answering]
] as const) {
  describe(`a stream of ${which}`, () => {
    it.effect("is closed when the caller leaves at its commit point", () =>
      Effect.gen(function* () {
        const { calls, chain, open } = chainOf(first, second)
        let caller: Fiber.Fiber<void, unknown> | undefined
        let openAtCommit = 0
        const observer = (event: FailoverEvent) => {
          if (event._tag !== "AttemptSucceeded") return
          openAtCommit = open()
          caller?.interruptUnsafe()
        }
        caller = yield* Effect.forkChild(Stream.runDrain(Failover.stream(chain, "q", { observer })), {
          startImmediately: true
        })
        yield* TestClock.adjust("4 seconds")
        assert.isTrue(Exit.isFailure(yield* Fiber.await(caller)))
        assert.deepStrictEqual(calls(), ["0 a/m", "1000 b/m"])
        assert.deepStrictEqual([openAtCommit > 0, open()], [true, 0])
      }).pipe(layer({ hedge: { after: "1 second", share: 1, to: "chain" } }))
    )
  })
}
