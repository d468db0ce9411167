/**
 * Tool calls as blocks of content, as clients send them back. LangChain keeps what streams left there: the fragments of the
 * arguments beside the call or in it, and calls that the message has in `tool_calls` too.
 *
 * - https://github.com/langchain-ai/langchainjs/pull/9809 (`input_json_delta` in a message)
 * - https://docs.langchain.com/oss/python/langchain/messages#standard-content-blocks (`tool_call`, `tool_call_chunk`)
 */
import { isObject, type JsonObject, parse, string, text, write } from "../common/Json.ts"

const calls: ReadonlySet<unknown> = new Set(["tool_use", "server_tool_use", "mcp_tool_use"])

/**
 * The blocks, with the fragments of arguments in the calls that they belong to: the last one of their index, or else the last one.
 * The same array if there are none.
 */
export const joined = (blocks: ReadonlyArray<JsonObject>): ReadonlyArray<JsonObject> => {
  if (!blocks.some(isFragment)) return blocks
  const made: Array<JsonObject> = []
  // Looked up instead of searched: a request may have hundreds of thousands of fragments.
  const byIndex = new Map<unknown, number>()
  let last: number | undefined
  for (const block of blocks) {
    const at = isFragment(block) ? (byIndex.get(block.index) ?? last) : undefined
    if (at !== undefined) {
      const call = made[at]!
      made[at] = { ...call, partial_json: `${string(call.partial_json) ?? ""}${string(block.partial_json)}` }
      continue
    }
    if (calls.has(block.type)) {
      last = made.length
      if (block.index !== undefined) byIndex.set(block.index, last)
    }
    made.push(block)
  }
  return made
}

const isFragment = ({ partial_json: json, type }: JsonObject): boolean =>
  type === "input_json_delta" && typeof json === "string"

/** The arguments of a call as a JSON text: its input, an input that is a JSON text, or the fragments of an input. */
export const argumentsOf = ({ input, partial_json: fragments }: JsonObject): string => {
  const isEmpty = input === undefined || input === "" || (isObject(input) && Object.keys(input).length === 0)
  const json = isEmpty ? text(fragments) : string(input)
  return json !== undefined && isObject(parse(json)) ? json : write(isEmpty ? {} : input)
}

/** Whether a block of content is a call, or a part of one, that the message has in `tool_calls` too. `known`: the ids there. */
export const isRepeated = ({ id, type }: JsonObject, known: ReadonlySet<unknown>): boolean =>
  type === "tool_use" || type === "tool_call"
    ? known.has(id)
    : (type === "input_json_delta" || type === "tool_call_chunk") && known.size > 0
