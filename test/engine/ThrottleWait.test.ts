/** A throttle that names a wait, where another key fails meanwhile: the run returns when the wait is over. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { Failure } from "../../src/failure/Failure.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { layer } from "../support/chains.ts"
import { dead, fault, play, throttle } from "../support/engine.ts"

describe("a throttle that another target follows", () => {
  /** Two keys: the first is throttled at first, and the second is dead. */
  const scene = (...first: ReadonlyArray<Failure | string>) => {
    const a = Scripted.make(
      "a",
      ({ credential }) => (credential.name === "k1" ? first.map((step) => [step]) : [[dead()]]),
      { credentials: [Credential.make("k1"), Credential.make("k2")] }
    )
    return { times: () => a.calls.map(({ at }) => at), chain: Chain.make(Model.make(a, "m")) }
  }
  /** The bench does not delay the next call. */
  const benched = { rules: { RateLimit: { rest: null } } } as const

  it.effect("is waited for when that fails", () =>
    Effect.gen(function* () {
      const { chain, times } = scene(throttle("1 second"), "fine")
      const { value } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([value, times()], ["fine", [0, 0, 1_000]])
    }).pipe(layer(benched))
  )

  it.effect("is waited for as long as maxWait, and not longer", () =>
    Effect.gen(function* () {
      const { chain, times } = scene(throttle("3001 millis"), "fine")
      const { error, took } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([error?._tag, took, times()], ["ChainExhausted", 0, [0, 0]])
    }).pipe(layer({ ...benched, maxWait: "3 seconds" }))
  )

  it.effect("differs from an overload, which its own retries wait for", () =>
    Effect.gen(function* () {
      const { chain, times } = scene(fault("Overloaded", "1 second"), "fine")
      const { error, took } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([error?._tag, took, times()], ["ChainExhausted", 0, [0, 0]])
    }).pipe(layer({ retries: { times: 0 }, rules: { Overloaded: { rest: null, retry: "never" } } }))
  )

  it.effect("is waited for no longer than maxWait with `wait` either", () =>
    Effect.gen(function* () {
      for (const [wait, value, times] of [
        ["3 seconds", "fine", [0, 0, 3_000]],
        ["3001 millis", undefined, [0, 0]]
      ] as const) {
        const started = yield* Clock.currentTimeMillis
        const { chain, times: called } = scene(throttle(wait), "fine")
        const played = yield* play(Failover.complete(chain, "q"))
        assert.strictEqual(played.value, value)
        assert.deepStrictEqual(
          called().map((at) => at - started),
          [...times]
        )
        yield* (yield* BenchRegistry).unbench("a/m#k2")
      }
    }).pipe(
      layer({
        ...benched,
        maxWait: "3 seconds",
        whenAllBenched: "wait",
        rules: { ...benched.rules, InvalidKey: { rest: null } }
      })
    )
  )

  it.effect("keeps the waits for others as they are: the run returns to each at its time", () =>
    Effect.gen(function* () {
      const scripts = {
        k1: [[throttle("1 second")], [dead()]],
        k2: [[throttle("2 seconds")], ["fine"]],
        k3: [[dead()]]
      }
      const a = Scripted.make("a", ({ credential }) => scripts[credential.name as "k1"], {
        credentials: [Credential.make("k1"), Credential.make("k2"), Credential.make("k3")]
      })
      const { value } = yield* play(Failover.complete(Chain.make(Model.make(a, "m")), "q"))
      assert.strictEqual(value, "fine")
      assert.deepStrictEqual(
        a.calls.map(({ at }) => at),
        [0, 0, 0, 1_000, 2_000]
      )
    }).pipe(layer())
  )

  it.effect("has the retries of its visit left when the run returns and meets a fault", () =>
    Effect.gen(function* () {
      const { chain, times } = scene(throttle("500 millis"), fault(), "fine")
      const { value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "fine")
      assert.deepStrictEqual(times(), [0, 0, 500, 1_000])
    }).pipe(layer({ retries: { times: 2, backoff: ["1 second"] } }))
  )

  it.effect("has one retry left when the request has one", () =>
    Effect.gen(function* () {
      const { chain } = scene(throttle("500 millis"), fault(), "fine")
      assert.strictEqual((yield* play(Failover.complete(chain, "q", { attempts: 3 }))).value, "fine")
    }).pipe(layer({ retries: { times: 2, backoff: ["1 second"] } }))
  )

  it.effect("has no retry left when the request has none", () =>
    Effect.gen(function* () {
      const { chain, times } = scene(throttle("500 millis"), fault(), "never")
      const { error } = yield* play(Failover.complete(chain, "q", { attempts: 2 }))
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.deepStrictEqual(times(), [0, 0, 500])
    }).pipe(layer({ retries: { times: 2, backoff: ["1 second"] } }))
  )
})

describe("a chain of 12,000 throttled models", () => {
  it.effect("returns to one after the other, as often as the request may repeat an attempt", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("1 second")]])
      const models = Array.from({ length: 12_000 }, (_, i) => Model.make(a, `m${i}`))
      const { error } = yield* play(Failover.complete(Chain.fromLinks(models), "q"))
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.strictEqual(a.calls.length, 12_007)
    }).pipe(layer())
  )
})
