/** Field names and values from the config count when answers are judged and translated. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chunk, completion, dataOf, type Json, type Reply, stage } from "../../support/kinds.ts"

const answers =
  (whole: Json, events: ReadonlyArray<unknown>) =>
  (asked: Json): Reply =>
    asked.stream === true ? { events } : { json: whole }

for (const stream of [false, true]) {
  describe(`a server with its own field names and values${stream ? ", streamed" : ""}`, () => {
    it.live("reports the finish reason and the usage", () =>
      Effect.gen(function* () {
        const usage = { prompt_tokens: 10, completion_tokens: 5, kept: { read: 7 }, mused: 3 }
        const { post } = yield* stage({
          corp: {
            protocol: "openai",
            more: {
              dialect: {
                finishWords: { budget_spent: "length" },
                usageFields: { cacheRead: "kept.read", thinking: "mused" }
              }
            },
            reply: answers(completion({ content: "half" }, "budget_spent", { usage }), [
              chunk({ content: "half" }),
              chunk({}, "budget_spent"),
              chunk({}, null, { choices: [], usage }),
              "[DONE]"
            ])
          }
        })
        const body = { model: "corp/m", max_tokens: 9, stream, messages: [{ role: "user", content: "hi" }] }
        const got = yield* post("/v1/messages", body)
        const end = stream
          ? dataOf(got.text).find(({ type }) => type === "message_delta")!
          : { delta: got.json as Json, usage: (got.json as Json).usage }
        assert.strictEqual(end.delta.stop_reason, "max_tokens", got.text)
        assert.strictEqual(end.usage.cache_read_input_tokens, 7)
        assert.strictEqual(end.usage.output_tokens_details.thinking_tokens, 3)
      })
    )

    it.live("sends thoughts in its own field", () =>
      Effect.gen(function* () {
        const { post } = yield* stage({
          corp: {
            protocol: "openai",
            more: { dialect: { thoughtFields: ["musing"] } },
            reply: answers(completion({ musing: "Hm.", content: "Yes." }), [
              chunk({ musing: "H" }),
              chunk({ musing: "m." }),
              chunk({ content: "Yes." }),
              chunk({}, "stop"),
              "[DONE]"
            ])
          }
        })
        const got = yield* post("/v1/messages", {
          model: "corp/m",
          max_tokens: 9000,
          stream,
          thinking: { type: "enabled", budget_tokens: 2000 },
          messages: [{ role: "user", content: "hi" }]
        })
        const thought = stream
          ? dataOf(got.text)
              .map(({ delta }) => delta?.thinking ?? "")
              .join("")
          : (got.json as Json).content[0].thinking
        assert.strictEqual(thought, "Hm.", got.text)
      })
    )

    for (const [emptyAnswer, status] of [
      ["answer", 200],
      ["failure", 502]
    ] as const) {
      it.live(`returns no content, which is ${emptyAnswer === "answer" ? "an" : "a"} ${emptyAnswer}`, () =>
        Effect.gen(function* () {
          const { post } = yield* stage({
            corp: {
              protocol: "openai",
              more: { dialect: { emptyAnswer } },
              reply: answers(completion({ content: "" }), [
                chunk({ content: "" }),
                chunk({}, "stop"),
                "[DONE]"
              ])
            }
          })
          for (const path of ["/v1/messages", "/v1/chat/completions"]) {
            const body = {
              model: "corp/m",
              max_tokens: 9,
              stream,
              messages: [{ role: "user", content: "hi" }]
            }
            assert.strictEqual((yield* post(path, body)).status, status, path)
          }
        })
      )
    }
  })
}

describe("the role developer", () => {
  for (const developerRole of [true, false]) {
    it.live(
      `${developerRole ? "is kept if it is accepted" : "becomes a system message if it is not accepted"}`,
      () =>
        Effect.gen(function* () {
          const { post, seen } = yield* stage({
            corp: {
              protocol: "openai",
              more: { dialect: { developerRole, system: "anywhere" } },
              reply: answers(completion({ content: "ok" }), [])
            }
          })
          yield* post("/v1/responses", {
            model: "corp/m",
            instructions: "Be terse.",
            input: [
              { role: "developer", content: "Use metric units." },
              { role: "user", content: "hi" },
              { role: "developer", content: "And Celsius." },
              { role: "user", content: "well?" }
            ]
          })
          const roles = seen.corp![0]!.body.messages.map(({ role }: Json) => role)
          const own = developerRole ? "developer" : "system"
          assert.deepStrictEqual(roles, ["system", own, "user", own, "user"])
        })
    )
  }
})

describe("a prompt that is too long", () => {
  for (const [words, numbers] of [
    [
      "Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192",
      "9000 tokens > 8192"
    ],
    [
      "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300000 tokens. Please reduce the length of the messages.",
      "300000 tokens > 272000"
    ],
    [
      "`inputs` tokens + `max_new_tokens` must be <= 32769. Given: 40000 `inputs` tokens and 100 `max_new_tokens`",
      "40000 tokens > 32769"
    ],
    [
      "The total number of tokens (150000) exceeds the model's context window of 128000",
      "150000 tokens > 128000"
    ],
    [
      "Trying to keep the first 40000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens",
      "40000 tokens > 4096"
    ],
    ["Range of input length should be [1, 129024]", "more tokens than the 129024"]
  ] as const)
    it.live(`is reported with its numbers: ${words.slice(0, 40)}`, () =>
      Effect.gen(function* () {
        const { post } = yield* stage({
          corp: { protocol: "openai", reply: () => ({ status: 400, json: { error: { message: words } } }) }
        })
        const messages = [{ role: "user", content: "hi" }]
        const got = yield* post("/v1/messages", { model: "corp/m", max_tokens: 9, messages })
        assert.include(got.text, `prompt is too long: ${numbers} maximum`)
        const chat = yield* post("/v1/responses", { model: "corp/m", input: "hi" })
        assert.include(chat.text, "context_length_exceeded")
      })
    )
})

it.live("an answer that vLLM stops because it repeats itself is cut off", () =>
  Effect.gen(function* () {
    const { post } = yield* stage({
      corp: { protocol: "openai", reply: () => ({ json: completion({ content: "a a a" }, "repetition") }) }
    })
    const messages = [{ role: "user", content: "hi" }]
    const got = yield* post("/v1/messages", { model: "corp/m", max_tokens: 9, messages })
    assert.strictEqual((got.json as Json).stop_reason, "max_tokens")
  })
)
