/** A text as a provider's answer, whole or as a stream, in the protocol of the request. */

export type Protocol = "openai" | "anthropic"

/** The request to a provider. */
export interface Asked {
  readonly path: "chat" | "messages" | "responses"
  readonly stream: boolean
  /** The text is the argument of a tool. */
  readonly tool: boolean
}

const id = "x1"
const usage = { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 }
const head = { id, object: "chat.completion", created: 1_700_000_000, model: "m" }

const argumentsOf = (text: string): string => JSON.stringify({ sealed: text })

/** The whole answer. */
export const whole = ({ path, tool }: Asked, text: string): string => {
  if (path === "messages") {
    return JSON.stringify({
      id,
      type: "message",
      role: "assistant",
      model: "m",
      content: tool
        ? [{ type: "tool_use", id: "call_1", name: "tell", input: { sealed: text } }]
        : [{ type: "text", text }],
      stop_reason: tool ? "tool_use" : "end_turn",
      stop_sequence: null,
      usage: { input_tokens: 5, output_tokens: 7 }
    })
  }
  if (path === "responses") return JSON.stringify(response("completed", [item(tool, text)]))
  const call = { id: "call_1", type: "function", function: { name: "tell", arguments: argumentsOf(text) } }
  const message = tool ? { content: null, tool_calls: [call] } : { content: text }
  const choice = {
    index: 0,
    message: { role: "assistant", ...message },
    finish_reason: tool ? "tool_calls" : "stop"
  }
  return JSON.stringify({ ...head, choices: [choice], usage })
}

const item = (tool: boolean, text: string) =>
  tool
    ? {
        type: "function_call",
        id: "fc_1",
        call_id: "call_1",
        name: "tell",
        arguments: text === "" ? "" : argumentsOf(text),
        status: "completed"
      }
    : {
        type: "message",
        id: "msg_1",
        role: "assistant",
        status: "completed",
        content: text === "" ? [] : [{ type: "output_text", text, annotations: [] }]
      }

const response = (status: string, output: ReadonlyArray<object>) => ({
  id: "resp_1",
  object: "response",
  created_at: 1_700_000_000,
  status,
  model: "m",
  output,
  usage: status === "completed" ? { input_tokens: 5, output_tokens: 7, total_tokens: 12 } : null
})

/** The events of a stream: those before the text, one for each piece of the text, and those after it. */
export interface Spoken {
  readonly begin: ReadonlyArray<string>
  readonly pieces: ReadonlyArray<string>
  readonly end: ReadonlyArray<string>
}

const data = (json: object): string => `data: ${JSON.stringify(json)}\n\n`
const named = (json: { readonly type: string; readonly [key: string]: unknown }): string =>
  `event: ${json.type}\ndata: ${JSON.stringify(json)}\n\n`

/** The text in pieces of this many UTF-16 units. No character is cut in two. */
const cut = (text: string, size: number): ReadonlyArray<string> => {
  const pieces: Array<string> = []
  for (let at = 0; at < text.length; ) {
    const end = at + size
    const isInside = text.charCodeAt(end - 1) >> 10 === 0xd800 >> 10
    pieces.push(text.slice(at, isInside ? end + 1 : end))
    at = isInside ? end + 1 : end
  }
  return pieces
}

/** The answer as a stream. */
export const streamed = ({ path, tool }: Asked, text: string, size: number): Spoken => {
  const pieces = cut(tool ? argumentsOf(text) : text, size)
  if (path === "messages") {
    const block = tool
      ? { type: "tool_use", id: "call_1", name: "tell", input: {} }
      : { type: "text", text: "" }
    return {
      begin: [
        named({
          type: "message_start",
          message: {
            id,
            type: "message",
            role: "assistant",
            model: "m",
            content: [],
            stop_reason: null,
            usage: { input_tokens: 5, output_tokens: 1 }
          }
        }),
        named({ type: "ping" }),
        named({ type: "content_block_start", index: 0, content_block: block })
      ],
      pieces: pieces.map((piece) =>
        named({
          type: "content_block_delta",
          index: 0,
          delta: tool
            ? { type: "input_json_delta", partial_json: piece }
            : { type: "text_delta", text: piece }
        })
      ),
      end: [
        named({ type: "content_block_stop", index: 0 }),
        named({
          type: "message_delta",
          delta: { stop_reason: tool ? "tool_use" : "end_turn", stop_sequence: null },
          usage: { output_tokens: 7 }
        }),
        named({ type: "message_stop" })
      ]
    }
  }
  if (path === "responses") {
    const at = { output_index: 0, item_id: tool ? "fc_1" : "msg_1" }
    const part = { ...at, content_index: 0 }
    return {
      begin: [
        named({ type: "response.created", response: response("in_progress", []) }),
        named({ type: "response.output_item.added", output_index: 0, item: item(tool, "") }),
        ...(tool
          ? []
          : [
              named({
                type: "response.content_part.added",
                ...part,
                part: { type: "output_text", text: "", annotations: [] }
              })
            ])
      ],
      pieces: pieces.map((piece) =>
        named(
          tool
            ? { type: "response.function_call_arguments.delta", ...at, delta: piece }
            : { type: "response.output_text.delta", ...part, delta: piece }
        )
      ),
      end: [
        ...(tool
          ? [named({ type: "response.function_call_arguments.done", ...at, arguments: argumentsOf(text) })]
          : [
              named({ type: "response.output_text.done", ...part, text }),
              named({
                type: "response.content_part.done",
                ...part,
                part: { type: "output_text", text, annotations: [] }
              })
            ]),
        named({ type: "response.output_item.done", output_index: 0, item: item(tool, text) }),
        named({ type: "response.completed", response: response("completed", [item(tool, text)]) })
      ]
    }
  }
  const chunk = (delta: object, finish_reason: string | null = null) =>
    data({ ...head, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason }] })
  const first = { index: 0, id: "call_1", type: "function", function: { name: "tell", arguments: "" } }
  return {
    begin: [
      chunk({ role: "assistant", content: tool ? null : "" }),
      ...(tool ? [chunk({ tool_calls: [first] })] : [])
    ],
    pieces: pieces.map((piece) =>
      chunk(tool ? { tool_calls: [{ index: 0, function: { arguments: piece } }] } : { content: piece })
    ),
    end: [chunk({}, tool ? "tool_calls" : "stop"), "data: [DONE]\n\n"]
  }
}
