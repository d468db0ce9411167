/**
 * The billing header that Claude Code puts into a first system prompt for Anthropic. It changes with every request,
 * so it would defeat the prompt caches of all other providers. https://github.com/anthropics/claude-code/issues/68900
 */
import { isObject, type JsonObject } from "./Json.ts"

const line = /^x-anthropic-billing-header:/i

/** True for a prompt that begins with it. */
export const isBilling = (prompt: string): boolean => line.test(prompt)

/** The prompt without it; `undefined` if nothing else is left. */
export const withoutLine = (prompt: string): string | undefined => {
  if (!isBilling(prompt)) return prompt
  const end = prompt.indexOf("\n")
  const rest = end === -1 ? "" : prompt.slice(end + 1)
  return rest.trim() === "" ? undefined : rest
}

/** The body of a messages request without it; the same object if it has none. */
export const withoutBilling = (body: JsonObject): JsonObject => {
  const { system } = body
  if (typeof system === "string" && isBilling(system)) {
    const { system: _, ...rest } = body
    const kept = withoutLine(system)
    return kept === undefined ? rest : { ...body, system: kept }
  }
  if (!Array.isArray(system) || !system.some(says)) return body
  const kept = system.flatMap((block) => {
    if (!says(block)) return [block]
    const text = withoutLine(String(block.text))
    return text === undefined ? [] : [{ ...block, text }]
  })
  const { system: _, ...rest } = body
  return kept.length === 0 ? rest : { ...body, system: kept }
}

const says = (block: unknown): block is JsonObject =>
  isObject(block) && typeof block.text === "string" && isBilling(block.text)
