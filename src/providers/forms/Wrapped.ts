/**
 * Finds an answer that a relay put into something else: `{"code": 0, "data": {…}}`, Cloudflare's `{"result": {…}}`, the
 * `{"statusCode": 200, "body": "{…}"}` of AWS Lambda, or a JSON text with the answer in it.
 *
 * - https://github.com/api-evangelist/cloudflare/blob/main/json-schema/cloudflare-ai-run-response-schema.json
 * - https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
import { errorIn } from "../../words/ErrorPaths.ts"
import * as JsonBounds from "../bytes/JsonBounds.ts"
import { isObject, type JsonObject } from "../wire/Wire.ts"

const wrappers = ["data", "result", "response", "body", "output"] as const

const deepest = 3

/** The answer inside; `undefined` if there is none, or an error beside it. */
export const unwrapped = (
  given: unknown,
  isAnswer: (json: JsonObject) => boolean,
  depth = 0
): JsonObject | undefined => {
  if (depth > deepest) return undefined
  if (typeof given === "string") {
    const json = given.trimStart().startsWith("{") ? parsed(given) : undefined
    return json === undefined ? undefined : unwrapped(json, isAnswer, depth + 1)
  }
  if (!isObject(given) || errorIn(given) !== undefined) return undefined
  if (depth > 0 && isAnswer(given)) return given
  for (const name of wrappers) {
    const found = given[name] === undefined ? undefined : unwrapped(given[name], isAnswer, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

/**
 * Whether a large body may begin as such a wrapper. Lists, such as the `data` of embeddings and the `output` of a response,
 * are not wrappers.
 */
export const mayBeWrapped = (body: Uint8Array): boolean =>
  wrapper.test(Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, begin)).toString("latin1"))

/** How much of a body is searched for a wrapper, in bytes. */
const begin = 1024

const wrapper = new RegExp(`"(?:${wrappers.join("|")})"\\s*:\\s*(?:\\{|"\\s*\\{)`)

const parsed = (text: string): unknown => {
  try {
    return JsonBounds.excessOf(Buffer.from(text)) === undefined ? JSON.parse(text) : undefined
  } catch {
    return undefined
  }
}
