/**
 * The Anthropic wire protocol: messages and token counting.
 *
 * https://docs.anthropic.com/en/api/messages, https://docs.anthropic.com/en/docs/build-with-claude/streaming and
 * https://docs.anthropic.com/en/api/messages-count-tokens
 */

import * as Phase from "../../domain/Phase.ts"
import type { BadRequest } from "../../failure/Failure.ts"
import { outputOverflow } from "../../words/ContextNumbers.ts"
import { isError } from "../../words/ErrorPaths.ts"
import { isOther } from "../forms/FormOf.ts"
import { messages } from "../forms/Messages.ts"
import { isProviderResponse } from "../wire/ProviderResponse.ts"
import { isFull, isObject } from "../wire/Wire.ts"
import { isAfterToolResult } from "./AfterToolResult.ts"
import * as Finish from "./Finish.ts"
import type { Meaning, Meanings, Operation, Protocol } from "./Protocol.ts"

/** The operations. `models` is the list of models: its request has an empty body and costs nothing. */
export type OperationName = "messages" | "messages/count_tokens" | "models"

const operations: Readonly<Record<OperationName, Operation>> = {
  messages: {
    path: "messages",
    forms: messages,
    isUsable: (answer, body, mayBeEmpty = false) => {
      if (isError(answer)) return false
      const content = answer.content
      const hasContent = Array.isArray(content) && content.some(isBlock)
      const reason = answer.stop_reason
      const meaning =
        typeof reason === "string"
          ? Finish.meaning(reason, hasContent, mayBeEmpty || isAfterToolResult(body))
          : Phase.complete
      return meaning !== "failed" && (hasContent || meaning.content)
    },
    meanings: (body, mayBeEmpty = false) => messageMeanings(mayBeEmpty || isAfterToolResult(body)),
    // Without it, the `finalMessage()` of Anthropic's SDK throws.
    lastEvent: 'event: message_stop\ndata: {"type":"message_stop"}\n\n'
  },
  "messages/count_tokens": {
    path: "messages/count_tokens",
    isOptional: true,
    isUsable: (answer) => typeof answer.input_tokens === "number"
  },
  // https://docs.anthropic.com/en/api/models-list
  models: {
    path: "models",
    method: "GET",
    isOptional: true,
    isUsable: (answer) => Array.isArray(answer.data)
  }
}

/** The Anthropic protocol. */
export const protocol: Protocol<OperationName> = {
  name: "anthropic",
  baseUrl: "https://api.anthropic.com",
  baseUrlStyle: { versionInBase: false },
  operations,
  authorize: (key) => ({ "x-api-key": key }),
  headers: { "anthropic-version": "2023-06-01" },
  passed: new Set(["anthropic-version", "anthropic-beta"]),
  // `max_tokens` is required here, so it is lowered to the maximum the provider names, if it names one.
  withoutOutputLimit: (body, failure) => {
    const asked = body.max_tokens
    const allowed = allowedTokens(failure)
    return typeof asked === "number" && allowed !== undefined && allowed < asked
      ? { max_tokens: allowed }
      : undefined
  },
  texts: ["text", "thinking", "partial_json"],
  padding: []
}

/** `max_tokens: 128001 > 64000, which is the maximum allowed number of output tokens for …` */
const allowedTokens = (failure: BadRequest): number | undefined => {
  const texts = [failure.message, isProviderResponse(failure.cause) ? failure.cause.body : ""]
  for (const text of texts) {
    const match = /max_tokens: ?\d{1,12} > (\d{1,12})\b/.exec(text)
    if (match !== null && Number(match[1]) > 0) return Number(match[1])
    // `input length and max_tokens exceed context limit: 178959 + 64000 > 200000`: the rest of the window after the
    // prompt.
    const sizes = outputOverflow(text)
    if (sizes !== undefined && sizes.window > sizes.prompt) return sizes.window - sizes.prompt
  }
  return undefined
}

/**
 * The meanings of the events of a message stream.
 *
 * The start of a tool call is content, because it carries the call's name and id, as OpenAI's first delta of a call
 * does; the start of a text is not. Signatures, pings and unknown events are held: new events may be added at any
 * time.
 */
const messageMeanings = (mayBeEmpty: boolean): Meanings => {
  let hasContent = false
  const seen = (isContent: boolean): Meaning => {
    hasContent ||= isContent
    return isContent ? Phase.content : Phase.held
  }
  return (event, json) => {
    if (!isObject(json)) return Phase.held
    if (isError(json)) return "failed"
    // Some relays put the type only in the name of the event.
    switch (json.type ?? event) {
      case "content_block_start":
        return seen(isBlock(json.content_block))
      case "content_block_delta":
        return seen(isDelta(json.delta))
      case "message_delta": {
        const reason = isObject(json.delta) ? json.delta.stop_reason : undefined
        return typeof reason === "string" ? Finish.meaning(reason, hasContent, mayBeEmpty) : Phase.held
      }
      case "ping":
        return Phase.alive
      case "message_stop":
        return Phase.last
      default:
        return !hasContent && isOther(json, "messages") ? "failed" : Phase.held
    }
  }
}

/** A text block needs text to count as content; every other block (a tool call, a result) counts. */
const isBlock = (block: unknown): boolean => {
  if (!isObject(block)) return false
  switch (block.type) {
    case "text":
      return isFull(block.text)
    case "thinking":
      return isFull(block.thinking)
    default:
      return typeof block.type === "string"
  }
}

const isDelta = (delta: unknown): boolean =>
  isObject(delta) &&
  (isFull(delta.text) || isFull(delta.thinking) || isFull(delta.partial_json) || isObject(delta.citation))
