/**
 * Requests in the form of another protocol than the one that is called: some clients send the form of responses where chats are
 * called, or the other way round. The conversation decides; settings in the called protocol's form are read too.
 *
 * https://github.com/BerriAI/litellm/pull/34029 (Cursor)
 */

import { compact, isObject, type JsonObject, object } from "./common/Json.ts"
import { messagesOf } from "./common/ReadFields.ts"
import type { Dialect } from "./protocol/Protocol.ts"

/** A request, and the protocol in whose form it is. */
export interface Formed {
  readonly form: Dialect
  readonly body: JsonObject
}

/** Whether a request has the form of another protocol than the called one. */
export const hasOtherForm = (called: Dialect, { input, messages }: JsonObject): boolean =>
  called === "openai"
    ? messages === undefined && isFull(input)
    : called === "responses" && input === undefined && isFull(messages)

/** The request as it is to be read. */
export const formOf = (called: Dialect, body: JsonObject): Formed => {
  if (called === "openai" && !isFull(body.messages) && isFull(body.input)) {
    return { form: "responses", body: asResponses(body) }
  }
  return called === "responses" && !isFull(body.input) && isFull(body.messages)
    ? { form: "openai", body: asChat(body) }
    : { form: called, body }
}

/** Whether there is a conversation: a text, an item, or a list of items. */
const isFull = (value: unknown): boolean =>
  typeof value === "string" || Array.isArray(value) ? value.length > 0 : isObject(value)

const asResponses = (body: JsonObject): JsonObject => {
  const { max_completion_tokens, max_tokens, messages: _, reasoning_effort, response_format, ...rest } = body
  const { json_schema, ...format } = object(response_format)
  return compact({
    ...rest,
    max_output_tokens: rest.max_output_tokens ?? max_completion_tokens ?? max_tokens,
    reasoning: rest.reasoning ?? (reasoning_effort === undefined ? undefined : { effort: reasoning_effort }),
    text:
      rest.text ?? (isObject(response_format) ? { format: { ...object(json_schema), ...format } } : undefined)
  })
}

const asChat = (body: JsonObject): JsonObject => {
  const { input: _, instructions, max_output_tokens, messages, text, ...rest } = body
  const { format, verbosity } = object(text)
  const { type, ...json_schema } = object(format)
  const told =
    typeof instructions === "string"
      ? [{ role: "system", content: instructions }]
      : [instructions].flat().filter(isObject)
  return compact({
    ...rest,
    messages: [...told, ...[messagesOf(messages)].flat()],
    max_completion_tokens: rest.max_completion_tokens ?? rest.max_tokens ?? max_output_tokens,
    response_format: rest.response_format ?? (isObject(format) ? { type, json_schema } : undefined),
    verbosity: rest.verbosity ?? verbosity
  })
}
