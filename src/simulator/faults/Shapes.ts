/** Bodies and events of the simulated providers, in the formats of the two protocols. */

/** The wire protocols. */
export type ProtocolName = "openai" | "anthropic"

/** The fields that every part of an answer has. */
export interface Head {
  readonly protocol: ProtocolName
  readonly model: string
  /** Seconds since the epoch. */
  readonly created: number
}

/** In Anthropic's protocol the name of an event is its type. */
const named = (json: { readonly type: string; readonly [key: string]: unknown }): string =>
  `event: ${json.type}\ndata: ${JSON.stringify(json)}\n\n`

const words = (text: string): number => text.split(/\s+/).filter((word) => word !== "").length

/** A whole answer. */
export const answer = ({ created, model, protocol }: Head, text: string): string =>
  JSON.stringify(
    protocol === "openai"
      ? {
          id: "chatcmpl-simulated",
          object: "chat.completion",
          created,
          model,
          choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }],
          usage: { prompt_tokens: 1, completion_tokens: words(text), total_tokens: 1 + words(text) }
        }
      : {
          id: "msg_simulated",
          type: "message",
          role: "assistant",
          model,
          content: [{ type: "text", text }],
          stop_reason: "end_turn",
          stop_sequence: null,
          usage: { input_tokens: 1, output_tokens: words(text) }
        }
  )

const chunk = ({ created, model }: Head, delta: object, finish_reason: string | null = null): string => {
  const choices = [{ index: 0, delta, finish_reason }]
  const json = { id: "chatcmpl-simulated", object: "chat.completion.chunk", created, model, choices }
  return `data: ${JSON.stringify(json)}\n\n`
}

/** The start of a stream, without content. */
export const opening = (head: Head): string => {
  if (head.protocol === "openai") return chunk(head, { role: "assistant", content: "" })
  const message = {
    id: "msg_simulated",
    type: "message",
    role: "assistant",
    model: head.model,
    content: [],
    stop_reason: null,
    usage: { input_tokens: 1, output_tokens: 0 }
  }
  const block = { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }
  return named({ type: "message_start", message }) + named(block)
}

/** One word of a stream. */
export const delta = (head: Head, text: string): string => {
  if (head.protocol === "openai") return chunk(head, { content: text })
  return named({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } })
}

/** The end of a stream. */
export const closing = (head: Head): string => {
  if (head.protocol === "openai") return `${chunk(head, {}, "stop")}data: [DONE]\n\n`
  const finish = { delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 1 } }
  return (
    named({ type: "content_block_stop", index: 0 }) +
    named({ type: "message_delta", ...finish }) +
    named({ type: "message_stop" })
  )
}

const completionChunk = (
  { created, model }: Head,
  text: string,
  finish_reason: string | null,
  usage?: object
): string =>
  JSON.stringify({
    id: "cmpl-simulated",
    object: "text_completion",
    created,
    model,
    choices: [{ text, index: 0, logprobs: null, finish_reason }],
    usage
  })

/** A whole answer to `/v1/completions`. */
export const completion = (head: Head, text: string): string =>
  completionChunk(head, text, "stop", {
    prompt_tokens: 1,
    completion_tokens: words(text),
    total_tokens: 1 + words(text)
  })

/** One word of a stream of `/v1/completions`. */
export const completionDelta = (head: Head, text: string): string =>
  `data: ${completionChunk(head, text, null)}\n\n`

/** The end of such a stream. */
export const completionClosing = (head: Head): string =>
  `data: ${completionChunk(head, "", "stop")}\n\ndata: [DONE]\n\n`

/** The number of tokens of a prompt for `/v1/messages/count_tokens`: one per word. */
export const tokenCount = (prompt: string): string => JSON.stringify({ input_tokens: words(prompt) })

/** A vector of four numbers, the same for the same text. */
export const vectors = ({ model }: Head, text: string): string => {
  const embedding = [0, 0, 0, 0]
  for (const [index, char] of [...text].entries()) {
    embedding[index % 4] = (embedding[index % 4]! + char.codePointAt(0)!) % 1000
  }
  return JSON.stringify({
    object: "list",
    data: [{ object: "embedding", index: 0, embedding: embedding.map((sum) => sum / 1000) }],
    model,
    usage: { prompt_tokens: 1, total_tokens: 1 }
  })
}

/** A refusal. */
export const error = (protocol: ProtocolName, code: string, message: string): string =>
  JSON.stringify(
    protocol === "openai"
      ? { error: { message, type: code, param: null, code } }
      : { type: "error", error: { type: code, message } }
  )
