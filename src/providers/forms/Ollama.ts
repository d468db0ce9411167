/**
 * Converts Ollama's native chat, one JSON object per line, to chunks of a chat completion.
 *
 * https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion
 */
import { isObject, type JsonObject } from "../wire/Wire.ts"

/** The chunks for one line; `undefined` if the object is not such a line. */
export const chunkOf = (json: JsonObject): ReadonlyArray<JsonObject | "[DONE]"> | undefined => {
  const { created_at, done, done_reason, eval_count, message, model, prompt_eval_count } = json
  if (typeof done !== "boolean" || !isObject(message) || json.choices !== undefined) return undefined
  const seconds = typeof created_at === "string" ? Math.floor(Date.parse(created_at) / 1000) : Number.NaN
  const head = {
    id: "chatcmpl-ollama",
    object: "chat.completion.chunk",
    created: Number.isFinite(seconds) ? seconds : 0,
    model
  }
  const { tool_calls, ...said } = message
  const calls = Array.isArray(tool_calls) ? { tool_calls: tool_calls.map(asCall) } : {}
  const chunk = { ...head, choices: [{ index: 0, delta: { ...said, ...calls }, finish_reason: null }] }
  if (!done) return [chunk]
  const reason = typeof done_reason === "string" ? done_reason : "stop"
  const [input, output] = [count(prompt_eval_count), count(eval_count)]
  const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output }
  return [chunk, { ...head, choices: [{ index: 0, delta: {}, finish_reason: reason }], usage }, "[DONE]"]
}

/** Ollama's arguments are an object, and its calls arrive whole and without ids. */
const asCall = (call: unknown, at: number): unknown => {
  if (!isObject(call) || !isObject(call.function)) return call
  const { arguments: args, index, name } = call.function
  const json = typeof args === "string" ? args : JSON.stringify(args ?? {})
  return {
    index: index ?? at,
    id: call.id ?? `call_${at}`,
    type: "function",
    function: { name, arguments: json }
  }
}

const count = (value: unknown): number => (typeof value === "number" ? value : 0)
