/**
 * Resolves items that are referenced by their ids.
 *
 * By default OpenAI stores every response, and clients that rely on it (the AI SDK) refer to the model's output by id
 * instead of repeating it. With stored items of translated answers, the references can be resolved.
 * https://github.com/openai/openai-node/blob/master/src/resources/responses/responses.ts
 */
import { isObject, type JsonObject, list, text } from "../common/Json.ts"

/** The items of a response by their ids. */
export const itemsOf = (response: JsonObject): ReadonlyArray<readonly [id: string, item: JsonObject]> =>
  list(response.output).flatMap((item) => {
    const id = isObject(item) ? text(item.id) : undefined
    return id === undefined || !isObject(item) ? [] : [[id, item] as const]
  })

/** The body of a request with references replaced by items; the same object if none was found. */
export const withItems = (body: JsonObject, itemOf: (id: string) => JsonObject | undefined): JsonObject => {
  let hasFound = false
  const input = list(body.input).map((item) => {
    const id = isObject(item) && item.type === "item_reference" ? text(item.id) : undefined
    const found = id === undefined ? undefined : itemOf(id)
    hasFound ||= found !== undefined
    return found ?? item
  })
  return hasFound ? { ...body, input } : body
}
