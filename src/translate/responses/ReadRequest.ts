/**
 * From the body of a request for a response to the common form.
 *
 * https://platform.openai.com/docs/api-reference/responses/create
 */
import type { Format, Request, Settings, Tool, ToolChoice } from "../Common.ts"
import type { Dropped } from "../Dropped.ts"
import * as Effort from "../Effort.ts"
import { boolean, isObject, type JsonObject, list, number, object, objects, string, text } from "../Json.ts"
import { readInput } from "./ReadInput.ts"

/** What is being read. */
interface Draft {
  readonly settings: Settings
  readonly dropped: Dropped
  readonly tools: Array<Tool>
  toolChoice: ToolChoice | undefined
  /** The only tools that may be called. */
  allowed: ReadonlySet<string> | undefined
  parallel: boolean | undefined
  format: Format | undefined
}

/** One row a field: what becomes of its value. `false`: the value says something that cannot be translated. */
type Read = (value: unknown, draft: Draft, body: JsonObject) => boolean

/** Sets what was understood. */
const set = <Key extends keyof Settings>(
  draft: Draft,
  key: Key,
  value: Settings[Key] | undefined
): boolean => {
  if (value === undefined) return false
  draft.settings[key] = value
  return true
}

/** Fields without a counterpart, and the values with which they say nothing. */
const says = (...nothing: ReadonlyArray<unknown>): Read => {
  return (value) => nothing.includes(value)
}

const fields: ReadonlyMap<string, Read> = new Map<string, Read>([
  ["model", () => true],
  ["input", () => true],
  ["instructions", (value) => typeof value === "string"],
  ["stream", () => true],
  ["stream_options", () => true],
  ["max_output_tokens", (value, draft) => set(draft, "maxTokens", number(value))],
  ["temperature", (value, draft) => set(draft, "temperature", number(value))],
  ["top_p", (value, draft) => set(draft, "topP", number(value))],
  ["reasoning", (value, draft) => reasoning(object(value), draft)],
  ["text", (value, draft) => texts(object(value), draft)],
  ["safety_identifier", (value, draft) => set(draft, "user", string(value))],
  [
    "user",
    (value, draft, body) =>
      body.safety_identifier === value ||
      (string(body.safety_identifier) === undefined && set(draft, "user", string(value)))
  ],
  ["service_tier", (value, draft) => set(draft, "tier", tiers.get(value))],
  ["tools", (value, draft) => tools(value, draft)],
  ["tool_choice", (value, draft) => toolChoice(value, draft)],
  [
    "parallel_tool_calls",
    (value, draft) => {
      draft.parallel = boolean(value)
      return draft.parallel !== undefined
    }
  ],
  // What has to be given back of thoughts is always told.
  ["include", (value) => list(value).every((what) => what === "reasoning.encrypted_content")],
  ["metadata", (value) => Object.keys(object(value)).length === 0],
  ["store", says(false)],
  ["background", says(false)],
  ["truncation", says("disabled")],
  ["top_logprobs", says(0)]
])

const tiers: ReadonlyMap<unknown, "auto" | "standard"> = new Map([
  ["auto", "auto"],
  ["default", "standard"]
])

/** How the thoughts are to be summed up is up to the model that thinks. */
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
  const asked = object(format)
  if (asked.type === "json_schema" && isObject(asked.schema)) {
    draft.format = {
      name: text(asked.name),
      description: text(asked.description),
      schema: asked.schema,
      strict: boolean(asked.strict)
    }
    // JSON without a schema has no counterpart: the caller's own prompt asks for it, as OpenAI wants it to.
  } else if (isObject(format) && asked.type !== "text") dropped.field("text.format")
  return true
}

const toolKeys = new Set(["type", "name", "description", "parameters", "strict"])

/** Tools of other types are OpenAI's: it runs them, or its models know them by heart. */
const tools = (value: unknown, draft: Draft): boolean => {
  for (const tool of objects(value)) {
    const name = text(tool.name)
    if (tool.type !== "function" || name === undefined) {
      draft.dropped.field(`tools.${string(tool.type) ?? "type"}`)
      continue
    }
    draft.dropped.rest(tool, "tools", toolKeys)
    draft.tools.push({
      name,
      description: text(tool.description),
      schema: object(tool.parameters),
      strict: boolean(tool.strict)
    })
  }
  return true
}

/** https://platform.openai.com/docs/api-reference/responses/create#responses-create-tool_choice */
const toolChoice = (value: unknown, draft: Draft): boolean => {
  if (value === "auto" || value === "none" || value === "required") {
    draft.toolChoice = { mode: value }
    return true
  }
  const choice = object(value)
  const name = text(choice.name)
  if (choice.type === "function" && name !== undefined) {
    draft.toolChoice = { mode: "tool", name }
    return true
  }
  if (choice.type !== "allowed_tools") return false
  draft.allowed = new Set(objects(choice.tools).flatMap((tool) => text(tool.name) ?? []))
  draft.toolChoice = { mode: choice.mode === "required" ? "required" : "auto" }
  return true
}

/** Reads a request. */
export const readRequest = (body: JsonObject, dropped: Dropped): Request => {
  const draft: Draft = {
    settings: {},
    dropped,
    tools: [],
    toolChoice: undefined,
    allowed: undefined,
    parallel: undefined,
    format: undefined
  }
  for (const [name, value] of Object.entries(body)) {
    if (value === null || value === undefined) continue
    if (fields.get(name)?.(value, draft, body) !== true) dropped.field(name)
  }
  const { allowed, settings, tools, toolChoice, parallel, format } = draft
  return {
    model: string(body.model) ?? "",
    stream: body.stream === true,
    ...readInput(body, dropped),
    tools: allowed === undefined ? tools : tools.filter((tool) => allowed.has(tool.name)),
    toolChoice,
    parallel,
    format,
    settings
  }
}
