/** Writes the body of a messages request. */
import { type Dialect, resolve } from "../../dialect/index.ts"
import type { Request, Tool } from "../common/Common.ts"
import type { Dropped } from "../common/Dropped.ts"
import { compact, type JsonObject } from "../common/Json.ts"
import * as JsonSchema from "../common/JsonSchema.ts"
import * as CacheMarks from "./CacheMarks.ts"
import * as Models from "./Models.ts"
import * as Thinking from "./Thinking.ts"
import { writeMessages } from "./WriteMessages.ts"

/** Writes a request. The protocol requires an output limit; the default depends on the model, see `Models`. */
export const writeRequest = (
  request: Request,
  dropped: Dropped,
  dialect: Dialect = resolve({ protocol: "anthropic", model: request.model })
): JsonObject => {
  const { settings, format } = request
  const traits = Thinking.traitsOf(Models.traits(request.model), dialect)
  const max_tokens = settings.maxTokens ?? traits.maxTokens
  const thinking = Thinking.write(request, traits, max_tokens, dropped)
  const output = compact({
    effort: thinking.effort,
    format: format === undefined ? undefined : writeFormat(format, dropped)
  })
  if (settings.cache !== undefined && !dialect.requestCache) dropped.common("cache")
  if (settings.cacheKey !== undefined) dropped.common("cacheKey")
  // The prompt requests JSON too, because OpenAI requires that.
  if (request.isJson === true) dropped.common("json")
  const body = compact({
    model: request.model,
    max_tokens,
    cache_control: dialect.requestCache ? settings.cache : undefined,
    ...writeMessages(request, traits, dialect),
    ...sampling(request, dialect.sampling ? traits.sampling : "none", thinking.isOn, dropped),
    stop_sequences: writeStops(request, dropped, dialect),
    thinking: thinking.config,
    output_config: Object.keys(output).length === 0 ? undefined : output,
    metadata: settings.user === undefined ? undefined : { user_id: settings.user },
    service_tier: settings.tier === "standard" ? "standard_only" : settings.tier,
    ...tools(request, dropped, dialect),
    stream: request.stream ? true : undefined
  })
  return CacheMarks.fit(body, dialect, dropped)
}

/** The lowest top_p that may go with thinking. */
const lowestTopP = 0.95

/**
 * Temperatures range to 1 here and to 2 in OpenAI's protocol; a higher one becomes 1, as in Anthropic's own layer for
 * OpenAI's clients. A thinking model ignores sampling settings.
 *
 * - https://platform.claude.com/docs/en/cli-sdks-libraries/libraries/openai-sdk
 * - https://platform.claude.com/docs/en/build-with-claude/extended-thinking
 */
const sampling = (
  request: Request,
  accepted: Models.Traits["sampling"],
  thinks: boolean,
  dropped: Dropped
): JsonObject => {
  const { temperature, topP, topK } = request.settings
  const all = accepted === "all" && !thinks
  const any = accepted !== "none"
  const keepsTemperature = any && temperature !== undefined && (!thinks || temperature === 1)
  const keepsTopP = any && topP !== undefined && (all || !keepsTemperature) && (!thinks || topP >= lowestTopP)
  const keepsTopK = any && topK !== undefined && !thinks
  // If the default is 1, leaving it out is equivalent.
  if (!keepsTemperature && temperature !== undefined && temperature !== 1) dropped.common("temperature")
  if (!keepsTopP && topP !== undefined && topP !== 1) dropped.common("topP")
  if (!keepsTopK && topK !== undefined) dropped.common("topK")
  return {
    temperature: keepsTemperature ? Math.min(temperature, 1) : undefined,
    top_p: keepsTopP ? topP : undefined,
    top_k: keepsTopK ? topK : undefined
  }
}

/** `stop_sequences: each stop sequence must contain non-whitespace` */
const writeStops = (
  request: Request,
  dropped: Dropped,
  dialect: Dialect
): ReadonlyArray<string> | undefined => {
  const { stop } = request.settings
  const stops = dialect.stops ? stop?.filter((sequence) => sequence.trim() !== "") : undefined
  if (stops?.length !== stop?.length) dropped.common("stop")
  return stops === undefined || stops.length === 0 ? undefined : stops
}

const writeFormat = (format: NonNullable<Request["format"]>, dropped: Dropped): JsonObject => {
  const schema = JsonSchema.restrict(format.schema, (keyword) =>
    dropped.common("format", `schema.${keyword}`)
  )
  const { description } = format
  return {
    type: "json_schema",
    schema:
      description === undefined || schema.description !== undefined ? schema : { ...schema, description }
  }
}

/**
 * Tools that were called must be defined, even if they may no longer be called, so missing ones are made up from
 * their calls. https://docs.litellm.ai/docs/providers/anthropic
 */
const tools = (request: Request, dropped: Dropped, dialect: Dialect): JsonObject => {
  if (request.tools.length === 0) {
    const called = new Set(
      request.turns.flatMap((turn) =>
        turn.role === "assistant" ? turn.parts.flatMap((part) => (part.type === "call" ? part.name : [])) : []
      )
    )
    if (called.size === 0) return {}
    const made = [...called].map((name) => ({ name, input_schema: { type: "object", properties: {} } }))
    return { tools: made, tool_choice: { type: "none" } }
  }
  return {
    tools: request.tools.map((tool) => writeTool(tool, dropped, dialect)),
    tool_choice: toolChoice(request)
  }
}

const toolChoice = ({ toolChoice, parallel }: Request): JsonObject | undefined => {
  const type = toolChoice === undefined ? undefined : types[toolChoice.mode]
  if (type === "none") return { type }
  if (type === undefined && parallel !== false) return undefined
  return compact({
    type: type ?? "auto",
    name: toolChoice?.mode === "tool" ? toolChoice.name : undefined,
    disable_parallel_tool_use: parallel === undefined ? undefined : !parallel
  })
}

const types = { auto: "auto", none: "none", required: "any", tool: "tool" } as const

const writeTool = (tool: Tool, dropped: Dropped, dialect: Dialect): JsonObject => {
  const given = Object.keys(tool.schema).length === 0 ? { type: "object", properties: {} } : tool.schema
  const schema = given.type === undefined ? { type: "object", ...given } : given
  const strict = tool.strict === true && dialect.strict
  if (tool.strict === true && !strict) dropped.common("toolStrict")
  return compact({
    name: tool.name,
    description: tool.description,
    input_schema: strict
      ? JsonSchema.restrict(schema, (keyword) => dropped.common("toolStrict", keyword))
      : schema,
    strict: strict ? true : undefined,
    cache_control: tool.cache
  })
}
