/** Replicas with a failing Redis, in virtual time: it is unreachable, full or empty, or loses a message. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as TestClock from "effect/testing/TestClock"
import { throttle } from "../../../support/engine.ts"
import { on } from "../../../support/replicas.ts"
import { fail, target } from "../../../support/stores.ts"
import { VirtualRedis } from "../../../support/virtualRedis.ts"
import {
  full,
  network,
  redisError,
  replicaOf,
  soon,
  standings,
  virtual
} from "../../../support/virtualReplicas.ts"

const to = target("a", "m")

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
      yield* soon
      yield* a.bench("later")
      yield* TestClock.adjust(70)
      assert.deepStrictEqual(yield* standings(b), ["later manual", "z manual"])
      yield* TestClock.adjust(30)
      assert.deepStrictEqual(yield* standings(b), ["later manual", "x manual", "y manual", "z manual"])
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

  for (const [who, isOthers, isOwnLost] of [
    ["another replica benched", true, false],
    ["this replica benched", false, false],
    ["this replica benched, and whose own message was lost too", false, true]
  ] as const) {
    virtual(
      `in the first half minute of an empty Redis, that a key was cleared which ${who}, is made good`,
      () =>
        Effect.gen(function* () {
          const net = network()
          const own = network(net.redis)
          const [a, b] = [yield* replicaOf(net), yield* replicaOf(own)]
          own.isDeaf = isOwnLost
          yield* (isOthers ? a : b).bench("x")
          yield* soon
          own.isDeaf = true
          yield* a.unbench("x")
          yield* soon
          own.isDeaf = false
          assert.deepStrictEqual(yield* standings(b), ["x manual"])
          yield* TestClock.adjust("31 seconds")
          assert.deepStrictEqual([yield* standings(a), yield* standings(b)], [[], []])
        })
    )
  }

  virtual("leaves a comparison without news short, but every tenth reads all records", () =>
    Effect.gen(function* () {
      const net = network()
      const [a] = [yield* replicaOf(net, { resync: "10 seconds" }), yield* replicaOf(network(net.redis))]
      yield* a.bench("x")
      yield* TestClock.adjust("10 seconds")
      net.pulled.length = 0
      yield* a.bench("y")
      yield* a.bench("z")
      yield* TestClock.adjust("100 seconds")
      const same = Array.from({ length: 8 }, () => "3 same")
      assert.deepStrictEqual(net.pulled, [...same, "3 0", "3 same"])
    })
  )

  virtual("is none if an older one comes late", () =>
    Effect.gen(function* () {
      const net = network()
      const [a] = [yield* replicaOf(net)]
      for (const key of ["x", "y", "z"]) yield* a.bench(key)
      yield* soon
      const late = JSON.stringify({ key: "none", writer: "w", now: 0, epoch: 2 })
      yield* Queue.offer(net.queues[0]!, { channel: "", message: late })
      yield* Queue.offer(net.queues[0]!, { channel: "", message: late.replace(',"epoch":2', "") })
      yield* TestClock.adjust("1 second")
      assert.lengthOf(net.pulled, 1)
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

describe("a Redis that was empty when a replica joined and is replaced in the first half minute", () => {
  virtual("gets the keys again that the replica learned meanwhile", () =>
    Effect.gen(function* () {
      const net = network()
      const own = network(net.redis)
      const [a, b] = [yield* replicaOf(net), yield* replicaOf(own)]
      yield* a.bench("x")
      yield* soon
      own.redis = new VirtualRedis(1)
      const other = yield* replicaOf(network(own.redis))
      yield* other.bench("y")
      yield* TestClock.adjust("31 seconds")
      assert.deepStrictEqual(yield* standings(b), ["x manual", "y manual"])
      assert.deepStrictEqual(yield* standings(other), ["x manual", "y manual"])
    })
  )

  virtual("gets them also if the replica had missed messages, and writes first", () =>
    Effect.gen(function* () {
      const net = network()
      const own = network(net.redis)
      const [a, b] = [yield* replicaOf(net), yield* replicaOf(own)]
      own.isDeaf = true
      yield* a.bench("missed")
      yield* soon
      own.isDeaf = false
      yield* a.bench("x")
      yield* soon
      own.redis = new VirtualRedis(1)
      yield* Queue.fail(own.queues[0]!, redisError("Socket closed unexpectedly"))
      yield* soon
      yield* b.bench("z")
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(own.opened, 2)
      assert.deepStrictEqual(yield* standings(b), ["x manual", "z manual"])
      assert.deepStrictEqual(yield* standings(yield* replicaOf(network(own.redis))), ["x manual", "z manual"])
    })
  )
})

describe("a Redis that has lost its records over the same connection", () => {
  virtual("gets them again at the next comparison, when no message about them is on its way", () =>
    Effect.gen(function* () {
      const net = network()
      const a = yield* replicaOf(net)
      yield* a.bench("x")
      yield* a.bench("short", { for: "20 seconds" })
      yield* TestClock.adjust("30 seconds")
      net.redis = new VirtualRedis(1)
      net.written.length = 0
      yield* TestClock.adjust("30050 millis")
      assert.deepStrictEqual(net.written, [])
      yield* TestClock.adjust(80)
      assert.deepStrictEqual(
        net.written.flat().map(({ _tag, key }) => `${_tag} ${key}`),
        ["Put x"]
      )
      assert.deepStrictEqual(yield* standings(a), ["x manual"])
    })
  )
})
