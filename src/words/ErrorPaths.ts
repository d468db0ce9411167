/**
 * Where an answer with a good status, or an event of a stream, holds an error.
 *
 * This is the only such table. The classifier, the commit point and the translation read it.
 */

type Fields = { readonly [name: string]: unknown }

/** The path of an error, and which server uses it. */
export interface ErrorPath {
  readonly path: ReadonlyArray<string>
  readonly source: string
}

/** The known paths of errors. */
export const errorPaths: ReadonlyArray<ErrorPath> = [
  { path: ["error"], source: "https://platform.openai.com/docs/guides/error-codes" },
  { path: ["Response", "Error"], source: "https://www.tencentcloud.com/document/product/1235/64590" },
  { path: ["Error"], source: "https://cloud.tencent.com/document/api/1729/101835 (without the envelope)" },
  { path: ["errors"], source: "https://developers.cloudflare.com/workers-ai/platform/errors/" },
  { path: ["base_resp"], source: "https://platform.minimax.io/docs/api-reference/errorcode" },
  { path: ["detail"], source: "https://fastapi.tiangolo.com/tutorial/handling-errors/" },
  {
    path: ["response", "error"],
    source:
      "https://developers.openai.com/api/reference/resources/responses/streaming-events.md (response.failed)"
  },
  {
    path: ["choices", "0", "error"],
    source: "https://openrouter.ai/docs/api/reference/errors-and-debugging"
  },
  {
    path: ["data", "error"],
    source: "https://github.com/izaart95-jpg/GLM-Free-API/issues/3 (events that keep everything in data)"
  },
  {
    // Why a stream was stopped early.
    path: ["x_groq", "error"],
    source: "https://github.com/groq/groq-python/blob/main/src/groq/types/chat/chat_completion_chunk.py"
  }
]

const isFields = (u: unknown): u is Fields => typeof u === "object" && u !== null

const isSaid = (value: unknown): boolean =>
  typeof value === "string"
    ? value.trim() !== ""
    : Array.isArray(value)
      ? value.length > 0
      : isFields(value) && !isBlank(value)

/** Some servers send an error without anything in it with every chunk: `{}`, or `{"message": "", "code": 0}`. */
const isBlank = (fields: Fields): boolean => {
  for (const name in fields) {
    const value = fields[name]
    if (isFields(value) ? !isBlank(value) : typeof value === "string" ? value.trim() !== "" : Boolean(value))
      return false
  }
  return true
}

/** MiniMax sends `base_resp` with every answer; its code is 0 in good ones. */
const isGood = (value: unknown): boolean =>
  isFields(value) && (value.status_code === 0 || value.status_code === "0")

/** The paths by their first name, and the rest of them. */
const begins = errorPaths.map(({ path: [first = "", ...rest] }) => ({ first, rest }))

/** The error in an answer or an event; `undefined` if there is none. */
export const errorIn = (json: Fields): unknown => {
  for (let at = 0; at < begins.length; at++) {
    const { first, rest } = begins[at]!
    let value = json[first]
    // Nearly all answers have none of these names but `choices`.
    if (value === undefined) continue
    for (const name of rest) value = isFields(value) ? value[name] : undefined
    if (isSaid(value) && !isGood(value)) return value
  }
  return undefined
}

/** An event type that is an error: `error`, `response.failed`, `response_error`. */
const errorType = /(^|[._])(error|failed)$/

/**
 * True for an answer or an event that is an error: it has one at one of the {@link errorPaths}, has an error type, or
 * is a bare `{"code": …, "message": "…"}`, which no answer looks like.
 *
 * @example
 * import { isError } from "./ErrorPaths.ts"
 *
 * isError({ base_resp: { status_code: 1008, status_msg: "insufficient balance" } }) // => true
 * isError({ choices: [], base_resp: { status_code: 0 } }) // => false
 */
export const isError = (json: Fields): boolean => {
  const { type } = json
  if (json.object === "error" || (typeof type === "string" && errorType.test(type))) return true
  if (errorIn(json) !== undefined) return true
  return (
    json.code !== undefined &&
    json.choices === undefined &&
    (typeof json.message === "string" || typeof json.msg === "string")
  )
}
