/** Writes the body of a chat-completions request. */
import { type Dialect, resolve } from "../../dialect/index.ts"
import type { Request, Tool } from "../common/Common.ts"
import type { Dropped } from "../common/Dropped.ts"
import * as Effort from "../common/Effort.ts"
import { compact, isObject, type JsonObject } from "../common/Json.ts"
import * as JsonSchema from "../common/JsonSchema.ts"
import * as ToolNames from "../common/ToolNames.ts"
import * as Models from "./Models.ts"
import { writeMessages } from "./WriteMessages.ts"

/** https://github.com/openai/openai-node/blob/master/src/resources/chat/completions/completions.ts */
const mostStops = 4

/** The longest user id that OpenAI accepts. */
const longestUser = 128

/** Writes a request. Streams are set to include their usage, because the other protocols always do. */
export const writeRequest = (
  request: Request,
  dropped: Dropped,
  dialect: Dialect = resolve({ protocol: "openai", model: request.model })
): JsonObject => {
  const traits = Models.traits(request.model)
  if (dialect.cacheControl) dropped.kept("cache_control")
  return compact({
    model: request.model,
    messages: writeMessages(request, dropped, dialect),
    ...settings(request, traits, dropped, dialect),
    ...tools(request, dropped, dialect),
    response_format: writeFormat(request, dropped, dialect),
    stream: request.stream ? true : undefined,
    stream_options: request.stream && dialect.streamOptions ? { include_usage: true } : undefined
  })
}

const writeFormat = (
  { format, isJson }: Request,
  dropped: Dropped,
  dialect: Dialect
): JsonObject | undefined => {
  if (format === undefined) {
    if (isJson !== true) return undefined
    if (dialect.jsonObject) return { type: "json_object" }
    dropped.common("json")
    return undefined
  }
  return {
    type: "json_schema",
    json_schema: compact({
      name: format.name ?? "response",
      description: format.description,
      schema: format.schema,
      strict: format.strict ?? (JsonSchema.isStrict(format.schema) ? true : undefined)
    })
  }
}

const settings = (
  request: Request,
  traits: Models.Traits,
  dropped: Dropped,
  dialect: Dialect
): JsonObject => {
  const { cache, cacheKey, maxTokens, temperature, topP, topK, stop, user, tier } = request.settings
  const effort = writeEffort(request, traits, dropped, dialect)
  const samples = dialect.sampling && (!traits.reasons || effort === "none")
  // The default of every model; leaving it out is equivalent.
  if (!samples && temperature !== undefined && temperature !== 1) dropped.common("temperature")
  if (!samples && topP !== undefined && topP !== 1) dropped.common("topP")
  if (topK !== undefined) dropped.unknown("topK")
  const stops = traits.reasons || !dialect.stops ? undefined : stop?.slice(0, mostStops)
  if (stop !== undefined && stops?.length !== stop.length) dropped.common("stop")
  const keepsUser = user !== undefined && user.length <= longestUser && dialect.metadata
  if (user !== undefined && !keepsUser) dropped.common("user")
  if (cache !== undefined && !dialect.requestCache) dropped.common("cache")
  if (cacheKey !== undefined && !dialect.cacheKey) dropped.common("cacheKey")
  // `auto` equals leaving it out.
  if (tier === "standard" && !dialect.serviceTier) dropped.common("tier")
  return {
    [dialect.tokenCap === "model" ? traits.limit : dialect.tokenCap]: maxTokens,
    temperature: samples ? temperature : undefined,
    top_p: samples ? topP : undefined,
    stop: stops?.length === 1 ? stops[0] : stops,
    reasoning_effort: effort,
    // `safety_identifier` is the new name, which few servers besides OpenAI's accept.
    user: keepsUser ? user : undefined,
    cache_control: dialect.requestCache ? cache : undefined,
    prompt_cache_key: dialect.cacheKey ? cacheKey : undefined,
    service_tier: !dialect.serviceTier ? undefined : tier === "standard" ? "default" : tier
  }
}

const writeEffort = (request: Request, traits: Models.Traits, dropped: Dropped, dialect: Dialect) => {
  const { effort } = request.settings
  if (!dialect.effort) {
    if (effort !== undefined && effort !== "none") dropped.common("effort")
    return undefined
  }
  if (traits.toolsWithoutEffort && request.tools.length > 0) {
    if (effort !== undefined && effort !== "none") dropped.common("effort")
    return "none"
  }
  if (effort === undefined) return undefined
  const fitted = Effort.nearest(effort, dialect.efforts === "model" ? traits.efforts : dialect.efforts)
  if (fitted === undefined && effort !== "none") dropped.unknown("effort")
  return fitted
}

const tools = (request: Request, dropped: Dropped, dialect: Dialect): JsonObject => {
  if (request.tools.length === 0) return {}
  const choice = request.toolChoice
  if (!dialect.parallelToolCalls && request.parallel === false) dropped.common("parallel")
  return {
    tools: request.tools.map((tool) => writeTool(tool, dropped, dialect)),
    tool_choice:
      choice?.mode === "tool"
        ? { type: "function", function: { name: ToolNames.shorten(choice.name) } }
        : choice?.mode,
    parallel_tool_calls: dialect.parallelToolCalls ? request.parallel : undefined
  }
}

const writeTool = (tool: Tool, dropped: Dropped, dialect: Dialect): JsonObject => {
  const schema =
    tool.schema.type === "object" && !isObject(tool.schema.properties)
      ? { ...tool.schema, properties: {} } // refused without
      : tool.schema
  const isKept = dialect.strict && (tool.strict !== true || JsonSchema.isStrict(schema))
  const strict = isKept ? tool.strict : undefined
  if (strict !== tool.strict && tool.strict === true) dropped.common("toolStrict")
  return compact({
    type: "function",
    cache_control: dialect.cacheControl ? tool.cache : undefined,
    function: compact({
      name: ToolNames.shorten(tool.name),
      description: tool.description,
      parameters: Object.keys(schema).length === 0 ? undefined : schema,
      strict
    })
  })
}
