/**
 * The requests and answers of HTTP providers: JSON as the caller wrote it, and answers as the provider wrote them.
 */
import type { Phase } from "../../domain/Phase.ts"
import type * as Turns from "../../util/Turns.ts"
import type { EventShape } from "../bytes/EventShape.ts"
import * as JsonBounds from "../bytes/JsonBounds.ts"
import * as SseEvent from "../bytes/SseEvent.ts"

/** A parsed JSON object. */
export interface JsonObject {
  readonly [key: string]: unknown
}

/**
 * A request: the caller's own JSON body. Only its model is replaced, and `stream` is corrected if it contradicts the
 * kind of call.
 *
 * @category models
 */
export interface Request<out Operation extends string = string> {
  readonly operation: Operation
  readonly body: JsonObject
  /**
   * The JSON text `body` was parsed from. If set, the text itself is sent with the model replaced, instead of being
   * serialized again: numbers that are not doubles survive, and a large body costs no time.
   */
  readonly text?: string | undefined
  /** Headers of the caller, lower-case names. Only those that the protocol forwards are sent. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** Headers of an answer, without cookies and hop-by-hop headers. */
export type Headers = Readonly<Record<string, string | ReadonlyArray<string>>>

/**
 * A whole answer that holds what was requested.
 *
 * @category models
 */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** The bytes as received. */
  readonly body: Uint8Array
  /** The parsed body, parsed on first use; `undefined` if it is not a JSON object. */
  readonly json: JsonObject | undefined
}

/** Status and headers of a stream's answer. */
export interface Head {
  readonly status: number
  readonly headers: Headers
  /**
   * The closing text for a stream that breaks off; `undefined` if an error event of the called protocol is enough.
   */
  readonly brokenOff?: ((why: { readonly code: string; readonly message: string }) => string) | undefined
}

/**
 * One event of a stream.
 *
 * @category models
 */
export class Chunk {
  /** The event as received, including its blank line. */
  readonly bytes: Uint8Array
  readonly phase: Phase
  /** Status and headers of the answer; set on the first chunk only. */
  head: Head | undefined
  #fields: SseEvent.Fields | undefined
  #json: unknown

  readonly #shape: EventShape | undefined

  /**
   * `json` and `fields` are what is already known; whatever is `undefined` is read on first use. `shape`: the shape
   * that the event fits.
   */
  constructor(
    bytes: Uint8Array,
    phase: Phase,
    json: unknown,
    fields: SseEvent.Fields | undefined,
    shape?: EventShape | undefined
  ) {
    this.bytes = bytes
    this.phase = phase
    this.#json = json
    this.head = undefined
    this.#fields = fields
    this.#shape = shape
  }

  /** The parsed data, parsed on first use; `undefined` if the data is not JSON, as in comments and `[DONE]`. */
  get json(): unknown {
    if (this.#json === undefined) {
      this.#json =
        this.#shape?.json(this.bytes) ??
        (JsonBounds.excessOf(this.bytes) === undefined ? parse(this.data) : undefined) ??
        none
    }
    return this.#json === none ? undefined : this.#json
  }

  /** What has been parsed so far, for readers that must not cause parsing. */
  get parsed(): unknown {
    return this.#json === none ? undefined : this.#json
  }

  /** The event's name, if any. */
  get event(): string | undefined {
    return this.#shape?.isKnown === true ? this.#shape.event : this.#read().event
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

/**
 * Large answers that have not been parsed: reading their `json` parses them, and this does it in steps.
 *
 * @internal
 */
export const unparsed = new WeakMap<Answer, () => Turns.Steps<JsonObject | undefined>>()

/**
 * The JSON of an answer, in steps if the answer is large.
 *
 * @internal
 */
export function* jsonOf(answer: Answer): Turns.Steps<JsonObject | undefined> {
  const reading = unparsed.get(answer)
  return reading === undefined ? answer.json : yield* reading()
}

/** Marks data that could not be parsed. */
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
 * Headers that only this package may set, headers that a proxy in front of the caller would obey (`x-accel-redirect`
 * and `x-sendfile` make it send one of its own files), and headers that would let other pages read the answer.
 */
const reserved =
  /^(?:x-failover-|x-accel-|x-sendfile|x-lighttpd-|x-litespeed-|x-reproxy-|surrogate-|access-control-)/

/**
 * The headers that may be passed on to the caller: without hop-by-hop headers (including those named by
 * `connection`), without cookies, and without anything that would be taken for a header of the server that
 * passes them on.
 *
 * @internal
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

/** The headers named by the header `connection`; usually it is `keep-alive` or `close` and names none. */
const namedIn = (connection: string | ReadonlyArray<string> | undefined): Set<string> | undefined =>
  connection === undefined || connection === "keep-alive" || connection === "close"
    ? undefined
    : new Set(
        String(connection)
          .toLowerCase()
          .split(",")
          .map((name) => name.trim())
      )

/**
 * True for a JSON object (not an array, not null).
 *
 * @internal
 */
export const isObject = (u: unknown): u is JsonObject =>
  typeof u === "object" && u !== null && !Array.isArray(u)

/**
 * True for a non-empty string or array.
 *
 * @internal
 */
export const isFull = (u: unknown): u is string | ReadonlyArray<unknown> =>
  (typeof u === "string" || Array.isArray(u)) && u.length > 0
