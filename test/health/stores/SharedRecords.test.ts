/** A real Redis with records that this version cannot read, or one that refuses commands. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import { connect } from "../../../src/health/stores/NodeConnection.ts"
import { throttle } from "../../support/engine.ts"
import * as Redis from "../../support/redis.ts"
import { becomes, eventually, live, on, quick, replica, statusOf, together } from "../../support/replicas.ts"
import { fail, target } from "../../support/stores.ts"

const entries = "{effect-failover}:entries"

/** A logger that keeps the messages. */
const keeping = (logs: Array<string>) =>
  Effect.provide(
    Logger.layer([Logger.make(({ message }) => void logs.push([message].flat().map(String).join(" ")))])
  )

const rest = { since: 0, until: 8e12, consecutiveBenches: 1, failures: 0, epoch: 1, writer: "other" }

const nonsense: Record<string, string> = {
  later: JSON.stringify({ ...rest, reason: "QuantumFlux" }),
  endless: JSON.stringify({ ...rest, reason: "RateLimit", until: null }),
  text: JSON.stringify({ ...rest, reason: "RateLimit", until: "tomorrow" }),
  huge: JSON.stringify({ ...rest, reason: "RateLimit", until: 1e300 }),
  unsigned: JSON.stringify({ ...rest, reason: "RateLimit", writer: 7 }),
  foreign: JSON.stringify({ hello: [1, { world: true }] }),
  list: "[1,2,3]",
  nothing: "null",
  broken: '{"reason":',
  empty: ""
}

const channel = "{effect-failover}:changes"

describe.skipIf(!Redis.isInstalled)(
  `a shared bench that cannot be read or written${Redis.isInstalled ? "" : ` (skipped: ${Redis.missing})`}`,
  () => {
    live(
      "loses no record but those that cannot be read, names them once, and leaves them as they are",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const redis = yield* connect(Redacted.make(url))
        yield* redis.send("HSET", entries, ...Object.entries(nonsense).flat())
        const a = yield* replica(url)
        yield* on(a, fail(target("x", "m"), throttle("20 seconds")))
        const logs: Array<string> = []
        const b = yield* keeping(logs)(replica(url, { resync: "20 millis" }))
        yield* becomes(b, "x/m#k", "resting")
        const written = `{"key":"y","writer":"other","now":${Date.now()},"record":${nonsense.later}}`
        for (const text of ["hello", "{}", "[]", written, written])
          yield* redis.send("PUBLISH", channel, text)
        yield* together(a, b)
        // A change of its own makes the next comparison read all records again.
        yield* redis.send("HSET", entries, "more", "nonsense")
        yield* eventually(
          Effect.sync(() => logs.join("\n")),
          (text) => text.includes('"more"')
        )
        const named = logs.filter((text) => text.includes("could not be read")).join("\n")
        for (const key of Object.keys(nonsense)) {
          assert.strictEqual(named.split(`"${key}":`).length, 2, `${key} is named once in ${named}`)
        }
        assert.include(named, "QuantumFlux")
        assert.notInclude(logs.join("\n"), "does not answer")
        const kept = yield* redis.send<ReadonlyArray<string>>("HMGET", entries, ...Object.keys(nonsense))
        assert.deepStrictEqual(kept, Object.values(nonsense))
        assert.strictEqual(yield* statusOf(b, "later"), "free")
      })
    )

    live(
      "reads records with the names before the rename, and counts on from them",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const redis = yield* connect(Redacted.make(url))
        const { consecutiveBenches: hits, ...others } = { ...rest, consecutiveBenches: 7 }
        const old = JSON.stringify({ ...others, hits, reason: "Silent" })
        yield* redis.send("HSET", entries, "x/m#k", old, "y", old)
        const a = yield* replica(url)
        const b = yield* replica(url)
        yield* becomes(a, "x/m#k", "resting")
        yield* together(a, b)
        // The end of the old record is later, so it stays. The script writes it with the new field names.
        yield* redis.send("HSET", entries, "x/m2#k", old)
        yield* on(a, fail(target("x", "m2"), throttle("20 seconds")))
        const record = yield* eventually(
          Effect.orDie(redis.send<string>("HGET", entries, "x/m2#k")),
          (text) => text !== old
        )
        assert.deepInclude(JSON.parse(record), {
          reason: "Timeout",
          consecutiveBenches: 7,
          until: rest.until
        })
        assert.notProperty(JSON.parse(record), "hits")
        for (const replica of [a, b]) {
          const info = (yield* replica.list).find(({ key }) => key === "y")
          assert.deepInclude(info, { reason: "Timeout", consecutiveBenches: 7 })
        }
      })
    )

    live(
      "overwrites an unreadable record when it benches the key itself",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const redis = yield* connect(Redacted.make(url))
        for (const [i, text] of Object.values(nonsense).entries()) {
          yield* redis.send("HSET", entries, `x/m${i}#k`, text)
        }
        const [a, b] = [yield* replica(url), yield* replica(url)]
        yield* together(a, b)
        for (const i of Object.keys(Object.values(nonsense))) {
          yield* on(a, fail(target("x", `m${i}`), throttle("20 seconds")))
        }
        // A later version's record with a later end stays. All other records are overwritten.
        for (const [i, name] of Object.keys(nonsense).entries()) {
          if (name !== "later" && name !== "huge") yield* becomes(b, `x/m${i}#k`, "resting")
        }
      })
    )

    live(
      "shares what it benches over a record that Redis cannot write back",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const redis = yield* connect(Redacted.make(url))
        const end = '"since":0,"consecutiveBenches":1,"failures":0,"epoch":1,"writer":"other"'
        const infinite = [
          `{"reason":"RateLimit","until":1e400,${end}}`,
          `{"reason":"RateLimit","until":8e12,"hint":1e400,${end}}`,
          `{"reason":"RateLimit","until":8e12,"evidence":[1e400],${end}}`,
          `{"reason":"RateLimit","until":8e12,"consecutiveBenches":1e400,${end}}`,
          `{"until":0,"manual":{"since":1e400},${end}}`,
          `{"until":0,"manual":{"since":0,"team":[1e400]},${end}}`
        ]
        const logs: Array<string> = []
        const [a, b] = [yield* keeping(logs)(replica(url)), yield* replica(url)]
        yield* together(a, b)
        for (const [i, text] of infinite.entries()) yield* redis.send("HSET", entries, `x/m${i}`, text)
        for (const i of infinite.keys()) yield* a.bench(`x/m${i}`)
        yield* a.bench("last")
        yield* becomes(b, "last", "manual")
        for (const i of infinite.keys()) yield* becomes(b, `x/m${i}`, "manual")
        assert.notInclude(logs.join("\n"), "does not answer")
      })
    )

    live(
      "shares a text that was cut inside a character",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const [a, b] = [yield* replica(url), yield* replica(url)]
        yield* together(a, b)
        const reason = String.raw`a path C:\ud83d and a ${"🎉".slice(0, 1)}`
        yield* a.bench("x", { reason })
        yield* becomes(b, "x", "manual")
        const info = (yield* b.list).find(({ key }) => key === "x")
        assert.strictEqual(info?.evidence, String.raw`a path C:\ud83d and a �`)
      })
    )

    live(
      "shares a manual bench of a key whose record it cannot read, and leaves that record as it is",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const redis = yield* connect(Redacted.make(url))
        yield* redis.send("HSET", entries, "later", nonsense.later!)
        const [a, b] = [yield* replica(url), yield* replica(url, { resync: "20 millis" })]
        yield* together(a, b)
        yield* a.bench("later", { for: "3 seconds" })
        yield* becomes(b, "later", "manual")
        // A replica that joins later reads it as well.
        const c = yield* replica(url, { resync: "20 millis" })
        yield* becomes(c, "later", "manual")
        yield* becomes(b, "later", "free")
        yield* together(b, c)
        const record = yield* redis.send<string>("HGET", entries, "later")
        assert.deepInclude(JSON.parse(record), { reason: "QuantumFlux", until: 8e12 })
      })
    )

    live(
      "logs what Redis refuses, still receives remote changes, and sends its own once there is room",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const redis = yield* connect(Redacted.make(url))
        const logs: Array<string> = []
        const a = yield* keeping(logs)(replica(url))
        const b = yield* replica(url)
        yield* together(a, b)
        yield* redis.send("CONFIG", "SET", "maxmemory", "1")
        yield* on(a, fail(target("x", "m"), throttle("1 minute")))
        yield* eventually(
          Effect.sync(() => logs.join("\n")),
          (text) => text.includes("maxmemory")
        )
        yield* on(a, fail(target("y", "m"), throttle("1 minute")))
        assert.notInclude(logs.join("\n"), "does not answer")
        yield* redis.send("CONFIG", "SET", "maxmemory", "0")
        yield* becomes(b, "x/m#k", "resting")
        yield* becomes(b, "y/m#k", "resting")
        assert.strictEqual(logs.filter((text) => text.includes("maxmemory")).length, 1)
      })
    )

    live(
      "distinguishes a Redis that does not answer from one that refuses",
      Effect.gen(function* () {
        const redis = yield* Redis.make
        const client = yield* connect(Redacted.make(redis.url))
        yield* client.send("SET", entries, "something else")
        const logs: Array<string> = []
        yield* keeping(logs)(replica(redis.url, quick))
        const said = Effect.sync(() => logs.join("\n"))
        yield* eventually(said, (text) => text.includes("another prefix"))
        assert.notInclude(yield* said, "does not answer")
        yield* redis.kill
        yield* eventually(said, (text) => text.includes("does not answer"))
      })
    )

    live(
      "sends a probe without a claim if the probes cannot be read",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const redis = yield* connect(Redacted.make(url))
        const a = yield* replica(url)
        yield* together(a, yield* replica(url))
        yield* on(a, fail(target("x", "m"), throttle("300 millis")))
        yield* becomes(a, "x/m#k", "half-open")
        yield* redis.send("HSET", "{effect-failover}:probes", "x/m#k", "nonsense")
        const tag = yield* Effect.scoped(Effect.map(a.admit(target("x", "m")), ({ _tag }) => _tag))
        assert.strictEqual(tag, "Probe")
      })
    )
  }
)
