/**
 * Logs the runtime's events and the changes of the bench, with annotations.
 *
 * | entry | level |
 * | --- | --- |
 * | an attempt failed, and how the run continues | info |
 * | a request was hedged | info |
 * | a request failed, or its stream broke off | warn; info if it was the request's own fault |
 * | a key is benched, or benched again | warn; info if it was benched manually |
 * | a key is free again | info |
 *
 * An outage produces many similar entries: of each kind ten are written per second, and the next one after that has the
 * number of those left out. Prompts, answers, keys and the text of providers are never logged.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as LogLevel from "effect/LogLevel"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import type { FailoverEvent, Observer, RunEnded, RunInfo } from "../events/FailoverEvent.ts"
import { classOf, type Failure } from "../failure/Failure.ts"
import { type BenchChange, BenchRegistry, isBenching, isRelease } from "../health/BenchRegistry.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import * as Timestamp from "../time/Timestamp.ts"
import { few } from "../util/ShortList.ts"

/** Entries of one kind per second. */
const perSecond = 10

/** The most characters of a text from the caller. */
const maxText = 200

interface Entry {
  readonly level: LogLevel.Severity
  readonly message: string
  readonly about: Readonly<Record<string, string | number | undefined>>
}

/** Options of the log. */
export interface Options {
  /** The span of a run's log entries. Default: none. */
  readonly spanOf?: ((run: RunInfo) => Tracer.Span | undefined) | undefined
}

/** An observer that logs with the loggers of the context. Give it to the runtime. */
export const make = ({ spanOf }: Options = {}): Effect.Effect<Observer> =>
  Effect.map(Effect.context<never>(), (context) => {
    const run = Effect.runForkWith(context)
    const limit = limiter(context)
    return (event) => {
      const kind = event._tag === "RunEnded" ? event.outcome : event._tag
      const entry = limit(kind, entryOf(event))
      if (entry !== undefined) run(logged(entry, spanOf?.(event.run)))
    }
  })

/** An observer that logs with the loggers of the context, without spans. Give it to the runtime. */
export const observer: Effect.Effect<Observer> = make()

/** Logs the changes of the bench until the scope closes. */
export const watchBench: Effect.Effect<void, never, BenchRegistry | Scope.Scope> = Effect.gen(function* () {
  const registry = yield* BenchRegistry
  const limit = limiter(yield* Effect.context<never>())
  yield* registry.changes.pipe(
    Stream.runForEach((change) => {
      const entry = limit(change.info.status, benchEntry(change))
      return entry === undefined ? Effect.void : logged(entry)
    }),
    Effect.forkScoped({ startImmediately: true })
  )
})

const logged = ({ about, level, message }: Entry, span?: Tracer.Span): Effect.Effect<void> => {
  const entry = Effect.annotateLogs(Effect.logWithLevel(level)(message), about)
  return span === undefined ? entry : Effect.provideService(entry, Tracer.ParentSpan, span)
}

/** Allows a number of entries of a kind per second and counts the others. */
const limiter = (context: Context.Context<never>) => {
  const clock = Context.get(context, Clock.Clock)
  const kinds = new Map<string, { second: number; written: number; omitted: number }>()
  return (kind: string, entry: Entry | undefined): Entry | undefined => {
    if (entry === undefined) return undefined
    const second = Math.floor(MonotonicClock.millis(clock) / 1000)
    let state = kinds.get(kind)
    if (state === undefined) {
      state = { second, written: 0, omitted: 0 }
      kinds.set(kind, state)
    }
    if (state.second !== second) {
      state.second = second
      state.written = 0
    }
    if (state.written >= perSecond) {
      state.omitted++
      return undefined
    }
    state.written++
    const { omitted } = state
    state.omitted = 0
    return omitted === 0 ? entry : { ...entry, about: { ...entry.about, omitted } }
  }
}

const entryOf = (event: FailoverEvent): Entry | undefined => {
  switch (event._tag) {
    case "AttemptFailed": {
      const { action, attempt, duration, failure, target } = event
      return {
        level: "Info",
        message: `an attempt failed: ${classOf(failure)}`,
        about: {
          ...requestOf(event),
          target: target.key,
          attempt,
          ...failureOf(failure),
          ms: Math.round(duration),
          action:
            action._tag === "Retry" ? `retry in ${Math.round(action.delay)} ms` : action._tag.toLowerCase()
        }
      }
    }
    case "AttemptStarted": {
      if (event.hedge !== true) return undefined
      const { attempt, elapsed, target } = event
      return {
        level: "Info",
        message: "a request is hedged: its attempt takes long, and the next target is called as well",
        about: { ...requestOf(event), target: target.key, attempt, ms: Math.round(elapsed) }
      }
    }
    case "RunEnded": {
      const { duration, error, outcome, target } = event
      const ms = Math.round(duration)
      if (outcome === "broken") {
        const why =
          error?._tag === "StreamBroken" ? failureOf(error.failure) : { failure: error?._tag ?? "Defect" }
        return {
          level: "Warn",
          message: "a stream broke off",
          about: { ...requestOf(event), target: target?.key, ...why, ms }
        }
      }
      if (outcome !== "failed") return undefined
      const causes = error === undefined ? undefined : causesOf(error)
      return {
        level: isOwnFault(error) ? "Info" : "Warn",
        message: `a request failed: ${error?._tag ?? "Defect"}`,
        about: { ...requestOf(event), causes, ms }
      }
    }
    default:
      return undefined
  }
}

const requestOf = ({ run: { about, id } }: FailoverEvent) => ({
  request: about?.requestId?.slice(0, maxText) ?? String(id),
  ...(about?.model !== undefined && { model: about.model.slice(0, maxText) })
})

const failureOf = (failure: Failure) => ({
  failure: classOf(failure),
  ...(failure.status !== undefined && { status: failure.status }),
  ...(failure.evidence !== undefined && { evidence: failure.evidence.slice(0, maxText) })
})

const isOwnFault = (error: RunEnded["error"]): boolean =>
  error?._tag === "BadRequest" || error?._tag === "ContextExceeded"

const causesOf = (error: NonNullable<RunEnded["error"]>): string | undefined => {
  if ("attempts" in error) {
    return few(error.attempts, ({ failure, target }) => `${target}: ${classOf(failure)}`, ", ")
  }
  if ("benches" in error) return few(error.benches, ({ key, reason }) => `${key} is benched: ${reason}`, ", ")
  return undefined
}

const benchEntry = (change: BenchChange): Entry | undefined => {
  const { by, evidence, key, reason, scope, status, until } = change.info
  if (isRelease(change)) return { level: "Info", message: `${key} is free again`, about: { key, scope } }
  if (!isBenching(change)) return undefined
  const about = {
    key,
    scope,
    reason,
    ...(evidence !== undefined && { evidence: evidence.slice(0, maxText) }),
    ...(by !== undefined && { by: by.slice(0, maxText) }),
    ...(until !== undefined && Number.isFinite(until) && { until: Timestamp.format(until) })
  }
  return status === "manual"
    ? { level: "Info", message: `${key} is benched manually`, about }
    : { level: "Warn", message: `${key} is benched`, about }
}
