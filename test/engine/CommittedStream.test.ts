/** A stream after its commit point that brings nothing for a while. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { layer } from "../support/chains.ts"
import { play } from "../support/engine.ts"

const chain = Chain.make(Model.make(Backend.make("a", {}), "m"))

/** Reads a stream that has one chunk and hangs; whether it is open at its end. */
const read = (options: Failover.CallOptions & { readonly isBusy?: () => boolean }) =>
  Effect.gen(function* () {
    let open = 0
    const hanging = Stream.concat(Stream.make("one"), Stream.never).pipe(
      Stream.onStart(Effect.sync(() => open++)),
      Stream.ensuring(Effect.sync(() => open--))
    )
    const run = Stream.runDrain(Failover.useStream(chain, () => hanging, options))
    const { error, took } = yield* play(run)
    return [error?._tag, took, open] as const
  })

describe("a stream that stalls", () => {
  it.effect("breaks after its idle time, and is released", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* read({}), ["StreamBroken", 1_000, 0])
    }).pipe(layer({ timeouts: { idle: "1 second" } }))
  )

  it.effect("goes on while the caller says that the service is busy", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const isBusy = () => clock.currentTimeMillisUnsafe() < 3_500
      assert.deepStrictEqual(yield* read({ isBusy }), ["StreamBroken", 4_000, 0])
    }).pipe(layer({ timeouts: { idle: "1 second" } }))
  )

  it.effect("ends with its deadline, busy or not", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* read({ isBusy: () => true, deadline: "2500 millis" }), [
        "DeadlineExceeded",
        2_500,
        0
      ])
    }).pipe(layer({ timeouts: { idle: "1 second" } }))
  )
})
