/**
 * Converts responses between whole answers and events.
 *
 * https://platform.openai.com/docs/api-reference/responses and
 * https://platform.openai.com/docs/api-reference/responses-streaming
 */
import { isObject, type JsonObject } from "../wire/Wire.ts"
import type { Forms } from "./Forms.ts"
import * as Mended from "./Mended.ts"
import { UnendedResponse } from "./UnendedResponse.ts"

const toEvents: Forms["toEvents"] = (given) => {
  if (given.response !== undefined || given.item !== undefined) return undefined
  const json = Mended.response(given) ?? given
  if (!Array.isArray(json.output)) return undefined
  const begun = { ...json, status: "in_progress", output: [], usage: null }
  const status = typeof json.status === "string" ? json.status : "completed"
  const events = [
    { type: "response.created", response: begun },
    { type: "response.in_progress", response: begun },
    ...json.output.filter(isObject).flatMap(itemEvents),
    { type: `response.${status}`, response: json }
  ]
  return events.map((event, sequence_number) => ({ ...event, sequence_number }))
}

const itemEvents = (
  item: JsonObject,
  output_index: number
): ReadonlyArray<JsonObject & { readonly type: string }> => {
  const at = { item_id: item.id, output_index }
  const added = { type: "response.output_item.added", output_index, item: { ...item, ...emptied(item) } }
  const done = { type: "response.output_item.done", output_index, item }
  return [added, ...pieces(item, at), done]
}

const emptied = (item: JsonObject): JsonObject => {
  const status = item.status === undefined ? {} : { status: "in_progress" }
  if (item.type === "message") return { ...status, content: [] }
  if (item.type === "reasoning") return { ...status, summary: [] }
  if (item.type === "function_call") return { ...status, arguments: "" }
  return item.type === "custom_tool_call" ? { ...status, input: "" } : status
}

const pieces = (item: JsonObject, at: JsonObject): ReadonlyArray<JsonObject & { readonly type: string }> => {
  switch (item.type) {
    case "message":
      return (Array.isArray(item.content) ? item.content.filter(isObject) : []).flatMap(
        (part, content_index) => {
          const place = { ...at, content_index }
          const isRefusal = part.type === "refusal"
          const said = isRefusal ? part.refusal : part.text
          const name = isRefusal ? "refusal" : "output_text"
          return [
            {
              type: "response.content_part.added",
              ...place,
              part: { ...part, ...(isRefusal ? { refusal: "" } : { text: "" }) }
            },
            { type: `response.${name}.delta`, ...place, delta: said },
            { type: `response.${name}.done`, ...place, ...(isRefusal ? { refusal: said } : { text: said }) },
            { type: "response.content_part.done", ...place, part }
          ]
        }
      )
    case "function_call":
      return [
        { type: "response.function_call_arguments.delta", ...at, delta: item.arguments },
        { type: "response.function_call_arguments.done", ...at, name: item.name, arguments: item.arguments }
      ]
    case "custom_tool_call":
      return [
        { type: "response.custom_tool_call_input.delta", ...at, delta: item.input },
        { type: "response.custom_tool_call_input.done", ...at, input: item.input }
      ]
    default:
      return []
  }
}

/**
 * The last event holds the whole response; if that has no items, the finished items of earlier events are used. Without a
 * last event the response is truncated, unless `[DONE]` says that it is complete.
 */
const toWhole: Forms["toWhole"] = (events, isDone) => {
  const last = events.findLast(
    ({ response, type }) =>
      isObject(response) && /^response\.(completed|done|incomplete|failed)$/.test(String(type))
  )
  if (!isObject(last?.response)) {
    if (!events.some(({ type }) => String(type).startsWith("response."))) return undefined
    const unended = new UnendedResponse()
    for (const event of events) unended.add(event)
    return (isDone ? unended.end() : undefined) ?? "truncated"
  }
  const { output } = last.response
  if (Array.isArray(output) && output.length > 0) return last.response
  const done = events.flatMap(({ item, type }) =>
    type === "response.output_item.done" && isObject(item) ? item : []
  )
  if (done.length > 0) return { ...last.response, output: done }
  // A server that reports no items sends its text in deltas only.
  const unended = new UnendedResponse()
  for (const event of events) unended.add(event)
  return { ...last.response, output: unended.end()?.output ?? [] }
}

/** Converts responses between whole answers and events. */
export const responses: Forms = { mend: Mended.response, toEvents, toWhole }
