/** A client that sends a question through a gateway, runs the tools that are called, and continues. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { callers } from "./dialect/callers.ts"
import { chunk, completion, type Json, message, type Reply, type Stage } from "./kinds.ts"

/** The protocols of clients. */
export type ClientProtocol = keyof typeof callers

/** A question, the calls of its answer with their results, and another question. Every answer has to be a 200. */
export const converse = Effect.fnUntraced(function* (
  { url }: Stage,
  protocol: ClientProtocol,
  model: string,
  stream: boolean
) {
  const client = callers[protocol](model)
  let calls = 0
  for (const question of ["hi", undefined, "and then?"]) {
    client.show(
      question === undefined
        ? Array.from({ length: calls }, (_, at) => ({ result: `rain ${at}` }))
        : [{ text: question }]
    )
    const response = yield* Effect.promise(() =>
      fetch(`${url}${client.path}`, { method: "POST", body: JSON.stringify(client.body(stream)) })
    )
    const text = yield* Effect.promise(() => response.text())
    assert.strictEqual(response.status, 200, text)
    const heard = client.take(text, stream)
    if (question === "hi") calls = heard.calls.length
  }
  return calls
})

/** An answer that calls the tool by the name that the target received. */
export const named = (asked: Json, reply: Reply): Reply => {
  const [tool] = asked.tools
  const name = JSON.stringify(tool.function?.name ?? tool.name)
  return JSON.parse(JSON.stringify(reply).replaceAll('"name":"weather"', `"name":${name}`))
}

/** A call of the tool. */
export const weather = (id: string, city = "Oslo", more: Json = {}): Json => ({
  id,
  type: "function",
  function: { name: "weather", arguments: JSON.stringify({ city }) },
  ...more
})

/** A plain answer of a chat. */
export const said = (stream: boolean, content = "ok"): Reply =>
  stream
    ? { events: [chunk({ role: "assistant", content }), chunk({}, "stop"), "[DONE]"] }
    : { json: completion({ content }) }

/** The events of a message, block by block. */
export const messageEvents = (blocks: ReadonlyArray<Json>, stop_reason = "end_turn"): ReadonlyArray<Json> => [
  { type: "message_start", message: { ...message([]), stop_reason: null } },
  ...blocks.flatMap(({ input, text, ...block }, index) => [
    {
      type: "content_block_start",
      index,
      content_block: text === undefined ? { ...block, input: {} } : { ...block, text: "" }
    },
    {
      type: "content_block_delta",
      index,
      delta:
        text === undefined
          ? { type: "input_json_delta", partial_json: JSON.stringify(input) }
          : { type: "text_delta", text }
    },
    { type: "content_block_stop", index }
  ]),
  { type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 5 } },
  { type: "message_stop" }
]

/** A message of these blocks, whole or streamed. */
export const messageOf = (stream: boolean, blocks: ReadonlyArray<Json>, stop_reason = "end_turn"): Reply =>
  stream ? { events: messageEvents(blocks, stop_reason) } : { json: message(blocks, stop_reason) }
