/**
 * The status page and its data, by path.
 *
 * | path | content |
 * | --- | --- |
 * | `/` | the page |
 * | `/status` | the whole status as JSON |
 * | `/status/events` | changes of the status, as server-sent events |
 * | `/status/page.css`, … | the files of the page |
 *
 * The page itself has no data. The status is open to everyone who reaches the port, like `/metrics`, or with
 * `statusPage: "admin"` to holders of the admin token. Changes go through the admin API.
 */

import * as Effect from "effect/Effect"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { BenchRegistry } from "../../health/BenchRegistry.ts"
import * as EventSubscribers from "../observe/EventSubscribers.ts"
import type { CurrentConfig } from "../reload/CurrentConfig.ts"
import type { Revision } from "../reload/Revision.ts"
import * as Tokens from "../server/Tokens.ts"
import * as WrongTokens from "../server/WrongTokens.ts"
import * as CurrentStatus from "./CurrentStatus.ts"
import * as Files from "./Files.ts"
import type { Status } from "./Status.ts"
import * as VirtualModels from "./VirtualModels.ts"
import * as Watch from "./Watch.ts"

type Response = HttpServerResponse.HttpServerResponse

/** Answers requests for one path. */
export type Page = Effect.Effect<Response, never, HttpServerRequest>

/** What the page needs. */
export interface Options
  extends Pick<CurrentStatus.Options, "decisions" | "traffic" | "learned" | "startedAt"> {
  readonly revision: Revision
  readonly live: CurrentConfig
  /** Done when the gateway begins to stop. Event streams end then, so that they do not delay the stop. */
  readonly closing: Effect.Effect<unknown>
  /** Counts requests with a wrong token. */
  readonly retrySeconds: WrongTokens.Guard
}

/** The most viewers at once. */
export const maxViewers = 50

/** Allows this origin only, no inline scripts, no markup from text, no embedding in a frame. */
const securityHeaders = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src data:",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'"
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY"
}

/** Builds the pages; none if the config switches them off. */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<ReadonlyMap<string, Page>, never, BenchRegistry | Scope.Scope> {
  const { closing, live, revision } = options
  const { config, named } = revision
  const { adminToken, statusPage } = config.server
  if (statusPage === "off") return new Map()
  const files = Files.read()
  const page = files.get("page.html")
  if (page === undefined) return new Map()
  const models = VirtualModels.of(config, revision.catalog)
  const read = CurrentStatus.make({ ...options, config, models, named, registry: yield* BenchRegistry })
  const watch = yield* Watch.make(read)
  // The stream ends when the config is replaced, and the viewer reconnects to the new one.
  const replaced = Stream.runDrain(
    Stream.take(
      Stream.filter(live.changes, ({ number }) => number > revision.number),
      1
    )
  )
  const over = Effect.raceFirst(closing, replaced)
  const subscribers = yield* EventSubscribers.make(over)
  const refusalOf = gate(statusPage === "admin" ? adminToken : undefined, options.retrySeconds)
  const guarded = (answer: Page): Page =>
    Effect.flatMap(HttpServerRequest, (incoming) => {
      const refusal = refusalOf(incoming)
      return refusal === undefined ? answer : Effect.succeed(refusal)
    })
  return new Map<string, Page>([
    ["/", send(page)],
    ["/status", guarded(Effect.map(read, json))],
    ["/status/events", guarded(events(watch, subscribers, over))],
    ...[...files].flatMap(([name, file]) => (file === page ? [] : [[`/status/${name}`, send(file)] as const]))
  ])
})

/** A file, or 304 if the browser has it. */
const send = ({ contentType, tag, text }: Files.PageFile): Page => {
  const headers = { ...securityHeaders, "cache-control": "no-cache", etag: tag }
  const whole = HttpServerResponse.text(text, { contentType, headers })
  const unchanged = HttpServerResponse.empty({ status: 304, headers })
  return Effect.map(HttpServerRequest, (request) =>
    request.headers["if-none-match"]?.includes(tag) === true ? unchanged : whole
  )
}

const fresh = { ...securityHeaders, "cache-control": "no-store" }

const json = (status: Status): Response =>
  HttpServerResponse.text(JSON.stringify(status), { contentType: "application/json", headers: fresh })

const refused = (status: number, message: string, headers: Readonly<Record<string, string>> = {}): Response =>
  HttpServerResponse.text(JSON.stringify({ message }), {
    status,
    contentType: "application/json",
    headers: { ...fresh, ...headers }
  })

const tooManyViewers = refused(503, `this page has ${maxViewers} viewers already`, {
  "retry-after": "10"
})

const hasViewer = refused(503, "this connection has a viewer of this page already", {
  "retry-after": "10"
})

const events = (
  watch: Watch.Watch,
  subscribers: EventSubscribers.EventSubscribers,
  over: Effect.Effect<unknown>
) => {
  const response = HttpServerResponse.stream(
    watch.events.pipe(Stream.interruptWhen(over), Stream.encodeText),
    {
      contentType: "text/event-stream",
      // Proxies must not buffer live events.
      headers: { ...fresh, "x-accel-buffering": "no" }
    }
  )
  return Effect.flatMap(subscribers.hasOne, (hasOne) => {
    if (hasOne) return Effect.succeed(hasViewer)
    return watch.viewers() >= maxViewers
      ? Effect.succeed(tooManyViewers)
      : Effect.as(subscribers.add, response)
  })
}

/** Checks access: everyone, or holders of the admin token; never pages of other sites. */
const gate = (
  token: Redacted.Redacted | undefined,
  retrySeconds: WrongTokens.Guard
): ((incoming: HttpServerRequest) => Response | undefined) => {
  const isToken = token === undefined ? () => true : Tokens.verifier([token])
  const crossSite = refused(403, "pages of other sites may not read the status")
  const unknown = refused(401, "the status page requires the admin token", { "www-authenticate": "Bearer" })
  return (incoming) => {
    const { headers } = incoming
    if (headers["sec-fetch-site"] === "cross-site") return crossSite
    if (isToken(Tokens.bearer(headers.authorization))) return undefined
    const seconds = retrySeconds(incoming)
    return seconds === undefined ? unknown : refused(429, WrongTokens.message, WrongTokens.headers(seconds))
  }
}
