/** Reads a request: its body, and the options in its headers and fields. */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Catalog from "../../catalog/Catalog.ts"
import * as JsonBounds from "../../providers/bytes/JsonBounds.ts"
import * as JsonText from "../../providers/bytes/JsonText.ts"
import { isObject, type JsonObject, type Request } from "../../providers/wire/Wire.ts"
import * as Turns from "../../util/Turns.ts"
import { type Refusal, make as refuse } from "../http/Refusal.ts"
import { deploymentOf, type Route } from "../http/Route.ts"
import * as Bodies from "../server/Bodies.ts"
import * as NodeAnswer from "../server/NodeAnswer.ts"
import * as EncodedBodies from "./EncodedBodies.ts"

/** A request that was read and is valid. */
export interface GatewayRequest {
  readonly model: string
  readonly fallbacks: ReadonlyArray<string>
  /** In milliseconds. */
  readonly deadline: number | undefined
  readonly stream: boolean
  /** When its body was complete, in nanoseconds of the monotonic clock. */
  readonly since: bigint
  /** The request for the provider, without the gateway's own fields. */
  readonly request: Request
}

/** The most fallbacks in one request, which bounds the work of a request. */
export const maxFallbacks = 32

/** The longest model name, in characters. No provider has longer ones, and names are kept in memory. */
export const maxModelLength = 512

/** The largest body, and the most that all bodies may take together, in bytes. */
export interface Limits {
  readonly maxBodyBytes: number
  readonly maxBodiesBytes: number
}

/**
 * Reads and checks a request. A body above the limit is refused by its `content-length`, or as soon as it
 * grows too large.
 */
export const read = (
  incoming: HttpServerRequest,
  headers: NodeAnswer.Headers,
  route: Route,
  bodies: Bodies.Bodies,
  { maxBodiesBytes, maxBodyBytes }: Limits,
  clock: Clock.Clock
): Effect.Effect<GatewayRequest, Refusal> => {
  const length = headers["content-length"]
  if (length !== undefined && Number(length) > maxBodyBytes) return Effect.fail(Bodies.tooLarge(maxBodyBytes))
  const encoding = EncodedBodies.encodingOf(headers["content-encoding"])
  const wrong = encoding === undefined ? undefined : EncodedBodies.check(encoding)
  if (wrong !== undefined) return Effect.fail(wrong)
  const isSmall = length !== undefined && Number(length) <= JsonBounds.harmless
  const bounds = isSmall || encoding !== undefined ? undefined : new JsonBounds.JsonBounds()
  const message = NodeAnswer.requestOf(incoming)
  const response = NodeAnswer.responseOf(incoming)
  const received = bodies.read(message, response, {
    maxBytes: maxBodyBytes,
    maxTotalBytes: maxBodiesBytes,
    // https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1
    expectsContinue: headers.expect !== undefined && message.httpVersion === "1.1",
    onPart: bounds && ((part) => tooMuch(bounds.feed(part)))
  })
  const limits = { maxBytes: maxBodyBytes, maxTotalBytes: maxBodiesBytes }
  const bytes =
    encoding === undefined
      ? received
      : Effect.flatMap(received, (bytes) => decoded(bodies, bytes, encoding, response, limits))
  return Effect.flatMap(bytes, (bytes) => {
    const parsed = (text: string) =>
      parse(text, headers, route, clock.monotonicTimeNanosUnsafe(), deploymentOf(incoming.url))
    // A large body is decoded and parsed in separate turns of the event loop, so that other requests can run
    // in between.
    return bytes.length < Turns.large
      ? parsed(decoder.decode(bytes))
      : Effect.flatMap(
          Effect.map(Turns.next, () => decoder.decode(bytes)),
          (text) =>
            Effect.andThen(
              Turns.next,
              Effect.tap(
                Effect.suspend(() => parsed(text)),
                Turns.next
              )
            )
        )
  })
}

/** The decoded body, unless it would take long to parse. */
const decoded = (...given: Parameters<typeof EncodedBodies.decode>): Effect.Effect<Uint8Array, Refusal> =>
  Effect.flatMap(EncodedBodies.decode(...given), (bytes) => {
    const excess = excessIn(bytes)
    return excess === undefined ? Effect.succeed(bytes) : Effect.fail(excess)
  })

/**
 * The largest body that is translated, in characters. Translating takes as long as parsing, and Anthropic
 * accepts no larger body (https://docs.anthropic.com/en/api/errors).
 */
export const maxTranslated = 32 * 1024 * 1024

/** No target of the chain has the protocol of a request that is too large to translate, or its body has another form. */
export const tooLargeToTranslate = refuse(
  413,
  "request_too_large",
  `the requested models or the form of the body have another protocol, and bodies above ${maxTranslated} characters are not translated`
)

const tooMuch = (excess: JsonBounds.Excess | undefined): Refusal | undefined =>
  excess === undefined ? undefined : excess === "deep" ? tooDeep : tooMany

/** The refusal of a whole text that would take long to parse. */
export const excessIn = (bytes: Uint8Array): Refusal | undefined => tooMuch(JsonBounds.excessOf(bytes))

const tooDeep = refuse(
  400,
  "invalid_json",
  `the body nests objects and arrays more than ${JsonBounds.maxDepth} levels deep`
)

const tooMany = refuse(
  413,
  "too_many_values",
  "the body has too many keys, values and escapes: about 120,000 keys or 500,000 numbers are accepted"
)

const decoder = new TextDecoder()

// The message of the parser would quote the body.
const notJson = refuse(400, "invalid_json", "the body is not JSON")

/**
 * Checks the text of a request. `since` is in nanoseconds of the monotonic clock. `deployment` is the model in its path,
 * which takes precedence, as at Azure.
 */
export const parse = (
  given: string,
  headers: NodeAnswer.Headers,
  route: Route,
  since: bigint,
  deployment?: string | undefined
): Effect.Effect<GatewayRequest, Refusal> => {
  let read: unknown
  try {
    read = JSON.parse(given)
  } catch {
    return Effect.fail(notJson)
  }
  if (!isObject(read)) return Effect.fail(refuse(400, "invalid_json", "the body is not a JSON object"))
  const body = deployment === undefined ? read : { ...read, model: deployment }
  const text = deployment === undefined ? given : JsonText.set(given, "model", JSON.stringify(deployment))
  const { model } = body
  if (typeof model !== "string" || model.trim() === "" || model.length > maxModelLength) {
    return Effect.fail(
      refuse(
        400,
        "missing_model",
        `the field model must be the name of a model, with at most ${maxModelLength} characters`,
        {
          param: "model"
        }
      )
    )
  }
  const deadline = deadlineOf(headers)
  if (deadline === "invalid") return Effect.fail(invalidDeadline)
  const isVendors = route.dialect === "anthropic" && isAnthropics(body.fallbacks)
  const fallbacks = fallbacksOf(isVendors ? undefined : body.fallbacks, route, model, headers)
  if (fallbacks === "invalid") return Effect.fail(invalidFallbacks)
  return Effect.succeed({
    model,
    fallbacks,
    deadline,
    stream: route.streams && body.stream === true,
    since,
    request: isVendors
      ? { operation: route.operation, body, text, headers }
      : requestOf(route, body, text, headers)
  })
}

/** Removes the gateway's own field `fallbacks` from the body. */
const requestOf = (route: Route, body: JsonObject, text: string, headers: NodeAnswer.Headers): Request => {
  const { operation } = route
  if (!("fallbacks" in body)) return { operation, body, text, headers }
  const { fallbacks: _, ...rest } = body
  return { operation, body: rest, text: JsonText.set(text, "fallbacks", undefined), headers }
}

const none: ReadonlyArray<string> = []

const invalidFallbacks = refuse(
  400,
  "invalid_fallbacks",
  `fallbacks must be a list of at most ${maxFallbacks} models, such as ["provider/model"]`,
  { param: "fallbacks" }
)

/**
 * Anthropic's API has a field with the same name: a list of objects, or `"default"`. It is passed on to
 * targets with Anthropic's protocol, and listed as dropped for others.
 * https://platform.claude.com/docs/en/api/messages/create
 */
const isAnthropics = (fallbacks: unknown): boolean =>
  fallbacks === "default" ||
  (Array.isArray(fallbacks) && fallbacks.length > 0 && fallbacks.every((each) => isObject(each)))

/** The fallbacks in the body, then those in the header. */
const fallbacksOf = (
  given: unknown,
  route: Route,
  model: string,
  headers: NodeAnswer.Headers
): ReadonlyArray<string> | "invalid" => {
  const header = headers["x-failover-models"]
  if (given === undefined && header === undefined) return none
  const own =
    given === undefined || given === null
      ? none
      : typeof given === "string"
        ? Catalog.split(given)
        : Array.isArray(given) && route.protocol === "openai"
          ? given.flatMap((each) => namesIn(each, model))
          : given
  if (!isNames(own)) return "invalid"
  const all = header === undefined ? own : [...own, ...Catalog.split(header)]
  return all.length > maxFallbacks ? "invalid" : all
}

/**
 * Other gateways take objects: `{"model": "…"}`, or LiteLLM's `{"the requested model": ["…"]}`. An object with more than a name
 * would change the request for one target, which is not done.
 * https://docs.litellm.ai/docs/proxy/client_side_fallbacks
 */
const namesIn = (given: unknown, model: string): ReadonlyArray<unknown> => {
  if (!isObject(given)) return [given]
  const lists = Object.values(given)
  if (lists.length > 0 && lists.every(Array.isArray)) {
    const own = given[model] ?? given["*"]
    return Array.isArray(own) ? own : []
  }
  return [Object.keys(given).length === 1 ? given.model : given]
}

const isNames = (u: unknown): u is ReadonlyArray<string> =>
  Array.isArray(u) &&
  u.every((name) => typeof name === "string" && name.trim() !== "" && name.length <= maxModelLength)

const invalidDeadline = refuse(
  400,
  "invalid_deadline",
  "x-failover-deadline-ms must be a number of milliseconds above 0"
)

const deadlineOf = (headers: NodeAnswer.Headers): number | "invalid" | undefined => {
  const given = headers["x-failover-deadline-ms"]
  if (given === undefined) return undefined
  return /^\d{1,12}(\.\d+)?$/.test(given.trim()) && Number(given) > 0 ? Number(given) : "invalid"
}
