/** A Redis that drops keys (`maxmemory-policy allkeys-lru`), or loses writes when its master fails, loses no bench. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import { connect } from "../../../src/health/stores/NodeConnection.ts"
import * as RedisBench from "../../../src/health/stores/RedisBench.ts"
import * as Scripts from "../../../src/health/stores/Scripts.ts"
import { throttle } from "../../support/engine.ts"
import * as Redis from "../../support/redis.ts"
import { becomes, eventually, live, on, pair, quick, replica, statusOf } from "../../support/replicas.ts"
import { fail, target } from "../../support/stores.ts"

const names = ["entries", "epoch", "era", "probes", "emptied"].map((name) => `{effect-failover}:${name}`)

describe.skipIf(!Redis.isInstalled)(
  `a Redis that drops keys${Redis.isInstalled ? "" : ` (skipped: ${Redis.missing})`}`,
  () => {
    for (const name of names) {
      live(
        `gets them again when it dropped ${name}, also if something was written since`,
        Effect.gen(function* () {
          const { url } = yield* Redis.make
          const redis = yield* connect(Redacted.make(url))
          const [a, b] = yield* pair(url, { ...quick, resync: "300 millis" })
          yield* a.bench("x/m#k", { until: Number.POSITIVE_INFINITY, reason: "by hand" })
          yield* on(b, fail(target("y", "m"), throttle("1 hour")))
          yield* becomes(b, "x/m#k", "manual")
          yield* becomes(a, "y/m#k", "resting")
          yield* redis.send("DEL", name)
          yield* on(b, fail(target("z", "m"), throttle("1 hour")))
          yield* becomes(a, "z/m#k", "resting")
          // After ten comparisons all records are read again.
          yield* Effect.sleep("4 seconds")
          for (const replica of [a, b]) {
            assert.strictEqual(yield* statusOf(replica, "x/m#k"), "manual")
            assert.strictEqual(yield* statusOf(replica, "y/m#k"), "resting")
          }
          yield* eventually(
            Effect.orDie(redis.send<ReadonlyArray<string>>("HKEYS", names[0]!)),
            (keys) => keys.length === 3
          )
        })
      )
    }

    live(
      "names its era in every message, the new one after it dropped its records",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const redis = yield* connect(Redacted.make(url))
        const messages = yield* redis.subscribe("{effect-failover}:changes")
        const a = yield* replica(url, quick)
        const eras: Array<string> = []
        const next = Effect.gen(function* () {
          const { message } = yield* Queue.take(messages)
          const { era } = JSON.parse(message) as { readonly era: string }
          assert.strictEqual(era, yield* redis.send("GET", names[2]!))
          eras.push(era)
        })
        yield* a.bench("x/m#k")
        yield* next
        yield* a.unbench("x/m#k")
        yield* next
        yield* redis.send("DEL", ...names)
        yield* Effect.sleep("5 millis")
        yield* a.bench("y/m#k")
        yield* next
        assert.strictEqual(eras[0], eras[1])
        assert.notStrictEqual(eras[1], eras[2])
      })
    )

    live(
      "gets the records again that a replica found there without an era",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const redis = yield* connect(Redacted.make(url))
        const record = { reason: "RateLimit", since: 0, consecutiveBenches: 1, failures: 0 }
        const before = { ...record, until: 8e12, epoch: 1, writer: "other" }
        yield* redis.send("HSET", names[0]!, "x/m#k", JSON.stringify(before))
        yield* redis.send("SET", names[1]!, "1")
        const a = yield* replica(url, { ...quick, resync: "300 millis" })
        yield* becomes(a, "x/m#k", "resting")
        yield* redis.send("DEL", names[0]!)
        yield* redis.eval(Scripts.write)(Scripts.names("effect-failover"), "other", [
          { _tag: "Put", key: "y/m#k", record: JSON.stringify({ ...record, until: 0, left: 60_000, age: 0 }) }
        ])
        yield* becomes(a, "y/m#k", "resting")
        yield* eventually(
          Effect.orDie(redis.send<ReadonlyArray<string>>("HKEYS", names[0]!)),
          (keys) => keys.length === 2
        )
        assert.strictEqual(yield* statusOf(a, "x/m#k"), "resting")
      })
    )

    live(
      "takes nothing for dropped that was cleared, not even the last key",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const redis = yield* connect(Redacted.make(url))
        const a = yield* replica(url, quick)
        const deaf = yield* RedisBench.make(
          Effect.succeed({ ...redis, subscribe: () => redis.subscribe("nobody-speaks-here") }),
          { ...quick, resync: "50 millis" }
        )
        yield* a.bench("x/m#k")
        yield* becomes(deaf, "x/m#k", "manual")
        yield* a.unbench("x/m#k")
        yield* becomes(deaf, "x/m#k", "free")
        yield* a.bench("x/m#k")
        yield* becomes(deaf, "x/m#k", "manual")
        yield* a.unbench("x/m#k")
        yield* a.bench("z/m#k")
        yield* becomes(deaf, "x/m#k", "free")
        yield* becomes(deaf, "z/m#k", "manual")
      })
    )

    live(
      "gets all of them again, although a replica of an older version had left the mark that they were cleared",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const redis = yield* connect(Redacted.make(url))
        const [a, b] = yield* pair(url, { ...quick, resync: "300 millis" })
        yield* a.bench("x/m#k")
        yield* becomes(b, "x/m#k", "manual")
        // It writes to an empty list without checking the mark.
        yield* redis.send("SET", "{effect-failover}:emptied", "1")
        yield* a.bench("y/m#k")
        yield* becomes(b, "y/m#k", "manual")
        yield* redis.send("DEL", "{effect-failover}:entries")
        yield* Effect.sleep("4 seconds")
        for (const replica of [a, b])
          for (const key of ["x/m#k", "y/m#k"] as const)
            assert.strictEqual(yield* statusOf(replica, key), "manual")
      })
    )
  }
)
