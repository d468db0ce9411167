/**
 * The bench in memory, saved to a `KeyValueStore`, so that a restart does not send requests to keys that are known to
 * be dead.
 *
 * Requests never wait for the store. What changes is written a moment later, changes of that moment together, and once
 * more when the layer ends. What cannot be read or written is logged and costs nothing but the memory of it.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Bench from "../core/Bench.ts"
import { BenchRegistry, makeMemory } from "../core/BenchRegistry.ts"
import * as Checks from "../core/Checks.ts"
import * as Steady from "../core/Steady.ts"
import { restore, Saved, saved, shifted } from "./Saved.ts"

/** How the bench is kept. */
export interface Options {
  /** The key in the store under which all of it stands. Default `effect-failover-bench`. */
  readonly key?: string | undefined
  /** How long changes are gathered before they are written. Default 1 s; 0 writes each at once. */
  readonly delay?: Duration.Input | undefined
}

const Document = Schema.fromJsonString(
  Schema.Struct({ version: Schema.Literal(1), entries: Schema.Record(Schema.String, Saved) })
)

/**
 * Builds a registry that begins with what the store has, and writes to it as long as the scope is open.
 *
 * A rest that ended while the process was gone is half-open: the first attempt is a probe.
 */
export const make = Effect.fnUntraced(function* (options: Options = {}) {
  Checks.fields("PersistedBench.make", options, { delay: Checks.duration })
  const { delay = "1 second", key = "effect-failover-bench" } = options
  const store = yield* KeyValueStore.KeyValueStore
  const registry = yield* makeMemory
  yield* load(store, key, registry)

  const dirty = yield* Queue.sliding<void>(1)
  // Its revision only: a version that is held on to keeps all changes since.
  let written = registry.stateUnsafe().entries.revision
  const write = Effect.gen(function* () {
    const { entries } = registry.stateUnsafe()
    if (entries.revision === written) return
    const document = documentOf(entries, yield* Steady.currentTimeMillis, yield* Steady.ahead)
    yield* store.set(key, yield* Schema.encodeEffect(Document)(document))
    written = entries.revision
  }).pipe(
    Effect.catch((error) =>
      Effect.logWarning("The bench could not be saved; requests are not affected.", error)
    )
  )
  // The last word, after the fiber that writes has ended.
  yield* Effect.addFinalizer(() => write)
  yield* registry.changes.pipe(
    Stream.runForEach(() => Queue.offer(dirty, undefined)),
    Effect.forkScoped({ startImmediately: true })
  )
  yield* Queue.take(dirty).pipe(
    Effect.andThen(Effect.sleep(delay)),
    Effect.andThen(Effect.uninterruptible(write)),
    Effect.forever,
    Effect.forkScoped({ startImmediately: true })
  )
  return registry
})

/** The bench of the process, kept in the `KeyValueStore` of the context. */
export const layer = (options?: Options): Layer.Layer<BenchRegistry, never, KeyValueStore.KeyValueStore> =>
  Layer.effect(BenchRegistry, make(options))

const load = Effect.fnUntraced(
  function* (store: KeyValueStore.KeyValueStore, key: string, registry: BenchRegistry["Service"]) {
    const text = yield* store.get(key)
    if (text === undefined) return
    const { entries } = yield* Schema.decodeUnknownEffect(Document)(text)
    const now = yield* Steady.currentTimeMillis
    const ahead = yield* Steady.ahead
    registry.modifyUnsafe((state) => {
      let next = state
      for (const [benchKey, written] of Object.entries(entries)) {
        const entry = shifted(written, -ahead)
        const isIdle = entry.manual === undefined && entry.until + Bench.idle <= now
        if (!isIdle) next = restore(next, benchKey, entry, now)
      }
      return [undefined, next]
    }, now)
  },
  Effect.catch((error) =>
    Effect.logWarning("The saved bench could not be read; this process begins with an empty one.", error)
  )
)

/** Moments are written down by the wall clock, which the next process begins with. */
const documentOf = (entries: Bench.State["entries"], now: number, ahead: number): typeof Document.Type => {
  const kept: Record<string, Saved> = {}
  for (const [key, entry] of entries) {
    const record = saved(entry, now)
    if (record !== undefined) kept[key] = shifted(record, ahead)
  }
  return { version: 1, entries: kept }
}
