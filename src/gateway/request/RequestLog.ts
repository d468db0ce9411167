/**
 * The request log: one entry for every request, written when the request has ended.
 *
 * What is known of a request is gathered on its way in an `Entry`, which exists only while the log is on. The server's
 * own end of the request (see `Traffic`) says the status, the duration and whether the client stayed.
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

/** What is known of a request on its way. */
export class Entry {
  readonly requestId: string
  readonly method: string
  readonly route: string
  /** The model, as it was asked for. */
  model: string | undefined
  stream: boolean | undefined
  /** The target that was asked last. */
  target: string | undefined
  /** Attempts that were made. */
  attempts = 0
  failed: ReadonlyArray<FailedAttempt> = []
  /** A target answered (for a stream: reached its commit point). */
  isAnswered = false
  /** Why there was no answer, in the word that the caller was told. */
  error: string | undefined
  /** Said by whoever knows better than the status does. */
  outcome: Outcome | undefined
  /** What the last attempt said of itself, where that is read. */
  usage: (() => Usage | undefined) | undefined

  constructor(requestId: string, method: string, route: string) {
    this.requestId = requestId
    this.method = method
    this.route = route
  }

  /** An event of the request's run. */
  hear(event: FailoverEvent): void {
    if (event._tag === "AttemptStarted") {
      this.attempts = event.attempt
      this.target = event.target.key
    } else if (event._tag === "AttemptSucceeded") this.isAnswered = true
  }
}

/** The end of a request, as its connection saw it. */
export interface End {
  readonly status: number
  /** The client was gone before the end of the answer. */
  readonly left: boolean
  /** In milliseconds. */
  readonly duration: number
}

/** The request log of one gateway. */
export interface RequestLog {
  /** Has the entry written when its request ends. */
  readonly follow: (request: IncomingMessage, entry: Entry) => void
  /** The request has ended. */
  readonly ended: (end: End & { readonly request: IncomingMessage }) => void
  /** Has the entry of a request that came over a WebSocket written when its answer ends. */
  readonly around: <R>(
    answer: Effect.Effect<HttpServerResponse, never, R>,
    entry: Entry,
    out: NodeAnswer.Out
  ) => Effect.Effect<HttpServerResponse, never, R>
}

/** A log that is written with the loggers of the context. */
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
            // An answer that has been written has begun well.
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

/** Pages, health probes and scrapes: what is asked for again and again, and is no request to a model. */
export const isPage = (path: string): boolean => pages.test(path)

const pages = /^\/(healthz|readyz|metrics|status(\/.*)?)?$/

/** An entry's own word counts most; then the client's leave, then the status. */
const outcomeOf = ({ outcome }: Entry, { left, status }: End): Outcome =>
  outcome ?? (left ? "client left" : status < 400 ? "answered" : status === 500 ? "failed" : "refused")

/** The fields of an entry; what is not known of a request is left out. Their names are documented in docs/config.md. */
const fieldsOf = (entry: Entry, { duration, status }: End, outcome: Outcome): Record<string, unknown> => {
  const { attempts, error, failed, isAnswered, method, model, requestId, route, stream, target } = entry
  const fields: Record<string, unknown> = { request: requestId, method: plain(method), route }
  if (model !== undefined) fields.model = plain(model)
  if (stream !== undefined) fields.stream = stream
  fields.status = status
  fields.outcome = outcome
  if (error !== undefined) fields.error = error
  fields.ms = Math.round(duration)
  if (model !== undefined) fields.attempts = attempts
  if (target !== undefined) fields.target = plain(target)
  const trail = Trail.text(failed, isAnswered)
  if (trail !== undefined) fields.trail = trail
  const usage = entry.usage?.()
  if (usage?.inputTokens !== undefined) fields.inputTokens = usage.inputTokens
  if (usage?.outputTokens !== undefined) fields.outputTokens = usage.outputTokens
  return fields
}

/** Characters of what a caller said. */
const maxText = 200

/** What a caller said, bounded and without characters that could end a line or steer a terminal. */
const plain = (text: string): string => {
  const short = text.length > maxText ? `${text.slice(0, maxText)}…` : text
  return short.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, "\uFFFD")
}
