/** Whole answers whose content is a text or a single part where the protocol has a list: every caller gets them as answers. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { completion, dataOf, type Json, message, stage } from "../../support/kinds.ts"

const response = (output: unknown, more: Json = {}): Json => ({
  id: "resp_1",
  object: "response",
  created_at: 1,
  model: "m",
  status: "completed",
  output,
  usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
  ...more
})
const item = (content: unknown): Json => ({ id: "msg_1", type: "message", role: "assistant", content })
const choice = (more: Json): Json => ({ index: 0, finish_reason: "stop", ...more })
const chat = (choices: unknown): Json => ({ ...completion({}), choices })
const part = { type: "output_text", text: "Mild.", annotations: [] }

type Case = readonly [protocol: "openai" | "anthropic", answer: Json, callers?: ReadonlyArray<string>]

const answers: Readonly<Record<string, Case>> = {
  "a message that is a text": ["anthropic", { ...message([]), content: "Mild." }],
  "a message of one block": ["anthropic", { ...message([]), content: { type: "text", text: "Mild." } }],
  "a message of texts": ["anthropic", { ...message([]), content: ["Mi", "ld."] }],
  "a message of blocks without a type": ["anthropic", message([{ text: "Mild." }])],
  "a chat whose message is a text": ["openai", chat([choice({ message: "Mild." })])],
  "a chat with a text in place of a message": ["openai", chat([choice({ text: "Mild." })])],
  "a chat of one choice": ["openai", chat(choice({ message: { role: "assistant", content: "Mild." } }))],
  "a chat of one part": ["openai", completion({ content: { type: "text", text: "Mild." } })],
  "a response that is a text": ["openai", response("Mild."), ["responses"]],
  "a response of one item": ["openai", response(item([part])), ["responses"]],
  "a response whose message is a text": ["openai", response([item("Mild.")]), ["responses"]],
  "a response whose message is one part": ["openai", response([item(part)]), ["responses"]],
  "a response with its text alone": ["openai", response([], { output_text: "Mild." }), ["responses"]]
}

const hi = [{ role: "user", content: "hi" }]
const paths: Json = {
  chats: ["/v1/chat/completions", { messages: hi }],
  messages: ["/v1/messages", { messages: hi, max_tokens: 9 }],
  responses: ["/v1/responses", { input: "hi", store: false }]
}

/** The text as clients of the protocol read it. */
const textIn = (caller: string, events: ReadonlyArray<Json>, whole: Json | undefined): string => {
  switch (caller) {
    case "chats":
      return whole === undefined
        ? events.map(({ choices }) => choices[0]?.delta.content ?? "").join("")
        : whole.choices[0].message.content
    case "messages":
      return whole === undefined
        ? events.map(({ delta }) => delta?.text ?? "").join("")
        : whole.content.map(({ text, type }: Json) => (type === "text" ? text : "?")).join("")
    default: {
      const made = whole ?? events.find(({ type }) => type === "response.completed")?.response
      return made.output.flatMap(({ content }: Json) => content.map(({ text }: Json) => text)).join("")
    }
  }
}

describe("an answer without a list around its content is read:", () => {
  for (const [what, [protocol, answer, callers = Object.keys(paths)]] of Object.entries(answers))
    for (const caller of callers)
      for (const stream of [false, true])
        it.live(`${what}, for ${caller}${stream ? ", streamed" : ""}`, () =>
          Effect.gen(function* () {
            const more = protocol === "openai" ? { responses: callers.length === 1 } : {}
            const { post } = yield* stage({ p: { protocol, reply: () => ({ json: answer }), more } })
            const [path, body] = paths[caller]
            const got = yield* post(path, { ...body, model: "p/m", stream })
            assert.strictEqual(got.status, 200, got.text)
            const whole = stream ? undefined : (got.json as Json)
            assert.strictEqual(textIn(caller, stream ? dataOf(got.text) : [], whole), "Mild.", got.text)
          })
        )

  it.live("but an empty one is still empty", () =>
    Effect.gen(function* () {
      for (const content of ["", {}, [""]]) {
        const json = { ...message([]), content }
        const { post } = yield* stage({ p: { protocol: "anthropic", reply: () => ({ json }) } })
        const got = yield* post("/v1/messages", { model: "p/m", max_tokens: 9, messages: hi })
        assert.strictEqual(got.status, 502, JSON.stringify(content))
      }
    })
  )
})
