/** Metric series, looked up once per set of labels. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"

/** Adds to a counter, or records a value in a histogram. */
export type Update = (value: number) => void

/** The labels of a series. */
export type Labels = Readonly<Record<string, string>>

/**
 * A metric with any labels. Each series gets a metric of its own: a shared one computes the key of a series again
 * whenever the last update was to another one (18 instead of 0.4 µs for the metrics of a request, 2026-11-29).
 */
export interface Family {
  readonly id: string
  readonly labelled: (labels: Labels) => Metric.Metric<number, unknown>
}

/** The series of one registry. */
export interface Series {
  /** The series of a metric with these labels; the same one for the same labels. */
  readonly of: (family: Family, labels: Labels) => Update
  /** Registers a gauge that is computed when read, until the scope closes. The first reader of a series stays. */
  readonly read: (metric: Metric.Gauge<number>, labels: Labels, value: () => number) => void
}

/** Series in the `MetricRegistry` of the context. Counters stay when the scope closes, gauges are removed. */
export const scoped: Effect.Effect<Series, never, Scope.Scope> = Effect.gen(function* () {
  const readers = new Map<string, Metric.Registration>()
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const reader of readers.values()) reader.remove()
    })
  )
  return make(yield* Effect.context<never>(), readers)
})

/** Series in the `MetricRegistry` of a context. */
export const make = (
  context: Context.Context<never>,
  readers: Map<string, Metric.Registration> = new Map()
): Series => {
  const updates = new Map<string, Update>()
  return {
    of: ({ id, labelled }, labels) => {
      const key = keyOf(id, labels)
      const known = updates.get(key)
      if (known !== undefined) return known
      const metric = labelled(labels)
      const update: Update = (value) => metric.updateUnsafe(value, context)
      updates.set(key, update)
      return update
    },
    read: (metric, labels, value) => {
      const key = keyOf(metric.id, labels)
      if (readers.has(key)) return
      const registration = Metric.registerUnsafe(Metric.withAttributes(metric, labels), context, {
        get: () => ({ value: value() }),
        update: () => {},
        modify: () => {}
      })
      readers.set(key, registration)
    }
  }
}

/**
 * Computes a value at most once in a turn of the event loop. All gauges are read in one turn, so what many of them need is
 * computed once for all.
 */
export const oncePerTurn = <A>(compute: () => A): (() => A) => {
  let known: { readonly value: A } | undefined
  return () => {
    if (known === undefined) {
      known = { value: compute() }
      queueMicrotask(() => {
        known = undefined
      })
    }
    return known.value
  }
}

/** Memoises a function of two strings. */
export const byTwo = <A>(make: (one: string, other: string) => A): ((one: string, other: string) => A) => {
  const known = new Map<string, Map<string, A>>()
  return (one, other) => {
    let row = known.get(one)
    if (row === undefined) known.set(one, (row = new Map()))
    let value = row.get(other)
    if (value === undefined) row.set(other, (value = make(one, other)))
    return value
  }
}

const keyOf = (id: string, labels: Labels): string => `${id}\n${Object.values(labels).join("\n")}`

/** A counter that only grows. */
export const counter = (id: string, description: string): Family => ({
  id,
  labelled: (attributes) => Metric.counter(id, { description, incremental: true, attributes })
})

/** A histogram with these upper bounds. */
export const histogram = (id: string, description: string, boundaries: ReadonlyArray<number>): Family => ({
  id,
  labelled: (attributes) => Metric.histogram(id, { description, boundaries, attributes })
})
