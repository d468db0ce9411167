/**
 * Reads the body of a messages request to the common form.
 *
 * https://platform.claude.com/docs/en/api/messages
 */
import type { Request } from "../common/Common.ts"
import type { Dropped } from "../common/Dropped.ts"
import * as Effort from "../common/Effort.ts"
import {
  boolean,
  isObject,
  type JsonObject,
  list,
  numeric,
  object,
  objects,
  string,
  text
} from "../common/Json.ts"
import {
  conversation,
  type Draft,
  messagesOf,
  type Read,
  readFields,
  says,
  set
} from "../common/ReadFields.ts"
import * as ClientTools from "./ClientTools.ts"
import * as ReadMessages from "./ReadMessages.ts"

const fields: ReadonlyMap<string, Read> = new Map<string, Read>([
  ["model", () => true],
  ["system", () => true],
  ["messages", () => true],
  ["prompt", conversation("prompt")],
  ["stream", () => true],
  ["max_tokens", (value, draft) => set(draft, "maxTokens", numeric(value))],
  ["temperature", (value, draft) => set(draft, "temperature", numeric(value))],
  ["top_p", (value, draft) => set(draft, "topP", numeric(value))],
  ["top_k", (value, draft) => set(draft, "topK", numeric(value))],
  ["stop_sequences", (value, draft) => stops(value, draft)],
  ["thinking", (value, draft, body) => thinking(object(value), draft, body)],
  ["output_config", (value, draft) => outputConfig(object(value), draft)],
  // The beta name of `output_config.format`.
  ["output_format", (value, draft) => format(value, draft)],
  ["metadata", (value, draft) => metadata(object(value), draft)],
  ["cache_control", (value, draft) => set(draft, "cache", isObject(value) ? value : undefined)],
  ["service_tier", (value, draft) => set(draft, "tier", tiers.get(value))],
  ["speed", says("standard")],
  ["tools", (value, draft) => tools(value, draft)],
  ["tool_choice", (value, draft) => toolChoice(object(value), draft)]
])

const tiers: ReadonlyMap<unknown, "auto" | "standard"> = new Map([
  ["auto", "auto"],
  ["standard_only", "standard"]
])

const stops = (value: unknown, draft: Draft): boolean => {
  const stops = list(value).flatMap((stop) => text(stop) ?? [])
  return stops.length === 0 ? list(value).length === 0 : set(draft, "stop", stops)
}

/** An effort in `output_config` takes precedence over a budget. */
const thinking = (value: JsonObject, draft: Draft, body: JsonObject): boolean => {
  const effort = Effort.read(object(body.output_config).effort)
  switch (value.type) {
    case "disabled":
      return set(draft, "effort", "none")
    case "enabled": {
      const budget = Effort.ofBudget(numeric(value.budget_tokens) ?? 0, numeric(body.max_tokens) ?? 0)
      return set(draft, "effort", effort ?? budget)
    }
    case "adaptive":
    case "between_tools":
      return set(draft, "effort", effort ?? "high") // what leaving the effort out means for most Claude models
    default:
      return false
  }
}

const outputKeys = new Set(["effort", "format"])

const outputConfig = (value: JsonObject, draft: Draft): boolean => {
  draft.dropped.rest(value, "output_config", outputKeys)
  if (value.effort !== undefined && value.effort !== null && draft.settings.effort === undefined) {
    if (!set(draft, "effort", Effort.read(value.effort))) draft.dropped.field("output_config.effort")
  }
  if (value.format !== undefined && value.format !== null && !format(value.format, draft)) {
    draft.dropped.field("output_config.format")
  }
  return true
}

const format = (value: unknown, draft: Draft): boolean => {
  const { schema } = object(value)
  if (!isObject(schema)) return false
  draft.format = { schema }
  return true
}

const metadataKeys = new Set(["user_id"])

const metadata = (value: JsonObject, draft: Draft): boolean => {
  draft.dropped.rest(value, "metadata", metadataKeys)
  set(draft, "user", string(value.user_id))
  return true
}

// `eager_input_streaming`: whether arguments are streamed as they are written; other protocols always do so.
const toolKeys = new Set(["type", "name", "description", "input_schema", "strict", "eager_input_streaming"])

/** Tools with their own type are Anthropic's: it runs them, or the client does. */
const tools = (value: unknown, draft: Draft): boolean => {
  for (const tool of objects(value)) {
    const name = text(tool.name)
    const type = string(tool.type) ?? "custom"
    const clients = name === undefined ? undefined : ClientTools.functionOf(tool, name)
    if (clients !== undefined) {
      draft.tools.push({ ...clients, ...(isObject(tool.cache_control) && { cache: tool.cache_control }) })
      continue
    }
    if (name === undefined || type !== "custom") {
      draft.dropped.field(`tools.${type}`)
      continue
    }
    draft.dropped.rest(tool, "tools", toolKeys)
    draft.tools.push({
      name,
      description: text(tool.description),
      schema: object(tool.input_schema),
      strict: boolean(tool.strict),
      ...(isObject(tool.cache_control) && { cache: tool.cache_control })
    })
  }
  return true
}

/** https://github.com/anthropics/anthropic-sdk-typescript/blob/main/src/resources/messages/messages.ts */
const toolChoice = (value: JsonObject, draft: Draft): boolean => {
  const disabled = boolean(value.disable_parallel_tool_use)
  if (disabled !== undefined) draft.parallel = !disabled
  const name = text(value.name)
  if (value.type === "tool" && name !== undefined) draft.toolChoice = { mode: "tool", name }
  else if (value.type === "any") draft.toolChoice = { mode: "required" }
  else if (value.type === "auto" || value.type === "none") draft.toolChoice = { mode: value.type }
  else return false
  return true
}

/** Reads a request. */
export const readRequest = (body: JsonObject, dropped: Dropped): Request => ({
  ...readFields(fields, body, dropped),
  system: ReadMessages.readTexts(body.system, "system", dropped),
  systemCache: ReadMessages.cachesIn(body.system),
  turns: ReadMessages.readMessages(messagesOf(body.messages), dropped)
})
