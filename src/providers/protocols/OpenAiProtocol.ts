/**
 * The OpenAI wire protocol: chat completions, responses, embeddings and the legacy completions, as OpenAI and the
 * many compatible servers implement it.
 *
 * https://platform.openai.com/docs/api-reference/chat, https://platform.openai.com/docs/api-reference/embeddings and
 * https://platform.openai.com/docs/api-reference/completions
 */
import * as Phase from "../../domain/Phase.ts"
import * as Choices from "../../words/Choices.ts"
import { errorIn, isError } from "../../words/ErrorPaths.ts"
import { hasThought, thoughtTextNames } from "../../words/Thoughts.ts"
import { chats } from "../forms/Chats.ts"
import * as Embeddings from "../forms/Embeddings.ts"
import { isOther } from "../forms/FormOf.ts"
import { isFull, isObject, type JsonObject } from "../wire/Wire.ts"
import { isAfterToolResult } from "./AfterToolResult.ts"
import * as Finish from "./Finish.ts"
import type { Meaning, Meanings, Operation, Protocol } from "./Protocol.ts"
import * as Responses from "./Responses.ts"

/** The operations. `models` is the list of models: its request has an empty body and costs nothing. */
export type OperationName =
  | "chat/completions"
  | "chat/completions/input_tokens"
  | "completions"
  | "embeddings"
  | "models"
  | "responses"
  | "responses/compact"
  | "responses/input_tokens"

/** An operation that counts the tokens of a request. */
const counting = (path: OperationName): Operation => ({
  path,
  isOptional: true,
  isUsable: (answer) => typeof answer.input_tokens === "number"
})

const operations: Readonly<Record<OperationName, Operation>> = {
  "chat/completions": {
    path: "chat/completions",
    forms: chats,
    isUsable: (answer, body, mayBeEmpty = false) =>
      !isError(answer) &&
      isFull(answer.choices) &&
      isChoiceUsable(answer.choices, isSaid, () => mayBeEmpty || isAfterToolResult(body)),
    meanings: (body, mayBeEmpty = false) =>
      choiceMeanings(body, 1, isSaidInChunk, mayBeEmpty || isAfterToolResult(body))
  },
  "chat/completions/input_tokens": counting("chat/completions/input_tokens"),
  completions: {
    path: "completions",
    isOptional: true,
    isUsable: (answer) =>
      !isError(answer) && isFull(answer.choices) && isChoiceUsable(answer.choices, isWritten),
    meanings: (body) => choiceMeanings(body, prompts(body.prompt), isWritten)
  },
  embeddings: {
    path: "embeddings",
    isUsable: (answer, body) => !isError(answer) && Embeddings.isAsAsked(answer, body),
    mend: Embeddings.mend,
    beginsUsable: Embeddings.beginsAsAsked
  },
  // https://platform.openai.com/docs/api-reference/models/list; Together's is a bare list
  models: {
    path: "models",
    method: "GET",
    isList: true,
    isOptional: true,
    isUsable: (answer) => !isError(answer) && Array.isArray(answer.data)
  },
  responses: Responses.operation,
  "responses/compact": Responses.compaction,
  "responses/input_tokens": counting("responses/input_tokens")
}

/** How a key is sent: as a bearer token (OpenAI and nearly all others), or in the header `api-key` (Azure). */
export type Auth = "bearer" | "api-key"

/** The protocol, with one of the two ways to send a key. */
export const protocol = (auth: Auth): Protocol<OperationName> => ({
  name: "openai",
  baseUrl: "https://api.openai.com/v1",
  baseUrlStyle: { versionInBase: true },
  operations,
  authorize:
    auth === "bearer" ? (key) => ({ authorization: `Bearer ${key}` }) : (key) => ({ "api-key": key }),
  headers: {},
  // https://platform.openai.com/docs/api-reference/introduction; the last two are OpenRouter's
  passed: new Set(["openai-organization", "openai-project", "openai-beta", "http-referer", "x-title"]),
  withoutOutputLimit: (body) => {
    const limits = outputLimits.filter((name) => body[name] !== undefined && body[name] !== null)
    return limits.length === 0 ? undefined : Object.fromEntries(limits.map((name) => [name, undefined]))
  },
  texts: ["content", "text", ...thoughtTextNames, "refusal", "arguments"],
  // Random characters that hide the length of a delta; on by default at OpenAI.
  padding: ["obfuscation"]
})

const outputLimits = ["max_completion_tokens", "max_tokens", "max_output_tokens"]

/** A choice counts if it has content, or if its finish reason makes it an answer without content. */
const isChoiceUsable = (
  choices: unknown,
  isContent: (choice: JsonObject) => boolean,
  mayBeEmpty = () => false
): boolean =>
  Array.isArray(choices) &&
  choices.some((choice) => {
    if (!isObject(choice) || errorIn({ error: choice.error }) !== undefined) return false
    const hasContent = isContent(choice)
    const reason = choice.finish_reason
    const meaning =
      typeof reason === "string"
        ? Finish.meaning(reason, hasContent, !hasContent && mayBeEmpty())
        : Phase.complete
    return meaning !== "failed" && (hasContent || meaning.content)
  })

/** True if the choice of a chat (a message or a delta) has content. */
const isSaid = (choice: JsonObject): boolean => isContent(choice.delta) || isContent(choice.message)

/** The same for a choice in a chunk, wherever its text is. Whole answers are mended instead. */
const isSaidInChunk = (choice: JsonObject): boolean => {
  const said = Choices.saidIn(choice)
  return isContent(said) || (isObject(said?.content) && Choices.isContent(said.content))
}

/** True if the choice of a completion has text. */
const isWritten = (choice: JsonObject): boolean => isFull(choice.text)

/** The number of prompts: a string or a list of tokens is one, a list of those is several. */
const prompts = (prompt: unknown): number =>
  Array.isArray(prompt) && typeof prompt[0] !== "number" ? Math.max(1, prompt.length) : 1

/**
 * The meanings of a stream of choices. It is complete when all requested choices (`n` per prompt) have finished.
 *
 * Content is text, reasoning, a refusal, audio, an image, or a tool call with a name or arguments. A delta with only
 * a role or empty strings is held; so are Azure's first event (only `prompt_filter_results`) and the last one with
 * the usage.
 */
const choiceMeanings = (
  body: JsonObject,
  prompts: number,
  isContent: (choice: JsonObject) => boolean,
  mayBeEmpty = false
): Meanings => {
  const asked = (typeof body.n === "number" ? body.n : 1) * prompts
  const finished = new Set<unknown>()
  let hasContent = false

  const ofChoice = (choice: JsonObject): Meaning => {
    if (errorIn({ error: choice.error }) !== undefined) return "failed"
    const isNew = isContent(choice)
    hasContent ||= isNew
    const reason = choice.finish_reason
    if (typeof reason !== "string" || reason === "") return isNew ? Phase.content : Phase.held
    const finish = Finish.meaning(reason, hasContent, mayBeEmpty)
    if (finish === "failed") return "failed"
    finished.add(choice.index ?? 0)
    const isComplete = finished.size >= asked
    hasContent ||= finish.content
    if (isNew || finish.content) return isComplete ? Phase.answer : Phase.content
    return isComplete ? Phase.complete : Phase.held
  }

  return (name, json) => {
    const event = Array.isArray(json) ? json[0] : json
    if (!isObject(event)) return Phase.held
    if (isError(event)) return "failed"
    const choices = event.choices
    if (!Array.isArray(choices)) {
      if (!hasContent && isOther(event, "chat/completions")) return "failed"
      return isPing(name) || isPing(event.type) ? Phase.alive : Phase.held
    }
    if (choices.every(isBlank) && !event.usage && event.prompt_filter_results === undefined)
      return Phase.alive
    let meaning: Meaning = Phase.held
    for (const choice of choices) {
      if (!isObject(choice)) continue
      const next = ofChoice(choice)
      if (next === "failed") return next
      meaning = join(meaning, next)
    }
    return meaning
  }
}

/** Relays of other protocols pass pings on. */
const isPing = (type: unknown): boolean =>
  typeof type === "string" && /^(?:ping|keep-?_?alive|heartbeat)$/.test(type)

/**
 * A choice with nothing in it: Envoy and LiteLLM send one for each ping of Claude.
 * https://github.com/envoyproxy/ai-gateway/pull/2549
 */
const isBlank = (choice: unknown): boolean =>
  isObject(choice) &&
  !choice.finish_reason &&
  choice.message === undefined &&
  choice.text === undefined &&
  isObject(choice.delta) &&
  Object.values(choice.delta).every((value) => value === null || value === undefined)

const join = (a: Phase.Phase, b: Phase.Phase): Phase.Phase =>
  a.content || b.content
    ? a.complete || b.complete
      ? Phase.answer
      : Phase.content
    : a.complete || b.complete
      ? Phase.complete
      : Phase.held

/** True if a delta or a message has content for the caller. */
const isContent = (delta: unknown): boolean =>
  isObject(delta) &&
  ((isFull(delta.content) && Choices.isContent(delta.content)) ||
    hasThought(delta) ||
    isFull(delta.refusal) ||
    isFull(delta.images) || // OpenRouter
    isObject(delta.audio) ||
    (Array.isArray(delta.tool_calls) ? delta.tool_calls.some(isToolCall) : isToolCall(delta.tool_calls)) ||
    isCall(delta.function_call))

const isToolCall = (call: unknown): boolean =>
  isObject(call) && (isCall(call.function) || isCall(call.custom))

const isCall = (call: unknown): boolean =>
  isObject(call) &&
  (isFull(call.name) || isFull(call.arguments) || isFull(call.input) || isObject(call.arguments))
