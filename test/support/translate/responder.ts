/**
 * The model of `models.ts` for clients of OpenAI's responses.
 *
 * https://platform.openai.com/docs/api-reference/responses and
 * https://platform.openai.com/docs/api-reference/responses-streaming
 */
import type { JsonObject } from "../../../src/translate/index.ts"
import { type Asked, ask, onlyKeys, pieces, Refused, type Reply, reply, seen, type Wire } from "./models.ts"

type Item = { readonly type?: string } & JsonObject

const textOf = (content: unknown): string =>
  typeof content === "string"
    ? content
    : (content as ReadonlyArray<JsonObject>).map(({ text }) => text ?? "").join("")

const imagesOf = (content: unknown): ReadonlyArray<string> =>
  typeof content === "string"
    ? []
    : (content as ReadonlyArray<JsonObject>).flatMap(({ type, image_url }) =>
        type === "input_image" ? seen(image_url) : []
      )

const asked = (body: JsonObject): Asked => {
  onlyKeys(
    body,
    "model input instructions max_output_tokens temperature top_p reasoning text tools tool_choice parallel_tool_calls store include stream user truncation metadata",
    ""
  )
  const input = (
    typeof body.input === "string" ? [{ role: "user", content: body.input }] : body.input
  ) as ReadonlyArray<Item>
  const open = new Set<unknown>()
  let results: Array<string> = []
  let question: unknown = ""
  for (const item of input) {
    switch (item.type ?? "message") {
      case "message":
        ask(
          ["user", "assistant", "system", "developer"].includes(String(item.role)),
          `input.role: ${item.role}`
        )
        if (item.role !== "user") break
        ask(open.size === 0, "No tool output found for function call")
        question = item.content
        results = []
        break
      case "function_call":
        ask(typeof item.arguments === "string", "input.arguments")
        if (open.size === 0) results = []
        open.add(item.call_id)
        break
      case "function_call_output":
        ask(open.delete(item.call_id), "No tool call found for function call output")
        results.push(textOf(item.output))
        break
      default:
        ask(item.type === "reasoning" || item.type === "item_reference", `input.type: ${item.type}`)
    }
  }
  ask(open.size === 0, "No tool output found for function call")
  for (const tool of (body.tools ?? []) as ReadonlyArray<JsonObject>) {
    onlyKeys(tool, "type name description parameters strict", "tools.")
    ask(tool.type === "function" && typeof tool.name === "string", "tools.type")
  }
  const { format } = (body.text ?? {}) as { readonly format?: JsonObject }
  return {
    question: textOf(question),
    images: imagesOf(question),
    results,
    hasSchema: format?.type === "json_schema"
  }
}

const usage = {
  input_tokens: 15,
  input_tokens_details: { cached_tokens: 5 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 35
}

const itemsOf = ({ thought, text, calls = [] }: Reply): ReadonlyArray<Item> => [
  ...(thought === undefined
    ? []
    : [{ id: "rs_1", type: "reasoning", summary: [{ type: "summary_text", text: thought }] }]),
  ...(text === undefined
    ? []
    : [
        {
          id: "msg_1",
          type: "message",
          role: "assistant",
          status: "completed",
          content: [{ type: "output_text", text, annotations: [], logprobs: [] }]
        }
      ]),
  ...calls.map(({ name, input }, at) => ({
    id: `fc_${at}`,
    type: "function_call",
    call_id: `call_${name}_${at}`,
    name,
    arguments: JSON.stringify(input),
    status: "completed"
  }))
]

const streamOf = (response: JsonObject, said: Reply): string => {
  const events: Array<JsonObject> = []
  const tell = (type: string, more: object) =>
    events.push({ type: `response.${type}`, sequence_number: events.length, ...more })
  const begun = { ...response, status: "in_progress", output: [], usage: null, incomplete_details: null }
  tell("created", { response: begun })
  tell("in_progress", { response: begun })
  itemsOf(said).forEach((item, output_index) => {
    const place = { item_id: item.id, output_index }
    if (item.type === "reasoning") {
      const part = { ...place, summary_index: 0 }
      const text = said.thought ?? ""
      tell("output_item.added", { output_index, item: { ...item, summary: [] } })
      tell("reasoning_summary_part.added", { ...part, part: { type: "summary_text", text: "" } })
      for (const delta of pieces(text)) tell("reasoning_summary_text.delta", { ...part, delta })
      tell("reasoning_summary_text.done", { ...part, text })
      tell("reasoning_summary_part.done", { ...part, part: { type: "summary_text", text } })
    } else if (item.type === "message") {
      const part = { ...place, content_index: 0 }
      const text = said.text ?? ""
      const empty = { type: "output_text", text: "", annotations: [], logprobs: [] }
      tell("output_item.added", { output_index, item: { ...item, status: "in_progress", content: [] } })
      tell("content_part.added", { ...part, part: empty })
      for (const delta of pieces(text)) tell("output_text.delta", { ...part, delta, logprobs: [] })
      if (said.breaks === true) return
      tell("output_text.done", { ...part, text, logprobs: [] })
      tell("content_part.done", { ...part, part: { ...empty, text } })
    } else {
      tell("output_item.added", { output_index, item: { ...item, status: "in_progress", arguments: "" } })
      for (const delta of pieces(String(item.arguments)))
        tell("function_call_arguments.delta", { ...place, delta })
      tell("function_call_arguments.done", { ...place, name: item.name, arguments: item.arguments })
    }
    tell("output_item.done", { output_index, item })
  })
  if (said.breaks === true) {
    events.push({
      type: "error",
      sequence_number: events.length,
      code: "server_error",
      message: "Overloaded",
      param: null
    })
  } else tell(String(response.status), { response })
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("")
}

/** The model with OpenAI's responses. */
export const responder = (body: JsonObject): Wire => {
  const fail = (status: number, type: string, code: string | null, message: string): Wire => ({
    status,
    body: { error: { message, type, param: null, code } }
  })
  try {
    const said = reply(asked(body))
    if (said === 429) return fail(429, "tokens", "rate_limit_exceeded", "Rate limit reached")
    if (typeof said === "number") return fail(said, "server_error", null, `Status ${said}`)
    const incomplete = { length: "max_output_tokens", refusal: "content_filter" }
    const response = {
      id: "resp_1",
      object: "response",
      created_at: 1,
      model: "gpt",
      status: said.stop === undefined ? "completed" : "incomplete",
      error: null,
      incomplete_details: said.stop === undefined ? null : { reason: incomplete[said.stop] },
      instructions: null,
      metadata: {},
      output: itemsOf(said),
      parallel_tool_calls: true,
      temperature: 1,
      tool_choice: "auto",
      tools: [],
      top_p: 1,
      usage
    }
    return { status: 200, body: response, stream: streamOf(response, said) }
  } catch (error) {
    if (error instanceof Refused) return fail(400, "invalid_request_error", null, error.message)
    throw error
  }
}
