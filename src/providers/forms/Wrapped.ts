/**
 * Finds an answer that a relay put into something else: `{"code": 0, "data": {…}}`, Cloudflare's `{"result": {…}}`, the
 * `{"statusCode": 200, "body": "{…}"}` of AWS Lambda, or a JSON text with the answer in it.
 *
 * - https://github.com/api-evangelist/cloudflare/blob/main/json-schema/cloudflare-ai-run-response-schema.json
 * - https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
import { isObject, type JsonObject } from "../wire/Wire.ts"

const wrappers = ["data", "result", "response", "body", "output"] as const

const deepest = 3

/** The answer inside; `undefined` if there is none. */
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
  if (!isObject(given)) return undefined
  if (depth > 0 && isAnswer(given)) return given
  for (const name of wrappers) {
    const found = given[name] === undefined ? undefined : unwrapped(given[name], isAnswer, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
