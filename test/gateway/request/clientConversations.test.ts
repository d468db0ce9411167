/** Conversations in the format of Claude Code and Codex, with servers that require back what they left. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, provider, start } from "../../support/gateway.ts"

/** What was parsed from JSON. */
type Wild = ReturnType<typeof JSON.parse>

const samples: Wild = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../fixtures/client-conversations.json"), "utf8")
)

const chunk = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`

/** The strict server and the first answer, by the model. */
const servers = {
  "deepseek-v4": {
    said: [chunk({ reasoning_content: "I need " }), chunk({ reasoning_content: "the file." })],
    hangs: {},
    refuses: (message: Wild) =>
      message.reasoning_content === "I need the file."
        ? undefined
        : "The `reasoning_content` in the thinking mode must be passed back to the API."
  },
  "gemini-3-pro": {
    said: [],
    hangs: { extra_content: { google: { thought_signature: "c2lnbmVkIGJ5IGdlbWluaQ==" } } },
    refuses: (message: Wild) =>
      message.tool_calls[0].extra_content?.google.thought_signature === "c2lnbmVkIGJ5IGdlbWluaQ=="
        ? undefined
        : "Function call is missing a thought_signature"
  }
} as const

const goOn = (client: string, body: Wild, text: string): Wild => {
  const events: Array<Wild> = text
    .split("\n")
    .flatMap((line) => (line.startsWith("data: {") ? [JSON.parse(line.slice(6))] : []))
  if (client.startsWith("codex")) {
    const { output } = events.find(({ type }) => type === "response.completed").response
    const results = output.flatMap(({ call_id, type }: Wild) =>
      type === "function_call"
        ? [{ type: "function_call_output", id: "fco_1", call_id, output: "hello" }]
        : []
    )
    return { ...body, input: [...body.input, ...output, ...results] }
  }
  const content: Array<Wild> = []
  for (const { content_block, delta, type } of events) {
    if (type === "content_block_start") content.push({ ...content_block })
    if (delta?.type === "signature_delta") content.at(-1).signature = delta.signature
    if (delta?.type === "input_json_delta") content.at(-1).input = JSON.parse(delta.partial_json)
  }
  const results = content.flatMap(({ id, type }) =>
    type === "tool_use"
      ? [
          {
            tool_use_id: id,
            type: "tool_result",
            content: "hello",
            is_error: false,
            cache_control: { type: "ephemeral" }
          }
        ]
      : []
  )
  return {
    ...body,
    messages: [...body.messages, { role: "assistant", content }, { role: "user", content: results }]
  }
}

describe("a conversation of", () => {
  for (const client of Object.keys(samples).filter((name) => name !== "about")) {
    for (const [model, { hangs, refuses, said }] of Object.entries(servers)) {
      it.live(`${client} continues with ${model} after a tool result`, () =>
        Effect.gen(function* () {
          const server = yield* FaultServer.make
          const { body, path } = samples[client]
          server.answer((request) => {
            const { messages, tools } = JSON.parse(request.body)
            const last = messages.findLast(({ role }: Wild) => role === "assistant")
            const refusal = last === undefined ? undefined : refuses(last)
            if (refusal !== undefined) return FaultServer.json({ error: { message: refusal } }, 400)
            const { name } = tools[0].function
            const args = JSON.stringify({ [name === "Bash" ? "command" : "cmd"]: "cat hello.txt" })
            const called = { index: 0, id: "call_1", type: "function", function: { name, arguments: args } }
            return FaultServer.sse([
              ...(last === undefined
                ? [...said, chunk({ tool_calls: [{ ...called, ...hangs }] }), chunk({}, "tool_calls")]
                : [chunk({ content: "hello" }), chunk({}, "stop")]),
              "data: [DONE]\n\n"
            ])
          })
          const url = yield* start({
            providers: { a: { ...provider("openai", server), responses: false } },
            policy: { retries: { times: 0 } }
          })
          const asked = { model: `a/${model}`, ...body }
          const first = yield* ask(`${url}${path}`, { body: asked })
          assert.strictEqual(first.status, 200, first.text)
          if (client.startsWith("claude")) assert.notInclude(first.text, "I need the file.")
          const second = yield* ask(`${url}${path}`, { body: goOn(client, asked, first.text) })
          assert.strictEqual(second.status, 200, second.text)
          assert.include(second.text, "hello")
          const { messages } = JSON.parse(server.requests[1]?.body ?? "")
          assert.strictEqual(messages.find(({ role }: Wild) => role === "tool").tool_call_id, "call_1")
        })
      )
    }
  }
})
