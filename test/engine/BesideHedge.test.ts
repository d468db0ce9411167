/** The first of two attempts fails while its hedge is under way, or the hedge does: which retries are kept for later, and what is benched. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { Failure } from "../../src/failure/Failure.ts"
import type * as Policy from "../../src/policy/Policy.ts"
import { chainOf, layer } from "../support/chains.ts"
import { benches, dead, fault, play, throttle } from "../support/engine.ts"

const hedge = { after: "1 second", share: 1, to: "chain" } as const
const hedged = (policy: Policy.Options = {}, retryBudget?: number) => layer({ hedge, ...policy }, retryBudget)
const retries = { times: 2, backoff: ["1 second"] } as const

describe("a process that makes no retries", () => {
  it.effect("makes none of a first attempt that failed beside its hedge", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf(
        [[{ wait: "2 seconds" }, fault("ServerError")], ["never"]],
        [[{ wait: "3 seconds" }, dead()]]
      )
      const { error } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.deepStrictEqual(calls(), ["0 a/m", "1000 b/m"])
    }).pipe(hedged({ retries }, 0))
  )

  it.effect("makes none of a hedge that failed", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf(
        [[{ wait: "4 seconds" }, dead()]],
        [[{ wait: "1 second" }, fault("ServerError")], ["never"]]
      )
      const { error } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.deepStrictEqual(calls(), ["0 a/m", "1000 b/m"])
    }).pipe(hedged({ retries }, 0))
  )
})

describe("a full target that refuses one of two attempts", () => {
  const names = ["a", "b"] as const
  const chain = Chain.fromLinks(names.map((name) => Model.make(Backend.make(name, {}), "m")))
  /** One request is under way at the full target for ten seconds; the other target takes five, and fails or not. */
  const scene = (full: "a" | "b", other: Effect.Effect<string, Failure>) => {
    const calls: Array<string> = []
    let open = 0
    const ask = (name: string) =>
      Effect.suspend(() => {
        calls.push(name)
        if (name !== full) return Effect.andThen(Effect.sleep("5 seconds"), other)
        if (open > 0) return Effect.delay(Effect.fail(throttle()), "2 seconds")
        open++
        return Effect.ensuring(
          Effect.delay(Effect.succeed(full), "10 seconds"),
          Effect.sync(() => open--)
        )
      })
    const alone = Chain.fromLinks([Model.make(Backend.make(full, {}), "m")])
    const run = Effect.gen(function* () {
      const first = yield* Effect.forkChild(Failover.use(alone, ({ name }) => ask(name), { hedge: false }))
      yield* TestClock.adjust("1 second")
      const played = yield* play(Failover.use(chain, ({ name }) => ask(name), { hedge: true }))
      yield* Fiber.join(first)
      return { ...played, benches: yield* benches }
    })
    return { calls, run }
  }
  const learning = hedged({ learnedLimit: true, maxWait: "20 seconds", retries: { times: 0 } })

  for (const full of names) {
    const which = full === "a" ? "the first one" : "the hedge"

    it.effect(`is not benched for it (${which})`, () =>
      Effect.gen(function* () {
        const { run } = scene(full, Effect.succeed("other"))
        const { benches, value } = yield* run
        assert.deepStrictEqual([value, benches], ["other", []])
      }).pipe(learning)
    )

    it.effect(`is waited for until it has room, if the other attempt fails (${which})`, () =>
      Effect.gen(function* () {
        const { calls, run } = scene(full, Effect.fail(dead()))
        const { value } = yield* run
        assert.strictEqual(value, full)
        assert.lengthOf(
          calls.filter((name) => name === full),
          3
        )
      }).pipe(learning)
    )
  }
})
