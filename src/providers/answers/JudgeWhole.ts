/** Judges a whole response: it is an answer, in whatever form, or a failure. */
import * as Effect from "effect/Effect"
import type { Target } from "../../domain/Target.ts"
import type { Failure } from "../../failure/Failure.ts"
import type * as Secrets from "../../redaction/Secrets.ts"
import * as Turns from "../../util/Turns.ts"
import * as JsonBounds from "../bytes/JsonBounds.ts"
import * as LargeJson from "../bytes/LargeJson.ts"
import { finite } from "../bytes/NotNumbers.ts"
import { hasOtherCharset, withoutMark } from "../bytes/TextBytes.ts"
import * as WriteJson from "../bytes/WriteJson.ts"
import { mayBeWrapped, unwrapped } from "../forms/Wrapped.ts"
import type { Meanings, Operation, Protocol } from "../protocols/Protocol.ts"
import type * as Transport from "../transport/Transport.ts"
import type { DialectWords } from "../wire/DialectWords.ts"
import * as Wire from "../wire/Wire.ts"
import * as ProviderFailures from "./ProviderFailures.ts"
import { finding } from "./WholeAnswer.ts"

/**
 * A larger answer, in bytes, is not parsed until its JSON is read: only its first and last characters are checked.
 * Parsing 256 KiB takes about a millisecond.
 */
const maxParsedBytes = 256 * 1024

/** The target and the request body that an answer belongs to. */
export interface Exchange {
  readonly target: Target
  readonly secrets: Secrets.Secrets
  readonly own: DialectWords | undefined
  readonly asked: Wire.JsonObject
}

/**
 * The answer, if the response holds one in any form; otherwise the failure. A large response is judged in turns of the event
 * loop.
 */
export const judge = (
  protocol: Protocol,
  operation: Operation,
  exchange: Exchange,
  whole: Transport.WholeResponse,
  most: number
): Effect.Effect<Wire.Answer, Failure> =>
  whole.body.length < Turns.large
    ? (plain(operation, exchange, whole) ?? Turns.all(judging(protocol, operation, exchange, whole, most)))
    : Effect.flatten(Turns.each(() => judging(protocol, operation, exchange, whole, most)))

/** The answer, if the response is one like nearly all: a small one, of JSON that holds it. In steps, like a large one, it takes 1 µs longer (2026-11-30). */
const plain = (
  operation: Operation,
  { asked, own, secrets }: Exchange,
  { body: received, headers, status }: Transport.WholeResponse
): Effect.Effect<Wire.Answer> | undefined => {
  if (status >= 300 || received.length > maxParsedBytes) return undefined
  const body = secrets.bytes(withoutMark(received))
  const read = parsed(body, operation.isList === true)
  const json = own === undefined || read === undefined ? read : own.normalise(read)
  return json !== undefined && operation.isUsable(json, asked, own?.mayBeEmpty)
    ? Effect.succeed({ status, headers: headersOf(headers, secrets), body, json })
    : undefined
}

/** The headers of an answer that is JSON. */
const headersOf = (headers: Transport.WholeResponse["headers"], secrets: Secrets.Secrets): Wire.Headers => {
  const given = Wire.passedHeaders(headers)
  return secrets.headers(isCalledJson(given) ? given : asJson(given))
}

function* judging(
  protocol: Protocol,
  operation: Operation,
  { asked, own, secrets, target }: Exchange,
  whole: Transport.WholeResponse,
  most: number
): Turns.Steps<Effect.Effect<Wire.Answer, Failure>> {
  const { headers, status } = whole
  const normalised = (json: Wire.JsonObject | undefined) =>
    own === undefined || json === undefined ? json : own.normalise(json)
  const isUsable = (json: Wire.JsonObject) => operation.isUsable(json, asked, own?.mayBeEmpty)
  const isSmall = whole.body.length < Turns.large
  const body =
    status >= 300
      ? whole.body
      : isSmall
        ? secrets.bytes(withoutMark(whole.body))
        : yield* secrets.cleaning(withoutMark(whole.body))
  const isList = operation.isList === true
  const json =
    status >= 300
      ? undefined
      : body.length > maxParsedBytes && !mayBeWrapped(body) && operation.beginsUsable?.(body, asked) !== false
        ? edges(body, isList)
        : normalised(yield* parsing(body, isList))
  if (json === "large" || (json !== undefined && isUsable(json))) {
    const passed = { status, headers: headersOf(headers, secrets), body }
    if (json !== "large") return Effect.succeed({ ...passed, json })
    return Effect.succeed(
      answerOf(passed, function* () {
        return normalised(yield* parsing(body, isList))
      })
    )
  }
  const numbers = status < 300 && json === undefined ? finite(body) : undefined
  if (numbers !== undefined)
    return yield* judging(
      protocol,
      operation,
      { asked, own, secrets, target },
      { ...whole, body: numbers },
      most
    )
  const inner = status < 300 ? unwrapped(json ?? textIn(body), isUsable) : undefined
  if (inner !== undefined) return Effect.succeed(yield* made(inner, whole, secrets))
  const { forms, meanings } = operation
  const mended = json === undefined ? undefined : normalised(yield* mending(operation, json, asked))
  if (mended !== undefined && isUsable(mended)) return Effect.succeed(yield* made(mended, whole, secrets))
  const failures = ProviderFailures.make(protocol, operation, target, secrets)
  if (status < 300 && forms !== undefined && meanings !== undefined) {
    const found = yield* finding(
      body,
      String(headers["content-type"] ?? ""),
      forms,
      withDialect(meanings(asked, own?.mayBeEmpty), own),
      most
    )
    switch (found?._tag) {
      case "Whole": {
        const read = normalised(found.json) ?? found.json
        if (!isUsable(read)) break
        return Effect.succeed({ ...(yield* made(found.json, whole, secrets)), json: read })
      }
      case "Failed":
        return json === undefined
          ? failures.response(whole, found.data, { inStream: true })
          : failures.response(whole, body)
      case "Truncated":
        if (json === undefined) return Effect.fail(ProviderFailures.endsEarly(target))
    }
  }
  return failures.response(
    whole,
    body.length > ProviderFailures.maxBytes ? body.subarray(0, ProviderFailures.maxBytes) : body
  )
}

/** The answer as it was requested, or as its protocol has it. */
function* mending(
  { forms, mend }: Operation,
  json: Wire.JsonObject,
  asked: Wire.JsonObject
): Turns.Steps<Wire.JsonObject | undefined> {
  const mended = mend === undefined ? undefined : yield* mend(json, asked)
  return mended ?? forms?.mend(json)
}

/** An answer that was found in a body of another form. */
function* made(
  json: Wire.JsonObject,
  { headers, status }: Transport.WholeResponse,
  secrets: Secrets.Secrets
): Turns.Steps<Wire.Answer> {
  const body = yield* WriteJson.bytesOf(json)
  return { status, headers: secrets.headers(asJson(Wire.passedHeaders(headers))), body, json }
}

/** The text in a body that is a JSON text. */
const textIn = (body: Uint8Array): unknown => {
  if (body[0] !== 0x22 || body.length > maxParsedBytes) return undefined
  try {
    return JSON.parse(decoder.decode(body))
  } catch {
    return undefined
  }
}

/** Event meanings that also understand the field names of one server. */
const withDialect = (meanings: Meanings, own: DialectWords | undefined): Meanings =>
  own === undefined
    ? meanings
    : (event, json) => meanings(event, Wire.isObject(json) ? own.normalise(json) : json)

const isCalledJson = (headers: Wire.Headers): boolean => {
  const { "content-encoding": packed, "content-type": type } = headers
  return (
    packed === undefined && (type === undefined || (/json/i.test(String(type)) && !hasOtherCharset(type)))
  )
}

/** The headers of a JSON answer; corrects a wrong content type and a false `content-encoding`. */
const asJson = (headers: Wire.Headers): Wire.Headers => {
  const { "content-encoding": _, ...rest } = headers
  return { ...rest, "content-type": "application/json" }
}

const decoder = new TextDecoder()

/** An answer. Its JSON is parsed on first use. */
const answerOf = (
  passed: Pick<Wire.Answer, "status" | "headers" | "body">,
  read: () => Turns.Steps<Wire.JsonObject | undefined>
): Wire.Answer => {
  let json: { readonly value: Wire.JsonObject | undefined } | undefined
  const reading = function* (): Turns.Steps<Wire.JsonObject | undefined> {
    json ??= { value: yield* read() }
    return json.value
  }
  const answer = {
    ...passed,
    get json() {
      return Turns.all(reading())
    }
  }
  Wire.unparsed.set(answer, reading)
  return answer
}

/** Whether an unparsed body begins and ends like a JSON object (or like a list, if `isList`). */
const edges = (body: Uint8Array, isList: boolean): "large" | undefined => {
  const begin = decoder.decode(body.subarray(0, 64)).trimStart()
  const end = decoder.decode(body.subarray(-64)).trimEnd()
  const isWhole =
    (begin.startsWith("{") && end.endsWith("}")) || (isList && begin.startsWith("[") && end.endsWith("]"))
  return isWhole ? "large" : undefined
}

/** The JSON object in a body. If `isList`, a bare list becomes the `data` of an object. */
function* parsing(body: Uint8Array, isList: boolean): Turns.Steps<Wire.JsonObject | undefined> {
  if (body.length <= maxParsedBytes) return parsed(body, isList)
  if ((yield* JsonBounds.measuring(body)) !== undefined) return undefined
  try {
    return objectIn(yield* LargeJson.parsing(body), isList)
  } catch {
    return undefined
  }
}

/** The same for a small body. */
const parsed = (body: Uint8Array, isList: boolean): Wire.JsonObject | undefined => {
  if (JsonBounds.excessOf(body) !== undefined) return undefined
  try {
    return objectIn(JSON.parse(decoder.decode(body)), isList)
  } catch {
    return undefined
  }
}

const objectIn = (json: unknown, isList: boolean): Wire.JsonObject | undefined => {
  if (isList && Array.isArray(json)) return { data: json }
  return Wire.isObject(json) ? json : undefined
}
