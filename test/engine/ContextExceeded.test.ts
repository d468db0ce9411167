/** A prompt that is too long for a model: only a larger context window helps. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { calls, fault, play, throttle, tooLong } from "../support/engine.ts"

const runtime = Failover.layer()

/** A provider whose models are called `w<window>`. It refuses requests with the failures of its script. */
const provider = (script: Scripted.Script<unknown, string, Scripted.Part>) => Scripted.make("a", script)
const known = (a: Scripted.Scripted, window: number) => Model.make(a, `w${window}`, { contextWindow: window })

describe("a prompt that is too long", () => {
  it.effect("goes to the next model with a larger window, past those that are no larger", () =>
    Effect.gen(function* () {
      const a = provider((target) => (target.model === "w400" ? [["fine"]] : [[tooLong()]]))
      const chain = Chain.make(known(a, 200), known(a, 100), known(a, 200), known(a, 128), known(a, 400))
      const { benches, value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "fine")
      assert.deepStrictEqual(calls(a), ["0 a/w200", "0 a/w400"])
      assert.deepStrictEqual(benches, [])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("does not come back to a throttled credential of a model whose window is too small", () =>
    Effect.gen(function* () {
      const a = Scripted.make(
        "a",
        ({ credential }) => (credential.name === "one" ? [[throttle("1 second")], ["never"]] : [[tooLong()]]),
        { credentials: [Credential.make("one"), Credential.make("two")] }
      )
      const { error } = yield* play(Failover.complete(Chain.make(known(a, 200)), "q"))
      assert.deepStrictEqual(calls(a), ["0 a/w200#one", "0 a/w200#two"])
      assert.notStrictEqual(error, undefined)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("goes to a model with an unknown window", () =>
    Effect.gen(function* () {
      const a = provider((target) => (target.model === "m" ? [["fine"]] : [[tooLong({ limit: 200 })]]))
      const { value } = yield* play(Failover.complete(Chain.make(known(a, 200), Model.make(a, "m")), "q"))
      assert.strictEqual(value, "fine")
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is measured by the limit in the failure if the model's own window is unknown", () =>
    Effect.gen(function* () {
      const a = provider((target) => (target.model === "w300" ? [["fine"]] : [[tooLong({ limit: 200 })]]))
      const chain = Chain.make(Model.make(a, "m"), known(a, 200), known(a, 300))
      yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual(calls(a), ["0 a/m", "0 a/w300"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is measured by its own length if the failure names it", () =>
    Effect.gen(function* () {
      const a = provider((target) =>
        target.model === "w500" ? [["fine"]] : [[tooLong({ limit: 200, actual: 500 })]]
      )
      const chain = Chain.make(Model.make(a, "m"), known(a, 499), known(a, 500))
      yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual(calls(a), ["0 a/m", "0 a/w500"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is never sent again at the same size, nor with another key", () =>
    Effect.gen(function* () {
      const credentials = [Credential.make("one"), Credential.make("two")] as const
      const a = Scripted.make("a", [[tooLong()]], { credentials })
      const { error } = yield* play(Failover.complete(Chain.make(Model.make(a, "m")), "q"))
      assert.strictEqual(error?._tag, "ContextExceeded")
      assert.deepStrictEqual(calls(a), ["0 a/m#one"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is returned to the caller as the last model's failure", () =>
    Effect.gen(function* () {
      const last = tooLong({ limit: 400, actual: 999 })
      const a = provider((target) => (target.model === "w400" ? [[last]] : [[tooLong({ limit: 200 })]]))
      const { error } = yield* play(Failover.complete(Chain.make(known(a, 200), known(a, 400)), "q"))
      assert.strictEqual<unknown>(error, last)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("ends as exhausted when the larger model is there but broken", () =>
    Effect.gen(function* () {
      const a = provider((target) => (target.model === "w400" ? [[fault("Timeout")]] : [[tooLong()]]))
      const { error } = yield* play(Failover.complete(Chain.make(known(a, 200), known(a, 400)), "q"))
      assert(error?._tag === "ChainExhausted")
      assert.deepStrictEqual(
        error.attempts.map(({ failure }) => failure._tag),
        ["ContextExceeded", "Transient"]
      )
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is too long for a stream as well", () =>
    Effect.gen(function* () {
      const a = provider((target) => (target.model === "w400" ? [["fine"]] : [[tooLong()]]))
      const chain = Chain.make(known(a, 200), known(a, 100), known(a, 400))
      const { value } = yield* play(Effect.scoped(Failover.open(chain, "q")))
      assert.strictEqual(value?.target.model, "w400")
      assert.strictEqual(a.calls.length, 2)
    }).pipe(Effect.provide(runtime))
  )
})

describe("the chain for long prompts", () => {
  it.effect("is used instead of the rest of the chain", () =>
    Effect.gen(function* () {
      const a = provider((target) => (target.model === "w200" ? [[tooLong()]] : [[target.model]]))
      const chain = Chain.onContextExceeded(
        Chain.make(known(a, 200), known(a, 300)),
        Chain.make(known(a, 1_000))
      )
      const { value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "w1000")
      assert.deepStrictEqual(calls(a), ["0 a/w200", "0 a/w1000"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is walked to its end, past windows that are no larger", () =>
    Effect.gen(function* () {
      const a = provider((target) => (target.model === "w2000" ? [["fine"]] : [[tooLong()]]))
      const chain = Chain.onContextExceeded(
        Chain.make(known(a, 200)),
        Chain.make(known(a, 150), known(a, 1_000), known(a, 900), known(a, 2_000))
      )
      const { value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "fine")
      assert.deepStrictEqual(calls(a), ["0 a/w200", "0 a/w1000", "0 a/w2000"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("does not try again what has been tried", () =>
    Effect.gen(function* () {
      const a = provider((target) =>
        target.model === "x" ? [[fault("Timeout")]] : target.model === "m" ? [[tooLong()]] : [["fine"]]
      )
      const x = Model.make(a, "x")
      const m = Model.make(a, "m")
      const chain = Chain.onContextExceeded(Chain.make(x, m), Chain.make(m, x, Model.make(a, "y")))
      const { value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "fine")
      assert.deepStrictEqual(calls(a), ["0 a/x", "0 a/m", "0 a/y"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("ends the run with the last refusal when it is too short as well", () =>
    Effect.gen(function* () {
      const a = provider([[tooLong()]])
      const chain = Chain.onContextExceeded(Chain.make(known(a, 200)), Chain.make(known(a, 1_000)))
      const { error } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(error?._tag, "ContextExceeded")
      assert.strictEqual(a.calls.length, 2)
    }).pipe(Effect.provide(runtime))
  )
})
