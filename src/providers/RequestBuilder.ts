/** Builds the HTTP request of an attempt from the caller's request and a target. */
import * as Redacted from "effect/Redacted"
import type { Target } from "../domain/Target.ts"
import type { Failure } from "../failure/Failure.ts"
import { isFailure } from "../failure/Failure.ts"
import { withoutHalves } from "./bytes/HalfCharacters.ts"
import * as JsonText from "./bytes/JsonText.ts"
import type { Operation, Protocol } from "./protocols/Protocol.ts"
import type * as Transport from "./transport/Transport.ts"
import * as BaseUrl from "./wire/BaseUrl.ts"
import { badHeader, badKey, badSetting, isHeaderValue, unwritable } from "./wire/Unsendable.ts"
import type { JsonObject, Request } from "./wire/Wire.ts"

/** Settings shared by all requests of a provider. */
export interface Settings {
  readonly baseUrl: string
  readonly query: Readonly<Record<string, string>> | undefined
  readonly headers: Readonly<Record<string, string>> | undefined
}

/** Some servers' firewalls reject requests without a user agent. */
const userAgent = "effect-failover"

/**
 * Returns a function that builds requests. It returns `undefined` for an invalid base URL, and a failure if the
 * request cannot be written (the caller's or the configuration's fault, never the target's). URLs and headers are
 * computed once per target, because targets are shared by all requests.
 */
export const make = (
  protocol: Protocol,
  settings: Settings
): ((
  request: Request,
  operation: Operation,
  target: Target,
  stream: boolean
) => Transport.Request | Failure | undefined) => {
  const endpoints = new WeakMap<Target, Map<string, BaseUrl.Endpoint | undefined>>()
  const standing = new WeakMap<Target, Readonly<Record<string, string>> | Failure>()

  const endpointOf = (operation: Operation, target: Target): BaseUrl.Endpoint | undefined => {
    const known = endpoints.get(target) ?? new Map<string, BaseUrl.Endpoint | undefined>()
    endpoints.set(target, known)
    if (!known.has(operation.path)) {
      const baseUrl = target.credential.baseUrl ?? settings.baseUrl
      const { query } = settings
      known.set(
        operation.path,
        BaseUrl.endpoint(baseUrl, operation.path, protocol.baseUrlStyle, { model: target.model, query })
      )
    }
    return known.get(operation.path)
  }

  const headersOf = (target: Target): Readonly<Record<string, string>> | Failure => {
    const known = standing.get(target)
    if (known !== undefined) return known
    const made = headersFor(target)
    standing.set(target, made)
    return made
  }

  const headersFor = (target: Target): Readonly<Record<string, string>> | Failure => {
    const key = keyOf(target)
    if (key !== undefined && !isHeaderValue(key)) return badKey(target)
    const bad = Object.entries(settings.headers ?? {}).find(([, value]) => !isHeaderValue(value))
    if (bad !== undefined) return badSetting(target, bad[0])
    return {
      "user-agent": userAgent,
      ...protocol.headers,
      ...settings.headers,
      ...(key === undefined ? undefined : protocol.authorize(key)),
      accept: "application/json",
      // Answers are inspected as they arrive. One that is compressed all the same is decoded within the limits of answers.
      "accept-encoding": "identity",
      "content-type": "application/json"
    }
  }

  return (request, operation, target, stream) => {
    const endpoint = endpointOf(operation, target)
    if (endpoint === undefined) return undefined
    const own = headersOf(target)
    if (isFailure(own)) return own
    const headers = withPassed(own, request.headers, protocol.passed)
    if (typeof headers === "string") return badHeader(target, headers)
    const connectTimeout = target.policy.timeouts.connect
    if (operation.method === "GET") {
      const { "content-type": _, ...bare } = headers
      return { method: "GET", ...endpoint, headers: bare, body: "", connectTimeout }
    }
    let body: string
    try {
      body = bodyOf(request, target.model, stream)
    } catch (thrown) {
      return unwritable(target, thrown)
    }
    return { origin: endpoint.origin, path: endpoint.path, headers, body, connectTimeout }
  }
}

/** The plain key of a target, without surrounding line breaks (as files and pasted variables have). */
export const keyOf = (target: Target): string | undefined => {
  const key = target.credential.apiKey
  return key === undefined ? undefined : Redacted.value(key).trim()
}

/** Adds the caller's forwarded headers to ours. Returns the name of a header with an invalid value. */
const withPassed = (
  standing: Readonly<Record<string, string>>,
  given: Readonly<Record<string, string>> | undefined,
  passed: ReadonlySet<string>
): Readonly<Record<string, string>> | string => {
  let headers: Record<string, string> | undefined
  for (const name in given) {
    if (!passed.has(name)) continue
    if (!isHeaderValue(given[name]!)) return name
    headers ??= { ...standing }
    const own = joined.has(name) ? standing[name] : undefined
    headers[name] = own === undefined ? given[name]! : union(own, given[name]!)
  }
  return headers ?? standing
}

/** Headers that are lists: the configured values and the caller's are merged. */
const joined: ReadonlySet<string> = new Set(["anthropic-beta", "openai-beta"])

const union = (own: string, given: string): string =>
  [...new Set(`${own},${given}`.split(",").map((name) => name.trim()))]
    .filter((name) => name !== "")
    .join(",")

/** The body with the target's model, and with `stream` set as requested. */
const bodyOf = ({ body, text }: Request, model: string, stream: boolean): string => {
  const isStream = body.stream === true
  if (text === undefined) {
    if (stream)
      return withoutHalves(JSON.stringify(isStream ? { ...body, model } : { ...body, model, stream }))
    return withoutHalves(JSON.stringify(isStream ? { ...withoutStream(body), model } : { ...body, model }))
  }
  const named = body.model === model ? text : JsonText.set(text, "model", JSON.stringify(model))
  if (stream) return isStream ? named : JsonText.set(named, "stream", "true")
  return isStream
    ? JsonText.set(JsonText.set(named, "stream", undefined), "stream_options", undefined)
    : named
}

const withoutStream = ({ stream: _, stream_options: __, ...rest }: JsonObject): JsonObject => rest

/** The request with some members of its body set, or removed where the value is `undefined`. */
export const edit = <R extends Request>(
  request: R,
  members: Readonly<Record<string, number | undefined>>
): R => {
  const body: Record<string, unknown> = { ...request.body }
  let text = request.text
  for (const [key, value] of Object.entries(members)) {
    if (value === undefined) delete body[key]
    else body[key] = value
    if (text !== undefined) text = JsonText.set(text, key, value === undefined ? undefined : String(value))
  }
  return { ...request, body, text }
}
