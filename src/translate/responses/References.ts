/**
 * Items by their ids.
 *
 * By default OpenAI keeps every response, and clients that know it (the AI SDK) name what a model said by its id
 * instead of saying it again. Whoever keeps the items of translated answers can put them back in their places.
 * https://platform.openai.com/docs/api-reference/responses/create
 */
import { isObject, type JsonObject, list, text } from "../common/Json.ts"

/** The items of a response by their ids. */
export const itemsOf = (response: JsonObject): ReadonlyArray<readonly [id: string, item: JsonObject]> =>
  list(response.output).flatMap((item) => {
    const id = isObject(item) ? text(item.id) : undefined
    return id === undefined || !isObject(item) ? [] : [[id, item] as const]
  })

/** The body of a request with items in place of references to them; the very same one when none was found. */
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
