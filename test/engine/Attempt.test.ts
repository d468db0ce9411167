/** Attempts that are refused just before they begin. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { Limiter } from "../../src/health/Limiter.ts"
import type * as Policy from "../../src/policy/Policy.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { calls, dead, fault, play, throttle } from "../support/engine.ts"

describe("a retry that the limit of its credential refuses", () => {
  /** A limiter that allows the first request of each credential. */
  const limiter = (): Limiter => {
    const asked = new Set<string>()
    return {
      take: (key) =>
        Effect.sync(() => {
          const isFirst = !asked.has(key)
          asked.add(key)
          return isFirst ? { allowed: true, wait: 0 } : { allowed: false, wait: 60_000 }
        })
    }
  }
  const limited = (name: string) => Credential.make(name, { rpm: 60 })
  const runtime = (policy: Policy.Options) =>
    Effect.provide(
      Failover.layer({
        limiter: limiter(),
        retryBudget: Number.POSITIVE_INFINITY,
        policy: { ...policy, retries }
      })
    )
  const retries = { times: 1, backoff: ["1 second"] } as const

  it.effect("moves the request by the rule: not to another key of the same endpoint", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[fault("ServerError")], ["never"]], {
        credentials: [limited("k1"), limited("k2")]
      })
      const b = Scripted.make("b", [["b"]])
      const { value } = yield* play(Failover.answer(Chain.make(Model.make(a, "m"), Model.make(b, "m")), "q"))
      assert.deepStrictEqual([value?.value, value?.attempts], ["b", 2])
      assert.deepStrictEqual(calls(a, b), ["0 a/m#k1", "500 b/m"])
    }).pipe(runtime({}))
  )

  it.effect("leaves its target counted as called", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[fault("ServerError")]], { credentials: [limited("k")] })
      const [b, c] = [Scripted.make("b", [[dead()]]), Scripted.make("c", [["never"]])]
      const chain = Chain.fromLinks([a, b, c].map((provider) => Model.make(provider, "m")))
      const { error } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.deepStrictEqual(calls(a, b, c), ["0 a/m#k", "500 b/m"])
    }).pipe(runtime({ targets: 2, whenAllBenched: "fail" }))
  )
})

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
