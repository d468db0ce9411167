/**
 * Fits the cache marks (`cache_control`) of a request to what its server accepts.
 *
 * - `A maximum of 4 blocks with cache_control may be provided`: the first and the last ones stay.
 *   https://platform.claude.com/docs/en/build-with-claude/prompt-caching
 * - `cache_control.ephemeral.ttl: Extra inputs are not permitted`: https://github.com/BerriAI/litellm/issues/15880
 */
import type { Dialect } from "../../dialect/index.ts"
import type { Dropped } from "../common/Dropped.ts"
import { isObject, type JsonObject } from "../common/Json.ts"

const most = 4

/** Rewrites the blocks in the order in which the server reads them. */
const each = (body: JsonObject, change: (block: JsonObject) => JsonObject): JsonObject => {
  const inList = (value: unknown): unknown =>
    Array.isArray(value) ? value.map((block) => (isObject(block) ? inBlock(block) : block)) : value
  const inBlock = (block: JsonObject): JsonObject => {
    const { content } = block
    const inner = Array.isArray(content) ? { ...block, content: inList(content) } : block
    return isObject(inner.cache_control) ? change(inner) : inner
  }
  const { messages, system, tools } = body
  return {
    ...body,
    ...(tools !== undefined && { tools: inList(tools) }),
    ...(system !== undefined && { system: inList(system) }),
    messages: inList(messages)
  }
}

/** The body with no more marks than are accepted, each in an accepted form. */
export const fit = (body: JsonObject, { cacheTtl }: Dialect, dropped: Dropped): JsonObject => {
  let count = isObject(body.cache_control) ? 1 : 0
  const allowed = most - count
  let marks = 0
  let hasTtl = false
  each(body, (block) => {
    marks++
    hasTtl ||= isObject(block.cache_control) && block.cache_control.ttl !== undefined
    return block
  })
  if (marks <= allowed && (cacheTtl || !hasTtl)) return body
  const tooMany = marks - allowed
  count = 0
  return each(body, (block) => {
    const { cache_control: mark, ...rest } = block
    const at = count++
    if (at > 0 && at <= tooMany) {
      dropped.common("cache")
      return rest
    }
    if (cacheTtl || !isObject(mark) || mark.ttl === undefined) return block
    dropped.common("cache", "ttl")
    const { ttl: _, ...plain } = mark
    return { ...rest, cache_control: plain }
  })
}
