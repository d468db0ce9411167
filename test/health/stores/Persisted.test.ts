/** A bench that outlives its process. Each `process` is a scope of its own over the same store. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as TestClock from "effect/testing/TestClock"
import { BenchRegistry, type Registry } from "../../../src/health/BenchRegistry.ts"
import * as PersistedBench from "../../../src/health/stores/PersistedBench.ts"
import { dead, fault, throttle } from "../../support/engine.ts"
import { fail, target } from "../../support/stores.ts"

const inProcess = <A, E>(effect: Effect.Effect<A, E, BenchRegistry>, options?: PersistedBench.Options) =>
  Effect.provide(effect, PersistedBench.layer(options))

const standing = Effect.flatMap(BenchRegistry, (registry) =>
  Effect.map(registry.list, (list) =>
    list.map(({ by, key, reason, status, until }) => ({ key, status, reason, until, by }))
  )
)

describe("a saved bench", () => {
  it.effect("is restored after a restart, including manual benches", () =>
    Effect.gen(function* () {
      yield* inProcess(
        Effect.gen(function* () {
          const registry = yield* BenchRegistry
          yield* fail(target("a", "m"), throttle("20 seconds"))
          yield* fail(target("a", "m", "old"), dead("InvalidKey"))
          yield* registry.bench("b", { reason: "repairs", by: "ann" })
        })
      )
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* inProcess(standing), [
        { key: "a/m#k", status: "resting", reason: "RateLimit", until: 20_000, by: undefined },
        { key: "a#old", status: "resting", reason: "InvalidKey", until: 300_000, by: undefined },
        { key: "b", status: "manual", reason: "Manual", until: Number.POSITIVE_INFINITY, by: "ann" }
      ])
    }).pipe(Effect.provide(KeyValueStore.layerMemory))
  )

  it.effect(
    "allows one probe after a cooldown that ended meanwhile, and the next cooldown grows from there",
    () =>
      Effect.gen(function* () {
        yield* inProcess(fail(target("a", "m"), fault("Overloaded")))
        yield* TestClock.adjust("1 minute")
        yield* inProcess(
          Effect.scoped(
            Effect.gen(function* () {
              const registry = yield* BenchRegistry
              const first = yield* registry.admit(target("a", "m"))
              const second = yield* registry.admit(target("a", "m"))
              assert.deepStrictEqual([first._tag, second._tag], ["Probe", "Benched"])
            })
          )
        )
        yield* inProcess(
          Effect.gen(function* () {
            yield* fail(target("a", "m"), fault("Overloaded"))
            const [info] = yield* standing
            // 5 s the first time, twice that the second.
            assert.strictEqual(info?.until, 70_000)
          })
        )
      }).pipe(Effect.provide(KeyValueStore.layerMemory))
  )

  it.effect("forgets cleared keys, and keys idle for an hour", () =>
    Effect.gen(function* () {
      yield* inProcess(
        Effect.gen(function* () {
          const registry = yield* BenchRegistry
          yield* registry.bench("a")
          yield* fail(target("b", "m"), throttle("1 second"))
          yield* registry.unbench("a")
        })
      )
      yield* TestClock.adjust("62 minutes")
      assert.deepStrictEqual(yield* inProcess(standing), [])
    }).pipe(Effect.provide(KeyValueStore.layerMemory))
  )

  it.effect("is written while the process runs, with changes batched", () => {
    let writes = 0
    const counted = Effect.map(KeyValueStore.KeyValueStore, (store) => ({
      ...store,
      set: (key: string, value: string | Uint8Array) => {
        writes++
        return store.set(key, value)
      }
    }))
    return Effect.gen(function* () {
      const store = yield* counted
      yield* inProcess(
        Effect.gen(function* () {
          const registry = yield* BenchRegistry
          for (const key of ["a", "b", "c"]) yield* registry.bench(key)
          yield* TestClock.adjust("2 seconds")
          assert.strictEqual(writes, 1)
          assert.include(yield* store.get("mine"), '"c"')
        }),
        { key: "mine" }
      ).pipe(Effect.provideService(KeyValueStore.KeyValueStore, store))
      // Nothing had changed since, so nothing was written at the end.
      assert.strictEqual(writes, 1)
    }).pipe(Effect.provide(KeyValueStore.layerMemory))
  })

  it.effect("is warned of once by each of two processes that save to the same place", () => {
    const lines: Array<string> = []
    const logger = Logger.make(({ message }) => void lines.push(String(message)))
    const benching = (registry: Registry, key: string) =>
      Effect.andThen(registry.bench(key), TestClock.adjust("2 seconds"))
    return Effect.gen(function* () {
      const first = yield* PersistedBench.make()
      yield* benching(first, "a")
      yield* benching(first, "b")
      const second = yield* PersistedBench.make()
      yield* benching(second, "c")
      assert.deepStrictEqual(lines, [])
      for (const key of ["d", "e", "f"]) {
        yield* TestClock.adjust("1 minute")
        yield* benching(first, key)
        yield* benching(second, `other-${key}`)
      }
      assert.lengthOf(lines, 2)
      for (const line of lines) assert.include(line, "another process")
    }).pipe(Effect.scoped, Effect.provide([KeyValueStore.layerMemory, Logger.layer([logger])]))
  })

  it.effect("is not looked at more than once a minute, and a restart is no second process", () => {
    const lines: Array<string> = []
    const logger = Logger.make(({ message }) => void lines.push(String(message)))
    return Effect.gen(function* () {
      const store = yield* KeyValueStore.KeyValueStore
      let reads = 0
      const counting = {
        ...store,
        get: (key: string) => {
          reads++
          return store.get(key)
        }
      }
      for (let start = 0; start < 2; start++) {
        yield* inProcess(
          Effect.gen(function* () {
            const registry = yield* BenchRegistry
            for (let index = 0; index < 100; index++) {
              yield* registry.bench(`p${start}-${index}`)
              yield* TestClock.adjust("2 seconds")
            }
          })
        ).pipe(Effect.provideService(KeyValueStore.KeyValueStore, counting))
      }
      // One at the start, and one a minute.
      assert.isAtMost(reads, 2 * 5)
      assert.deepStrictEqual(lines, [])
    }).pipe(Effect.provide([KeyValueStore.layerMemory, Logger.layer([logger])]))
  })

  it.effect("starts empty if the saved bench cannot be read, and writes again", () =>
    Effect.gen(function* () {
      const store = yield* KeyValueStore.KeyValueStore
      for (const broken of [
        "{",
        '{"version":2,"entries":{}}',
        '{"version":1,"entries":{"a":{"until":"x"}}}'
      ]) {
        yield* store.set("effect-failover-bench", broken)
        yield* inProcess(
          Effect.gen(function* () {
            assert.deepStrictEqual(yield* standing, [])
            yield* Effect.flatMap(BenchRegistry, (registry) => registry.bench("a"))
          })
        )
        assert.deepStrictEqual(
          (yield* inProcess(standing)).map(({ key }) => key),
          ["a"]
        )
      }
    }).pipe(Effect.provide(KeyValueStore.layerMemory))
  )

  it.effect("continues if nothing can be written", () =>
    Effect.gen(function* () {
      const store = yield* KeyValueStore.KeyValueStore
      const error = new KeyValueStore.KeyValueStoreError({ method: "set", message: "disk full" })
      yield* inProcess(
        Effect.gen(function* () {
          const registry = yield* BenchRegistry
          yield* registry.bench("a")
          yield* TestClock.adjust("1 minute")
          assert.isTrue(yield* registry.isBenched("a"))
        })
      ).pipe(Effect.provideService(KeyValueStore.KeyValueStore, { ...store, set: () => Effect.fail(error) }))
    }).pipe(Effect.provide(KeyValueStore.layerMemory))
  )
})
