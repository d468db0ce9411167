/** Attempts that are not permitted after all. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { Limiter } from "../../src/health/Limiter.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { play, throttle } from "../support/engine.ts"

describe("a probe that the limit of its credential refuses", () => {
  /** A limiter that refuses the second request. */
  const limiter = (): Limiter => {
    let asked = 0
    return {
      take: () =>
        Effect.sync(() => (++asked === 2 ? { allowed: false, wait: 100 } : { allowed: true, wait: 0 }))
    }
  }

  it.effect("gives its slot back: the next request probes", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("5 seconds")], ["back"]], {
        credentials: [Credential.make("k", { rpm: 60 })]
      })
      const chain = Chain.make(Model.make(a, "m"))
      yield* Effect.exit(Failover.complete(chain, "before"))
      yield* TestClock.adjust("5 seconds")
      const { error } = yield* play(Failover.complete(chain, "q"), { within: "1 second" })
      assert.strictEqual(error?._tag, "AllBenched")
      assert.strictEqual(yield* Failover.complete(chain, "next"), "back")
      assert.lengthOf(a.calls, 2)
    }).pipe(Effect.provide(Failover.layer({ limiter: limiter(), policy: { whenAllBenched: "fail" } })))
  )
})
