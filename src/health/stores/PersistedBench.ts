/**
 * The in-memory bench, saved to a `KeyValueStore`, so that a restart does not send requests to keys known to be dead.
 *
 * Requests never wait for the store. Changes are written a moment later, batched, and once more when the layer closes
 * (for at most a second). A failed write is retried until it succeeds. A record that cannot be read is skipped, named
 * in the log and left unchanged, and a document that cannot be read is kept under `KEY.unreadable`: a newer version
 * may understand it. If two processes save to the same place, the log says so.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { BenchKey } from "../../domain/BenchKey.ts"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import * as Checks from "../../util/Checks.ts"
import * as Bench from "../Bench.ts"
import { BenchRegistry, makeMemory, type Registry } from "../BenchRegistry.ts"
import * as EngineBench from "../EngineBench.ts"
import { isDead } from "../state/BenchState.ts"
import * as ReadSaved from "./ReadSaved.ts"
import { restore, saved, shifted } from "./Saved.ts"

/** How the bench is saved. */
export interface Options {
  /** The key in the store that holds all of it. Default `effect-failover-bench`. */
  readonly key?: string | undefined
  /** How long changes are batched before they are written. Default 1 s; 0 writes each at once. */
  readonly delay?: Duration.Input | undefined
}

/** The delay before a failed write is retried. */
const retryDelay = "5 seconds"

/** How often to check whether another process writes to the same place, in milliseconds. A large file takes a while to read. */
const lookInterval = 60_000

/** How long the final write may take when the layer closes. */
const finalWriteTimeout = "1 second"

/**
 * Builds a registry that starts with the stored bench, and writes to the store while the scope is open.
 *
 * A cooldown that ended while the process was down is half-open: the first attempt is a probe.
 */
export const make = Effect.fnUntraced(function* (
  options: Options = {}
): Effect.fn.Return<Registry, never, KeyValueStore.KeyValueStore | Scope.Scope> {
  Checks.fields("PersistedBench.make", options, { delay: Checks.duration })
  const { delay = "1 second", key = "effect-failover-bench" } = options
  const store = yield* KeyValueStore.KeyValueStore
  const registry = yield* makeMemory
  const bench = EngineBench.of(registry)
  /** Stored records that cannot be read here; `undefined` until the store has been read. */
  let foreign: Foreign | undefined
  let isFailing = false

  const read = Effect.gen(function* () {
    const text = yield* store.get(key)
    const document = documentIn(text)
    if (typeof document === "string") {
      yield* store.set(`${key}.unreadable`, text ?? "")
      yield* Effect.logWarning(
        `The saved bench could not be read (${document}); it is kept under ${key}.unreadable, and this process starts with an empty one.`
      )
    }
    const { left, unreadable } = yield* load(bench, typeof document === "string" ? {} : document)
    foreign = left
    const names = new ReadSaved.Unreadable().tell(unreadable)
    if (names !== undefined) {
      yield* Effect.logWarning(
        `Records of the saved bench could not be read; they are left unchanged, and the others are used. ${names}`
      )
    }
  })
  yield* Effect.catch(read, (error) =>
    Effect.logWarning("The saved bench could not be read; it is left unchanged until it can be.", error)
  )

  /** How a document begins that this process wrote. */
  const own = `{"version":1,"writer":"${(yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)).toString(36)}",`
  /** When to look next; only after the first write, since the process before may end after this one begins. */
  let lookAt = Number.POSITIVE_INFINITY
  let hasWritten = false
  const look = Effect.gen(function* () {
    const text = yield* store.get(key)
    if (text === undefined || text.startsWith(own)) return
    lookAt = Number.POSITIVE_INFINITY
    yield* Effect.logWarning(
      "The saved bench was written by another process meanwhile: each overwrites what the other one has saved. Give each process its own place, or share one bench over Redis."
    )
  })

  const dirty = yield* Queue.sliding<void>(1)
  // Keeps the revision only: holding a version would keep all changes since.
  let written = bench.stateUnsafe().entries.revision
  const attempt = Effect.gen(function* () {
    const { entries } = bench.stateUnsafe()
    if (entries.revision === written) return
    // A stored bench that has not been read is never overwritten.
    if (foreign === undefined) yield* read
    const now = yield* MonotonicClock.currentTimeMillis
    if (now >= lookAt) {
      lookAt = now + lookInterval
      yield* Effect.ignore(look)
    }
    const latest = bench.stateUnsafe().entries
    yield* store.set(key, own + textOf(latest, foreign ?? new Map(), now, yield* MonotonicClock.ahead))
    if (!hasWritten) lookAt = now
    hasWritten = true
    written = latest.revision
  })
  /** True if there is nothing left to write. */
  const write = Effect.matchEffect(attempt, {
    onSuccess: () => {
      const wasFailing = isFailing
      isFailing = false
      return Effect.as(wasFailing ? Effect.logInfo("The bench is saved again.") : Effect.void, true)
    },
    onFailure: (error) => {
      const wasFailing = isFailing
      isFailing = true
      const warning = Effect.logWarning(
        "The bench could not be saved; the earlier copy stays, requests are not affected, and saving is retried.",
        error
      )
      return Effect.as(wasFailing ? Effect.void : warning, false)
    }
  })
  // The final write, after the writing fiber has ended.
  yield* Effect.addFinalizer(() =>
    Effect.flatMap(Effect.forkDetach(write, { startImmediately: true }), (fiber) =>
      Fiber.await(fiber).pipe(Effect.timeoutOption(finalWriteTimeout), Effect.asVoid)
    )
  )
  yield* registry.changes.pipe(
    Stream.runForEach(() => Queue.offer(dirty, undefined)),
    Effect.forkScoped({ startImmediately: true })
  )
  const untilWritten: Effect.Effect<void> = Effect.flatMap(Effect.uninterruptible(write), (isWritten) =>
    isWritten ? Effect.void : Effect.andThen(Effect.sleep(retryDelay), untilWritten)
  )
  yield* Queue.take(dirty).pipe(
    Effect.andThen(Effect.sleep(delay)),
    Effect.andThen(untilWritten),
    Effect.forever,
    Effect.forkScoped({ startImmediately: true })
  )
  return registry
})

/**
 * The bench of the process, saved to the `KeyValueStore` of the context.
 *
 * @example
 * import { NodeServices } from "@effect/platform-node"
 * import { Failover } from "effect-failover"
 * import { FileStore, PersistedBench } from "effect-failover/bench"
 * import { Layer } from "effect"
 *
 * // the runtime, and the bench for code that reads or changes it
 * Failover.layerNoDeps().pipe(
 *   Layer.provideMerge(PersistedBench.layer()),
 *   Layer.provide(FileStore.layer("state")),
 *   Layer.provide(NodeServices.layer)
 * )
 */
export const layer = (options?: Options): Layer.Layer<BenchRegistry, never, KeyValueStore.KeyValueStore> =>
  Layer.effect(BenchRegistry, make(options))

/** Unreadable records as stored, with the entries of their keys at the time of reading. */
type Foreign = Map<BenchKey, { readonly record: unknown; readonly entry: Bench.Entry | undefined }>

/** The records of a document by key, or why it cannot be read. */
const documentIn = (text: string | undefined): { readonly [key: string]: unknown } | string => {
  if (text === undefined) return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return "it is not JSON"
  }
  if (!ReadSaved.isFields(value)) return "it is not a bench"
  if (value.version !== 1) return "it is of another version"
  return ReadSaved.isFields(value.entries) ? value.entries : "it has no entries"
}

/** Restores the readable records. */
const load = Effect.fnUntraced(function* (
  bench: EngineBench.EngineBench,
  records: { readonly [key: string]: unknown }
) {
  const now = yield* MonotonicClock.currentTimeMillis
  const ahead = yield* MonotonicClock.ahead
  const unreadable = new Map<BenchKey, string>()
  bench.modifyUnsafe((state) => {
    let next = state
    for (const [benchKey, value] of Object.entries(records)) {
      const record = ReadSaved.read(value)
      if (typeof record === "string") unreadable.set(benchKey, record)
      const usable = typeof record === "string" ? ReadSaved.manualOf(value) : record
      if (usable === undefined) continue
      const entry = shifted(usable, -ahead)
      const memory = isDead(entry.reason) ? Bench.idleDead : Bench.idle
      const isIdle = entry.manual === undefined && entry.until + memory <= now
      if (!isIdle) next = restore(next, benchKey, entry, now)
    }
    return [undefined, next]
  }, now)
  const { entries } = bench.stateUnsafe()
  const left: Foreign = new Map()
  for (const benchKey of unreadable.keys()) {
    left.set(benchKey, { record: records[benchKey], entry: entries.get(benchKey) })
  }
  return { left, unreadable }
})

/**
 * The rest of a document. Times are saved by the wall clock, which the next process starts with. An unreadable record is
 * written back unchanged until its key changes here.
 */
const textOf = (entries: Bench.State["entries"], foreign: Foreign, now: number, ahead: number): string => {
  const kept = new Map<BenchKey, unknown>()
  for (const [key, entry] of entries) {
    const record = saved(entry, now)
    if (record !== undefined) kept.set(key, shifted(record, ahead))
  }
  for (const [key, { entry, record }] of foreign) {
    if (entries.get(key) === entry) kept.set(key, record)
    else foreign.delete(key)
  }
  return JSON.stringify({ entries: Object.fromEntries(kept) }).slice(1)
}
