/** What HTTP providers take and give: JSON as the caller wrote it, and answers as the provider wrote them. */
import type { Phase } from "../../domain/Phase.ts"
import * as JsonBounds from "../bytes/JsonBounds.ts"
import * as SseEvent from "../bytes/SseEvent.ts"

/** A JSON object that was parsed once. */
export interface JsonObject {
  readonly [key: string]: unknown
}

/**
 * A request: the caller's own JSON body, of which only the model is replaced (and `stream` put right, should it not
 * say what is asked for).
 *
 * @category models
 */
export interface Request<out Operation extends string = string> {
  readonly operation: Operation
  readonly body: JsonObject
  /**
   * The JSON text `body` was parsed from. With it the text is sent as it stands, with another model in it, instead
   * of being written anew: numbers that are no doubles survive, and a large body costs no time.
   */
  readonly text?: string | undefined
  /** Headers of the caller, lower-case names. Only those that the protocol passes on are sent. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** Headers of an answer, without cookies and without those that concern one connection only. */
export type Headers = Readonly<Record<string, string | ReadonlyArray<string>>>

/**
 * A whole answer that holds what was asked for.
 *
 * @category models
 */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** The bytes as they came. */
  readonly body: Uint8Array
  /** The body parsed, when somebody first asks for it; `undefined` when it is no JSON object. */
  readonly json: JsonObject | undefined
}

/** The beginning of a stream's answer. */
export interface Head {
  readonly status: number
  readonly headers: Headers
  /** The end of the stream as text, should it break off; `undefined` where an error of the called protocol says it all. */
  readonly brokenOff?: ((why: { readonly code: string; readonly message: string }) => string) | undefined
}

/**
 * One event of a stream.
 *
 * @category models
 */
export class Chunk {
  /** The event as it came, its blank line included. */
  readonly bytes: Uint8Array
  readonly phase: Phase
  /** Status and headers of the answer; with the first chunk only. */
  head: Head | undefined
  #fields: SseEvent.Fields | undefined
  #json: unknown

  /** `json` and `fields` are what is known of the event already; what is `undefined` is read when it is asked for. */
  constructor(bytes: Uint8Array, phase: Phase, json: unknown, fields: SseEvent.Fields | undefined) {
    this.bytes = bytes
    this.phase = phase
    this.#json = json
    this.head = undefined
    this.#fields = fields
  }

  /** Its data parsed, when somebody first asks for it; `undefined` where that is no JSON, as in comments and `[DONE]`. */
  get json(): unknown {
    if (this.#json === undefined) {
      this.#json = (JsonBounds.excessOf(this.bytes) === undefined ? parse(this.data) : undefined) ?? none
    }
    return this.#json === none ? undefined : this.#json
  }

  /** What has been parsed of it so far, for who looks at nothing that would have to be parsed for it. */
  get parsed(): unknown {
    return this.#json === none ? undefined : this.#json
  }

  /** The event's name, where it has one. */
  get event(): string | undefined {
    return this.#read().event
  }

  /** The event's data; absent in comments and pings. */
  get data(): string | undefined {
    return this.#read().data
  }

  #read(): SseEvent.Fields {
    this.#fields ??= SseEvent.read(this.bytes)
    return this.#fields
  }
}

/** Answers whose JSON has not been asked for: they are large, and looking at their `json` parses them. */
export const unparsed = new WeakSet<Answer>()

/** Stands for data that was parsed in vain. */
const none = Symbol("no JSON")

const parse = (text: string | undefined): unknown => {
  try {
    return text === undefined || text === "" ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

const dropped = new Set([
  "alt-svc",
  "clear-site-data",
  "connection",
  "content-length",
  "keep-alive",
  "nel",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "public-key-pins",
  "refresh",
  "report-to",
  "reporting-endpoints",
  "server",
  "set-cookie",
  "set-cookie2",
  "strict-transport-security",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
  "www-authenticate",
  "x-powered-by"
])

/**
 * What is ours to say, what a proxy in front of the caller would take for an order (to send a file of its own, as
 * `x-accel-redirect` and `x-sendfile` do), and what would let other pages read the answer.
 */
const reserved =
  /^(?:x-failover-|x-accel-|x-sendfile|x-lighttpd-|x-litespeed-|x-reproxy-|surrogate-|access-control-)/

/**
 * The headers that may be passed on to the caller: not those that concern one connection only (nor those that
 * `connection` says do), no cookies, nothing by which a provider's server would speak for the one that passes it on.
 */
export const passedHeaders = (
  headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
): Headers => {
  const passed: Record<string, string | ReadonlyArray<string>> = {}
  const ofConnection = namedIn(headers.connection)
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (value === undefined || dropped.has(name) || reserved.test(name)) continue
    if (ofConnection?.has(name) !== true) passed[name] = value
  }
  return passed
}

/** The headers that the header `connection` names; usually it says `keep-alive` or `close` and names none. */
const namedIn = (connection: string | ReadonlyArray<string> | undefined): Set<string> | undefined =>
  connection === undefined || connection === "keep-alive" || connection === "close"
    ? undefined
    : new Set(
        String(connection)
          .toLowerCase()
          .split(",")
          .map((name) => name.trim())
      )

/** True for a JSON object (no array, no null). */
export const isObject = (u: unknown): u is JsonObject =>
  typeof u === "object" && u !== null && !Array.isArray(u)

/** True for a string with something in it, and for an array with something in it. */
export const isFull = (u: unknown): u is string | ReadonlyArray<unknown> =>
  (typeof u === "string" || Array.isArray(u)) && u.length > 0
