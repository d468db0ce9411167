/**
 * Estimates the tokens of a request, if no target can count them.
 *
 * Latin text has about four characters per token, other scripts fewer; an image takes about 1,600 tokens, a page of a
 * document about 2,000. Estimates of real requests are within a quarter of the count.
 *
 * - https://platform.claude.com/docs/en/build-with-claude/vision
 * - https://huggingface.co/datasets/JOHNISKING/pdf-token-cost: pages of PDFs as counted by Claude, Gemini and GPT
 */
import { isObject, type JsonObject } from "./Json.ts"

const perImage = 1_600
/** Characters of base64 per page: about 100 kB of a document. */
const page = 133_000
const perPage = 2_000
/** The overhead of every message and every tool definition. */
const perObject = 3

/** The tokens of the parts of a request that a model reads. */
export const estimateTokens = ({ input, instructions, messages, system, tools }: JsonObject): number => {
  let tokens = 0
  const waiting: Array<unknown> = [system, messages, tools, input, instructions]
  while (waiting.length > 0) {
    const value = waiting.pop()
    if (typeof value === "string") tokens += ofText(value)
    else if (typeof value === "number" || typeof value === "boolean") tokens += 1
    else if (Array.isArray(value)) for (const element of value) waiting.push(element)
    else if (isObject(value)) tokens += ofObject(value, waiting)
  }
  return Math.max(1, Math.ceil(tokens))
}

const ofObject = (value: JsonObject, waiting: Array<unknown>): number => {
  const { data, source, type } = value
  if (type === "image" || type === "image_url" || type === "input_image") return perImage
  if (type === "base64" && typeof data === "string") return Math.ceil(data.length / page) * perPage
  if (type === "redacted_thinking") return ofText(String(data ?? ""))
  if (isObject(source)) waiting.push(source)
  for (const [name, member] of Object.entries(value)) {
    if (name === "source" || name === "signature" || name === "cache_control") continue
    if (name === "type" || name === "role" || name === "id") continue
    waiting.push(member)
    // The names of members count in schemas and in tool arguments.
    if (name !== "content" && name !== "text") waiting.push(name)
  }
  return perObject
}

/** The figures are measured: vendors document none that holds for all their models. */
const ofText = (text: string): number => {
  let other = 0
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x24f) other++
  return (text.length - other) / 3.8 + other / 1.3
}
