/**
 * The request log: one entry per request, written when the request ends.
 *
 * An `Entry` collects the data of a request, and exists only while the log is on. `Traffic` adds the status,
 * the duration and whether the client disconnected.
 */
import type { IncomingMessage } from "node:http"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import type { FailoverEvent } from "../../events/FailoverEvent.ts"
import type { FailedAttempt } from "../../failure/RunError.ts"
import type { Usage } from "../../observe/Usage.ts"
import * as Trail from "../http/Trail.ts"
import * as NodeAnswer from "../server/NodeAnswer.ts"

/** How a request ended. */
export type Outcome = "answered" | "refused" | "failed" | "broke off" | "client left"

/** The data of a request that is running. */
export class Entry {
  readonly requestId: string
  readonly method: string
  readonly route: string
  /** The model, as the caller named it. */
  model: string | undefined
  stream: boolean | undefined
  /** The target that answered, or that of the last attempt. */
  target: string | undefined
  /** Attempts so far. */
  attempts = 0
  failed: ReadonlyArray<FailedAttempt> = []
  /** True once a target answered (for a stream: once it committed). */
  isAnswered = false
  /** True once an attempt was stopped because the other one of a hedged request had content first. */
  isDropped = false
  /** The error code that the caller got. */
  error: string | undefined
  /** The outcome, if it is not the one that the status implies. */
  outcome: Outcome | undefined
  /** The token usage of the last attempt, if usage is read. */
  usage: (() => Usage | undefined) | undefined

  constructor(requestId: string, method: string, route: string) {
    this.requestId = requestId
    this.method = method
    this.route = route
  }

  /** Updates the entry with an event of the run. */
  observe(event: FailoverEvent): void {
    if (event._tag === "AttemptStarted") {
      this.attempts = event.attempt
      this.target = event.target.key
    } else if (event._tag === "AttemptSucceeded") {
      this.isAnswered = true
      this.target = event.target.key
    } else if (event._tag === "AttemptDropped") this.isDropped = true
  }
}

/** The end of a request at its connection. */
export interface End {
  readonly status: number
  /** Whether the client disconnected before the end of the answer. */
  readonly left: boolean
  /** In milliseconds. */
  readonly duration: number
}

/** The request log of one gateway. */
export interface RequestLog {
  /** Writes the entry when its request ends. */
  readonly follow: (request: IncomingMessage, entry: Entry) => void
  /** The entry of a request that is running, if the log is on. */
  readonly entryOf: (request: IncomingMessage) => Entry | undefined
  /** Writes the entry of a request that ended without an `Entry`. */
  readonly write: (entry: Entry, end: End) => void
  /** Reports that a request ended. */
  readonly ended: (end: End & { readonly request: IncomingMessage }) => void
  /** Writes the entry of a WebSocket request when its answer ends. */
  readonly around: <R>(
    answer: Effect.Effect<HttpServerResponse, never, R>,
    entry: Entry,
    out: NodeAnswer.Out
  ) => Effect.Effect<HttpServerResponse, never, R>
}

/** Makes a log that writes to the loggers of the context. */
export const make: Effect.Effect<RequestLog> = Effect.map(Effect.context<never>(), (context) => {
  const run = Effect.runForkWith(context)
  const followed = new WeakMap<IncomingMessage, Entry>()
  const write = (entry: Entry, end: End): void => {
    const outcome = outcomeOf(entry, end)
    const level = outcome === "failed" || outcome === "broke off" ? "Warn" : "Info"
    run(Effect.annotateLogs(Effect.logWithLevel(level)(outcome), fieldsOf(entry, end, outcome)))
  }
  return {
    follow: (request, entry) => void followed.set(request, entry),
    entryOf: (request) => followed.get(request),
    write,
    ended: (end) => {
      const entry = followed.get(end.request)
      if (entry !== undefined) write(entry, end)
    },
    around: (answer, entry, out) =>
      Effect.clockWith((clock) => {
        const began = clock.monotonicTimeNanosUnsafe()
        return Effect.onExit(answer, (exit) =>
          Effect.sync(() => {
            const duration = Number(clock.monotonicTimeNanosUnsafe() - began) / 1e6
            // An answer that was written to `out` had status 200.
            const status = Exit.isFailure(exit)
              ? 499
              : exit.value === NodeAnswer.sent
                ? 200
                : exit.value.status
            write(entry, { status, left: out.destroyed, duration })
          })
        )
      })
  }
})

/**
 * Whether the log has requests for this path, by `log.requests`. Pages, health probes and scrapes are frequent and call no model, so
 * that only `"all"` includes them.
 */
export const isLogged = (requests: boolean | "all" | undefined, path: string): boolean =>
  requests === "all" || (requests === true && !pages.test(path))

const pages = /^\/(healthz|readyz|metrics|status(\/.*)?)?$/

/** The outcome in the entry takes precedence, then a disconnect, then the status. */
const outcomeOf = ({ outcome }: Entry, { left, status }: End): Outcome =>
  outcome ?? (left ? "client left" : status < 400 ? "answered" : status === 500 ? "failed" : "refused")

/** The fields of an entry; unknown ones are left out. docs/config.md documents their names. */
const fieldsOf = (entry: Entry, { duration, status }: End, outcome: Outcome): Record<string, unknown> => {
  const { attempts, error, failed, isAnswered, isDropped, method, model, requestId, route, stream, target } =
    entry
  const fields: Record<string, unknown> = { request: requestId, method: plain(method), route }
  if (model !== undefined) fields.model = plain(model)
  if (stream !== undefined) fields.stream = stream
  fields.status = status
  fields.outcome = outcome
  if (error !== undefined) fields.error = error
  fields.ms = Math.round(duration)
  if (model !== undefined) fields.attempts = attempts
  if (target !== undefined) fields.target = plain(target)
  const trail = Trail.text(failed, isAnswered, isDropped)
  if (trail !== undefined) fields.trail = trail
  const usage = entry.usage?.()
  if (usage?.inputTokens !== undefined) fields.inputTokens = usage.inputTokens
  if (usage?.outputTokens !== undefined) fields.outputTokens = usage.outputTokens
  return fields
}

/** The longest text from a caller, in characters. */
const maxText = 200

/** A caller's text, cut to the limit, without characters that end a line or control a terminal. */
const plain = (text: string): string => {
  const short = text.length > maxText ? `${text.slice(0, maxText)}…` : text
  return short.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, "\uFFFD")
}
