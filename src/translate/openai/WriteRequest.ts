/** From the common form to the body of a chat-completions request. */
import type { Request, Tool } from "../Common.ts"
import type { Dropped } from "../Dropped.ts"
import * as Effort from "../Effort.ts"
import { compact, isObject, type JsonObject } from "../Json.ts"
import * as JsonSchema from "../JsonSchema.ts"
import * as ToolNames from "../ToolNames.ts"
import * as Models from "./Models.ts"
import { writeMessages } from "./WriteMessages.ts"

/** https://platform.openai.com/docs/api-reference/chat/create#chat-create-stop */
const mostStops = 4

/** The longest name of a user OpenAI takes. */
const longestUser = 128

/** Writes a request. Streams are asked to tell their usage, because the other protocols always do. */
export const writeRequest = (request: Request, dropped: Dropped): JsonObject => {
  const traits = Models.traits(request.model)
  const { format } = request
  return compact({
    model: request.model,
    messages: writeMessages(request, dropped),
    ...settings(request, traits, dropped),
    ...tools(request, dropped),
    response_format:
      format === undefined
        ? undefined
        : {
            type: "json_schema",
            json_schema: compact({
              name: format.name ?? "response",
              description: format.description,
              schema: format.schema,
              strict: format.strict ?? (JsonSchema.isStrict(format.schema) ? true : undefined)
            })
          },
    stream: request.stream ? true : undefined,
    stream_options: request.stream ? { include_usage: true } : undefined
  })
}

const settings = (request: Request, traits: Models.Traits, dropped: Dropped): JsonObject => {
  const { maxTokens, temperature, topP, topK, stop, user, tier } = request.settings
  const effort = writeEffort(request, traits, dropped)
  const samples = !traits.reasons || effort === "none"
  // The default of every model; leaving it out says the same.
  if (!samples && temperature !== undefined && temperature !== 1) dropped.common("temperature")
  if (!samples && topP !== undefined && topP !== 1) dropped.common("topP")
  if (topK !== undefined) dropped.common("topK")
  const stops = traits.reasons ? undefined : stop?.slice(0, mostStops)
  if (stop !== undefined && stops?.length !== stop.length) dropped.common("stop")
  if (user !== undefined && user.length > longestUser) dropped.common("user")
  return {
    [traits.limit]: maxTokens,
    temperature: samples ? temperature : undefined,
    top_p: samples ? topP : undefined,
    stop: stops?.length === 1 ? stops[0] : stops,
    reasoning_effort: effort,
    // `safety_identifier` is its new name, which few servers other than OpenAI's know.
    user: user === undefined || user.length > longestUser ? undefined : user,
    service_tier: tier === "standard" ? "default" : tier
  }
}

const writeEffort = (request: Request, traits: Models.Traits, dropped: Dropped) => {
  const { effort } = request.settings
  if (traits.toolsWithoutEffort && request.tools.length > 0) {
    if (effort !== undefined && effort !== "none") dropped.common("effort")
    return "none"
  }
  if (effort === undefined) return undefined
  const fitted = Effort.nearest(effort, traits.efforts)
  if (fitted === undefined && effort !== "none") dropped.common("effort")
  return fitted
}

const tools = (request: Request, dropped: Dropped): JsonObject => {
  if (request.tools.length === 0) return {}
  const choice = request.toolChoice
  return {
    tools: request.tools.map((tool) => writeTool(tool, dropped)),
    tool_choice:
      choice?.mode === "tool"
        ? { type: "function", function: { name: ToolNames.shorten(choice.name) } }
        : choice?.mode,
    parallel_tool_calls: request.parallel
  }
}

const writeTool = (tool: Tool, dropped: Dropped): JsonObject => {
  const schema =
    tool.schema.type === "object" && !isObject(tool.schema.properties)
      ? { ...tool.schema, properties: {} } // refused without
      : tool.schema
  const strict = tool.strict === true && !JsonSchema.isStrict(schema) ? undefined : tool.strict
  if (strict !== tool.strict) dropped.common("toolStrict")
  return {
    type: "function",
    function: compact({
      name: ToolNames.shorten(tool.name),
      description: tool.description,
      parameters: Object.keys(schema).length === 0 ? undefined : schema,
      strict
    })
  }
}
