/** Several targets that hang: what one request pays for their probes. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { hang, layer } from "../support/chains.ts"
import { fault, play } from "../support/engine.ts"

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

  it.effect("is called in its place by a request that has met no hang", () =>
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
