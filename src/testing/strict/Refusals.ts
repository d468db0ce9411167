/** Refusals that several servers share, with the messages of the real ones. */
import type { JsonObject } from "./Check.ts"
import type { Refusal, Strictness } from "./Strictness.ts"

/** The body of an error in OpenAI's format. */
export const openaiError = (message: string, more: JsonObject = {}): JsonObject => ({
  error: { message, type: "invalid_request_error", param: null, code: null, ...more }
})

/** The body of an error in Anthropic's format. */
export const anthropicError = (message: string): JsonObject => ({
  type: "error",
  error: { type: "invalid_request_error", message }
})

/** A result without its call, a call without its result. */
export const pairs: Refusal = {
  check: { is: "results" },
  status: 400,
  body: openaiError(
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: {value}"
  ),
  source: "https://github.com/aliasrobotics/cai/issues/111"
}

/** Ids of calls longer than 40 characters. */
export const idLength: Refusal = {
  check: { is: "callIds", pattern: "^.{1,40}$" },
  status: 400,
  body: openaiError(
    "Invalid 'messages[{index}].tool_calls[0].id': string too long. Expected a string with maximum length 40"
  ),
  source: "https://github.com/agno-agi/agno/issues/5382"
}

/** Names of tools with other characters. */
export const names: Refusal = {
  check: { is: "toolNames", pattern: "^[a-zA-Z0-9_-]{1,64}$" },
  status: 400,
  body: openaiError(
    "Invalid 'tools[{index}].function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
  ),
  source: "https://github.com/brekkylab/ailoy/pull/109"
}

/** A choice of tool without tools. */
export const choice: Refusal = {
  check: { is: "toolChoice" },
  status: 400,
  body: openaiError(
    "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."
  ),
  source: "https://github.com/dapr/dapr-agents/issues/248"
}

/** An array schema without `items`. */
export const items: Refusal = {
  check: { is: "schemaItems" },
  status: 400,
  body: openaiError(
    "Invalid schema for function '{value}': In context=('properties',), array schema missing items."
  ),
  source:
    "https://community.openai.com/t/function-calling-schema-validation-bug-array-parameters-with-prefixitems-rejected-missing-items-error/1357778"
}

/** A schema that is not an object, or has a union at its top. */
export const top: Refusal = {
  check: { is: "schemaTop" },
  status: 400,
  body: openaiError(
    "Invalid schema for function '{value}': schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level."
  ),
  source: "https://github.com/nspady/google-calendar-mcp/issues/39"
}

/** A system message that is not the first. */
export const system: Refusal = {
  check: { is: "systemFirst" },
  status: 400,
  body: openaiError("System message must be at the beginning.", { type: "BadRequestError", code: 400 }),
  source: "https://github.com/vllm-project/vllm/issues/41114"
}

/** Roles that the server does not have. */
export const roles: Refusal = {
  check: { is: "roles", known: ["system", "user", "assistant", "tool"] },
  status: 400,
  body: openaiError(
    "Failed to deserialize the JSON body into the target type: messages[{index}].role: unknown variant `{value}`, expected one of `system`, `user`, `assistant`, `tool`"
  ),
  source: "https://github.com/earendil-works/pi/issues/1048"
}

/** Images, for models without vision. */
export const noImages = (message: string, source: string): Refusal => ({
  check: { is: "part", type: "image_url" },
  status: 400,
  body: openaiError(message),
  source
})

/** A field that the server does not have. */
export const unknown = (path: string, source: string): Refusal => ({
  check: { is: "has", path },
  status: 400,
  body: openaiError(`Unknown parameter: '${path}'.`, { code: "unknown_parameter", param: path }),
  source
})

/** A server of OpenAI's protocol, with what all of them refuse. */
export const chats = (
  name: string,
  refusals: ReadonlyArray<Refusal>,
  more: Partial<Strictness> = {}
): Strictness => ({
  name,
  protocol: "openai",
  callId: "call_{n}",
  ...more,
  refusals: [...refusals, pairs, names, choice]
})

/** A call of a tool without the reasoning before it. */
export const thoughtsMissing = (message: string, source: string): Refusal => ({
  check: { is: "lacks", field: "reasoning_content", where: "calls" },
  status: 400,
  body: openaiError(message, { code: "invalid_request_error" }),
  source
})

/** Reasoning that is sent back. */
export const thoughtsRefused = (message: string, source: string): Refusal => ({
  check: { is: "messageHas", field: "reasoning_content" },
  status: 400,
  body: { message, type: "invalid_request_error", param: "validation_error", code: "wrong_api_format" },
  source
})
