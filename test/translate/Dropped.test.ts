import { assert, describe, it } from "@effect/vitest"
import { resolve } from "../../src/dialect/index.ts"
import * as Translate from "../../src/translate/index.ts"

const hi = [{ role: "user", content: "hi" }]

/** The names of the dropped fields when a request with these fields is translated. The required fields are added. */
type Row = readonly [given: Translate.JsonObject, dropped: ReadonlyArray<string>]

const fromOpenai: ReadonlyArray<Row> = [
  [{ seed: 1, logit_bias: { "1": 2 }, n: 2 }, ["seed", "logit_bias", "n"]],
  [{ logprobs: true, top_logprobs: 3 }, ["logprobs", "top_logprobs"]],
  [{ presence_penalty: 0.5, frequency_penalty: -1 }, ["presence_penalty", "frequency_penalty"]],
  [{ audio: { voice: "ash" }, modalities: ["text", "audio"] }, ["audio", "modalities"]],
  [{ prediction: { type: "content", content: "a" } }, ["prediction"]],
  [{ store: true, metadata: { a: "b" } }, ["store", "metadata"]],
  [{ verbosity: "low", web_search_options: {} }, ["verbosity", "web_search_options"]],
  [
    { prompt_cache_key: "k", prompt_cache_retention: "24h", prompt_cache_options: { mode: "explicit" } },
    ["prompt_cache_retention", "prompt_cache_options", "prompt_cache_key"]
  ],
  [{ moderation: { model: "m" } }, ["moderation"]],
  [{ service_tier: "flex" }, ["service_tier"]],
  [{ safety_identifier: "a", user: "b" }, ["user"]],
  [{ stop: [" ", "\n"] }, ["stop"]],
  [{ response_format: { type: "json_object" } }, ["response_format"]],
  [{ reasoning_effort: "unheard of" }, ["reasoning_effort"]],
  [{ functions: [{ description: "f" }], function_call: "now" }, ["functions.name", "function_call"]],
  [{ tools: [{ type: "custom", custom: { description: "c" } }] }, ["tools.custom"]],
  [{ tool_choice: { type: "custom", custom: {} } }, ["tool_choice"]],
  [{ something_new: { a: 1 } }, ["something_new"]],
  [{ messages: [{ role: "user", name: "Ann", content: "hi" }] }, ["messages.name"]],
  [{ messages: [...hi, { role: "critic", name: "f", content: "1" }] }, ["messages.critic"]],
  [
    {
      messages: [
        ...hi,
        { role: "assistant", content: "a", audio: { id: "x" }, function_call: { arguments: "{}" } },
        ...hi
      ]
    },
    ["messages.audio", "messages.function_call"]
  ],
  [
    { messages: [...hi, { role: "assistant", content: "a", reasoning_content: "b" }, ...hi] },
    ["messages.reasoning_content"]
  ],
  [
    {
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "a", prompt_cache_breakpoint: { mode: "explicit" } },
            { type: "input_audio", input_audio: { data: "", format: "wav" } },
            { type: "image_url", image_url: { url: "https://a/b", detail: "low" } },
            { type: "file", file: { file_id: "f" } }
          ]
        }
      ]
    },
    [
      "messages.content.text.prompt_cache_breakpoint",
      "messages.content.input_audio",
      "messages.content.image_url.detail",
      "messages.content.file"
    ]
  ]
]

const fromAnthropic: ReadonlyArray<Row> = [
  [{ top_k: 5 }, ["top_k"]],
  [
    {
      cache_control: { type: "ephemeral" },
      container: "c",
      diagnostics: {},
      inference_geo: "eu",
      speed: "fast"
    },
    ["container", "diagnostics", "inference_geo", "speed", "cache_control"]
  ],
  [{ mcp_servers: [], context_management: {} }, ["mcp_servers", "context_management"]],
  [{ metadata: { user_id: "a".repeat(129), other: 1 } }, ["metadata.other", "metadata.user_id"]],
  [
    { output_config: { effort: "unheard of", task_budget: {} } },
    ["output_config.task_budget", "output_config.effort"]
  ],
  [{ output_config: { format: { type: "grammar" } } }, ["output_config.format"]],
  [{ thinking: { type: "enabled", budget_tokens: 2000 } }, ["thinking"]],
  [{ service_tier: "unheard of" }, ["service_tier"]],
  [
    {
      tools: [
        { type: "web_search_20250305", name: "web_search" },
        { type: "code_execution_20250825", name: "bash" },
        {
          name: "f",
          input_schema: { type: "object", properties: {} },
          cache_control: { type: "ephemeral" },
          input_examples: []
        }
      ]
    },
    [
      "tools.web_search_20250305",
      "tools.code_execution_20250825",
      "tools.cache_control",
      "tools.input_examples"
    ]
  ],
  [{ system: [{ type: "text", text: "a", cache_control: { type: "ephemeral" } }] }, ["system.cache_control"]],
  [{ messages: [...hi, { role: "assistant", content: "The answer is" }] }, ["messages.prefill"]],
  [
    {
      messages: [
        ...hi,
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "a", signature: "b" },
            { type: "redacted_thinking", data: "c" },
            { type: "server_tool_use", id: "s", name: "web_search", input: {} },
            { type: "web_search_tool_result", tool_use_id: "s", content: [] },
            { type: "text", text: "d", citations: [{}], cache_control: { type: "ephemeral" } }
          ]
        },
        ...hi
      ]
    },
    ["messages.content.text.citations", "messages.content.text.cache_control", "messages.content.thinking"]
  ],
  [
    {
      messages: [
        {
          role: "user",
          content: [
            { type: "image", source: { type: "file", file_id: "f" } },
            { type: "document", source: { type: "url", url: "https://a/b.pdf" } },
            {
              type: "document",
              source: { type: "base64", media_type: "application/pdf", data: "" },
              context: "c",
              citations: { enabled: true }
            },
            {
              type: "tool_result",
              tool_use_id: "t",
              content: [{ type: "tool_reference", tool_name: "f" }],
              cache_control: { type: "ephemeral" }
            },
            { type: "container_upload", file_id: "f" }
          ]
        }
      ]
    },
    [
      "messages.content.image",
      "messages.content.document",
      "messages.content.tool_result.cache_control",
      "messages.content.container_upload",
      "messages.content.document.url"
    ]
  ]
]

describe("a field without a counterpart", () => {
  for (const [given, dropped] of fromOpenai) {
    it(`is named on the way to Anthropic: ${dropped.join(", ")}`, () => {
      const body = { model: "claude-sonnet-4-0", messages: hi, ...given }
      assert.deepStrictEqual(Translate.translateRequest("openai", "anthropic", body).dropped, dropped)
    })
  }

  for (const [given, dropped] of fromAnthropic) {
    it(`is named on the way to OpenAI: ${dropped.join(", ")}`, () => {
      const body = { model: "gpt-4.1", max_tokens: 9, messages: hi, ...given }
      assert.deepStrictEqual(Translate.translateRequest("anthropic", "openai", body).dropped, dropped)
    })
  }

  it("is not named if it has no effect", () => {
    const chat = {
      model: "claude-sonnet-5",
      messages: [{ role: "user", content: "hi", name: null }],
      n: 1,
      logprobs: false,
      top_logprobs: 0,
      presence_penalty: 0,
      frequency_penalty: 0,
      temperature: 1,
      top_p: 1,
      store: false,
      verbosity: "medium",
      modalities: ["text"],
      response_format: { type: "text" },
      seed: null,
      metadata: undefined,
      user: "a",
      safety_identifier: "a"
    }
    assert.deepStrictEqual(Translate.translateRequest("openai", "anthropic", chat).dropped, [])
    const messages = {
      model: "gpt-5",
      max_tokens: 9,
      messages: [{ role: "user", content: [{ type: "text", text: "hi", cache_control: null }] }],
      temperature: 1,
      speed: "standard",
      container: null,
      stop_sequences: []
    }
    assert.deepStrictEqual(Translate.translateRequest("anthropic", "openai", messages).dropped, [])
  })

  it("is named in a way that fits a header, however callers name it", () => {
    const odd = { "x\r\nset-cookie: a=b": 1, [`y${"é".repeat(99)}`]: 1, __proto__x: 1 }
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`field_${at}`, at]))
    const { dropped } = Translate.translateRequest("openai", "anthropic", { messages: hi, ...odd, ...many })
    assert.strictEqual(dropped[0], "x??set-cookie??a?b")
    assert.strictEqual(dropped[1]!.length, 64)
    assert.strictEqual(dropped.length, 33)
    assert.strictEqual(dropped.at(-1), "more")
    for (const name of dropped) assert.match(name, /^[\x21-\x7e]{1,64}$/)
  })
})

describe("a request that a dialect changes within its protocol", () => {
  it("requests one answer: the calls in two would be mistaken for those of one", () => {
    const dialect = { ...resolve({ protocol: "openai", model: "m" }), apply: "always" as const }
    const sent = (more: Translate.JsonObject) =>
      Translate.expressRequest(
        "openai",
        "openai",
        { messages: hi, seed: 1, ...more },
        "m",
        undefined,
        dialect
      )
    const { body, dropped } = sent({ n: 2 })
    assert.deepStrictEqual([body.n, body.seed, dropped], [undefined, 1, ["n"]])
    const strange = sent({ n: 2, messages: [{ role: "user", content: [{ type: "hologram" }] }] })
    assert.deepStrictEqual([strange.body.n, strange.dropped], [undefined, ["n"]])
    assert.deepStrictEqual([sent({ n: 1 }).dropped, sent({}).dropped], [[], []])
  })
})
