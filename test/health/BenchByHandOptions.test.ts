/** A bench by hand as a service: what is refused, how long it lasts, and how its changes are read. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { BenchRegistry, layerMemory } from "../../src/health/BenchRegistry.ts"
import { attempt } from "../support/bench.ts"
import { fault } from "../support/engine.ts"

/** The message with which a bench by hand is refused. */
const refusal = (key: unknown, options?: object) =>
  Effect.gen(function* () {
    const registry = yield* BenchRegistry
    const exit = yield* Effect.exit(registry.bench(key as "a", options))
    return Exit.isFailure(exit) ? (Cause.squash(exit.cause) as Error).message : "nothing is wrong"
  }).pipe(Effect.provide(layerMemory))

const noKey = (what: string) =>
  `BenchRegistry.bench: ${what} is not a bench key; it has to be one such as "openai", "openai/gpt-5.2" or "openai/gpt-5.2#backup"`

describe("a bench by hand", () => {
  it.effect("needs a key", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* refusal(7), noKey("7"))
      assert.strictEqual(yield* refusal("a b"), noKey('"a b"'))
      assert.strictEqual(yield* refusal(""), noKey('""'))
      for (const key of ["a", "a/m", "a#k", "a/m#k"])
        assert.strictEqual(yield* refusal(key), "nothing is wrong")
    })
  )

  it.effect("lasts for a time or until a moment, and not both", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* refusal("a", { for: "soon" }),
        'BenchRegistry.bench: for is "soon"; it has to be a length of time that is not negative, such as "2 seconds" or milliseconds'
      )
      assert.strictEqual(
        yield* refusal("a", { until: Number.NaN }),
        "BenchRegistry.bench: until is NaN; it has to be a time, in milliseconds since the epoch"
      )
      assert.strictEqual(yield* refusal("a", { until: Number.POSITIVE_INFINITY }), "nothing is wrong")
      assert.strictEqual(
        yield* refusal("a", { for: 1, until: 2 }),
        "BenchRegistry.bench: for and until are both given; it has to be one of them"
      )
      assert.strictEqual(yield* refusal("a", { until: 2 }), "nothing is wrong")
      assert.strictEqual(
        yield* refusal("a", { by: 7, reason: 8 }),
        "BenchRegistry.bench: reason is 8; it has to be a string; by is 7; it has to be a string"
      )
      assert.match(yield* refusal("a", []), /the value is a list; it has to be an object$/)
    })
  )
})

describe("whether a key is benched", () => {
  it.effect("is so by hand and by failures, and not for a key that nothing is known of", () =>
    Effect.gen(function* () {
      const { bench, isBenched } = yield* BenchRegistry
      assert.isFalse(yield* isBenched("a/m#k"))
      yield* attempt(fault())
      assert.isTrue(yield* isBenched("a/m#k"))
      yield* bench("b")
      assert.deepStrictEqual([yield* isBenched("b"), yield* isBenched("a")], [true, false])
    }).pipe(Effect.provide(layerMemory))
  )
})

describe("a report of credentials", () => {
  it.effect("has the counts of all models of each", () =>
    Effect.gen(function* () {
      const { credentials } = yield* BenchRegistry
      assert.deepStrictEqual(yield* credentials, [])
      yield* attempt(undefined)
      yield* attempt(fault())
      const [one, ...others] = yield* credentials
      assert.deepInclude(one, { key: "a#k", attempts: 2, failures: 1, status: "free" })
      assert.deepStrictEqual(others, [])
    }).pipe(Effect.provide(layerMemory))
  )
})

describe("the changes of a bench", () => {
  it.effect("lose the oldest of 256 for a reader that does not read", () =>
    Effect.gen(function* () {
      const { bench, changes } = yield* BenchRegistry
      const read: Array<string> = []
      let goOn = () => {}
      const fiber = yield* Effect.forkChild(
        Stream.runForEach(changes, ({ info }) => {
          read.push(info.key)
          return read.length > 1
            ? Effect.void
            : Effect.callback<void>((resume) => {
                goOn = () => resume(Effect.void)
              })
        }),
        { startImmediately: true }
      )
      yield* bench("first")
      for (let i = 0; i < 10; i++) yield* Effect.yieldNow
      assert.deepStrictEqual(read, ["first"])
      for (let i = 1; i <= 300; i++) yield* bench(`k${i}`)
      goOn()
      for (let i = 0; i < 600; i++) yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual([read.length, read[1], read.at(-1)], [257, "k45", "k300"])
    }).pipe(Effect.provide(layerMemory))
  )
})
