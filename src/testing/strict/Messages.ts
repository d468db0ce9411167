/** Answers of a scripted server as Anthropic messages. */
import { type Answer, callId } from "./Chats.ts"
import type { JsonObject } from "./Check.ts"

/** The end of the operation's path. */
export const path = "/messages"

const blocksOf = ({ said, strictness, turn }: Answer): ReadonlyArray<JsonObject> => [
  ...(said.thoughts === undefined || strictness.thoughts === undefined
    ? []
    : [{ type: "thinking", thinking: said.thoughts, signature: strictness.thoughts }]),
  ...(said.text === undefined ? [] : [{ type: "text", text: said.text }]),
  ...(said.calls ?? []).map((call, index) => ({
    type: "tool_use",
    id: callId(strictness, turn, index),
    name: call.name,
    input: call.arguments
  }))
]

const head = ({ model, turn }: Answer) => ({ id: `msg_${turn}`, type: "message", role: "assistant", model })

const stopOf = ({ said }: Answer): string => ((said.calls ?? []).length > 0 ? "tool_use" : "end_turn")

const usage = { input_tokens: 20, output_tokens: 10 }

/** The answer as one JSON object. */
export const whole = (answer: Answer): JsonObject => ({
  ...head(answer),
  content: blocksOf(answer),
  stop_reason: stopOf(answer),
  stop_sequence: null,
  usage
})

/** The start of a block and the pieces that follow. */
const opened = (block: JsonObject): readonly [begin: JsonObject, pieces: ReadonlyArray<JsonObject>] => {
  switch (block.type) {
    case "thinking":
      return [
        { type: "thinking", thinking: "", signature: "" },
        [
          { type: "thinking_delta", thinking: block.thinking },
          { type: "signature_delta", signature: block.signature }
        ]
      ]
    case "text":
      return [{ type: "text", text: "" }, [{ type: "text_delta", text: block.text }]]
    default:
      return [
        { ...block, input: {} },
        [{ type: "input_json_delta", partial_json: JSON.stringify(block.input) }]
      ]
  }
}

/** The answer as an event stream. */
export const streamed = (answer: Answer): string => {
  const blocks = blocksOf(answer).flatMap((block, index) => {
    const [content_block, pieces] = opened(block)
    return [
      { type: "content_block_start", index, content_block },
      ...pieces.map((delta) => ({ type: "content_block_delta", index, delta })),
      { type: "content_block_stop", index }
    ]
  })
  const events = [
    {
      type: "message_start",
      message: { ...head(answer), content: [], stop_reason: null, stop_sequence: null, usage }
    },
    ...blocks,
    {
      type: "message_delta",
      delta: { stop_reason: stopOf(answer), stop_sequence: null },
      usage: { output_tokens: 10 }
    },
    { type: "message_stop" }
  ]
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("")
}
