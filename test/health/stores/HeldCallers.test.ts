/** A bench that holds for one caller only is shared and saved as such. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Bench from "../../../src/health/Bench.ts"
import { BenchRegistry } from "../../../src/health/BenchRegistry.ts"
import * as EngineBench from "../../../src/health/EngineBench.ts"
import type { Who } from "../../../src/health/state/HeldFor.ts"
import * as PersistedBench from "../../../src/health/stores/PersistedBench.ts"
import { read } from "../../../src/health/stores/ReadSaved.ts"
import { restore, type Saved, saved } from "../../../src/health/stores/Saved.ts"
import { rest } from "../../support/bench.ts"
import { fault } from "../../support/engine.ts"
import * as Redis from "../../support/redis.ts"
import { eventually, live, type Registry, replica, together } from "../../support/replicas.ts"
import { target } from "../../support/stores.ts"

const named = (id: string): Who => ({ idAt: () => id, isKnownAt: () => true })
const [x, y, z] = [named("x"), named("y"), named("z")]
const to = target("p", "m")

/** A caller's visit that fails, if the bench admits it. */
const fail = (registry: Registry, who: Who, base = rest.base) =>
  Effect.sync(() => {
    const bench = EngineBench.of(registry)
    const now = Date.now()
    const admission = bench.admitUnsafe(to, { millis: () => now } as never, who)
    if (admission._tag === "Benched") return
    bench.failUnsafe(to, admission, fault("ServerError"), { ...rest, base }, now, who)
  })

/** Which of the callers the bench admits: freely, with a probe, or not. */
const admits = (registry: Registry) =>
  Effect.sync(() => {
    const bench = EngineBench.of(registry)
    return [x, y, z]
      .map((who) => {
        if (bench.whyBenchedUnsafe(to, Date.now(), who) !== undefined) return "out"
        const entry = bench.stateUnsafe().entries.get(to.key)
        return entry?.reason !== undefined && !entry.isTheirs ? "probe" : "free"
      })
      .join(" ")
  })

const becomes = (registry: Registry, what: string) => eventually(admits(registry), (now) => now === what)

describe.skipIf(!Redis.isInstalled)(`a bench that replicas share`, () => {
  live(
    "holds for the caller alone on every replica, until another one fails on any of them",
    Effect.gen(function* () {
      const { url } = yield* Redis.make
      const [a, b] = [yield* replica(url), yield* replica(url)]
      yield* together(a, b)
      yield* fail(a, x)
      yield* becomes(b, "out free free")
      yield* fail(b, x)
      assert.strictEqual(yield* admits(b), "out free free")
      yield* fail(b, y)
      yield* becomes(a, "out out out")
      assert.strictEqual(yield* admits(b), "out out out")
    })
  )

  live(
    "is open to another caller on every replica when a probe of one who failed before has failed",
    Effect.gen(function* () {
      const { url } = yield* Redis.make
      const [a, b] = [yield* replica(url), yield* replica(url)]
      yield* together(a, b)
      yield* fail(a, x, 300)
      yield* fail(a, y, 300)
      yield* becomes(a, "probe probe probe")
      yield* fail(a, x, 5_000)
      yield* becomes(b, "out probe probe")
    })
  )
})

describe("a bench that is saved", () => {
  it.live("holds for the same caller after a restart, and a record of an earlier version for all", () =>
    Effect.gen(function* () {
      const store = yield* KeyValueStore.KeyValueStore
      const run = <A, E>(f: (registry: Registry) => Effect.Effect<A, E>) =>
        Effect.flatMap(BenchRegistry, f).pipe(Effect.provide(PersistedBench.layer()))
      yield* run((registry) => fail(registry, x, 60_000))
      const saved = yield* store.get("effect-failover-bench")
      assert.include(saved, '"callers":["x"],"heldFor":"callers"')
      assert.strictEqual(yield* run(admits), "out free free")
      yield* store.set("effect-failover-bench", saved!.replace(',"callers":["x"],"heldFor":"callers"', ""))
      assert.strictEqual(yield* run(admits), "out out out")
    }).pipe(Effect.provide(KeyValueStore.layerMemory))
  )
})

describe("a bench that many replicas report", () => {
  it("keeps a bounded number of callers, so that its record stays valid", () => {
    const record = (n: number): Saved => ({
      since: n,
      reason: "ServerError",
      until: 60_000 + n,
      consecutiveBenches: 1,
      failures: 1,
      callers: Array.from({ length: 8 }, (_, i) => `${n} ${i}`),
      heldFor: "callers"
    })
    let state = Bench.make()
    for (let n = 0; n < 20; n++) state = restore(state, to.key, record(n), n)
    const entry = state.entries.get(to.key)!
    assert.deepStrictEqual(entry.callers, record(19).callers)
    assert.isObject(read(saved(entry, 20)))
  })
})
