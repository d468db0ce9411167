/**
 * Reads the body of a Responses request to the common form.
 *
 * https://github.com/openai/openai-node/blob/master/src/resources/responses/responses.ts
 */
import type { Request } from "../common/Common.ts"
import type { Dropped } from "../common/Dropped.ts"
import * as Effort from "../common/Effort.ts"
import { isObject, type JsonObject, list, numeric, object, objects, string, text } from "../common/Json.ts"
import { type Draft, type Read, readFields, says, set } from "../common/ReadFields.ts"
import { commonFields, readAllowed, readFunction, readSchema, readToolMode } from "../openai/ReadCommon.ts"
import { clientTools, flatName } from "../protocol/ClientTools.ts"
import * as DefinedTools from "../protocol/DefinedTools.ts"
import { readInput } from "./ReadInput.ts"

const fields: ReadonlyMap<string, Read> = new Map<string, Read>([
  ...commonFields,
  // Where tools are defined in the input only, there is no field for them.
  ["input", (_, draft, body) => (objects(body.tools).length === 0 ? tools(draft, body) : true)],
  ["instructions", () => true],
  ["max_output_tokens", (value, draft) => set(draft, "maxTokens", numeric(value))],
  ["reasoning", (value, draft) => reasoning(object(value), draft)],
  ["text", (value, draft) => texts(object(value), draft)],
  ["tools", (value, draft, body) => (objects(value).length === 0 ? true : tools(draft, body))],
  ["tool_choice", (value, draft) => toolChoice(value, draft)],
  // The encrypted reasoning is always included.
  ["include", (value) => list(value).every((what) => what === "reasoning.encrypted_content")],
  ["metadata", (value) => Object.keys(object(value)).length === 0],
  ["background", says(false)],
  ["truncation", says("disabled")]
])

/** How reasoning is summarised is up to the model. */
const reasoningKeys = new Set(["effort", "summary", "generate_summary"])

const reasoning = (value: JsonObject, draft: Draft): boolean => {
  draft.dropped.rest(value, "reasoning", reasoningKeys)
  const { effort } = value
  if (effort !== undefined && effort !== null && !set(draft, "effort", Effort.read(effort))) {
    draft.dropped.field("reasoning.effort")
  }
  return true
}

const textKeys = new Set(["format", "verbosity"])

const texts = (value: JsonObject, draft: Draft): boolean => {
  const { dropped } = draft
  dropped.rest(value, "text", textKeys)
  const { format, verbosity } = value
  if (verbosity !== undefined && verbosity !== null && verbosity !== "medium") dropped.field("text.verbosity")
  if (!isObject(format) || format.type === "text") return true
  if (format.type === "json_object") {
    draft.isJson = true
    return true
  }
  if (format.type !== "json_schema" || !readSchema(format, draft)) dropped.field("text.format")
  return true
}

const toolKeys = new Set(["type", "name", "description", "parameters", "strict"])

/** A function that some clients define as in chats, in an inner object. */
const definitionOf = (tool: JsonObject): JsonObject =>
  tool.type === "function" && tool.name === undefined && isObject(tool.function)
    ? { type: "function", ...tool.function }
    : tool

/** Tools of other types are run by the client, see `ClientTools`, or by OpenAI: those are left out. */
const tools = (draft: Draft, body: JsonObject): boolean => {
  for (const tool of DefinedTools.inRequest(body).map(definitionOf)) {
    const name = text(tool.name)
    if (tool.type !== "function" || name === undefined) {
      const own = clientTools(tool)
      for (const { tool } of own) {
        if (draft.tools.some(({ name }) => name === tool.name)) draft.dropped.field("tools.name")
        else draft.tools.push(tool)
      }
      if (own.length === 0) draft.dropped.field(`tools.${string(tool.type) ?? "type"}`)
      continue
    }
    draft.dropped.rest(tool, "tools", toolKeys)
    readFunction(tool, name, draft)
  }
  return true
}

/** https://github.com/openai/openai-node/blob/master/src/resources/responses/responses.ts */
const toolChoice = (value: unknown, draft: Draft): boolean => {
  if (readToolMode(value, draft)) return true
  const choice = object(value)
  const name = chosen(choice)
  if (name !== undefined) {
    draft.toolChoice = { mode: "tool", name }
    return true
  }
  if (choice.type !== "allowed_tools") return false
  const names = objects(choice.tools).flatMap((tool) => chosen(tool) ?? [])
  readAllowed(choice.mode, names, draft)
  return true
}

/** The function named by a choice of one tool. */
const chosen = (choice: JsonObject): string | undefined => {
  const name = text(choice.name) ?? text(object(choice.function).name)
  if ((choice.type === "function" || choice.type === "custom") && name !== undefined) {
    return flatName(name, text(choice.namespace))
  }
  return clientTools(choice)[0]?.tool.name
}

/** Reads a request. */
export const readRequest = (body: JsonObject, dropped: Dropped): Request => ({
  ...readFields(fields, body, dropped),
  ...readInput(body, dropped)
})
