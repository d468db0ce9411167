/** What a request asks for: its body, read once, and what it says about how it wants to be served. */
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Catalog from "../../domain/Catalog.ts"
import * as JsonBounds from "../../providers/bytes/JsonBounds.ts"
import * as JsonText from "../../providers/bytes/JsonText.ts"
import { isObject, type JsonObject, type Request } from "../../providers/wire/Wire.ts"
import { type Refusal, make as refuse } from "../http/Refusal.ts"
import type { Route } from "../http/Route.ts"
import * as Bodies from "../server/Bodies.ts"
import * as EventLoop from "../server/EventLoop.ts"
import * as NodeAnswer from "../server/NodeAnswer.ts"

/** What a request asks for. */
export interface GatewayRequest {
  readonly model: string
  readonly fallbacks: ReadonlyArray<string>
  /** In milliseconds. */
  readonly deadline: number | undefined
  readonly stream: boolean
  /** When its body had been read, in nanoseconds of the monotonic clock. */
  readonly since: bigint
  /** What is passed on to a provider. */
  readonly request: Request
}

/** A request may name so many fallbacks; there is an end to what a single one can occupy. */
export const maxFallbacks = 32

/** No provider has a model with a longer name, and names are kept. */
export const maxModelLength = 512

/** What is read of a request, and how much. */
export interface Limits {
  readonly maxBodyBytes: number
  readonly maxBodiesBytes: number
}

/** Reads a request. What is too large is refused by what it says of itself, or as soon as it has grown too large. */
export const read = (
  incoming: HttpServerRequest,
  headers: NodeAnswer.Headers,
  route: Route,
  bodies: Bodies.Bodies,
  { maxBodiesBytes, maxBodyBytes }: Limits
): Effect.Effect<GatewayRequest, Refusal> => {
  const said = headers["content-length"]
  if (said !== undefined && Number(said) > maxBodyBytes) return Effect.fail(Bodies.tooLarge(maxBodyBytes))
  const encoding = headers["content-encoding"] ?? "identity"
  if (encoding !== "identity") {
    return Effect.fail(refuse(415, "unsupported_encoding", "the body has to come without a content-encoding"))
  }
  const isSmall = said !== undefined && Number(said) <= JsonBounds.harmless
  const bounds = isSmall ? undefined : new JsonBounds.JsonBounds()
  const bytes = bodies.read(NodeAnswer.requestOf(incoming), NodeAnswer.responseOf(incoming), {
    most: maxBodyBytes,
    mostTogether: maxBodiesBytes,
    isAsked: headers.expect !== undefined,
    onPart: bounds && ((part) => tooMuch(bounds.feed(part)))
  })
  return Effect.flatMap(bytes, (bytes) => {
    const asked = (text: string) =>
      Effect.clockWith((clock) => ask(text, headers, route, clock.monotonicTimeNanosUnsafe()))
    // What is large is decoded, parsed and sent in turns of its own, so that others get theirs between.
    return bytes.length < EventLoop.large
      ? asked(decoder.decode(bytes))
      : Effect.flatMap(
          Effect.map(EventLoop.next, () => decoder.decode(bytes)),
          (text) => Effect.andThen(EventLoop.next, Effect.tap(asked(text), EventLoop.next))
        )
  })
}

/**
 * The largest body that is translated, in characters: to write it anew takes as long as to read it, and Anthropic takes no larger
 * one (https://docs.anthropic.com/en/api/errors).
 */
export const maxTranslated = 32 * 1024 * 1024

/** Nobody who could be asked speaks the words of so large a request. */
export const tooLargeToTranslate = refuse(
  413,
  "request_too_large",
  `the models asked for speak another protocol, and no body above ${maxTranslated} characters is translated`
)

const tooMuch = (excess: JsonBounds.Excess | undefined): Refusal | undefined =>
  excess === undefined ? undefined : excess === "deep" ? tooDeep : tooMany

const tooDeep = refuse(
  400,
  "invalid_json",
  `the body has objects and lists in each other more than ${JsonBounds.maxDepth} deep`
)

const tooMany = refuse(
  413,
  "too_many_values",
  "the body has more keys, values and escapes than this gateway reads: some 120,000 keys, or half a million numbers"
)

const decoder = new TextDecoder()

// The parser's own message quotes the body.
const notJson = refuse(400, "invalid_json", "the body is not JSON")

/** Understands a request whose body has been read. `since` is in nanoseconds of the monotonic clock. */
export const ask = (
  text: string,
  headers: NodeAnswer.Headers,
  route: Route,
  since: bigint
): Effect.Effect<GatewayRequest, Refusal> => {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return Effect.fail(notJson)
  }
  if (!isObject(body)) return Effect.fail(refuse(400, "invalid_json", "the body is not a JSON object"))
  const { model } = body
  if (typeof model !== "string" || model.trim() === "" || model.length > maxModelLength) {
    return Effect.fail(
      refuse(
        400,
        "missing_model",
        `the body has to name a model, in at most ${maxModelLength} characters, in the field model`,
        {
          param: "model"
        }
      )
    )
  }
  const deadline = deadlineOf(headers)
  if (deadline === "invalid") return Effect.fail(invalidDeadline)
  const isVendors = route.dialect === "anthropic" && isAnthropics(body.fallbacks)
  const fallbacks = fallbacksOf(isVendors ? undefined : body.fallbacks, headers)
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

/** What is the gateway's own in a body is not for the provider. */
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
  `fallbacks is a list of at most ${maxFallbacks} models, such as ["provider/model"]`,
  { param: "fallbacks" }
)

/**
 * Anthropic's API has a field of the same name: a list of objects, or `"default"`. It is passed on to targets of its
 * protocol, and named as dropped for others. https://platform.claude.com/docs/en/api/messages/create
 */
const isAnthropics = (fallbacks: unknown): boolean =>
  fallbacks === "default" ||
  (Array.isArray(fallbacks) && fallbacks.length > 0 && fallbacks.every((each) => isObject(each)))

/** Those of the body, then those of the header. */
const fallbacksOf = (given: unknown, headers: NodeAnswer.Headers): ReadonlyArray<string> | "invalid" => {
  const header = headers["x-failover-models"]
  if (given === undefined && header === undefined) return none
  const own =
    given === undefined || given === null ? none : typeof given === "string" ? Catalog.split(given) : given
  if (!isNames(own)) return "invalid"
  const all = header === undefined ? own : [...own, ...Catalog.split(header)]
  return all.length > maxFallbacks ? "invalid" : all
}

const isNames = (u: unknown): u is ReadonlyArray<string> =>
  Array.isArray(u) &&
  u.every((name) => typeof name === "string" && name.trim() !== "" && name.length <= maxModelLength)

const invalidDeadline = refuse(
  400,
  "invalid_deadline",
  "x-failover-deadline-ms is a number of milliseconds above zero"
)

const deadlineOf = (headers: NodeAnswer.Headers): number | "invalid" | undefined => {
  const given = headers["x-failover-deadline-ms"]
  if (given === undefined) return undefined
  return /^\d{1,12}(\.\d+)?$/.test(given.trim()) && Number(given) > 0 ? Number(given) : "invalid"
}
