/** Gauges of the bench, with many keys. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { BenchRegistry, makeMemory } from "../../src/health/BenchRegistry.ts"
import * as BenchMetrics from "../../src/observe/BenchMetrics.ts"

describe("the gauges of benched keys", () => {
  it.effect("are read with one list of the bench, however many they are", () =>
    Effect.gen(function* () {
      const memory = yield* makeMemory
      let lists = 0
      const registry = { ...memory, list: Effect.tap(memory.list, () => Effect.sync(() => lists++)) }
      const keys = Array.from({ length: 500 }, (_, index) => `p${index}/m#k`)
      for (const key of keys) yield* memory.bench(key)
      yield* BenchMetrics.watch({ knowsModel: () => true }).pipe(
        Effect.provideService(BenchRegistry, registry)
      )
      const read = Effect.map(Metric.snapshot, (all) =>
        all.filter(({ id }) => id === "failover_benched").map(({ state }) => Reflect.get(state, "value"))
      )
      lists = 0
      assert.deepStrictEqual(
        yield* read,
        Array.from(keys, () => 1)
      )
      assert.strictEqual(lists, 1)
      yield* memory.unbench(keys[3]!)
      yield* Effect.promise(() => Promise.resolve())
      assert.strictEqual(
        (yield* read).reduce((sum, value) => sum + value, 0),
        499
      )
    }).pipe(Effect.scoped, Effect.provideService(Metric.MetricRegistry, new Map()))
  )
})
