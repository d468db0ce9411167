/**
 * From the body of a chat-completions request to the common form.
 *
 * https://platform.openai.com/docs/api-reference/chat/create
 */
import type { Format, Request, Settings, Tool, ToolChoice } from "../Common.ts"
import type { Dropped } from "../Dropped.ts"
import * as Effort from "../Effort.ts"
import { boolean, isObject, type JsonObject, list, number, object, objects, string, text } from "../Json.ts"
import * as ReadMessages from "./ReadMessages.ts"

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
  ["messages", () => true],
  ["stream", () => true],
  ["stream_options", () => true],
  ["max_completion_tokens", (value, draft) => set(draft, "maxTokens", number(value))],
  [
    "max_tokens",
    (value, draft, body) =>
      number(body.max_completion_tokens) !== undefined || set(draft, "maxTokens", number(value))
  ],
  ["temperature", (value, draft) => set(draft, "temperature", number(value))],
  ["top_p", (value, draft) => set(draft, "topP", number(value))],
  // Not OpenAI's own, but that of many who speak its protocol.
  ["top_k", (value, draft) => set(draft, "topK", number(value))],
  ["stop", (value, draft) => set(draft, "stop", stops(value))],
  ["reasoning_effort", (value, draft) => set(draft, "effort", Effort.read(value))],
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
  ["parallel_tool_calls", (value, draft) => parallel(value, draft)],
  ["response_format", (value, draft) => format(value, draft)],
  ["n", says(1)],
  ["logprobs", says(false)],
  ["top_logprobs", says(0)],
  ["presence_penalty", says(0)],
  ["frequency_penalty", says(0)],
  ["store", says(false)],
  ["verbosity", says("medium")],
  ["modalities", (value) => list(value).every((modality) => modality === "text")]
])

const tiers: ReadonlyMap<unknown, "auto" | "standard"> = new Map([
  ["auto", "auto"],
  ["default", "standard"]
])

const stops = (value: unknown): ReadonlyArray<string> | undefined => {
  const stops = (Array.isArray(value) ? value : [value]).filter((stop) => text(stop) !== undefined)
  return stops.length === 0 ? undefined : stops
}

const toolKeys = new Set(["type", "function"])
const functionKeys = new Set(["name", "description", "parameters", "strict"])

const tools = (value: unknown, draft: Draft): boolean => {
  const { dropped, tools } = draft
  for (const tool of objects(value)) {
    const name = text(object(tool.function).name)
    if (name === undefined) {
      dropped.field(`tools.${string(tool.type) ?? "type"}`)
      continue
    }
    const definition = object(tool.function)
    dropped.rest(tool, "tools", toolKeys)
    dropped.rest(definition, "tools.function", functionKeys)
    tools.push({
      name,
      description: text(definition.description),
      schema: object(definition.parameters),
      strict: boolean(definition.strict)
    })
  }
  return true
}

const parallel = (value: unknown, draft: Draft): boolean => {
  draft.parallel = boolean(value)
  return draft.parallel !== undefined
}

/** https://platform.openai.com/docs/api-reference/chat/create#chat-create-tool_choice */
const toolChoice = (value: unknown, draft: Draft): boolean => {
  if (value === "auto" || value === "none" || value === "required") {
    draft.toolChoice = { mode: value }
    return true
  }
  const name = text(object(object(value).function).name)
  if (name !== undefined) {
    draft.toolChoice = { mode: "tool", name }
    return true
  }
  const allowed = object(value).allowed_tools
  if (!isObject(allowed)) return false
  draft.allowed = new Set(objects(allowed.tools).flatMap((tool) => text(object(tool.function).name) ?? []))
  draft.toolChoice = { mode: allowed.mode === "required" ? "required" : "auto" }
  return true
}

/** JSON without a schema has no counterpart: the caller's own prompt asks for it, as OpenAI wants it to. */
const format = (value: unknown, draft: Draft): boolean => {
  const { type, json_schema } = object(value)
  if (type === "text") return true
  const asked = object(json_schema)
  if (type !== "json_schema" || !isObject(asked.schema)) return false
  draft.format = {
    name: text(asked.name),
    description: text(asked.description),
    schema: asked.schema,
    strict: boolean(asked.strict)
  }
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
    ...ReadMessages.readMessages(body.messages, dropped),
    tools: allowed === undefined ? tools : tools.filter((tool) => allowed.has(tool.name)),
    toolChoice,
    parallel,
    format,
    settings
  }
}
