/**
 * Reads the blocks of a message.
 *
 * Tools that Anthropic runs itself, and their results, have no counterpart in the common form and are recorded.
 */
import type { Remark, Spoken } from "../common/Common.ts"
import { isObject, type JsonObject, list, string, text, write } from "../common/Json.ts"
import { ofCitation, type Source } from "../common/Sources.ts"

/** One row for each type of block. */
const rows: ReadonlyMap<unknown, (block: JsonObject) => Spoken | Remark> = new Map<
  unknown,
  (block: JsonObject) => Spoken | Remark
>([
  ["text", (block) => ({ type: "text", text: string(block.text) ?? "" })],
  [
    "thinking",
    (block) => ({
      type: "thinking",
      text: string(block.thinking) ?? string(block.text) ?? "",
      signature: text(block.signature)
    })
  ],
  ["redacted_thinking", (block) => ({ type: "redacted", data: string(block.data) ?? "" })],
  ["tool_use", (block) => readCall(block)]
])

const readCall = (block: JsonObject): Spoken | Remark => {
  const { id, input, name } = block
  if (text(name) === undefined) return { type: "malformed", message: "a tool call has no name" }
  const call = {
    type: "call" as const,
    id: string(id) ?? "",
    name: string(name) ?? "",
    arguments: typeof input === "string" ? input : write(input ?? {})
  }
  const members = returned(block)
  return members === undefined ? call : { ...call, members }
}

/**
 * Fields of a call in which servers of other models put the signature that Gemini requires back, as
 * https://github.com/badrisnarayanan/antigravity-claude-proxy does.
 */
const signatures = ["thoughtSignature", "thought_signature", "signature", "extra_content"] as const

const returned = (block: JsonObject): JsonObject | undefined => {
  let members: Record<string, unknown> | undefined
  for (const name of signatures) {
    const value = block[name]
    if (isObject(value) || (typeof value === "string" && value !== "")) (members ??= {})[name] = value
  }
  return members
}

/** Whether a text names its sources. */
export const hasCitations = (block: JsonObject): boolean => list(block.citations).length > 0

/** What is left out of a block whose sources have no address. */
const citations: Remark = { type: "dropped", name: "content.citations" }

/** The content of a block. */
export const readBlock = (block: JsonObject): Spoken | Remark =>
  rows.get(block.type)?.(block) ?? { type: "dropped", name: `content.${string(block.type) ?? "type"}` }

/** The content of a message: blocks, or a text at some servers. */
export const readBlocks = (content: unknown): ReadonlyArray<Spoken | Source | Remark> => {
  if (typeof content === "string") return content === "" ? [] : [{ type: "text", text: content }]
  let length = 0
  return list(content).flatMap((block): ReadonlyArray<Spoken | Source | Remark> => {
    if (typeof block === "string") {
      length += block.length
      return [{ type: "text", text: block }]
    }
    if (!isObject(block)) return []
    const said = readBlock(block)
    const from = length
    if (said.type === "text") length += said.text.length
    return hasCitations(block) ? [said, ...cited(block.citations, from, length)] : [said]
  })
}

/** The pages that a text of these characters cites. What else it cites is left out and named. */
export const cited = (given: unknown, from: number, to: number): ReadonlyArray<Source | Remark> =>
  list(given).map((citation) => ofCitation(citation, from, to) ?? citations)
