/** System turns among the messages, which Claude Code sends to models with unknown names. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type Json, type Reply, stage } from "../../support/kinds.ts"

const answer: Reply = {
  json: {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "m",
    content: [{ type: "text", text: "Hello." }],
    stop_reason: "end_turn",
    usage: { input_tokens: 1, output_tokens: 1 }
  }
}

const refusing =
  (message: string) =>
  (asked: Json): Reply =>
    asked.messages.some(({ role }: Json) => role === "system")
      ? { status: 400, json: { type: "error", error: { type: "invalid_request_error", message } } }
      : answer

const call = { type: "tool_use", id: "toolu_1", name: "bash", input: {} }
const result = { type: "tool_result", tool_use_id: "toolu_1", content: "a" }
const cache_control = { type: "ephemeral" }

const messages = [
  { role: "user", content: "hi" },
  { role: "system", content: "Be brief." },
  { role: "assistant", content: [call] },
  { role: "user", content: [result] },
  { role: "system", content: [{ type: "text", text: "Stay calm.", cache_control }] },
  { role: "user", content: "and?" }
]

const reminder = (text: string) => `<system-reminder>\n${text}\n</system-reminder>`

const rewritten = [
  {
    role: "user",
    content: [
      { type: "text", text: "hi" },
      { type: "text", text: reminder("Be brief.") }
    ]
  },
  messages[2],
  {
    role: "user",
    content: [
      result,
      { type: "text", text: reminder("Stay calm."), cache_control },
      { type: "text", text: "and?" }
    ]
  }
]

const ask = (model: string, reply: (asked: Json) => Reply) =>
  Effect.gen(function* () {
    const { post, seen } = yield* stage({ corp: { protocol: "anthropic", reply } })
    const got = yield* post("/v1/messages", { model: `corp/${model}`, max_tokens: 9, messages })
    return { got, asked: seen.corp!.map(({ body }) => body.messages) }
  })

describe("system turns among the messages", () => {
  it.live("are passed on to a Claude that takes them", () =>
    Effect.gen(function* () {
      for (const model of ["claude-opus-4-8", "claude-sonnet-5", "claude-opus-4-9", "own-model"]) {
        const { asked } = yield* ask(model, () => answer)
        assert.deepStrictEqual(asked, [messages], model)
      }
    })
  )

  it.live("are marked text of the user for a Claude before 4.8", () =>
    Effect.gen(function* () {
      for (const model of [
        "claude-opus-4-7",
        "claude-sonnet-4-20250514",
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "claude-3-7-sonnet-latest"
      ]) {
        const { asked } = yield* ask(model, refusing("role 'system' is not supported on this model"))
        assert.deepStrictEqual(asked, [rewritten], model)
      }
    })
  )

  it.live("are system turns again for a server that refuses them", () =>
    Effect.gen(function* () {
      for (const said of [
        'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" as an input message role.',
        "role 'system' is not supported on this model"
      ]) {
        const { asked, got } = yield* ask("own-model", refusing(said))
        assert.strictEqual(got.status, 200, got.text)
        assert.deepStrictEqual(asked, [messages, rewritten])
      }
    })
  )
})
