/** Several targets that hang: the time that one request spends on their probes. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { hang, layer } from "../support/chains.ts"
import { calls, fault, play, refusal, throttle } from "../support/engine.ts"

const chainOf = (...scripts: ReadonlyArray<Parameters<typeof Scripted.make>[1]>) =>
  Chain.fromLinks(scripts.map((script, i) => Model.make(Scripted.make(`p${i}`, script), "m")))

const hanging = Array.from({ length: 9 }, () => hang)

describe("a chain with nine targets that hang before a healthy one", () => {
  it.effect("costs a request one timeout, once the targets are known to hang", () =>
    Effect.gen(function* () {
      const chain = chainOf(...hanging, [["fine"]])
      const ask = Stream.runDrain(Failover.stream(chain, "q"))
      assert.strictEqual((yield* play(ask, { within: "271 seconds" })).took, 9 * 30_000)
      for (const pause of ["1 second", "20 seconds", "5 minutes"] as const) {
        yield* TestClock.adjust(pause)
        assert.isAtMost((yield* play(ask, { within: "40 seconds" })).took, 30_000)
      }
    }).pipe(layer())
  )

  it.effect("costs it the time of one visit when its own deadline is shorter", () =>
    Effect.gen(function* () {
      const chain = chainOf(...hanging, [["fine"]])
      yield* play(Stream.runDrain(Failover.stream(chain, "q")), { within: "5 minutes" })
      yield* TestClock.adjust("1 minute")
      const { took, error } = yield* play(
        Stream.runDrain(Failover.stream(chain, "q", { deadline: "20 seconds" }))
      )
      assert.isUndefined(error)
      assert.strictEqual(took, 5_000)
    }).pipe(layer())
  )
})

describe("a target that was left for its hang", () => {
  it.effect("is called after all when the others fail: the request is not lost", () =>
    Effect.gen(function* () {
      const chain = chainOf(hang, [[{ hang: true }], ["back"]], [["fine"], [fault("ServerError")]])
      const ask = Failover.stream(chain, "q")
      yield* play(Stream.runDrain(ask), { within: "5 minutes" })
      yield* TestClock.adjust("1 minute")
      const { value } = yield* play(Stream.runHead(ask), { within: "5 minutes" })
      assert.strictEqual(value?._tag === "Some" ? value.value.text : undefined, "back")
    }).pipe(layer())
  )

  it.effect("is called in its place by a request that no target has kept waiting", () =>
    Effect.gen(function* () {
      const chain = chainOf(
        [[{ hang: true }], ["first"], [fault("ServerError")]],
        [[{ hang: true }], ["second"]],
        [["fine"]]
      )
      const ask = Failover.stream(chain, "q")
      yield* play(Stream.runDrain(ask), { within: "5 minutes" })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Stream.runCollect(ask))[0]?.text, "first")
      const { value } = yield* play(Stream.runHead(ask), { within: "5 minutes" })
      assert.strictEqual(value?._tag === "Some" ? value.value.text : undefined, "second")
    }).pipe(layer())
  )
})

describe("a target with a cooldown that ends while the later ones hang", () => {
  for (const whenAllBenched of ["tryAnyway", "wait", "fail"] as const) {
    it.effect(`is called when they have failed (${whenAllBenched})`, () =>
      Effect.gen(function* () {
        const chain = chainOf([[throttle("5 seconds")], ["back"]], [["fine"], [{ hang: true }]])
        const ask = Failover.stream(chain, "q", { whenAllBenched })
        yield* play(Stream.runDrain(ask), { within: "500 millis" })
        const { took, value } = yield* play(Stream.runHead(ask), { within: "1 minute" })
        assert.strictEqual(value?._tag === "Some" ? value.value.text : undefined, "back")
        assert.strictEqual(took, 30_000)
      }).pipe(Effect.provide(Failover.layer()))
    )
  }

  it.effect("does not keep a request from the last attempt at another one, if it is still unwell", () =>
    Effect.gen(function* () {
      const first = Scripted.make("a", [[throttle("5 seconds")], [{ hang: true }], ["back"]])
      const second = Scripted.make("b", [[throttle("10 minutes")], ["b"]])
      const third = Scripted.make("c", [["fine"], [{ hang: true }]])
      const chain = Chain.make(Model.make(first, "m"), Model.make(second, "m"), Model.make(third, "m"))
      const ask = Failover.stream(chain, "q")
      yield* play(Stream.runDrain(ask), { within: "500 millis" })
      const all = yield* Effect.forkChild(
        Effect.all(
          [0, 1].map(() => Effect.exit(Stream.runDrain(ask))),
          { concurrency: "unbounded" }
        )
      )
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(
        (yield* Fiber.join(all)).map(({ _tag }) => _tag),
        ["Success", "Success"]
      )
    }).pipe(Effect.provide(Failover.layer()))
  )

  it.effect("is not called by a rule that leaves its model", () =>
    Effect.gen(function* () {
      const keys = [Credential.make("one"), Credential.make("two")] as const
      const first = Scripted.make("a", [[{ hang: true }], ["never asked"]], { credentials: keys })
      const chain = Chain.withPolicy(
        Chain.make(Model.make(first, "m"), Model.make(Scripted.make("b", [[fault("Timeout")]]), "m")),
        { rules: { Timeout: { next: "model" } } }
      )
      const { error } = yield* play(Stream.runDrain(Failover.stream(chain, "q")))
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.deepStrictEqual(calls(first), ["0 a/m#one"])
    }).pipe(Effect.provide(Failover.layer()))
  )
})

describe("a target that was left for another one", () => {
  it.effect("takes no request that has gone on to the chain for its kind of failure", () =>
    Effect.gen(function* () {
      const keys = [Credential.make("one"), Credential.make("two")] as const
      const first = Scripted.make("a", [[fault("Connection")], ["never asked"]], { credentials: keys })
      const second = Scripted.make("b", [[refusal("ContentPolicy")]])
      const third = Scripted.make("c", [[fault("Connection")]])
      const chain = Chain.onContentPolicy(
        Chain.withPolicy(Chain.make(Model.make(first, "m"), Model.make(second, "m")), {
          retries: { times: 0 }
        }),
        Chain.make(Model.make(third, "m"))
      )
      const { error } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.deepStrictEqual(calls(first), ["0 a/m#one"])
    }).pipe(Effect.provide(Failover.layer()))
  )
})
