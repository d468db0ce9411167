/** Clients of the three protocols that behave like real ones: each keeps its own history and returns what it received. */
import type { StrictServer } from "../../../src/testing/index.ts"

// biome-ignore lint/suspicious/noExplicitAny: JSON of the wire, which these clients trust
type Json = Record<string, any>

/** A tool's result, a text of the user or an image. */
export type Shown =
  | { readonly text: string }
  | { readonly image: string }
  | { readonly result: string }
  | { readonly system: string }

/** A client in the middle of a conversation. */
export interface Caller {
  readonly path: string
  /** Adds content. Results belong to the calls of the last answer, in order. */
  readonly show: (what: ReadonlyArray<Shown>) => void
  readonly body: (stream: boolean) => Json
  /** Adds an answer to the history and returns its content. */
  readonly take: (text: string, stream: boolean) => Heard
}

/** The content of an answer. */
export interface Heard {
  readonly text: string
  readonly calls: ReadonlyArray<{ readonly id: string; readonly name: string; readonly arguments: unknown }>
}

const schema = {
  type: "object",
  properties: { city: { type: "string" }, days$ahead: { type: "array" } },
  anyOf: [{ required: ["city"] }, { required: ["days$ahead"] }]
}

const prompts = ["You are terse.", "Answer in English."]

const events = (text: string): ReadonlyArray<Json> =>
  text
    .split("\n\n")
    .map((event) => /^data: (.*)$/m.exec(event)?.[1])
    .filter((data) => data !== undefined && data !== "[DONE]")
    .map((data) => JSON.parse(data!))

const chats = (model: string): Caller => {
  const messages: Array<Json> = prompts.map((content) => ({ role: "system", content }))
  return {
    path: "/v1/chat/completions",
    body: (stream) => ({
      model,
      messages,
      stream,
      tools: [{ type: "function", function: { name: "dev.weather", parameters: schema } }]
    }),
    show: (what) => {
      const calls: ReadonlyArray<Json> = messages.at(-1)?.tool_calls ?? []
      let at = 0
      for (const each of what) {
        if ("result" in each)
          messages.push({ role: "tool", tool_call_id: calls[at++]!.id, content: each.result })
        else if ("system" in each) messages.push({ role: "system", content: each.system })
        else if ("text" in each) messages.push({ role: "user", content: each.text })
        else
          messages.push({
            role: "user",
            content: [{ type: "image_url", image_url: { url: `data:image/png;base64,${each.image}` } }]
          })
      }
    },
    take: (text, stream) => {
      const message: Json = { role: "assistant", content: null }
      if (!stream) Object.assign(message, JSON.parse(text).choices[0].message)
      else {
        for (const { choices } of events(text)) {
          const delta = choices?.[0]?.delta ?? {}
          if (typeof delta.content === "string") message.content = (message.content ?? "") + delta.content
          for (const field of ["reasoning_content", "reasoning"]) {
            if (typeof delta[field] === "string") message[field] = (message[field] ?? "") + delta[field]
          }
          for (const piece of delta.tool_calls ?? []) {
            message.tool_calls ??= []
            const call = (message.tool_calls[piece.index] ??= { function: { name: "", arguments: "" } })
            const { function: named, index: _, ...rest } = piece
            Object.assign(call, rest)
            call.function.name += named?.name ?? ""
            call.function.arguments += named?.arguments ?? ""
          }
        }
      }
      messages.push(message)
      return {
        text: message.content ?? "",
        calls: (message.tool_calls ?? []).map((call: Json) => ({
          id: call.id,
          name: call.function.name,
          arguments: JSON.parse(call.function.arguments)
        }))
      }
    }
  }
}

const messages = (model: string): Caller => {
  const turns: Array<Json> = []
  return {
    path: "/v1/messages",
    body: (stream) => ({
      model,
      max_tokens: 4096,
      stream,
      thinking: { type: "enabled", budget_tokens: 2048 },
      system: [
        { type: "text", text: "x-anthropic-billing-header: cc_version=2.1; cch=abc12;" },
        ...prompts.map((text) => ({ type: "text", text }))
      ],
      messages: turns,
      tools: [{ name: "dev.weather", input_schema: schema }]
    }),
    show: (what) => {
      const calls = (turns.at(-1)?.content ?? []).filter((block: Json) => block.type === "tool_use")
      let at = 0
      const content: Array<Json> = []
      for (const each of what) {
        if ("result" in each)
          content.push({ type: "tool_result", tool_use_id: calls[at++].id, content: each.result })
        else if ("text" in each) content.push({ type: "text", text: each.text })
        else if ("image" in each) {
          content.push({
            type: "image",
            source: { type: "base64", media_type: "image/png", data: each.image }
          })
        }
      }
      if (content.length > 0) turns.push({ role: "user", content })
      for (const each of what) if ("system" in each) turns.push({ role: "system", content: each.system })
    },
    take: (text, stream) => {
      const content: Array<Json> = stream ? [] : JSON.parse(text).content
      if (stream) {
        for (const event of events(text)) {
          if (event.type === "content_block_start")
            content[event.index] = { ...event.content_block, json: "" }
          if (event.type !== "content_block_delta") continue
          const block = content[event.index]!
          const { delta } = event
          if (delta.type === "text_delta") block.text += delta.text
          if (delta.type === "thinking_delta") block.thinking += delta.thinking
          if (delta.type === "signature_delta") block.signature = delta.signature
          if (delta.type === "input_json_delta") block.json += delta.partial_json
        }
        for (const block of content) {
          if (block.type === "tool_use") block.input = JSON.parse(block.json || "{}")
          delete block.json
        }
      }
      turns.push({ role: "assistant", content })
      const of = (type: string) => content.filter((block) => block.type === type)
      return {
        text: of("text")
          .map((block) => block.text)
          .join(""),
        calls: of("tool_use").map(({ id, input, name }) => ({ id, name, arguments: input }))
      }
    }
  }
}

const responses = (model: string): Caller => {
  const input: Array<Json> = [{ type: "message", role: "developer", content: prompts[1] }]
  return {
    path: "/v1/responses",
    body: (stream) => ({
      model,
      stream,
      store: false,
      instructions: prompts[0],
      include: ["reasoning.encrypted_content"],
      input,
      tools: [{ type: "function", name: "dev.weather", parameters: schema }]
    }),
    show: (what) => {
      const calls = input
        .slice(input.findLastIndex(({ type }) => type === "function_call_output") + 1)
        .filter(({ type }) => type === "function_call")
      let at = 0
      for (const each of what) {
        if ("result" in each)
          input.push({ type: "function_call_output", call_id: calls[at++]!.call_id, output: each.result })
        else if ("system" in each) input.push({ type: "message", role: "developer", content: each.system })
        else {
          const part =
            "text" in each
              ? { type: "input_text", text: each.text }
              : { type: "input_image", image_url: `data:image/png;base64,${each.image}` }
          input.push({ type: "message", role: "user", content: [part] })
        }
      }
    },
    take: (text, stream) => {
      const response: Json = stream
        ? events(text).find(({ type }) => type === "response.completed")!.response
        : JSON.parse(text)
      const output: ReadonlyArray<Json> = response.output
      input.push(...output)
      return {
        text: output
          .filter(({ type }) => type === "message")
          .flatMap(({ content }) => content.map((part: Json) => part.text))
          .join(""),
        calls: output
          .filter(({ type }) => type === "function_call")
          .map((call) => ({ id: call.call_id, name: call.name, arguments: JSON.parse(call.arguments) }))
      }
    }
  }
}

/** The clients. */
export const callers = { chats, messages, responses }

/** What the model says in the conversation of the tests. */
export const script: readonly [StrictServer.ScriptedAnswer, ...ReadonlyArray<StrictServer.ScriptedAnswer>] = [
  { text: "Hello." },
  { thoughts: "I need the weather.", calls: [{ name: "", arguments: { city: "Oslo" } }] },
  {
    thoughts: "And two more.",
    text: "Let me look.",
    calls: [
      { name: "", arguments: { city: "Bergen" } },
      { name: "", arguments: { city: "Paris" } }
    ]
  },
  { thoughts: "All there.", text: "Rain everywhere." },
  { text: "A dot." }
]
