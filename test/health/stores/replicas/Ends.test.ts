/** A shared bench as a layer, and how a replica ends, in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redis from "effect/persistence/Redis"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../../../src/domain/Chain.ts"
import * as Model from "../../../../src/domain/Model.ts"
import * as Failover from "../../../../src/engine/Failover.ts"
import * as RedisBench from "../../../../src/health/stores/RedisBench.ts"
import * as Scripted from "../../../../src/testing/Scripted.ts"
import { throttle } from "../../../support/engine.ts"
import { network, replicaOf, soon, standings, virtual } from "../../../support/virtualReplicas.ts"

describe("the layer of a shared bench", () => {
  virtual("is the bench of a runtime: what one process learned keeps another one from it", () =>
    Effect.gen(function* () {
      const net = network()
      const process = Failover.layerNoDeps().pipe(
        Layer.provideMerge(RedisBench.layer({ prefix: "my-app" })),
        Layer.provide(Layer.effect(Redis.Redis, net.connect))
      )
      const a = Scripted.make("a", [[throttle("20 seconds")], ["a"]])
      const ask = Failover.complete(Chain.make(Model.make(a, "m")), "q", { whenAllBenched: "fail" })
      const scope = yield* Scope.Scope
      const [one, two] = [
        yield* Layer.buildWithScope(process, scope),
        yield* Layer.buildWithScope(Layer.fresh(process), scope)
      ]
      yield* soon
      assert.strictEqual((yield* Effect.flip(Effect.provide(ask, one)))._tag, "ChainExhausted")
      yield* soon
      assert.strictEqual((yield* Effect.flip(Effect.provide(ask, two)))._tag, "AllBenched")
      assert.lengthOf(a.calls, 1)
      assert.deepStrictEqual([...net.prefixes], ["{my-app}:entries"])
      yield* TestClock.adjust("20 seconds")
      const asking = yield* Effect.forkChild(Effect.provide(ask, two), { startImmediately: true })
      yield* TestClock.adjust(100)
      assert.deepStrictEqual(
        [asking.pollUnsafe(), net.ran.filter((name) => name === "claim")],
        [Exit.succeed("a"), ["claim"]]
      )
    }).pipe(Effect.orDie)
  )

  it("refuses invalid lengths of time, by name", () => {
    for (const field of ["timeout", "claimTimeout", "lease", "resync", "retry"]) {
      const made = Effect.runSyncExit(
        Effect.scoped(RedisBench.make(Effect.never, { [field]: "soon" } as never))
      )
      assert.match(String(Exit.isFailure(made) && made.cause), new RegExp(`RedisBench.make: ${field} is`))
    }
  })
})

describe("a replica that ends", () => {
  const ending = Effect.fnUntraced(function* (net: ReturnType<typeof network>, options = {}) {
    const scope = yield* Scope.make()
    const registry = yield* Scope.provide(replicaOf(net, options), scope)
    const end = Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
    return { registry, end }
  })

  virtual("sends its last changes", () =>
    Effect.gen(function* () {
      const net = network()
      const { end, registry } = yield* ending(net)
      yield* registry.bench("x")
      const ended = yield* end
      yield* soon
      assert.isDefined(ended.pollUnsafe())
      assert.deepStrictEqual(yield* standings(yield* replicaOf(net)), ["x manual"])
    })
  )

  for (const [timeout, took] of [
    ["1 second", 500],
    ["200 millis", 200]
  ] as const) {
    virtual(`waits for them for ${took} ms at most, if Redis may take ${timeout}`, () =>
      Effect.gen(function* () {
        const net = network()
        const { end, registry } = yield* ending(net, { timeout })
        net.instead.set("write", Effect.never)
        yield* registry.bench("x")
        const ended = yield* end
        yield* TestClock.adjust(took - 1)
        assert.isUndefined(ended.pollUnsafe())
        yield* TestClock.adjust(2)
        assert.isDefined(ended.pollUnsafe())
      })
    )
  }

  virtual("ends at once without a connection", () =>
    Effect.gen(function* () {
      const net = network()
      net.down = "gone"
      const { end } = yield* ending(net)
      const ended = yield* end
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(ended.pollUnsafe(), Exit.void)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(net.opened, 1, "it does not try again")
    })
  )

  virtual("while it is joining waits for that, and sends what it knows", () =>
    Effect.gen(function* () {
      const net = network()
      const scope = yield* Scope.make()
      const slow = Effect.andThen(Effect.sleep(100), net.connect)
      const registry = yield* Scope.provide(RedisBench.make(slow), scope)
      yield* registry.bench("x")
      const ended = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* TestClock.adjust(90)
      assert.isUndefined(ended.pollUnsafe())
      yield* TestClock.adjust(100)
      assert.isDefined(ended.pollUnsafe())
      assert.deepStrictEqual(yield* standings(yield* replicaOf(net)), ["x manual"])
    })
  )
})
