/**
 * Two models with fixed answers, one for each protocol.
 *
 * They validate requests as strictly as the real ones, and refuse what those would refuse. Both give the same answers: they
 * call two tools when asked for the weather, repeat the results of tools, show their thoughts when asked to, and so on.
 */
import type { JsonObject } from "../../../src/translate/index.ts"

/** The answer of a model. */
export interface Reply {
  readonly thought?: string
  readonly text?: string
  readonly calls?: ReadonlyArray<{ readonly name: string; readonly input: object }>
  readonly stop?: "length" | "refusal"
  /** The stream breaks with an error after its first words. */
  readonly breaks?: boolean
}

/** A reply in the form of its protocol. */
export type Wire =
  | { readonly status: number; readonly body: JsonObject }
  | { readonly status: 200; readonly body: JsonObject; readonly stream: string }

/** The question, read from the protocol's form. */
export interface Asked {
  readonly question: string
  /** The images of the question: a URL, or the type and the data. */
  readonly images?: ReadonlyArray<string>
  readonly results: ReadonlyArray<string>
  readonly hasSchema: boolean
  /** The names of the tools. */
  readonly tools?: ReadonlyArray<unknown>
}

/** The thought of the models, long enough to come in pieces. */
export const thought = "First I look at the question, then at the answer."

/** The answer of every model to a question. A number is the status of an error. */
export const reply = ({ question, images = [], results, hasSchema, tools = [] }: Asked): Reply | number => {
  if (results.length > 0) return { text: `Paris: ${results.join(", ")}` }
  const status = /status (\d+)/.exec(question)?.[1]
  if (status !== undefined) return Number(status)
  if (question.includes("weather")) {
    return {
      thought,
      text: "Let me look.",
      calls: [
        { name: "weather", input: { city: "Paris" } },
        { name: "time", input: {} }
      ]
    }
  }
  // Clients that do not rely on schemas request a call of a tool whose parameters have the form of the answer.
  if (tools.includes("json")) return { calls: [{ name: "json", input: { city: "Paris", degrees: 21 } }] }
  if (question.includes("picture")) return { text: `I see ${images.join(" and ")}` }
  if (hasSchema) return { text: '{"city":"Paris","degrees":21}' }
  if (question.includes("think")) return { thought, text: "42" }
  if (question.includes("long")) return { text: "And so on and", stop: "length" }
  if (question.includes("bad")) return { text: "I can't help with that.", stop: "refusal" }
  if (question.includes("break")) return { text: "Well, you", breaks: true }
  return { text: "Hello! How are you?" }
}

/** A text in pieces of a few characters. */
export const pieces = (text: string) => text.match(/[\s\S]{1,7}/g) ?? []

/** A request that the provider would refuse. */
export class Refused extends Error {}

/** Refuses the request unless the condition holds. */
export const ask = (isTrue: boolean, message: string) => {
  if (!isTrue) throw new Refused(message)
}

/** Refuses unknown fields. */
export const onlyKeys = (object: JsonObject, keys: string, path: string) => {
  for (const key of Object.keys(object)) ask(keys.split(" ").includes(key), `${path}${key}: unknown`)
}

type Message = { readonly role: string; readonly content: unknown } & JsonObject
type Block = { readonly type: string } & JsonObject

const messagesOf = (body: JsonObject) => body.messages as ReadonlyArray<Message>

const blocksOf = (content: unknown): ReadonlyArray<Block> =>
  typeof content === "string" ? [{ type: "text", text: content }] : (content as ReadonlyArray<Block>)

const textOf = (content: unknown) =>
  blocksOf(content)
    .map((block) => block.text ?? "")
    .join("")

/** https://docs.anthropic.com/en/docs/build-with-claude/vision */
const claudeImages = (content: unknown): ReadonlyArray<string> =>
  blocksOf(content).flatMap(({ type, source }) => {
    if (type !== "image") return []
    const { url, media_type, data, ...rest } = source as JsonObject
    onlyKeys(rest, "type", "messages.content.image.source.")
    ask(rest.type === (url === undefined ? "base64" : "url"), "messages.content.image.source.type")
    return String(url ?? `${media_type} ${data}`)
  })

/** https://docs.anthropic.com/en/api/messages */
const claudeAsked = (body: JsonObject): Asked => {
  onlyKeys(
    body,
    "model max_tokens messages system temperature top_p top_k stop_sequences thinking output_config metadata service_tier tools tool_choice stream",
    ""
  )
  ask(typeof body.max_tokens === "number", "max_tokens: Field required")
  ask(messagesOf(body)[0]?.role === "user", "messages: first message must use the user role")
  const used = new Set<unknown>()
  let open: ReadonlyArray<unknown> = []
  let results: ReadonlyArray<string> = []
  for (const { role, content, ...rest } of messagesOf(body)) {
    onlyKeys(rest, "", "messages.")
    ask(role === "user" || role === "assistant", `messages.role: ${role}`)
    const blocks = blocksOf(content)
    ask(blocks.length > 0, "messages: content must not be empty")
    for (const block of blocks) {
      if (block.type === "text") ask(String(block.text).trim() !== "", "messages: text must not be blank")
      if (block.type === "thinking") ask(block.signature === "c2ln", "messages: invalid signature")
    }
    const given = blocks.filter(({ type }) => type === "tool_result")
    ask(
      open.length === given.length,
      "messages: tool_use ids were found without tool_result blocks immediately after"
    )
    for (const { tool_use_id } of given) ask(open.includes(tool_use_id), "messages: unexpected tool_use_id")
    results = given.map(({ content }) => textOf(content))
    open = blocks.filter(({ type }) => type === "tool_use").map(({ id }) => id)
    for (const id of open) {
      ask(/^[\w-]+$/.test(String(id)) && !used.has(id), "messages: tool_use ids must be unique")
      used.add(id)
    }
  }
  const tools = (body.tools ?? []) as ReadonlyArray<JsonObject>
  for (const tool of tools)
    onlyKeys(tool, "type name description input_schema strict eager_input_streaming", "tools.")
  ask(used.size === 0 || tools.length > 0, "Requests which include tool_use blocks must define tools")
  return {
    question: textOf(messagesOf(body).at(-1)?.content),
    images: claudeImages(messagesOf(body).at(-1)?.content),
    results,
    hasSchema: (body.output_config as JsonObject | undefined)?.format !== undefined,
    tools: tools.map(({ name }) => name)
  }
}

const claudeStop = ({ calls, stop }: Reply) =>
  stop === "length" ? "max_tokens" : (stop ?? (calls === undefined ? "end_turn" : "tool_use"))

const claudeBlocks = ({ thought, text, calls = [] }: Reply, hasThoughts: boolean): ReadonlyArray<Block> => [
  ...(thought === undefined || !hasThoughts
    ? []
    : [{ type: "thinking", thinking: thought, signature: "c2ln" }]),
  ...(text === undefined ? [] : [{ type: "text", text }]),
  ...calls.map(({ name, input }, at) => ({ type: "tool_use", id: `toolu_${name}_${at}`, name, input }))
]

const claudeUsage = { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 20 }

const claudeStream = (head: JsonObject, said: Reply, hasThoughts: boolean): string => {
  const events: Array<Block> = [
    { type: "message_start", message: { ...head, usage: { ...claudeUsage, output_tokens: 1 } } },
    { type: "ping" }
  ]
  claudeBlocks(said, hasThoughts).forEach((block, index) => {
    const delta = (delta: Block) => events.push({ type: "content_block_delta", index, delta })
    const start = (content_block: Block) => events.push({ type: "content_block_start", index, content_block })
    if (block.type === "thinking") {
      start({ type: "thinking", thinking: "" })
      for (const thinking of pieces(String(block.thinking))) delta({ type: "thinking_delta", thinking })
      delta({ type: "signature_delta", signature: block.signature })
    } else if (block.type === "text") {
      start({ type: "text", text: "" })
      for (const text of pieces(String(block.text))) delta({ type: "text_delta", text })
    } else {
      start({ ...block, input: {} })
      delta({ type: "input_json_delta", partial_json: "" })
      const json = JSON.stringify(block.input)
      if (json !== "{}")
        for (const partial_json of pieces(json)) delta({ type: "input_json_delta", partial_json })
    }
    events.push({ type: "content_block_stop", index })
  })
  if (said.breaks === true) {
    events.push({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } })
  } else {
    events.push(
      {
        type: "message_delta",
        delta: { stop_reason: claudeStop(said), stop_sequence: null },
        usage: { output_tokens: 20 }
      },
      { type: "message_stop" }
    )
  }
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("")
}

/** The model with Anthropic's protocol. */
export const claude = (body: JsonObject): Wire => {
  const fail = (status: number, type: string, message: string): Wire => ({
    status,
    body: { type: "error", error: { type, message } }
  })
  try {
    const said = reply(claudeAsked(body))
    if (said === 429) return fail(429, "rate_limit_error", "This request would exceed your rate limit")
    if (typeof said === "number") return fail(said, "api_error", `Status ${said}`)
    const head = { id: "msg_1", type: "message", role: "assistant", model: "claude", content: [] }
    const hasThoughts = (body.thinking as JsonObject | undefined)?.type === "adaptive"
    return {
      status: 200,
      body: {
        ...head,
        content: claudeBlocks(said, hasThoughts),
        stop_reason: claudeStop(said),
        stop_sequence: null,
        usage: claudeUsage
      },
      stream: claudeStream(head, said, hasThoughts)
    }
  } catch (error) {
    if (error instanceof Refused) return fail(400, "invalid_request_error", error.message)
    throw error
  }
}

/** https://platform.openai.com/docs/guides/images-vision */
export const seen = (url: unknown): string => String(url).replace(/^data:([^;]+);base64,/, "$1 ")

const gptImages = (content: unknown): ReadonlyArray<string> =>
  blocksOf(content).flatMap(({ type, image_url }) =>
    type === "image_url" ? seen((image_url as JsonObject).url) : []
  )

/** https://platform.openai.com/docs/api-reference/chat/create */
const gptAsked = (body: JsonObject): Asked => {
  onlyKeys(
    body,
    "model max_tokens max_completion_tokens messages temperature top_p stop reasoning_effort response_format user service_tier tools tool_choice parallel_tool_calls stream stream_options",
    ""
  )
  let open = new Set<unknown>()
  let results: Array<string> = []
  for (const { role, content, tool_calls, tool_call_id, ...rest } of messagesOf(body)) {
    onlyKeys(rest, role === "assistant" ? "refusal" : "", "messages.")
    ask(["system", "developer", "user", "assistant", "tool"].includes(role), `messages.role: ${role}`)
    if (role === "tool") {
      ask(
        open.delete(tool_call_id),
        "messages with role 'tool' must be a response to a preceding message with 'tool_calls'"
      )
      results.push(textOf(content))
    } else {
      ask(open.size === 0, "An assistant message with 'tool_calls' must be followed by tool messages")
      results = []
      const calls = (tool_calls ?? []) as ReadonlyArray<JsonObject>
      for (const { function: called } of calls)
        ask(typeof (called as JsonObject).arguments === "string", "arguments")
      open = new Set(calls.map(({ id }) => id))
    }
  }
  const tools = (body.tools ?? []) as ReadonlyArray<JsonObject>
  for (const tool of tools) {
    onlyKeys(tool, "type function", "tools.")
    onlyKeys(tool.function as JsonObject, "name description parameters strict", "tools.function.")
  }
  return {
    question: textOf(messagesOf(body).findLast(({ role }) => role === "user")?.content),
    images: gptImages(messagesOf(body).findLast(({ role }) => role === "user")?.content),
    results,
    hasSchema: body.response_format !== undefined,
    tools: tools.map((tool) => (tool.function as JsonObject).name)
  }
}

const gptStop = ({ calls, stop }: Reply) =>
  stop === "refusal" ? "content_filter" : (stop ?? (calls === undefined ? "stop" : "tool_calls"))

const gptUsage = {
  prompt_tokens: 15,
  completion_tokens: 20,
  total_tokens: 35,
  prompt_tokens_details: { cached_tokens: 5 }
}

const gptStream = (said: Reply): string => {
  const deltas: Array<object> = [{ role: "assistant", content: "" }]
  for (const reasoning_content of pieces(said.thought ?? "")) deltas.push({ reasoning_content })
  for (const content of pieces(said.text ?? "")) deltas.push({ content })
  said.calls?.forEach(({ name, input }, index) => {
    const called = { index, id: `call_${name}_${index}`, type: "function", function: { name, arguments: "" } }
    deltas.push({ tool_calls: [called] })
    for (const args of pieces(JSON.stringify(input)))
      deltas.push({ tool_calls: [{ index, function: { arguments: args } }] })
  })
  const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "gpt" }
  const chunks: Array<object> = deltas.map((delta) => ({
    ...head,
    choices: [{ index: 0, delta, finish_reason: null }]
  }))
  if (said.breaks === true)
    chunks.push({ error: { message: "Overloaded", type: "server_error", code: null } })
  else {
    chunks.push(
      { ...head, choices: [{ index: 0, delta: {}, finish_reason: gptStop(said) }] },
      { ...head, choices: [], usage: gptUsage }
    )
  }
  const events = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("")
  return said.breaks === true ? events : `${events}data: [DONE]\n\n`
}

/** The model with OpenAI's protocol. */
export const gpt = (body: JsonObject): Wire => {
  const fail = (status: number, type: string, code: string | null, message: string): Wire => ({
    status,
    body: { error: { message, type, param: null, code } }
  })
  try {
    const said = reply(gptAsked(body))
    if (said === 429) return fail(429, "tokens", "rate_limit_exceeded", "Rate limit reached")
    if (typeof said === "number") return fail(said, "server_error", null, `Status ${said}`)
    const { thought, text, calls } = said
    const message = {
      role: "assistant",
      content: text ?? null,
      ...(thought === undefined ? {} : { reasoning_content: thought }),
      ...(calls === undefined
        ? {}
        : {
            tool_calls: calls.map(({ name, input }, at) => ({
              id: `call_${name}_${at}`,
              type: "function",
              function: { name, arguments: JSON.stringify(input) }
            }))
          })
    }
    return {
      status: 200,
      body: {
        id: "chatcmpl-1",
        object: "chat.completion",
        created: 1,
        model: "gpt",
        choices: [{ index: 0, message, logprobs: null, finish_reason: gptStop(said) }],
        usage: gptUsage
      },
      stream: gptStream(said)
    }
  } catch (error) {
    if (error instanceof Refused) return fail(400, "invalid_request_error", null, error.message)
    throw error
  }
}
