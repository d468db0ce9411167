/**
 * Answers in which a model refused and returned no content.
 *
 * The engine treats them as failures, so that the chain for refused content is tried. If no target answers,
 * the caller gets the refusal as an answer in the caller's protocol.
 * https://docs.anthropic.com/en/api/handling-stop-reasons#refusal
 */
import { classOf, type Failure } from "../../failure/Failure.ts"
import type { RunError } from "../../failure/RunError.ts"
import { isProviderResponse } from "../../providers/wire/ProviderResponse.ts"
import { isObject, type Request } from "../../providers/wire/Wire.ts"
import * as Translate from "../../translate/index.ts"
import type { Caller, Own } from "./GatewayAnswer.ts"

/** The request that failed. */
export interface Options {
  readonly request: Request
  readonly stream: boolean
  /** In milliseconds since the epoch. */
  readonly now: number
}

/** The answer to a request that a model refused; `undefined` for every other error. */
export const of = (
  error: RunError,
  { dialect, requestId }: Caller,
  { now, request, stream }: Options
): Own | undefined => {
  const response = declinedIn(error)?.cause
  if (!isProviderResponse(response) || response.status >= 300 || response.protocol === undefined)
    return undefined
  if (request.operation !== operations[dialect]) return undefined
  const json = parse(response.body)
  if (!isObject(json)) return undefined
  const context = Translate.makeContext(request.body, { id: requestId, created: Math.floor(now / 1000) })
  const declined = Translate.declined(response.protocol, dialect, json, context)
  if (stream) {
    return {
      contentType: "text/event-stream",
      body: declined.events,
      headers: { "cache-control": "no-cache" }
    }
  }
  const body = isOwn(json, dialect) ? response.body : JSON.stringify(declined.body)
  return { contentType: "application/json", body }
}

const operations: Readonly<Record<Translate.Dialect, string>> = {
  openai: "chat/completions",
  anthropic: "messages",
  responses: "responses"
}

/** True if the answer is already in the caller's format: it is passed on unchanged. */
const isOwn = (
  { choices, object, stop_reason }: Translate.JsonObject,
  dialect: Translate.Dialect
): boolean => {
  switch (dialect) {
    case "anthropic":
      return stop_reason === "refusal"
    case "responses":
      return object === "response"
    case "openai":
      return Array.isArray(choices) && choices.some((choice) => choice?.finish_reason === "content_filter")
  }
}

const declinedIn = (error: RunError): Failure | undefined => {
  const failure = error._tag === "ChainExhausted" ? error.attempts.at(-1)?.failure : error
  return failure?._tag === "BadRequest" && classOf(failure) === "ContentPolicy" ? failure : undefined
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
