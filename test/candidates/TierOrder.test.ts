/** The order in which a request tries the targets of a tier: by turns, affinity and load. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"
import { Affinity, type AffinityKey } from "../../src/callers/Affinity.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import type { Strategy } from "../../src/domain/Strategy.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { stage } from "../support/candidates.ts"

const provider = (name: string, strategy: Strategy) =>
  Scripted.make(name, [["fine"]], {
    credentials: [Credential.make("1"), Credential.make("2"), Credential.make("3")],
    strategy
  })
const chainOf = (strategy: Strategy, ...names: ReadonlyArray<string>) =>
  Chain.fromLinks(names.map((name) => Model.make(provider(name, strategy), "m")))

/** The orders of requests in this chain: `order` returns the first `count` targets of one request. */
const ordersOf = Effect.fnUntraced(function* (chain: Chain.Chain<Scripted.Scripted>) {
  const staged = yield* stage(chain)
  return {
    ...staged,
    order: (count: number, affinity?: AffinityKey) => {
      const request = staged.request({ kind: "effect", affinity })
      return Array.from({ length: count }, () => request.next()!.target.key).join(" ")
    }
  }
})

describe("turns", () => {
  it.effect("are counted for each backend by the requests that reach it", () =>
    Effect.gen(function* () {
      const { order } = yield* ordersOf(chainOf("roundRobin", "a", "b"))
      assert.strictEqual(order(1), "a/m#1")
      assert.strictEqual(order(1), "a/m#2")
      assert.strictEqual(order(6), "a/m#3 a/m#1 a/m#2 b/m#1 b/m#2 b/m#3")
      assert.strictEqual(order(4), "a/m#1 a/m#2 a/m#3 b/m#2")
    })
  )

  it.effect("are one for each request and all models of a backend", () =>
    Effect.gen(function* () {
      const a = provider("a", "roundRobin")
      const { order } = yield* ordersOf(Chain.fromLinks([Model.make(a, "m"), Model.make(a, "n")]))
      assert.strictEqual(order(6), "a/m#1 a/m#2 a/m#3 a/n#1 a/n#2 a/n#3")
      assert.strictEqual(order(6), "a/m#2 a/m#3 a/m#1 a/n#2 a/n#3 a/n#1")
    })
  )

  it.effect("go on for a key that is computed, and stop for one that the caller set", () =>
    Effect.gen(function* () {
      const { order } = yield* ordersOf(chainOf("roundRobin", "a"))
      const computed = () => assert.fail("nobody needs it")
      assert.deepStrictEqual(
        [1, 2, 3].map(() => order(1, computed)),
        ["a/m#1", "a/m#2", "a/m#3"]
      )
      const mine = [1, 2, 3].map(() => order(1, "conversation 12"))
      assert.deepStrictEqual(mine, [mine[0], mine[0], mine[0]])
    })
  )
})

describe("affinity", () => {
  it.effect("goes by the key, whether it is given, computed or in the context", () =>
    Effect.gen(function* () {
      for (const key of ["conversation 1", "conversation 2", "conversation 3", "conversation 4"]) {
        const given = (yield* ordersOf(chainOf("random", "a"))).order(3, key)
        assert.strictEqual(
          (yield* ordersOf(chainOf("random", "a"))).order(3, () => key),
          given
        )
        const inContext = Effect.provideService(ordersOf(chainOf("random", "a")), Affinity, key)
        assert.strictEqual((yield* inContext).order(3), given)
      }
    })
  )

  it.effect("needs its key once for a request, and not at all where the targets have a fixed order", () =>
    Effect.gen(function* () {
      let computed = 0
      const key = () => {
        computed++
        return "conversation 12"
      }
      const none = () => {
        computed++
        return undefined
      }
      const { order } = yield* ordersOf(chainOf("random", "a", "b"))
      order(6, key)
      assert.strictEqual(computed, 1)
      order(6, none)
      assert.strictEqual(computed, 2)
      assert.strictEqual((yield* ordersOf(chainOf("sequential", "a"))).order(3, key), "a/m#1 a/m#2 a/m#3")
      assert.strictEqual(computed, 2)
    })
  )

  it.effect("goes on with the next target of the key's own order while the first one is benched", () =>
    Effect.gen(function* () {
      const { fails, order, request } = yield* ordersOf(chainOf("random", "a"))
      const [home, next] = order(3, "conversation 12").split(" ")
      fails(home!)
      const one = request({ kind: "effect", affinity: "conversation 12" })
      one.next()
      assert.strictEqual(one.position.order.at(0)?.key, next)
      assert.strictEqual(one.position.order.at(1)?.key, home)
    })
  )
})

describe("load", () => {
  it.effect("of a target without attempts fades with time, so that it is tried again", () =>
    Effect.gen(function* () {
      const { order, signals, targetOf } = yield* ordersOf(chainOf("leastLoaded", "a"))
      const loads = ["a/m#1", "a/m#2", "a/m#3"].map((key) => signals.ofTarget(targetOf(key)).load)
      for (const [i, load] of loads.entries()) {
        load.took("effect", [30_000, 1_000, 1_000][i]!, 0)
        if (i > 0) load.began()
      }
      const firsts = () => new Set(Array.from({ length: 40 }, () => order(1)))
      assert.isFalse(firsts().has("a/m#1"))
      yield* TestClock.adjust("3 minutes")
      assert.isTrue(firsts().has("a/m#1"))
    })
  )
})

describe("the load", () => {
  it.effect("is that of streams for streams, and that of whole answers for those", () =>
    Effect.gen(function* () {
      const { request, signals, targetOf } = yield* ordersOf(chainOf("leastLoaded", "a"))
      for (const [name, stream, effect] of [
        ["1", 10, 9_000],
        ["2", 9_000, 10],
        ["3", 9_000, 9_000]
      ] as const) {
        const { load } = signals.ofTarget(targetOf(`a/m#${name}`))
        load.took("stream", stream, 0)
        load.took("effect", effect, 0)
      }
      const share = (kind: "stream" | "effect", name: string) => {
        const next = () => request({ kind, affinity: undefined }).next()!.target.key
        return Array.from({ length: 300 }, next).filter((key) => key === `a/m#${name}`).length / 300
      }
      // The better of two drawn targets is tried first: this one wins in two of three pairs.
      for (const found of [share("stream", "1"), share("effect", "2")]) assert.closeTo(found, 2 / 3, 0.1)
    }).pipe(Random.withSeed("load"))
  )
})
