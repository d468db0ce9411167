/** Replicas in virtual time: what they send and when, what they log, and what becomes of a Redis that fails. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { throttle } from "../../support/engine.ts"
import { on } from "../../support/replicas.ts"
import { answer, fail, target } from "../../support/stores.ts"
import { VirtualRedis } from "../../support/virtualRedis.ts"
import { network, redisError, replicaOf, soon, standings } from "../../support/virtualReplicas.ts"

const to = target("a", "m")

/** A test whose replicas end before it, while the clock goes on: they send their last changes. */
const virtual = (name: string, test: () => Effect.Effect<void, never, Scope.Scope>) =>
  it.effect(name, () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const exit = yield* Effect.exit(Scope.provide(test(), scope))
      yield* Effect.forkDetach(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* TestClock.adjust("2 seconds")
      yield* exit
    })
  )

const full = redisError("OOM command not allowed when used memory > 'maxmemory'.")

describe("replicas that share a bench", () => {
  virtual("know what another one learned, and when it was cleared", () =>
    Effect.gen(function* () {
      const net = network()
      const [a, b] = [yield* replicaOf(net), yield* replicaOf(net)]
      yield* on(a, fail(to, throttle("20 seconds")))
      yield* a.bench("x", { reason: "repairs" })
      yield* soon
      assert.deepStrictEqual(yield* standings(b), ["a/m#k resting", "x manual"])
      yield* b.unbench("x")
      yield* b.unbench("a/m#k")
      yield* soon
      assert.deepStrictEqual(yield* standings(a), [])
    })
  )

  virtual("send each change once, and nothing that they were told", () =>
    Effect.gen(function* () {
      const net = network()
      const [a] = [yield* replicaOf(net), yield* replicaOf(net)]
      yield* a.bench("x")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(
        net.written.flat().map(({ _tag, key }) => `${_tag} ${key}`),
        ["Put x"]
      )
    })
  )

  virtual("send many changes in pieces of five hundred", () =>
    Effect.gen(function* () {
      const net = network()
      net.down = "not yet"
      const a = yield* replicaOf(net)
      yield* Effect.forEach(Array.from({ length: 1_200 }), (_, i) => a.bench(`k${i}`))
      net.down = undefined
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(
        net.written.map((part) => part.length),
        [500, 500, 200]
      )
      const b = yield* replicaOf(net)
      assert.lengthOf(yield* standings(b), 1_200)
    })
  )
})

describe("a probe of one replica", () => {
  /** Two replicas that know a target as half-open. */
  const halfOpen = Effect.fnUntraced(function* (net: ReturnType<typeof network>) {
    const [a, b] = [yield* replicaOf(net), yield* replicaOf(net)]
    yield* on(a, fail(to, throttle("20 seconds")))
    yield* soon
    yield* TestClock.adjust("20 seconds")
    return [a, b] as const
  })
  const admitted = (registry: {
    readonly admit: (of: typeof to) => Effect.Effect<{ readonly _tag: string }, never, Scope.Scope>
  }) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(registry.admit(to), { startImmediately: true })
      yield* TestClock.adjust(150)
      const exit = fiber.pollUnsafe()
      return exit !== undefined && Exit.isSuccess(exit) ? exit.value._tag : "waits"
    })

  virtual("keeps the others from probing for a second, and then from asking for the next", () =>
    Effect.gen(function* () {
      const net = network()
      const [a, b] = yield* halfOpen(net)
      assert.strictEqual(yield* admitted(a), "Probe")
      assert.strictEqual(yield* admitted(b), "Resting")
      const claims = () => net.ran.filter((name) => name === "claim").length
      assert.strictEqual(claims(), 2)
      yield* TestClock.adjust("700 millis")
      assert.strictEqual(yield* admitted(b), "Resting")
      assert.strictEqual(claims(), 2, "it was told to wait")
      yield* TestClock.adjust("300 millis")
      assert.strictEqual(yield* admitted(b), "Resting")
      assert.strictEqual(claims(), 3)
    })
  )

  virtual("whose answer shows nothing is given back, so that another one may probe at once", () =>
    Effect.gen(function* () {
      const net = network()
      const [a, b] = yield* halfOpen(net)
      const scope = yield* Scope.make()
      assert.strictEqual(yield* Scope.provide(admitted(a), scope), "Probe")
      yield* Scope.close(scope, Exit.void)
      yield* soon
      assert.deepStrictEqual(net.written.at(-1), [{ _tag: "GiveBack", key: "a/m#k" }])
      assert.strictEqual(yield* admitted(b), "Probe")
    })
  )

  virtual("that is answered ends the bench of all", () =>
    Effect.gen(function* () {
      const net = network()
      const [a, b] = yield* halfOpen(net)
      const probing = yield* Effect.forkChild(on(a, answer(to)), { startImmediately: true })
      yield* soon
      assert.deepStrictEqual(probing.pollUnsafe(), Exit.succeed("Probe"))
      yield* soon
      assert.deepStrictEqual(yield* standings(b), [])
    })
  )

  virtual(
    "is sent after 100 ms if Redis does not say whether another one probes, and without Redis at once",
    () =>
      Effect.gen(function* () {
        const net = network()
        const [a] = yield* halfOpen(net)
        net.instead.set("claim", Effect.never)
        net.down = "gone"
        const fiber = yield* Effect.forkChild(a.admit(to), { startImmediately: true })
        yield* TestClock.adjust(99)
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust(1)
        assert.isDefined(fiber.pollUnsafe())
        yield* TestClock.adjust(10)
        net.ran.length = 0
        yield* on(a, fail(target("b", "m"), throttle("1 second")))
        yield* TestClock.adjust("1 second")
        const scope = yield* Scope.make()
        const other = yield* Scope.provide(a.admit(target("b", "m")), scope)
        assert.deepStrictEqual([other._tag, net.ran], ["Probe", []])
      })
  )
})

describe("a Redis that is not there", () => {
  virtual("is tried again after one to two seconds, and told of once; then everything is shared", () =>
    Effect.gen(function* () {
      const net = network()
      net.down = "connect ECONNREFUSED"
      const logs: Array<string> = []
      const a = yield* replicaOf(net, {}, logs)
      yield* a.bench("x")
      assert.strictEqual(net.opened, 1)
      yield* TestClock.adjust(970)
      assert.strictEqual(net.opened, 1)
      yield* TestClock.adjust("20 seconds")
      assert.isAtLeast(net.opened, 10)
      assert.isAtMost(net.opened, 21)
      assert.deepStrictEqual(logs, ["Redis does not answer: this process continues with its own bench."])
      net.down = undefined
      yield* TestClock.adjust("2100 millis")
      assert.deepStrictEqual(yield* standings(yield* replicaOf(net)), ["x manual"])
      assert.deepStrictEqual(logs.slice(1), ["The bench is shared over Redis."])
    })
  )

  virtual("is told of again with another reason, and the reason is explained", () =>
    Effect.gen(function* () {
      const net = network()
      const logs: Array<string> = []
      net.down = "NOAUTH Authentication required."
      yield* replicaOf(net, {}, logs)
      net.down = "LOADING Redis is loading the dataset in memory"
      yield* TestClock.adjust("3 seconds")
      const [first, second, ...others] = logs
      assert.match(
        first!,
        /^The bench is not shared over Redis, this process continues with its own: it needs a password/
      )
      assert.match(second!, /it is loading its data/)
      assert.deepStrictEqual(others, [])
    })
  )

  virtual("is left when a command has no answer within a second, and gets what it missed later", () =>
    Effect.gen(function* () {
      const net = network()
      const logs: Array<string> = []
      const [a, b] = [yield* replicaOf(net, {}, logs), yield* replicaOf(net)]
      net.instead.set("write", Effect.never)
      yield* a.bench("x")
      yield* TestClock.adjust(999)
      assert.strictEqual(net.opened, 2)
      net.instead.clear()
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(net.opened, 3)
      assert.deepStrictEqual(yield* standings(b), ["x manual"])
      assert.deepStrictEqual(logs, [
        "The bench is shared over Redis.",
        "Redis does not answer: this process continues with its own bench.",
        "The bench is shared over Redis."
      ])
    })
  )

  virtual("is left when its messages end", () =>
    Effect.gen(function* () {
      const net = network()
      yield* replicaOf(net)
      yield* Queue.fail(net.queues[0]!, redisError("Socket closed unexpectedly"))
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(net.opened, 2)
    })
  )
})

describe("a Redis that is full", () => {
  virtual("gets the changes when there is room, is told of once, and its messages are read meanwhile", () =>
    Effect.gen(function* () {
      const net = network()
      const logs: Array<string> = []
      const [a, b] = [yield* replicaOf(net, {}, logs), yield* replicaOf(network(net.redis))]
      net.instead.set("write", Effect.fail(full))
      yield* a.bench("x")
      yield* soon
      yield* b.bench("y")
      yield* soon
      assert.deepStrictEqual(yield* standings(a), ["x manual", "y manual"])
      assert.deepStrictEqual(yield* standings(b), ["y manual"])
      yield* TestClock.adjust("3 seconds")
      net.instead.clear()
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* standings(b), ["x manual", "y manual"])
      assert.strictEqual(net.opened, 1, "over the same connection")
      assert.match(logs[1]!, /^The bench cannot be shared over Redis now: it is full/)
      assert.deepStrictEqual(logs.slice(2), ["Redis takes changes of the bench again."])
      yield* a.bench("z")
      yield* soon
      assert.lengthOf(logs, 3)
    })
  )
})

describe("a message that is lost", () => {
  virtual("is noticed with the next one, after a moment in which it may still come", () =>
    Effect.gen(function* () {
      const net = network()
      const [a, b] = [yield* replicaOf(net), yield* replicaOf(net)]
      net.isDeaf = true
      yield* a.bench("x")
      yield* a.bench("y")
      yield* soon
      net.isDeaf = false
      net.ran.length = 0
      yield* a.bench("z")
      yield* TestClock.adjust(90)
      assert.deepStrictEqual(yield* standings(b), ["z manual"])
      yield* TestClock.adjust(30)
      assert.deepStrictEqual(yield* standings(b), ["x manual", "y manual", "z manual"])
      assert.lengthOf(
        net.ran.filter((name) => name === "pull"),
        2,
        "both have missed it"
      )
    })
  )

  virtual("is made good by the comparison after half a minute, also one that a key was cleared", () =>
    Effect.gen(function* () {
      const net = network()
      const [a, b] = [yield* replicaOf(net), yield* replicaOf(net)]
      yield* a.bench("gone")
      yield* TestClock.adjust("30 seconds")
      net.isDeaf = true
      yield* a.bench("x")
      yield* a.unbench("gone")
      yield* soon
      assert.deepStrictEqual(yield* standings(b), ["gone manual"])
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(yield* standings(b), ["x manual"])
    })
  )

  virtual("leaves a comparison without news short: one piece, and the records every tenth time", () =>
    Effect.gen(function* () {
      const net = network()
      const a = yield* replicaOf(net, { resync: "10 seconds" })
      yield* a.bench("x")
      yield* soon
      net.ran.length = 0
      yield* TestClock.adjust("50 seconds")
      assert.deepStrictEqual(
        net.ran,
        Array.from({ length: 5 }, () => "pull")
      )
    })
  )
})

describe("a Redis that has lost its records", () => {
  virtual("gets them again from whoever knows them", () =>
    Effect.gen(function* () {
      const net = network()
      const a = yield* replicaOf(net)
      yield* a.bench("x")
      yield* on(a, fail(to, throttle("10 minutes")))
      yield* soon
      net.redis = new VirtualRedis(1)
      yield* Queue.fail(net.queues[0]!, redisError("Socket closed unexpectedly"))
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(yield* standings(yield* replicaOf(net)), ["a/m#k resting", "x manual"])
    })
  )
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
      assert.isDefined(ended.pollUnsafe())
    })
  )
})

describe("what is written in Redis by others", () => {
  virtual("is named once if it cannot be read", () =>
    Effect.gen(function* () {
      const net = network()
      const logs: Array<string> = []
      yield* replicaOf(net, {}, logs)
      const tell = (message: string) => Queue.offer(net.queues[0]!, { channel: "", message })
      const record = {
        reason: "QuantumFlux",
        since: 0,
        until: 9,
        consecutiveBenches: 1,
        failures: 1,
        epoch: 1,
        writer: "w"
      }
      for (let i = 0; i < 2; i++) {
        yield* tell("hello")
        yield* tell(JSON.stringify({ key: "x", writer: "w", now: 0, record }))
        yield* tell(
          JSON.stringify({ key: "y", writer: "w", now: 0, record: { ...record, manual: { since: 0 } } })
        )
        yield* soon
      }
      const [, first, second, third, ...others] = logs
      assert.include(first, '"a message": it is not a bench message')
      assert.include(second, '"x": this version does not know the failure class "QuantumFlux"')
      assert.include(third, '"y": this version does not know')
      assert.deepStrictEqual(others, [])
    })
  )
})
