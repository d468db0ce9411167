/**
 * OpenAI's Responses API: whether an answer has content, and the meanings of stream events.
 *
 * https://platform.openai.com/docs/api-reference/responses and
 * https://platform.openai.com/docs/api-reference/responses-streaming
 */
import * as Phase from "../../domain/Phase.ts"
import { isOther } from "../forms/FormOf.ts"
import { responses } from "../forms/Responses.ts"
import { UnendedResponse } from "../forms/UnendedResponse.ts"
import { isFull, isObject, type JsonObject } from "../wire/Wire.ts"
import { isAfterToolResult } from "./AfterToolResult.ts"
import * as Finish from "./Finish.ts"
import type { Meaning, Meanings, Operation } from "./Protocol.ts"

/** The operation. Many OpenAI-compatible servers lack it. */
export const operation: Operation = {
  path: "responses",
  isOptional: true,
  forms: responses,
  isUsable: (answer, body, mayBeEmpty = false) => {
    const hasContent = hasOutput(answer)
    switch (answer.status) {
      case "failed":
      case "cancelled":
        return false
      case "queued":
      case "in_progress":
        return answer.background === true
      case "incomplete": {
        const meaning = Finish.meaning(reasonOf(answer), hasContent)
        return meaning !== "failed" && (hasContent || meaning.content)
      }
      default:
        return (hasContent || isEmptyEnd(answer, body, mayBeEmpty)) && !answer.error
    }
  },
  meanings: (body, mayBeEmpty = false) => responseMeanings(body, mayBeEmpty)
}

/**
 * The compaction of a conversation. Its output holds what replaces the conversation.
 * https://platform.openai.com/docs/api-reference/responses/compact
 */
export const compaction: Operation = {
  path: "responses/compact",
  isOptional: true,
  isUsable: (answer) => !answer.error && isFull(answer.output)
}

/**
 * The meanings of one stream. Events that a response was created, is in progress or has begun an item are held.
 * Content is a delta (text, refusal, reasoning, arguments, audio, an image), a named call, or a finished item.
 */
const responseMeanings = (body: JsonObject, mayBeEmpty: boolean): Meanings => {
  let hasContent = false
  const unended = new UnendedResponse()
  const seen = (isContent: boolean): Meaning => {
    hasContent ||= isContent
    return isContent ? Phase.content : Phase.held
  }
  /** The last event of a stream carries the whole response. */
  const ended = (response: JsonObject, reason: string | undefined): Meaning => {
    const isNew =
      !hasContent && (hasOutput(response) || (reason === undefined && isEmptyEnd(response, body, mayBeEmpty)))
    hasContent ||= isNew
    const meaning = reason === undefined ? Phase.complete : Finish.meaning(reason, hasContent)
    return meaning === "failed" ? meaning : { content: isNew || meaning.content, complete: true, last: true }
  }
  const meaning = (_: string | undefined, json: unknown): Meaning => {
    if (!isObject(json)) return Phase.held
    unended.add(json)
    const type = typeof json.type === "string" ? json.type : ""
    const response = isObject(json.response) ? json.response : {}
    switch (type) {
      case "error":
      case "response.failed":
      case "response.cancelled":
        return "failed"
      // https://platform.openai.com/docs/api-reference/responses-streaming/response/queued
      case "response.queued":
      case "keepalive":
      case "ping":
        return Phase.alive
      case "response.completed":
      // https://github.com/pleaseai/shunt/pull/295
      case "response.done":
        return ended(response, undefined)
      case "response.incomplete":
        return ended(response, reasonOf(response))
      case "response.output_item.added":
        return seen(isNamedCall(json.item))
      case "response.output_item.done":
        return seen(isItem(json.item))
      case "response.image_generation_call.partial_image":
        return seen(isFull(json.partial_image_b64))
      default:
        if (json.error || (!hasContent && isOther(json, "responses"))) return "failed"
        return seen(type.endsWith(".delta") && (isFull(json.delta) || isObject(json.delta)))
    }
  }
  return Object.assign(meaning, {
    atDone: () => unended.lastEvents(),
    readsAll: () => unended.needsDeltas
  })
}

/** An empty answer is complete after a tool result, or if the server's empty answers count. */
const isEmptyEnd = ({ output, status }: JsonObject, body: JsonObject, mayBeEmpty: boolean): boolean =>
  status === "completed" && Array.isArray(output) && (mayBeEmpty || isAfterToolResult(body))

/** The reason why a response is incomplete. */
const reasonOf = ({ incomplete_details }: JsonObject): string =>
  isObject(incomplete_details) && typeof incomplete_details.reason === "string"
    ? incomplete_details.reason
    : "max_output_tokens"

const hasOutput = ({ output }: JsonObject): boolean => Array.isArray(output) && output.some(isItem)

const isNamedCall = (item: unknown): boolean =>
  isObject(item) && (item.type === "function_call" || item.type === "custom_tool_call") && isFull(item.name)

/** Messages and reasoning need text to count; every other item (a call, a search) counts. */
const isItem = (item: unknown): boolean => {
  if (!isObject(item)) return false
  switch (item.type) {
    case "message":
      return Array.isArray(item.content) && item.content.some(isPart)
    case "reasoning":
      return isFull(item.summary) || isFull(item.content)
    default:
      return typeof item.type === "string"
  }
}

const isPart = (part: unknown): boolean => {
  if (!isObject(part)) return false
  switch (part.type) {
    case "output_text":
      return isFull(part.text)
    case "refusal":
      return isFull(part.refusal)
    default:
      return typeof part.type === "string"
  }
}
