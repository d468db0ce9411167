/** When the layers of members are built, how long that may take, and what happens when it fails. */
import { assert, describe, it } from "@effect/vitest"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as FailoverLanguageModel from "../../src/ai/FailoverLanguageModel.ts"
import { failing, Mock, play } from "../support/ai.ts"

const { layer, member, optional } = FailoverLanguageModel

const text = Effect.map(LanguageModel.generateText({ prompt: "hi" }), (response) => response.text)

/** A layer that takes a while to build. */
const slow = (mock: Mock, ...[duration]: Parameters<typeof Effect.sleep>) =>
  Layer.unwrap(Effect.as(Effect.sleep(duration), mock.layer))

const policy = { retries: { times: 0 } }

describe("the layers of members", () => {
  it.effect("are built together", () =>
    Effect.gen(function* () {
      const names = ["a", "b", "c"] as const
      const [a, b, c] = names.map((name) => slow(new Mock(name), "10 seconds"))
      const whole = layer([member("a/m", a!), member("b/m", b!), member("c/m", c!)], { policy })
      const fiber = yield* Effect.forkChild(
        Effect.provide(Effect.andThen(text, Clock.currentTimeMillis), whole)
      )
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), 10_000)
    })
  )

  it.effect("have a timeout, and a defect names the slow one and the remedies", () =>
    Effect.gen(function* () {
      const whole = layer(
        [member("a/m", slow(new Mock("a"), "1 hour")), member("b/m", new Mock("b").layer)],
        {
          policy,
          buildTimeout: "20 seconds"
        }
      )
      assert.match(
        (yield* play(failing(Effect.provide(text, whole)))).join(),
        /^die .*the layer of a\/m was not built within 20s: .*buildTimeout.*optional/
      )
    })
  )
})

/** A layer whose connection is never established. Its acquisition cannot be interrupted. */
const connecting = Layer.effect(
  LanguageModel.LanguageModel,
  Effect.acquireRelease(Effect.never, () => Effect.void)
)

describe("a layer that hangs and cannot be interrupted", () => {
  it.effect("is a defect after the timeout, of a required member", () =>
    Effect.gen(function* () {
      const whole = layer([member("a/m", connecting)], { policy, buildTimeout: "20 seconds" })
      assert.match((yield* play(failing(Effect.provide(text, whole)))).join(), /not built within 20s/)
    })
  )

  it.effect("delays neither the start nor the end, of an optional member", () =>
    Effect.gen(function* () {
      const whole = layer([optional(member("a/m", connecting)), member("b/m", new Mock("b").layer)], {
        policy,
        buildTimeout: "20 seconds"
      })
      assert.strictEqual(yield* play(Effect.provide(text, whole)), "b")
      // After the timeout, a probe builds it again.
      const later = Effect.andThen(text, Effect.andThen(Effect.sleep("1 minute"), text))
      assert.strictEqual(yield* play(Effect.provide(later, whole)), "b")
    })
  )
})

describe("an optional member", () => {
  it.effect("whose layer hangs does not delay the start, and delays a request by at most a second", () =>
    Effect.gen(function* () {
      const whole = layer(
        [optional(member("a/m", slow(new Mock("a"), "1 hour"))), member("b/m", new Mock("b").layer)],
        {
          policy
        }
      )
      const fiber = yield* Effect.forkChild(
        Effect.provide(
          Effect.gen(function* () {
            const first = [yield* text, yield* Clock.currentTimeMillis]
            return [...first, yield* text, yield* Clock.currentTimeMillis]
          }),
          whole
        )
      )
      yield* TestClock.adjust("1 second")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(fiber), ["b", 1_000, "b", 1_000])
    })
  )

  it.effect("is built once for all waiting requests", () => {
    const a = new Mock("a")
    return Effect.gen(function* () {
      const whole = layer(
        [optional(member("a/m", slow(a, "500 millis"))), member("b/m", new Mock("b").layer)],
        {
          policy
        }
      )
      const all = Effect.all([text, text, text], { concurrency: "unbounded" })
      const fiber = yield* Effect.forkChild(Effect.provide(all, whole))
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual(yield* Fiber.join(fiber), ["a", "a", "a"])
      assert.deepStrictEqual(a.log, ["build", "close"])
    })
  })

  for (const how of ["answer", "stream"] as const) {
    it.effect(`is built again by a probe after it failed: ${how}`, () => {
      const a = new Mock("a")
      let builds = 0
      const flaky = Layer.unwrap(
        Effect.suspend(() => (++builds < 3 ? Effect.fail("no key yet") : Effect.succeed(a.layer)))
      )
      const ask =
        how === "answer"
          ? text
          : Effect.map(
              Effect.flatMap(LanguageModel.LanguageModel, (model) =>
                Effect.scoped(
                  Effect.gen(function* () {
                    let said = ""
                    yield* Effect.forEach(
                      yield* Stream.runCollect(model.streamText({ prompt: "hi" })),
                      (part) => Effect.sync(() => (said += part.type === "text-delta" ? part.delta : ""))
                    )
                    return said
                  })
                )
              ),
              (said) => said.slice(0, 1)
            )
      return Effect.gen(function* () {
        const whole = layer([optional(member("a/m", flaky)), member("b/m", new Mock("b").layer)], { policy })
        const said = Effect.gen(function* () {
          const all = [yield* ask]
          // It is benched for 5 seconds, and then for 10.
          for (let i = 0; i < 4; i++) {
            yield* TestClock.adjust("6 seconds")
            all.push(yield* ask)
          }
          return all
        })
        assert.deepStrictEqual(yield* Effect.provide(said, whole), ["b", "a", "a", "a", "a"])
        assert.strictEqual(builds, 3)
        assert.deepStrictEqual(
          a.log.filter((line) => line === "build" || line === "close"),
          ["build", "close"]
        )
      })
    })
  }
})
