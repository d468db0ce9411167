/** Replicas in virtual time: what they send and when, which one probes, and what happens to the records of others. */
import { assert, describe } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as EngineBench from "../../../../src/health/EngineBench.ts"
import * as Scripts from "../../../../src/health/stores/Scripts.ts"
import * as Policy from "../../../../src/policy/Policy.ts"
import { fault, throttle } from "../../../support/engine.ts"
import { on } from "../../../support/replicas.ts"
import { answer, fail, target } from "../../../support/stores.ts"
import { full, network, replicaOf, soon, standings, virtual } from "../../../support/virtualReplicas.ts"

const to = target("a", "m")

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

  virtual("forget keys that have been idle for hours, without losing the connection", () =>
    Effect.gen(function* () {
      const net = network()
      const a = yield* replicaOf(net)
      yield* a.bench("x", { for: "1 second" })
      yield* soon
      yield* TestClock.adjust("3 hours")
      yield* a.bench("y")
      yield* a.bench("z")
      yield* soon
      assert.deepStrictEqual(yield* standings(a), ["y manual", "z manual"])
      assert.strictEqual(net.opened, 1)
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
      assert.strictEqual(yield* admitted(b), "Benched")
      const claims = () => net.ran.filter((name) => name === "claim").length
      assert.strictEqual(claims(), 2)
      yield* TestClock.adjust("700 millis")
      assert.strictEqual(yield* admitted(b), "Benched")
      assert.strictEqual(claims(), 2, "it was told to wait")
      yield* TestClock.adjust("300 millis")
      assert.strictEqual(yield* admitted(b), "Benched")
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

  virtual("before the end of a cooldown is the only one of all replicas in that cooldown", () =>
    Effect.gen(function* () {
      const net = network()
      const replicas = yield* Effect.all([replicaOf(net), replicaOf(net), replicaOf(net)])
      const failed: Array<string> = []
      const { rest } = Policy.defaults.rules.ServerError
      /** An anonymous request arrives at each replica, and fails there if the bench admits it. */
      const requests = (at: number) =>
        Effect.forEach(replicas, (registry, index) =>
          Effect.gen(function* () {
            const bench = EngineBench.of(registry)
            const now = yield* Clock.currentTimeMillis
            const id = `${index} at ${at}`
            const who = { idAt: () => id, isKnownAt: () => false, isNamed: false }
            const admission = bench.admitUnsafe(to, { millis: () => now } as never, who)
            if (admission._tag !== "Benched") {
              failed.push(id)
              bench.failUnsafe(to, admission, fault("ServerError"), rest, now, who)
            }
            yield* soon
          })
        )
      for (let at = 0; at < 5_000; at += 100) {
        yield* requests(at)
        yield* TestClock.adjust(40)
      }
      assert.deepStrictEqual(failed, ["0 at 0", "0 at 1000"])
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
        const exit = fiber.pollUnsafe()
        assert.strictEqual(exit !== undefined && Exit.isSuccess(exit) ? exit.value._tag : "waits", "Probe")
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

describe("a replica that benches again what it has just lifted", () => {
  virtual("keeps that bench, whatever it is told of its own changes", () =>
    Effect.gen(function* () {
      const net = network()
      const [a, b] = [yield* replicaOf(net), yield* replicaOf(net)]
      yield* a.bench("x", { for: "1 hour" })
      yield* soon
      yield* a.unbench("x")
      yield* a.bench("x", { for: "1 minute" })
      yield* soon
      for (const one of [a, b]) assert.deepStrictEqual(yield* standings(one), ["x manual"])
      yield* TestClock.adjust("1 minute")
      for (const one of [a, b]) assert.deepStrictEqual(yield* standings(one), [])
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

  virtual("is named once if it is a record, removed if it is over, and left otherwise", () =>
    Effect.gen(function* () {
      const net = network()
      const names = Scripts.names("effect-failover")
      const put = (key: string, fields: object): Scripts.Command => {
        const record = {
          since: 0,
          until: 0,
          age: 0,
          left: 60_000,
          consecutiveBenches: 1,
          failures: 1,
          ...fields
        }
        return { _tag: "Put", key, record: JSON.stringify(record) }
      }
      const manual = { age: 0 }
      const redis = net.redis.connection
      const writing = redis.eval(Scripts.write)(names, "w", [
        put("x", { reason: "QuantumFlux" }),
        put("y", { reason: "QuantumFlux", manual }),
        put("z", { reason: "RateLimit" }),
        put("over", {})
      ])
      yield* Effect.forkChild(writing, { startImmediately: true })
      yield* soon
      const logs: Array<string> = []
      const a = yield* replicaOf(net, {}, logs)
      assert.deepStrictEqual(yield* standings(a), ["y manual", "z resting"])
      assert.lengthOf(logs, 2)
      assert.match(
        logs[0]!,
        /^Records of the shared bench could not be read; .*"x": .*QuantumFlux.*; "y": .*QuantumFlux/
      )
      assert.deepStrictEqual(
        net.ran.filter((name) => name === "sweep"),
        ["sweep"]
      )
      net.instead.set("write", Effect.fail(full))
      yield* a.bench("a")
      yield* TestClock.adjust("5 minutes")
      assert.lengthOf(logs, 3, "it is full")
      assert.lengthOf(
        net.ran.filter((name) => name === "sweep"),
        1,
        "a full Redis is not asked to remove"
      )
    }).pipe(Effect.orDie)
  )
})
