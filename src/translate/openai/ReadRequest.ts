/**
 * Reads the body of a chat-completions request to the common form.
 *
 * https://github.com/openai/openai-node/blob/master/src/resources/chat/completions/completions.ts
 */
import type { Request } from "../common/Common.ts"
import type { Dropped } from "../common/Dropped.ts"
import * as Effort from "../common/Effort.ts"
import { isObject, type JsonObject, list, numeric, object, objects, string, text } from "../common/Json.ts"
import {
  conversation,
  type Draft,
  messagesOf,
  type Read,
  readFields,
  says,
  set
} from "../common/ReadFields.ts"
import * as CustomTools from "../protocol/CustomTools.ts"
import { commonFields, readAllowed, readFunction, readSchema, readToolMode } from "./ReadCommon.ts"
import * as ReadMessages from "./ReadMessages.ts"
import { thinkingFields } from "./ReadThinking.ts"

const fields: ReadonlyMap<string, Read> = new Map<string, Read>([
  ...commonFields,
  ["messages", () => true],
  ["prompt", conversation("prompt")],
  ["max_completion_tokens", (value, draft) => set(draft, "maxTokens", numeric(value))],
  [
    "max_tokens",
    (value, draft, body) =>
      numeric(body.max_completion_tokens) !== undefined || set(draft, "maxTokens", numeric(value))
  ],
  // Not OpenAI's, but supported by many servers with its protocol.
  ["top_k", (value, draft) => set(draft, "topK", numeric(value))],
  ["stop", (value, draft) => set(draft, "stop", stops(value))],
  ["reasoning_effort", (value, draft) => set(draft, "effort", Effort.read(value))],
  ...thinkingFields,
  ["tools", (value, draft) => tools(value, draft)],
  ["tool_choice", (value, draft) => toolChoice(value, draft)],
  ["functions", (value, draft, body) => functions(value, draft, body)],
  ["function_call", (value, draft, body) => body.tool_choice !== undefined || functionCall(value, draft)],
  ["response_format", (value, draft) => format(value, draft)],
  ["n", says(1)],
  ["logprobs", says(false)],
  ["presence_penalty", says(0)],
  ["frequency_penalty", says(0)],
  ["verbosity", says("medium")],
  ["modalities", (value) => list(value).every((modality) => modality === "text")]
])

const stops = (value: unknown): ReadonlyArray<string> | undefined => {
  const stops = (Array.isArray(value) ? value : [value]).filter((stop) => text(stop) !== undefined)
  return stops.length === 0 ? undefined : stops
}

const toolKeys = new Set(["type", "function", "custom", "cache_control"])
const functionKeys = new Set(["type", "name", "description", "parameters", "strict", "cache_control"])
const customKeys = new Set(["type", "name", "description", "format", "cache_control"])
/** Anthropic's. */
const inputKeys = new Set([...functionKeys, "input_schema", "eager_input_streaming"])

/**
 * Some clients send the tools of other protocols, without an inner object: https://github.com/BerriAI/litellm/pull/34029,
 * https://github.com/askalf/dario/pull/203
 */
const tools = (value: unknown, draft: Draft): boolean => {
  const { dropped } = draft
  for (const tool of objects(value)) {
    const type = string(tool.type)
    const inner = tool.function ?? tool.custom
    const definition = isObject(inner) ? inner : tool
    const name = text(definition.name)
    const isOurs = type === undefined || type === "function" || type === "custom"
    if (name === undefined || !isOurs) {
      dropped.field(`tools.${type ?? "type"}`)
      continue
    }
    if (definition === inner) dropped.rest(tool, "tools", toolKeys)
    const schema = isObject(definition.input_schema) ? definition.input_schema : undefined
    const path = definition === inner ? `tools.${type ?? "function"}` : "tools"
    const cache = tool.cache_control ?? definition.cache_control
    if (schema !== undefined) {
      dropped.rest(definition, path, inputKeys)
      readFunction({ ...definition, parameters: schema }, name, draft, cache)
    } else if (type === "custom") {
      dropped.rest(definition, path, customKeys)
      draft.tools.push(CustomTools.toolOf(definition, name))
    } else {
      dropped.rest(definition, path, functionKeys)
      readFunction(definition, name, draft, cache)
    }
  }
  return true
}

/** https://github.com/openai/openai-node/blob/master/src/resources/chat/completions/completions.ts */
const toolChoice = (value: unknown, draft: Draft): boolean => {
  if (readToolMode(value, draft)) return true
  const name = nameOf(object(value))
  if (name !== undefined) {
    draft.toolChoice = { mode: "tool", name }
    return true
  }
  const allowed = object(value).allowed_tools
  if (!isObject(allowed)) return false
  const names = objects(allowed.tools).flatMap((tool) => nameOf(tool) ?? [])
  readAllowed(allowed.mode, names, draft)
  return true
}

/** The name of the tool in a choice, which is in an inner object unless it is another protocol's choice. */
const nameOf = (choice: JsonObject): string | undefined =>
  text(object(choice.function ?? choice.custom).name) ??
  (choice.type === "tool" || choice.type === "function" || choice.type === "custom"
    ? text(choice.name)
    : undefined)

/**
 * The legacy form of tools: at most one call per answer.
 * https://github.com/openai/openai-node/blob/master/src/resources/chat/completions/completions.ts
 */
const functions = (value: unknown, draft: Draft, body: JsonObject): boolean => {
  for (const definition of objects(value)) {
    const name = text(definition.name)
    if (name === undefined || draft.tools.some((tool) => tool.name === name)) {
      draft.dropped.field("functions.name")
      continue
    }
    draft.dropped.rest(definition, "functions", functionKeys)
    readFunction(definition, name, draft, definition.cache_control)
  }
  if (body.tools === undefined) draft.parallel ??= false
  return true
}

const functionCall = (value: unknown, draft: Draft): boolean => {
  if (readToolMode(value, draft)) return true
  const name = text(object(value).name)
  if (name !== undefined) draft.toolChoice = { mode: "tool", name }
  return name !== undefined
}

/** Some servers have the schema in another place: https://docs.together.ai/docs/json-mode */
const format = (value: unknown, draft: Draft): boolean => {
  const { type, json_schema, schema } = object(value)
  if (type === "text") return true
  if (type !== "json_schema" && type !== "json_object") return false
  if (readSchema(isObject(json_schema) ? json_schema : { schema }, draft)) return true
  draft.isJson = type === "json_object"
  return draft.isJson
}

/** Reads a request. */
export const readRequest = (body: JsonObject, dropped: Dropped): Request => ({
  ...readFields(fields, body, dropped),
  ...ReadMessages.readMessages(messagesOf(body.messages), dropped)
})
