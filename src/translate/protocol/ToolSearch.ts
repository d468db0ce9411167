/**
 * The search for tools that a client of responses runs itself (`tool_search` with `execution: "client"`): the model calls it,
 * and the client answers with tools that may be called from then on.
 *
 * https://developers.openai.com/api/docs/guides/tools-tool-search
 */
import type { Call, Tool } from "../common/Common.ts"
import { isObject, type JsonObject, object, objects, parse, string, text, write } from "../common/Json.ts"

/** The type of the tool, and the name of the function that replaces it. */
export const type = "tool_search"

/** The type of the items that call it. */
export const item = "tool_search_call"

/** Whether the client runs it; OpenAI runs any other. */
export const isClients = (given: JsonObject): boolean => given.execution === "client"

/** The function that replaces it. */
export const toolOf = (tool: JsonObject): Tool => ({
  name: type,
  description: text(tool.description) ?? "Looks for further tools.",
  schema: isObject(tool.parameters)
    ? tool.parameters
    : { type: "object", properties: { query: { type: "string" } }, required: ["query"] }
})

/** The call in an item; `undefined` for any other item. */
export const readCall = (given: JsonObject): Call | undefined =>
  given.type === item && isClients(given)
    ? { type: "call", id: string(given.call_id) ?? "", name: type, arguments: write(object(given.arguments)) }
    : undefined

/** The members of an item that hold the arguments of a call. */
export const writeArguments = (args: string): JsonObject => ({
  execution: "client",
  arguments: object(parse(args))
})

/** The tools that searches of the conversation have found. */
export const found = (input: unknown): ReadonlyArray<JsonObject> =>
  objects(input).flatMap((given) =>
    given.type === "tool_search_output" && isClients(given) ? objects(given.tools) : []
  )
