/** More members of the kinds of wire faults, each from a public report. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chunk, completion, dataOf, type Json, message, type Reply, stage } from "../../support/kinds.ts"

const openai = (reply: (asked: Json, count: number, path: string) => Reply, more: object = {}) => ({
  protocol: "openai" as const,
  reply,
  more
})
const ok = openai(() => ({ json: completion({ content: "ok" }) }))
const claude = {
  protocol: "anthropic" as const,
  reply: () => ({ json: message([{ type: "text", text: "ok" }]) })
}
const hi = [{ role: "user", content: "hi" }]
const weather = {
  name: "weather",
  input_schema: { type: "object", properties: { city: { type: "string" } } }
}
const weatherFunction = {
  type: "function",
  function: { name: "weather", parameters: weather.input_schema }
}

/** The stream of a caller of messages, assembled. */
const heard = (text: string) => {
  const blocks: Array<Json> = []
  let stop: unknown
  for (const event of dataOf(text)) {
    if (event.type === "content_block_start") blocks[event.index] = { ...event.content_block, json: "" }
    if (event.type === "content_block_delta") {
      const block = blocks[event.index]!
      block.text = (block.text ?? "") + (event.delta.text ?? "")
      block.json += event.delta.partial_json ?? ""
    }
    if (event.type === "message_delta") stop = event.delta.stop_reason
  }
  const calls = blocks
    .filter(({ type }) => type === "tool_use")
    .map(({ id, json, name }) => ({ id, name, input: JSON.parse(json === "" ? "{}" : json) }))
  return { blocks, calls, stop }
}

/** Streams chunks to a caller of messages. */
const streamed = (events: ReadonlyArray<unknown>) =>
  Effect.gen(function* () {
    const { post } = yield* stage({ corp: openai(() => ({ events: [...events, "[DONE]"] })) })
    const got = yield* post("/v1/messages", {
      model: "corp/m",
      max_tokens: 99,
      stream: true,
      tools: [weather],
      messages: hi
    })
    return heard(got.text)
  })

const piece = (...calls: ReadonlyArray<Json>) => chunk({ tool_calls: calls })

describe("kind 1: what a model left", () => {
  // https://github.com/BenedictKing/ccx/issues/35
  it.live("is not a separate message if nothing follows it: Codex, DeepSeek", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ deepseek: ok })
      yield* post("/v1/responses", {
        model: "deepseek/deepseek-v4",
        input: [
          { type: "message", role: "user", content: "hi" },
          { type: "reasoning", id: "rs_1", summary: [], content: [{ type: "reasoning_text", text: "Hm." }] },
          { type: "message", role: "user", content: "go on" }
        ]
      })
      for (const sent of seen.deepseek![0]!.body.messages)
        if (sent.role === "assistant")
          assert.isTrue((sent.content ?? "") !== "" || sent.tool_calls !== undefined, JSON.stringify(sent))
    })
  )

  // https://docs.litellm.ai/docs/reasoning_content: LiteLLM's proxy in front of Gemini
  it.live("is a signature among the provider's own fields of a call", () =>
    Effect.gen(function* () {
      const own = { thought_signature: "c2ln" }
      const call = { id: "c1", type: "function", function: { name: "weather", arguments: "{}" } }
      const { post, seen } = yield* stage({
        lite: openai((_, count) => ({
          json:
            count === 1
              ? completion(
                  { content: null, tool_calls: [{ ...call, provider_specific_fields: own }] },
                  "tool_calls"
                )
              : completion({ content: "ok" })
        }))
      })
      const body = { model: "lite/gemini-3-pro", max_tokens: 9, tools: [weather] }
      const first = yield* post("/v1/messages", { ...body, messages: hi })
      const { content } = first.json as Json
      yield* post("/v1/messages", {
        ...body,
        messages: [
          ...hi,
          { role: "assistant", content },
          { role: "user", content: [{ type: "tool_result", tool_use_id: content[0].id, content: "mild" }] }
        ]
      })
      const sent = seen.lite![1]!.body.messages.find(({ role }: Json) => role === "assistant")
      assert.deepStrictEqual(sent.tool_calls[0].provider_specific_fields, own)
    })
  )

  // https://github.com/microsoft/vscode-copilot-chat: `reasoning_opaque` comes last
  it.live("follows the text of a stream and is still sent back: Copilot", () =>
    Effect.gen(function* () {
      const events = [
        chunk({ role: "assistant", reasoning_text: "Hm." }),
        chunk({ content: "Mild." }),
        chunk({ reasoning_opaque: "b3BhcXVl" }),
        chunk({}, "stop"),
        "[DONE]"
      ]
      const { post, seen } = yield* stage({ copilot: openai(() => ({ events })) })
      const body = {
        model: "copilot/gemini-3-pro",
        max_tokens: 9000,
        stream: true,
        thinking: { type: "enabled", budget_tokens: 2000 }
      }
      const first = yield* post("/v1/messages", { ...body, messages: hi })
      const content: Array<Json> = []
      for (const event of dataOf(first.text)) {
        if (event.type === "content_block_start") content[event.index] = { ...event.content_block }
        if (event.type !== "content_block_delta") continue
        const block = content[event.index]!
        for (const field of ["text", "thinking", "signature"])
          if (event.delta[field] !== undefined) block[field] = (block[field] ?? "") + event.delta[field]
      }
      yield* post("/v1/messages", {
        ...body,
        messages: [...hi, { role: "assistant", content }, { role: "user", content: "and then?" }]
      })
      const sent = seen.copilot![1]!.body.messages.find(({ role }: Json) => role === "assistant")
      assert.strictEqual(sent.reasoning_opaque, "b3BhcXVl", first.text)
    })
  )
})

describe("kind 2: rules of other servers", () => {
  const asked = { max_tokens: 9, temperature: 0.2, top_p: 0.9, stop_sequences: ["END"], messages: hi }

  // https://github.com/HKUDS/nanobot/pull/4967
  it.live("Kimi since version 2.5 takes its own temperature only", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ moonshot: ok })
      const got = yield* post("/v1/messages", { ...asked, model: "moonshot/kimi-k2.6" })
      const { body } = seen.moonshot![0]!
      assert.isUndefined(body.temperature)
      assert.isUndefined(body.top_p)
      assert.strictEqual(body.stop, "END")
      assert.strictEqual(got.headers["x-failover-dropped"], "temperature, top_p")
      yield* post("/v1/messages", { ...asked, model: "moonshot/kimi-k2-0905-preview" })
      assert.strictEqual(seen.moonshot![1]!.body.temperature, 0.2)
    })
  )

  // https://github.com/maximhq/bifrost/pull/1153
  it.live("Grok takes no stop sequences while it reasons", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ xai: ok })
      yield* post("/v1/messages", { ...asked, model: "xai/grok-4" })
      yield* post("/v1/messages", { ...asked, model: "xai/grok-3" })
      yield* post("/v1/messages", { ...asked, model: "xai/grok-4.20-non-reasoning" })
      assert.deepStrictEqual(
        seen.xai!.map(({ body }) => body.stop),
        [undefined, "END", "END"]
      )
    })
  )

  // https://github.com/QuantumNous/new-api/issues/5372
  for (const [field, words] of [
    ["temperature", "invalid temperature: only 1 is allowed for this model"],
    ["stop", "Argument not supported on this model: stop"]
  ] as const)
    it.live(`an unknown server refuses ${field} by its name, and gets the request without it`, () =>
      Effect.gen(function* () {
        const { post, seen } = yield* stage({
          corp: openai((sent) =>
            sent[field] === undefined
              ? { json: completion({ content: "ok" }) }
              : { status: 400, json: { error: { message: words, type: "invalid_request_error" } } }
          )
        })
        const got = yield* post("/v1/messages", { ...asked, model: "corp/m" })
        assert.strictEqual(got.status, 200, got.text)
        assert.strictEqual(seen.corp!.length, 2)
      })
    )

  const tool = { name: "weather", input_schema: { type: "object", properties: {} } }
  const use = { type: "tool_use", id: "toolu_01AbCdEfGhIjKlMnOpQrStUv", name: "weather", input: {} }
  const result = { type: "tool_result", tool_use_id: use.id, content: "mild" }
  const used = [...hi, { role: "assistant", content: [use] }, { role: "user", content: [result] }]

  for (const [what, words, isWrong, more] of [
    [
      "a forced call",
      "tool_choice='required' is not supported; only 'auto' and 'none' are",
      (sent: Json) => sent.tool_choice === "required",
      { tools: [tool], tool_choice: { type: "any" } }
    ],
    [
      "more than one stop sequence",
      "Invalid 'stop': array too long. Expected an array with maximum length 1.",
      (sent: Json) => Array.isArray(sent.stop),
      { stop_sequences: ["a", "b"] }
    ],
    [
      "the user",
      "Unrecognized request argument supplied: user",
      (sent: Json) => sent.user !== undefined,
      { metadata: { user_id: "u" } }
    ],
    [
      "ids of other lengths: Mistral's model by another name",
      "Tool call id was toolu_01AbCdEfGhIjKlMnOpQrStUv but must be a-z, A-Z, 0-9, with a length of 9.",
      (sent: Json) =>
        sent.messages.some(({ tool_call_id: id = "a1b2c3d4e" }: Json) => !/^[a-zA-Z0-9]{9}$/.test(id)),
      { tools: [tool], messages: used }
    ],
    [
      "a result without the name of its tool: Gemini behind a relay",
      "GenerateContentRequest.contents[2].parts[0].function_response.name: Name cannot be empty.",
      (sent: Json) => sent.messages.some(({ name, role }: Json) => role === "tool" && name === undefined),
      { tools: [tool], messages: used }
    ],
    [
      "a text of the model at the end without a mark",
      "Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant",
      (sent: Json) => sent.messages.at(-1).role === "assistant" && sent.messages.at(-1).prefix !== true,
      { messages: [...hi, { role: "assistant", content: "It is" }] }
    ]
  ] as const)
    it.live(`an unknown server refuses ${what}, and gets the request in its form`, () =>
      Effect.gen(function* () {
        const { post, seen } = yield* stage({
          corp: openai((sent) =>
            isWrong(sent)
              ? { status: 400, json: { error: { message: words, type: "invalid_request_error" } } }
              : { json: completion({ content: "ok" }) }
          )
        })
        const got = yield* post("/v1/messages", { model: "corp/m", max_tokens: 9, messages: hi, ...more })
        assert.strictEqual(got.status, 200, got.text)
        assert.strictEqual(seen.corp!.length, 2)
      })
    )

  // https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/189
  it.live("an unknown server refuses JSON without a schema, and gets the request without it", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({
        corp: openai((sent) =>
          sent.response_format === undefined
            ? { json: completion({ content: "{}" }) }
            : { status: 400, json: { error: "'response_format.type' must be 'json_schema' or 'text'" } }
        )
      })
      const got = yield* post("/v1/responses", {
        model: "corp/m",
        input: hi,
        text: { format: { type: "json_object" } }
      })
      assert.strictEqual(got.status, 200, got.text)
      assert.strictEqual(got.headers["x-failover-dropped"], "text.format")
      assert.deepStrictEqual(
        seen.corp!.map(({ body }) => body.response_format),
        [{ type: "json_object" }, undefined]
      )
    })
  )

  // https://github.com/langchain-ai/langchain/issues/35081
  it.live("Claude refuses empty messages", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ claude })
      yield* post("/v1/chat/completions", {
        model: "claude/claude-sonnet-5",
        messages: [
          { role: "user", content: "" },
          { role: "assistant", content: "" },
          { role: "user", content: [{ type: "text", text: " " }] },
          { role: "user", content: "hi" }
        ]
      })
      const { messages } = seen.claude![0]!.body
      assert.deepStrictEqual(messages, [{ role: "user", content: "hi" }])
    })
  )
})

describe("kind 3: one list for one thing", () => {
  for (const [reason, stop] of [
    ["FinishReason.MAX_TOKENS", "max_tokens"],
    ["eos_token", "end_turn"],
    ["tool_use", "tool_use"],
    ["stop_sequence", "stop_sequence"]
  ] as const)
    it.live(`a chat ends with ${reason}`, () =>
      Effect.gen(function* () {
        const call = { index: 0, id: "c1", type: "function", function: { name: "weather", arguments: "{}" } }
        const got = yield* streamed([
          chunk(reason === "tool_use" ? { tool_calls: [call] } : { content: "half" }),
          chunk({}, reason)
        ])
        assert.strictEqual(got.stop, stop)
      })
    )

  // vLLM since 0.11; SGLang; Ollama
  for (const words of [
    "This model's maximum context length is 32768 tokens. However, your request has 40000 input tokens. Please reduce the length of the input messages.",
    "The input (40000 tokens) is longer than the model's context length (32768 tokens).",
    "The decoder prompt (length 40000) is longer than the maximum model length of 32768."
  ])
    it.live(`a prompt is too long: ${words.slice(0, 40)}`, () =>
      Effect.gen(function* () {
        const { post } = yield* stage({
          corp: openai(() => ({ status: 400, json: { object: "error", message: words, code: 400 } }))
        })
        const got = yield* post("/v1/messages", { model: "corp/m", max_tokens: 9, messages: hi })
        assert.include(got.text, "prompt is too long: 40000 tokens > 32768 maximum")
      })
    )
})

describe("kind 4: nothing vanishes", () => {
  const paris = { id: "a", name: "weather", input: { city: "Paris" } }
  const oslo = { id: "b", name: "weather", input: { city: "Oslo" } }

  const cases: Readonly<Record<string, readonly [events: ReadonlyArray<Json>, calls: ReadonlyArray<Json>]>> =
    {
      // https://github.com/ollama/ollama/issues/7881
      "pieces without an index": [
        [
          piece({ id: "a", type: "function", function: { name: "weather", arguments: "" } }),
          piece({ function: { arguments: '{"city":' } }),
          piece({ function: { arguments: '"Paris"}' } })
        ],
        [paris]
      ],
      // https://github.com/SamSaffron/term-llm/pull/314
      "two calls without an index in one chunk": [
        [
          piece(
            { id: "a", function: { name: "weather", arguments: '{"city":"Paris"}' } },
            { id: "b", function: { name: "weather", arguments: '{"city":"Oslo"}' } }
          )
        ],
        [paris, oslo]
      ],
      // https://github.com/vercel/ai/pull/15879
      "arguments before the name": [
        [
          piece({ id: "a", index: 0, function: { arguments: '{"city":' } }),
          piece({ id: "a", index: 0, function: { arguments: '"Paris"}' } }),
          piece({ id: "a", index: 0, function: { name: "weather" } })
        ],
        [paris]
      ],
      // https://github.com/NVIDIA-NeMo/Switchyard/pull/785
      "a name in pieces": [
        [
          piece({ index: 0, id: "a", function: { name: "wea" } }),
          piece({ index: 0, function: { name: "ther" } }),
          piece({ index: 0, function: { arguments: '{"city":"Paris"}' } })
        ],
        [paris]
      ],
      // https://github.com/openai/openai-python/issues/3201
      "two calls with one index in the first chunk": [
        [
          piece(
            { index: 0, id: "a", function: { name: "weather", arguments: '{"city":"Paris"}' } },
            { index: 0, id: "b", function: { name: "weather", arguments: '{"city":"Oslo"}' } }
          )
        ],
        [paris, oslo]
      ],
      "arguments that are an object": [
        [piece({ index: 0, id: "a", function: { name: "weather", arguments: { city: "Paris" } } })],
        [paris]
      ],
      // https://github.com/BerriAI/litellm/pull/5064
      "arguments that are null": [
        [piece({ index: 0, id: "a", function: { name: "weather", arguments: null } })],
        [{ id: "a", name: "weather", input: {} }]
      ]
    }
  for (const [what, [events, calls]] of Object.entries(cases))
    it.live(`in ${what}`, () =>
      Effect.gen(function* () {
        const got = yield* streamed([...events, chunk({}, "tool_calls")])
        assert.deepStrictEqual(got.calls, calls as never)
      })
    )
})

describe("kind 5: judged by the content, not by its label", () => {
  it.live("a whole chat in one event of a stream", () =>
    Effect.gen(function* () {
      const got = yield* streamed([completion({ content: "all of it" })])
      assert.strictEqual(got.blocks[0]?.text, "all of it")
      assert.strictEqual(got.stop, "end_turn")
    })
  )

  it.live("events as plain text", () =>
    Effect.gen(function* () {
      const { post } = yield* stage({
        corp: openai(() => ({
          type: "text/plain; charset=utf-8",
          events: [chunk({ content: "some" }), chunk({}, "stop"), "[DONE]"]
        }))
      })
      const got = yield* post("/v1/messages", { model: "corp/m", max_tokens: 9, stream: true, messages: hi })
      assert.strictEqual(heard(got.text).blocks[0]?.text, "some", got.text)
    })
  )

  // https://github.com/decolua/9router/issues/3008
  it.live("a refusal as JSON inside a text names a field, which is left out", () =>
    Effect.gen(function* () {
      const { post } = yield* stage({
        corp: openai((sent) =>
          sent.reasoning_effort === undefined
            ? { json: completion({ content: "ok" }) }
            : {
                status: 400,
                json: {
                  error: {
                    code: null,
                    message: '{"detail":"Unsupported parameter: reasoning_effort"}（traceid: d21197b5）',
                    type: "invalid_request_error"
                  }
                }
              }
        )
      })
      const got = yield* post("/v1/messages", {
        model: "corp/gpt-oss-120b",
        max_tokens: 9000,
        thinking: { type: "enabled", budget_tokens: 4000 },
        messages: hi
      })
      assert.strictEqual(got.status, 200, got.text)
    })
  )
})

describe("kind 5: an endpoint that a server does not have", () => {
  for (const [status, error] of [
    // https://github.com/QuantumNous/new-api/issues/6617 and its error codes
    [500, { message: "invalid api type: 41", type: "new_api_error", code: "invalid_api_type" }],
    [500, { message: "unsupported relay mode: 35", type: "one_api_error" }],
    [500, { message: "The Responses API is not supported by this channel", type: "server_error" }],
    [502, { message: "The upstream does not implement /v1/responses" }],
    [503, { message: "/v1/responses is not available" }]
  ] as const)
    it.live(`benches nothing: ${status} ${error.message}`, () =>
      Effect.gen(function* () {
        const { post, seen } = yield* stage({
          corp: openai(
            (_, __, path) =>
              path.endsWith("/responses")
                ? { status, json: { error } }
                : { json: completion({ content: "ok" }) },
            { responses: true }
          ),
          other: ok
        })
        yield* post("/v1/responses", { model: "corp/m", input: "hi" })
        const got = yield* post("/v1/chat/completions", {
          model: "corp/m",
          fallbacks: ["other/m"],
          messages: hi
        })
        assert.strictEqual(got.headers["x-failover-target"], "corp/m#k")
        assert.strictEqual(seen.other!.length, 0)
      })
    )
})

describe("kind 6: keep-alives and ends", () => {
  it.live("a chunk with null choices is not a failure", () =>
    Effect.gen(function* () {
      const got = yield* streamed([
        chunk({ content: "some" }),
        { id: "c1", object: "chat.completion.chunk", choices: null, usage: null },
        chunk({}, "stop")
      ])
      assert.strictEqual(got.blocks[0]?.text, "some")
    })
  )

  it.live("a filter that stops an answer in the middle is a refusal", () =>
    Effect.gen(function* () {
      const got = yield* streamed([chunk({ content: "some" }), chunk({}, "content_filter")])
      assert.strictEqual(got.stop, "refusal")
    })
  )
})

describe("kind 7: handshakes", () => {
  it.live(
    "Claude Code sends ?beta=true and fields of betas, which are named as dropped for other targets",
    () =>
      Effect.gen(function* () {
        const { post, seen } = yield* stage({ corp: ok })
        const got = yield* post("/v1/messages?beta=true", {
          model: "corp/m",
          max_tokens: 9,
          messages: hi,
          context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
          mcp_servers: [{ type: "url", url: "https://mcp.example.com", name: "m" }]
        })
        assert.strictEqual(got.status, 200, got.text)
        assert.isUndefined(seen.corp![0]!.body.context_management)
        assert.strictEqual(got.headers["x-failover-dropped"], "context_management, mcp_servers")
      })
  )
})

describe("kind 8: content is not a setting", () => {
  it.live("a video for Claude is a 400, and not an answer without it", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ claude })
      const got = yield* post("/v1/chat/completions", {
        model: "claude/claude-sonnet-5",
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: "what is it?" },
              { type: "video_url", video_url: { url: "https://example.com/a.mp4" } }
            ]
          }
        ]
      })
      assert.strictEqual(got.status, 400)
      assert.strictEqual(seen.claude!.length, 0)
    })
  )

  it.live("an image in a tool result is content: DeepSeek is skipped", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage(
        { deepseek: ok, corp: ok },
        { models: { smart: ["deepseek/deepseek-v3", "corp/m"] } }
      )
      const source = { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" }
      yield* post("/v1/messages", {
        model: "smart",
        max_tokens: 9,
        tools: [weather],
        messages: [
          ...hi,
          { role: "assistant", content: [{ type: "tool_use", id: "t1", name: "weather", input: {} }] },
          {
            role: "user",
            content: [{ type: "tool_result", tool_use_id: "t1", content: [{ type: "image", source }] }]
          }
        ]
      })
      assert.strictEqual(seen.deepseek!.length, 0)
      assert.include(JSON.stringify(seen.corp![0]!.body), "iVBORw0KGgo=")
    })
  )
})

describe("kind 9: order and identity", () => {
  const call = { type: "tool_use", id: "t1", name: "weather", input: {} }

  // https://github.com/openai/codex/issues/394
  for (const [caller, path, body] of [
    [
      "messages",
      "/v1/messages",
      {
        max_tokens: 9,
        tools: [weather],
        messages: [...hi, { role: "assistant", content: [call] }, { role: "user", content: "stop that" }]
      }
    ],
    [
      "responses",
      "/v1/responses",
      {
        input: [
          { type: "message", role: "user", content: "hi" },
          { type: "function_call", call_id: "t1", name: "weather", arguments: "{}" },
          { type: "message", role: "user", content: "stop that" }
        ],
        tools: [{ type: "function", name: "weather", parameters: weather.input_schema }]
      }
    ]
  ] as const)
    it.live(`an interrupted call gets a result, because strict servers require one: ${caller}`, () =>
      Effect.gen(function* () {
        const { post, seen } = yield* stage({ corp: ok })
        yield* post(path, { ...body, model: "corp/m" })
        const { messages } = seen.corp![0]!.body
        const at = messages.findIndex(({ tool_calls }: Json) => tool_calls !== undefined)
        if (at !== -1) assert.strictEqual(messages[at + 1]?.role, "tool", JSON.stringify(messages))
      })
    )

  it.live("a call that was interrupted, from chats to Claude", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ claude })
      yield* post("/v1/chat/completions", {
        model: "claude/claude-sonnet-5",
        tools: [weatherFunction],
        messages: [
          ...hi,
          {
            role: "assistant",
            content: null,
            tool_calls: [{ id: "t1", type: "function", function: { name: "weather", arguments: "{}" } }]
          },
          { role: "user", content: "stop that" }
        ]
      })
      const { messages } = seen.claude![0]!.body
      const at = messages.findIndex(
        ({ content }: Json) => Array.isArray(content) && content.some(({ type }: Json) => type === "tool_use")
      )
      if (at !== -1)
        assert.strictEqual(messages[at + 1]?.content?.[0]?.type, "tool_result", JSON.stringify(messages))
    })
  )

  it.live("a duplicate result is sent once as a result", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ corp: ok })
      const result = { type: "tool_result", tool_use_id: "t1", content: "mild" }
      yield* post("/v1/messages", {
        model: "corp/m",
        max_tokens: 9,
        tools: [weather],
        messages: [...hi, { role: "assistant", content: [call] }, { role: "user", content: [result, result] }]
      })
      const results = seen.corp![0]!.body.messages.filter(({ role }: Json) => role === "tool")
      assert.strictEqual(results.length, 1)
    })
  )
})

describe("kind 10: features that a model does not have", () => {
  const schemas: Readonly<Record<string, readonly [given: Json, sent: Json]>> = {
    // https://github.com/thClaws/thClaws/issues/172
    "an enum of numbers": [
      { properties: { level: { type: "integer", enum: [0, 1] } } },
      { properties: { level: { type: "integer", description: "{enum: [0,1]}" } } }
    ],
    // https://github.com/lbjlaq/Antigravity-Manager/issues/187
    "a required property that is not defined": [
      { properties: { text: { type: "string" } }, required: ["ref", "text"] },
      { properties: { text: { type: "string" } }, required: ["text"] }
    ],
    // https://github.com/router-for-me/CLIProxyAPI/issues/3512
    "comments and descriptions of values": [
      {
        $comment: "one of both",
        properties: { by: { type: "string", enum: ["name"], enumDescriptions: ["by name"] } }
      },
      {
        properties: {
          by: { type: "string", enum: ["name"], description: '{enumDescriptions: ["by name"]}' }
        }
      }
    ],
    // https://github.com/decolua/9router/pull/3018, https://github.com/weave-os/router/pull/65
    "keywords for lists and numbers that its schemas do not have": [
      {
        properties: {
          ids: { type: "array", items: { type: "string" }, uniqueItems: true },
          step: { type: "integer", multipleOf: 5 }
        }
      },
      {
        properties: {
          ids: { type: "array", items: { type: "string" }, description: "{uniqueItems: true}" },
          step: { type: "integer", description: "{multipleOf: 5}" }
        }
      }
    ]
  }
  for (const [what, [given, sent]] of Object.entries(schemas))
    it.live(`Gemini does not take ${what}`, () =>
      Effect.gen(function* () {
        const { post, seen } = yield* stage({ gemini: ok })
        yield* post("/v1/messages", {
          model: "gemini/gemini-3-pro",
          max_tokens: 9,
          tools: [{ name: "sort", input_schema: { type: "object", ...given } }],
          messages: hi
        })
        const [tool] = seen.gemini![0]!.body.tools
        assert.deepStrictEqual(tool.function.parameters, { type: "object", ...sent })
      })
    )

  it.live("a tool without a schema has an empty object at OpenAI, from a caller of responses", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ corp: ok, claude })
      const tools = [{ type: "function", name: "now", parameters: null }]
      for (const model of ["corp/m", "claude/claude-sonnet-5"])
        yield* post("/v1/responses", { model, input: "hi", tools })
      assert.notStrictEqual(seen.corp![0]!.body.tools[0].function.parameters, null)
      assert.strictEqual(seen.claude![0]!.body.tools[0].input_schema.type, "object")
    })
  )
})
