/** A saved bench with records that this version cannot read, or one that cannot be written now. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as TestClock from "effect/testing/TestClock"
import { BenchRegistry } from "../../../src/health/BenchRegistry.ts"
import * as PersistedBench from "../../../src/health/stores/PersistedBench.ts"
import { throttle } from "../../support/engine.ts"
import { fail, target } from "../../support/stores.ts"

const key = "effect-failover-bench"

/** What a process does with the bench, and what it logs. */
const inProcess = <A, E>(effect: Effect.Effect<A, E, BenchRegistry>, logs: Array<string> = []) =>
  Effect.provide(
    effect,
    PersistedBench.layer().pipe(
      Layer.provideMerge(
        Logger.layer([Logger.make(({ message }) => void logs.push([message].flat().map(String).join(" ")))])
      )
    )
  )

const keys = Effect.flatMap(BenchRegistry, (registry) =>
  Effect.map(registry.list, (list) => list.map((info) => `${info.key} ${info.status}`).sort())
)

const rest = { reason: "RateLimit", since: 0, until: 60_000, consecutiveBenches: 1, failures: 0 }

const nonsense = {
  later: { ...rest, reason: "QuantumFlux" },
  endless: { ...rest, until: null },
  text: { ...rest, until: "tomorrow" },
  huge: { ...rest, until: 1e300 },
  negative: { ...rest, consecutiveBenches: -1 },
  list: [1, 2],
  number: 7,
  nothing: null,
  foreign: { hello: { world: true } },
  byHand: { since: 0, until: 0, consecutiveBenches: 0, failures: 0, manual: { since: 0, until: null } }
}

describe("a saved bench", () => {
  it.effect(
    "loses no record but those that cannot be read, names them once, and leaves them as they are",
    () =>
      Effect.gen(function* () {
        const store = yield* KeyValueStore.KeyValueStore
        const held = {
          since: 0,
          until: 0,
          consecutiveBenches: 0,
          failures: 0,
          manual: { since: 0, by: "ann" }
        }
        yield* store.set(key, JSON.stringify({ version: 1, entries: { ...nonsense, good: rest, held } }))
        const logs: Array<string> = []
        yield* inProcess(
          Effect.gen(function* () {
            assert.deepStrictEqual(yield* keys, ["good resting", "held manual"])
            yield* Effect.flatMap(BenchRegistry, (registry) => registry.bench("new"))
            yield* TestClock.adjust("2 seconds")
          }),
          logs
        )
        assert.strictEqual(logs.length, 1, logs.join("\n"))
        for (const name of Object.keys(nonsense)) assert.include(logs[0], `"${name}":`)
        assert.include(logs[0], "QuantumFlux")
        const { entries } = JSON.parse((yield* store.get(key)) ?? "")
        for (const [name, record] of Object.entries(nonsense)) assert.deepStrictEqual(entries[name], record)
        assert.deepStrictEqual(yield* inProcess(keys), ["good resting", "held manual", "new manual"])
      }).pipe(Effect.provide(KeyValueStore.layerMemory))
  )

  it.effect("reads a record with the names before the rename, and writes the new ones", () =>
    Effect.gen(function* () {
      const store = yield* KeyValueStore.KeyValueStore
      const old = { reason: "Silent", since: 0, until: 60_000, hits: 3, failures: 0 }
      yield* store.set(key, JSON.stringify({ version: 1, entries: { old } }))
      const logs: Array<string> = []
      yield* inProcess(
        Effect.gen(function* () {
          const [info] = yield* Effect.flatMap(BenchRegistry, (registry) => registry.list)
          assert.deepInclude(info, {
            key: "old",
            reason: "Timeout",
            status: "resting",
            consecutiveBenches: 3
          })
          yield* Effect.flatMap(BenchRegistry, (registry) => registry.bench("new"))
          yield* TestClock.adjust("2 seconds")
        }),
        logs
      )
      assert.deepStrictEqual(logs, [])
      const { entries } = JSON.parse((yield* store.get(key)) ?? "")
      assert.deepStrictEqual(entries.old, {
        reason: "Timeout",
        since: 0,
        until: 60_000,
        consecutiveBenches: 3,
        failures: 0
      })
    }).pipe(Effect.provide(KeyValueStore.layerMemory))
  )

  it.effect("keeps a manual bench in an otherwise unreadable record until it is lifted", () =>
    Effect.gen(function* () {
      const store = yield* KeyValueStore.KeyValueStore
      const record = { ...rest, reason: "QuantumFlux", manual: { since: 0 } }
      yield* store.set(key, JSON.stringify({ version: 1, entries: { a: record } }))
      yield* inProcess(
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* keys, ["a manual"])
        })
      )
      yield* inProcess(Effect.flatMap(BenchRegistry, (registry) => registry.unbench("a")))
      assert.deepStrictEqual(yield* inProcess(keys), [])
    }).pipe(Effect.provide(KeyValueStore.layerMemory))
  )

  it.effect("of another version, or not a bench at all, is copied before it is overwritten", () =>
    Effect.gen(function* () {
      const store = yield* KeyValueStore.KeyValueStore
      for (const [text, why] of [
        ['{"version":2,"entries":{"a":{}}}', "it is of another version"],
        ['{"version":1}', "it has no entries"],
        ["half of a fi", "it is not JSON"],
        ["[]", "it is not a bench"],
        ["", "it is not JSON"]
      ] as const) {
        const logs: Array<string> = []
        yield* store.set(key, text)
        yield* inProcess(
          Effect.flatMap(BenchRegistry, (registry) => registry.bench("a")),
          logs
        )
        assert.deepStrictEqual(logs, [
          `The saved bench could not be read (${why}); it is kept under ${key}.unreadable, and this process starts with an empty one.`
        ])
        assert.strictEqual(yield* store.get(`${key}.unreadable`), text)
        assert.deepStrictEqual(yield* inProcess(keys), ["a manual"])
      }
    }).pipe(Effect.provide(KeyValueStore.layerMemory))
  )

  it.effect(
    "forgets a record that has been idle for an hour to the millisecond, unless it is benched by hand",
    () =>
      Effect.gen(function* () {
        const store = yield* KeyValueStore.KeyValueStore
        const entries = {
          idle: rest,
          recent: { ...rest, until: 60_001 },
          held: { ...rest, manual: { since: 0 } }
        }
        yield* store.set(key, JSON.stringify({ version: 1, entries }))
        yield* TestClock.adjust(3_600_000 + 60_000)
        assert.deepStrictEqual(yield* inProcess(keys), ["held manual", "recent half-open"])
      }).pipe(Effect.provide(KeyValueStore.layerMemory))
  )

  it.effect("keeps a record that it cannot read until the key changes here, and not after that", () =>
    Effect.gen(function* () {
      const store = yield* KeyValueStore.KeyValueStore
      yield* store.set(key, JSON.stringify({ version: 1, entries: { later: nonsense.later } }))
      yield* inProcess(
        Effect.gen(function* () {
          const registry = yield* BenchRegistry
          yield* registry.bench("later")
          yield* TestClock.adjust("2 seconds")
          yield* registry.unbench("later")
          yield* TestClock.adjust("2 seconds")
        })
      )
      assert.deepStrictEqual(JSON.parse((yield* store.get(key)) ?? "").entries, {})
    }).pipe(Effect.provide(KeyValueStore.layerMemory))
  )

  it.effect("writes an infinite end in a form that the next process can read", () =>
    Effect.gen(function* () {
      yield* inProcess(
        Effect.gen(function* () {
          const registry = yield* BenchRegistry
          const x = target("x", "m")
          const { rest } = x.policy.rules.RateLimit
          const admission = yield* registry.admit(x)
          if (rest === undefined || admission._tag === "Benched") return assert.fail()
          const endless = { ...rest, base: Number.POSITIVE_INFINITY, max: Number.POSITIVE_INFINITY }
          yield* registry.record(x, admission, throttle(), endless)
        }).pipe(Effect.scoped)
      )
      yield* TestClock.adjust("1000 days")
      assert.deepStrictEqual(yield* inProcess(keys), ["x/m#k resting"])
    }).pipe(Effect.provide(KeyValueStore.layerMemory))
  )

  it.effect("is written once there is room again, even without further changes", () =>
    Effect.gen(function* () {
      const store = yield* KeyValueStore.KeyValueStore
      let isFull = true
      const error = new KeyValueStore.KeyValueStoreError({ method: "set", message: "disk full" })
      const small = {
        ...store,
        set: (name: string, value: string | Uint8Array) =>
          Effect.suspend(() => (isFull ? Effect.fail(error) : store.set(name, value)))
      }
      const logs: Array<string> = []
      yield* inProcess(
        Effect.gen(function* () {
          yield* fail(target("a", "m"), throttle("10 minutes"))
          yield* TestClock.adjust("1 minute")
          assert.strictEqual(yield* store.get(key), undefined)
          isFull = false
          yield* TestClock.adjust("10 seconds")
          assert.include(yield* store.get(key), "RateLimit")
        }),
        logs
      ).pipe(Effect.provideService(KeyValueStore.KeyValueStore, small))
      const [failed, over, ...others] = logs
      assert.match(failed!, /^The bench could not be saved; the earlier copy stays/)
      assert.deepStrictEqual([over, others], ["The bench is saved again.", []])
    }).pipe(Effect.provide(KeyValueStore.layerMemory))
  )

  it.effect("that cannot be read now is not overwritten, and is loaded once it can be read", () =>
    Effect.gen(function* () {
      const store = yield* KeyValueStore.KeyValueStore
      yield* store.set(key, JSON.stringify({ version: 1, entries: { old: rest } }))
      const logs: Array<string> = []
      let isLocked = true
      const error = new KeyValueStore.KeyValueStoreError({ method: "get", message: "permission denied" })
      const locked = {
        ...store,
        get: (name: string) => Effect.suspend(() => (isLocked ? Effect.fail(error) : store.get(name)))
      }
      yield* inProcess(
        Effect.gen(function* () {
          yield* Effect.flatMap(BenchRegistry, (registry) => registry.bench("new"))
          yield* TestClock.adjust("2 seconds")
          assert.notInclude(yield* store.get(key), "new")
          isLocked = false
          yield* TestClock.adjust("10 seconds")
          assert.deepStrictEqual(yield* keys, ["new manual", "old resting"])
        }),
        logs
      ).pipe(Effect.provideService(KeyValueStore.KeyValueStore, locked))
      assert.match(logs[0]!, /^The saved bench could not be read; it is left unchanged until it can be/)
      assert.deepStrictEqual(yield* inProcess(keys), ["new manual", "old resting"])
    }).pipe(Effect.provide(KeyValueStore.layerMemory))
  )

  it("refuses an invalid delay, by name", () => {
    const made = Effect.runSyncExit(
      Effect.scoped(PersistedBench.make({ delay: "soon" } as never)).pipe(
        Effect.provide(KeyValueStore.layerMemory)
      )
    )
    assert.match(String(Exit.isFailure(made) && made.cause), /PersistedBench.make: delay is/)
  })
})
