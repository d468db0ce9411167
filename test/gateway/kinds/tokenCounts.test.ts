/** Token counts in forms that servers send: zeros after counts, counts as strings, and null for unknown ones. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chunk, completion, dataOf, type Json, message, type Reply, stage } from "../../support/kinds.ts"

const chatUsage = { prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 4 } }
const ownUsage = { input_tokens: 6, output_tokens: 5, cache_read_input_tokens: 4 }

const zeros = (usage: Json): Json =>
  JSON.parse(JSON.stringify(usage, (_, value) => (typeof value === "number" ? 0 : value)))
const strings = (usage: Json): Json =>
  JSON.parse(JSON.stringify(usage, (_, value) => (typeof value === "number" ? String(value) : value)))

/** A stream of chats that reports these usages one after the other, all after the text. */
const chats = (...usages: ReadonlyArray<Json | null>): Reply => ({
  events: [
    chunk({ role: "assistant", content: "ok" }),
    chunk({}, "stop"),
    ...usages.map((usage) => ({ ...chunk({}), choices: [], usage })),
    "[DONE]"
  ]
})

/** A stream of messages with a usage at its start and one at its end. */
const messages = (first: Json, last: Json): Reply => ({
  events: [
    { type: "message_start", message: { ...message([]), stop_reason: null, usage: first } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "ok" } },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: last },
    { type: "message_stop" }
  ]
})

/** The total includes the thoughts, and the output does not. */
function apart(stream: boolean): Reply {
  const usage = {
    ...chatUsage,
    completion_tokens: 2,
    total_tokens: 15,
    completion_tokens_details: { reasoning_tokens: 3 }
  }
  return stream ? chats(usage) : { json: completion({ content: "ok" }, "stop", { usage }) }
}

/** Counts that are not in the usage. */
function besides(counts: Json, stream: boolean): Reply {
  return stream
    ? { events: [chunk({ content: "ok" }), { ...chunk({}, "stop"), ...counts }, "[DONE]"] }
    : { json: { ...completion({ content: "ok" }), usage: undefined, ...counts } }
}

const hi = [{ role: "user", content: "hi" }]
const callers = {
  chats: { path: "/v1/chat/completions", body: { messages: hi, stream_options: { include_usage: true } } },
  messages: { path: "/v1/messages", body: { messages: hi, max_tokens: 9 } },
  responses: { path: "/v1/responses", body: { input: "hi" } }
} as const

/** The counts for the caller: all input tokens, the cached ones among them, and the output. */
const counted = (usage: Json): ReadonlyArray<unknown> => {
  const cached =
    usage.cache_read_input_tokens ??
    usage.prompt_tokens_details?.cached_tokens ??
    usage.input_tokens_details?.cached_tokens
  const apart = usage.cache_read_input_tokens === undefined ? 0 : cached
  return [
    (usage.prompt_tokens ?? usage.input_tokens) + apart,
    cached,
    usage.completion_tokens ?? usage.output_tokens
  ]
}

const usageIn = (text: string, stream: boolean): Json => {
  const events = stream ? dataOf(text) : [JSON.parse(text)]
  return events.map((event) => event.usage ?? event.response?.usage).findLast((usage) => usage != null)
}

const targets: Readonly<Record<string, readonly ["openai" | "anthropic", whole: Reply, stream: Reply]>> = {
  "a chat that ends with zeros": [
    "openai",
    chats(chatUsage, zeros(chatUsage)),
    chats(chatUsage, zeros(chatUsage))
  ],
  "a chat that ends with null": ["openai", chats(chatUsage, null), chats(chatUsage, null)],
  "a chat that counts in strings": [
    "openai",
    { json: completion({ content: "ok" }, "stop", { usage: strings(chatUsage) }) },
    chats(strings(chatUsage))
  ],
  "a chat with zeros beside the counts of its choice": [
    "openai",
    {
      json: {
        ...completion({ content: "ok" }),
        usage: zeros(chatUsage),
        choices: [{ index: 0, message: { content: "ok" }, finish_reason: "stop", usage: chatUsage }]
      }
    },
    {
      events: [
        chunk({ content: "ok" }),
        {
          ...chunk({}),
          choices: [{ index: 0, delta: {}, finish_reason: "stop", usage: chatUsage }],
          usage: zeros(chatUsage)
        },
        "[DONE]"
      ]
    }
  ],
  "a chat of llama.cpp that has timings alone": [
    "openai",
    besides({ timings: { prompt_n: 6, cache_n: 4, predicted_n: 5 } }, false),
    besides({ timings: { prompt_n: 6, cache_n: 4, predicted_n: 5 } }, true)
  ],
  "a chat that counts its thoughts apart, as xAI does": ["openai", apart(false), apart(true)],
  "messages that end with zeros": [
    "anthropic",
    messages(ownUsage, zeros(ownUsage)),
    messages(ownUsage, zeros(ownUsage))
  ],
  "messages that count in strings": [
    "anthropic",
    { json: message([{ type: "text", text: "ok" }], "end_turn", { usage: strings(ownUsage) }) },
    messages(strings(ownUsage), strings({ output_tokens: 5 }))
  ]
}

describe("the tokens of an answer are counted:", () => {
  for (const [what, [protocol, whole, streamed]] of Object.entries(targets)) {
    for (const [caller, { body, path }] of Object.entries(callers)) {
      // A target of the called protocol is passed through as it is.
      if ((caller === "chats") === (protocol === "openai") && caller !== "responses") continue
      for (const stream of [false, true]) {
        it.live(`${what}, for a caller of ${caller}${stream ? ", streamed" : ""}`, () =>
          Effect.gen(function* () {
            const { post } = yield* stage({ p: { protocol, reply: () => (stream ? streamed : whole) } })
            const got = yield* post(path, { ...body, model: "p/m", stream })
            assert.strictEqual(got.status, 200, got.text)
            assert.deepStrictEqual(counted(usageIn(got.text, stream)), [10, 4, 5], got.text)
          })
        )
      }
    }
  }
})
