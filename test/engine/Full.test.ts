/** A target that refuses an attempt because of its load is not benched. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as Failure from "../../src/failure/Failure.ts"
import type * as Policy from "../../src/policy/Policy.ts"
import { layer } from "../support/chains.ts"
import { benches, fault, play, throttle } from "../support/engine.ts"

/** A service that takes one request at once, each for ten seconds, and refuses the others; `b` answers at once. */
const scene = (refusal: Failure.Failure = throttle(), names: ReadonlyArray<string> = ["a"]) => {
  const calls: Array<string> = []
  let open = 0
  const ask = (name: string) =>
    Effect.suspend(() => {
      calls.push(name)
      if (name === "b") return Effect.succeed("b")
      if (open > 0) return Effect.fail(refusal)
      open++
      return Effect.ensuring(
        Effect.delay(Effect.succeed("a"), "10 seconds"),
        Effect.sync(() => open--)
      )
    })
  const chain = Chain.fromLinks(names.map((name) => Model.make(Backend.make(name, {}), "m")))
  return {
    calls,
    effect: (options: Failover.CallOptions = {}) => Failover.use(chain, ({ name }) => ask(name), options),
    stream: (options: Failover.CallOptions = {}) =>
      Effect.map(
        Stream.runCollect(Failover.useStream(chain, ({ name }) => Stream.fromEffect(ask(name)), options)),
        (chunks) => chunks.join("")
      )
  }
}

const learning = (policy: Policy.Options = {}) =>
  layer({ learnedLimit: true, maxWait: "20 seconds", ...policy })

for (const kind of ["effect", "stream"] as const) {
  /** One request is under way for a second. Returns the outcome of the next one. */
  const next = (stage: ReturnType<typeof scene>, options?: Failover.CallOptions) =>
    Effect.gen(function* () {
      const first = yield* Effect.forkChild(stage[kind]())
      yield* TestClock.adjust("1 second")
      const { error, took, value } = yield* play(stage[kind](options))
      yield* Fiber.join(first)
      return { error: error?._tag, took, value, benches: yield* benches }
    })

  describe(`a request that a full target refuses (${kind})`, () => {
    it.effect("waits until the target has room if there is no other", () =>
      Effect.gen(function* () {
        const stage = scene()
        const { benches, took, value } = yield* next(stage)
        assert.deepStrictEqual([value, took, benches], ["a", 19_000, []])
        assert.lengthOf(stage.calls, 3)
      }).pipe(learning())
    )

    it.effect("ends when the target has had no room for as long as the request may wait", () =>
      Effect.gen(function* () {
        const { benches, error, took } = yield* next(scene())
        assert.deepStrictEqual([error, took, benches], ["ChainExhausted", 3_000, []])
      }).pipe(learning({ maxWait: "3 seconds" }))
    )

    it.effect("goes to another one if there is one", () =>
      Effect.gen(function* () {
        const { benches, took, value } = yield* next(scene(throttle(), ["a", "b"]))
        assert.deepStrictEqual([value, took, benches], ["b", 0, []])
      }).pipe(learning())
    )

    it.effect("ends at once with `fail`", () =>
      Effect.gen(function* () {
        const { benches, error, took } = yield* next(scene(), { whenAllBenched: "fail" })
        assert.deepStrictEqual([error, took, benches], ["ChainExhausted", 0, []])
      }).pipe(learning())
    )

    it.effect("ends at once if the rule stops", () =>
      Effect.gen(function* () {
        const { benches, error, took } = yield* next(scene())
        assert.deepStrictEqual([error, took, benches], ["ChainExhausted", 0, []])
      }).pipe(learning({ rules: { RateLimit: { next: "stop" } } }))
    )

    it.effect("benches it as usual when the refusal names a wait", () =>
      Effect.gen(function* () {
        const { took, value } = yield* next(scene(throttle("12 seconds")))
        assert.deepStrictEqual([value, took], ["a", 22_000])
      }).pipe(learning())
    )

    it.effect(
      "ends at once if the refusal concerns this request alone: it proves nothing about the room",
      () =>
        Effect.gen(function* () {
          const large = new Failure.RateLimit({ message: "too large", onlyThisRequest: true })
          const { benches, error, took } = yield* next(scene(large))
          assert.deepStrictEqual([error, took, benches], ["ChainExhausted", 0, []])
        }).pipe(learning())
    )

    it.effect("retries as usual when the refusal reports an overload", () =>
      Effect.gen(function* () {
        const stage = scene(fault("Overloaded"))
        yield* next(stage, { whenAllBenched: "fail" })
        assert.isAbove(stage.calls.length, 2)
      }).pipe(learning({ retries: { times: 2, backoff: ["1 second", "2 seconds"] } }))
    )

    it.effect("benches it where no limits are learned", () =>
      Effect.gen(function* () {
        const { benches, error } = yield* next(scene(), { whenAllBenched: "fail" })
        assert.strictEqual(error, "ChainExhausted")
        assert.lengthOf(benches, 1)
      }).pipe(learning({ learnedLimit: false }))
    )
  })
}
