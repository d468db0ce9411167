/** Requests that leave something behind at the provider, or act there, so that they must not be made twice. */
import { isObject, type JsonObject, type Request } from "./Wire.ts"

/**
 * Whether a request may be sent to two targets at once, because it does nothing but return an answer. Excluded are stored
 * responses (the default of the Responses API) and chats, conversations that the answer is added to, answers in the
 * background, work in a container that is kept, and tools of MCP servers, which the provider itself calls.
 */
export const mayHedge = ({ body, operation }: Pick<Request, "operation" | "body">): boolean => {
  switch (operation) {
    case "chat/completions":
    case "completions":
      return body.store !== true && !hasActingTools(body)
    case "chat/completions/input_tokens":
    case "embeddings":
    case "messages/count_tokens":
    case "responses/compact":
    case "responses/input_tokens":
      return true
    case "messages":
      return !isGiven(body.container) && !isGiven(body.mcp_servers) && !hasActingTools(body)
    case "responses":
      return (
        body.store === false &&
        body.background !== true &&
        !isGiven(body.conversation) &&
        !hasActingTools(body)
      )
    default:
      return false
  }
}

const isGiven = (value: unknown): boolean =>
  value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)

const hasActingTools = ({ tools }: JsonObject): boolean =>
  Array.isArray(tools) &&
  tools.some(
    (tool) => isObject(tool) && (/^mcp/.test(String(tool.type)) || typeof tool.container === "string")
  )
