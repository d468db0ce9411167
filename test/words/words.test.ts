import { assert, describe, it } from "@effect/vitest"
import { fromFinish } from "../../src/classifier/Finish.ts"
import * as Finish from "../../src/providers/protocols/Finish.ts"
import { anthropicWords, isContextCode, saysContext } from "../../src/words/ContextErrors.ts"
import { contextNumbers, outputOverflow } from "../../src/words/ContextNumbers.ts"
import { isError } from "../../src/words/ErrorPaths.ts"
import { finishOf, finishReasons } from "../../src/words/FinishReasons.ts"
import { fold } from "../../src/words/Group.ts"
import { hasThought, thoughtBlocks, thoughtText, thoughtTexts } from "../../src/words/Thoughts.ts"
import { countsOf, usageIn } from "../../src/words/UsageFields.ts"

describe("finish reasons", () => {
  it("mean one thing each", () => {
    const seen = new Map<string, string>()
    for (const { as, values } of finishReasons) {
      for (const value of values.split(" ")) {
        const word = fold(value)
        assert.strictEqual(seen.get(word) ?? as, as, value)
        seen.set(word, as)
      }
    }
  })

  it.each([
    ["MAX_TOKENS", "length"],
    ["max_tokens", "length"],
    ["maxTokens", "length"],
    ["max_messages", "length"],
    ["SAFETY", "refusal"],
    ["RECITATION", "refusal"],
    ["STOP", "end"],
    ["end_turn", "end"],
    ["COMPLETE", "end"],
    ["eos_token", "end"],
    ["tool_use", "calls"],
    ["model_context_window_exceeded", "window"],
    ["function_call_filter: MALFORMED_FUNCTION_CALL", "malformed"],
    // Not in the table, but its parts make it clear.
    ["max_completion_tokens", "length"],
    ["output_truncated", "length"],
    ["token_limit_reached", "length"],
    ["context_overflow", "window"],
    ["content_policy_violation", "refusal"],
    ["user_cancelled", "fault"],
    ["inference_error", "fault"],
    ["stop_token", undefined],
    ["something new", undefined]
  ] as const)("%s is %s in whatever case it is written", (reason, expected) => {
    assert.strictEqual(finishOf(reason), expected)
    assert.strictEqual(finishOf(reason.toUpperCase()), expected)
    assert.strictEqual(finishOf(reason.toLowerCase()), expected)
  })

  it("are read alike by the classifier and the commit point", () => {
    for (const { values } of finishReasons) {
      for (const value of values.split(" ")) {
        const isFailure = Finish.meaning(value, false) === "failed"
        const as = fromFinish(value)
        assert.strictEqual(isFailure, as !== undefined && as !== "MaxTokens", value)
      }
    }
  })
})

describe("thoughts", () => {
  it("are found under every listed name", () => {
    for (const { name } of thoughtTexts) {
      assert.strictEqual(thoughtText({ [name]: "hm" }), "hm")
      assert.isTrue(hasThought({ [name]: "hm" }))
      assert.isFalse(hasThought({ [name]: "" }))
    }
    for (const { name } of thoughtBlocks) assert.isTrue(hasThought({ [name]: [{ type: "x" }] }))
    assert.isFalse(hasThought({ content: "hello", role: "assistant" }))
  })
})

describe("usage", () => {
  const usage = { prompt_tokens: 15, completion_tokens: 2 }

  it.each([
    ["in usage", { usage }],
    ["in the message of a message_start", { message: { usage } }],
    ["in a response", { response: { usage } }],
    ["in the first choice, as Moonshot does", { choices: [{ index: 0, usage }] }],
    ["in x_groq", { x_groq: { usage } }],
    ["in llama.cpp's timings", { timings: { prompt_n: 11, cache_n: 4, prompt_ms: 30.9, predicted_n: 2 } }],
    ["beside the answer, as Ollama does", { done: true, prompt_eval_count: 15, eval_count: 2 }],
    ["in Cohere's tokens", { usage: { tokens: { input_tokens: 15, output_tokens: 2 } } }],
    [
      "in the metrics of Bedrock",
      {
        "amazon-bedrock-invocationMetrics": { inputTokenCount: 15, outputTokenCount: 2, firstByteLatency: 9 }
      }
    ],
    ["under names in camel case", { usage: { promptTokens: 15, completionTokens: 2 } }]
  ])("is found %s", (_, json) => {
    const { input, output } = countsOf(usageIn(json) ?? {})
    assert.deepStrictEqual({ input, output }, { input: 15, output: 2 })
  })

  it("of llama.cpp has the cached tokens beside the others", () => {
    const timings = { prompt_n: 11, cache_n: 4, predicted_n: 2 }
    assert.deepInclude(countsOf(usageIn({ timings }) ?? {}), { input: 15, cacheRead: 4, output: 2 })
    assert.deepStrictEqual(countsOf(usageIn({ usage, timings }) ?? {}), { input: 15, output: 2 })
  })

  it("is undefined if there is none", () => {
    assert.isUndefined(usageIn({ choices: [], usage: null }))
  })

  it("reads the cached tokens of OpenAI, DeepSeek and Moonshot", () => {
    for (const cached of [
      { prompt_tokens_details: { cached_tokens: 4 } },
      { prompt_cache_hit_tokens: 4, prompt_cache_miss_tokens: 11 },
      { cached_tokens: 4 }
    ]) {
      assert.deepStrictEqual(countsOf({ ...usage, ...cached }), { input: 15, output: 2, cacheRead: 4 })
    }
  })

  it("adds what Anthropic counts separately, and keeps the counts from the start of a stream", () => {
    const start = countsOf({ input_tokens: 15, output_tokens: 1, cache_read_input_tokens: 5 })
    assert.deepStrictEqual(start, { input: 20, output: 1, cacheRead: 5, fresh: 15 })
    assert.deepStrictEqual(countsOf({ output_tokens: 9 }, start), { ...start, output: 9 })
    assert.deepStrictEqual(countsOf({ input_tokens: 0, output_tokens: 9 }, start), { ...start, output: 9 })
    assert.deepStrictEqual(countsOf({ input_tokens: 0, output_tokens: 9 }, { input: 15, output: 0 }), {
      input: 15,
      output: 9
    })
  })

  it("adds Gemini's thoughts to the output", () => {
    assert.deepStrictEqual(
      countsOf({
        promptTokenCount: 3,
        candidatesTokenCount: 4,
        thoughtsTokenCount: 5,
        cachedContentTokenCount: 1
      }),
      { input: 3, output: 9, cacheRead: 1, thinking: 5 }
    )
  })
})

describe("errors in an answer", () => {
  it.each([
    [{ error: { message: "no" } }, true],
    [{ error: "no" }, true],
    [{ type: "error" }, true],
    [{ object: "error", message: "no" }, true],
    [{ type: "response.failed", response: { error: { code: "server_error" } } }, true],
    [{ base_resp: { status_code: 1008, status_msg: "insufficient balance" } }, true],
    [{ choices: [{ error: { code: 502 } }] }, true],
    // https://www.tencentcloud.com/document/product/1235/64590
    [{ Response: { Error: { Code: "AuthFailure.SignatureFailure" }, RequestId: "a" } }, true],
    [{ Response: { Choices: [], RequestId: "a" } }, false],
    // https://github.com/groq/groq-python/blob/main/src/groq/types/chat/chat_completion_chunk.py
    [{ choices: [], x_groq: { id: "req_1", error: "over capacity" } }, true],
    [{ choices: [], x_groq: { id: "req_1", error: null } }, false],
    [{ code: 50501, message: "busy" }, true],
    [{ choices: [], base_resp: { status_code: 0, status_msg: "" } }, false],
    [{ choices: [{ delta: {} }], error: null }, false],
    [{ choices: [{ delta: {}, error: {} }], error: {} }, false],
    [{ choices: [{ delta: {} }], error: { message: "", code: 0, details: {} } }, false],
    [{ type: "message_start" }, false]
  ])("%j: %s", (json, expected) => {
    assert.strictEqual(isError(json), expected)
  })
})

describe("a prompt that is too long", () => {
  it("is recognized by code and by sentence; throttling is not mistaken for it", () => {
    assert.isTrue(isContextCode("context_length_exceeded"))
    assert.isTrue(isContextCode("ContextWindowExceededError"))
    assert.isTrue(saysContext("This model's maximum context length is 8192 tokens."))
    assert.isFalse(
      saysContext("Rate limit reached: 30000 input tokens per minute exceed the limit of tokens allowed")
    )
    assert.isFalse(saysContext("You have no credit"))
  })

  // https://github.com/anomalyco/opencode/blob/dev/packages/ai/src/provider-error.ts, vLLM and SGLang
  it.each([
    [
      "5021: The estimated number of input and maximum output tokens (155740) exceeded this model context window limit (128000).",
      { limit: 128_000, actual: 155_740 }
    ],
    [
      "This model's maximum context length is 32768 tokens. However, you requested 32000 output tokens and your prompt contains at least 769 input tokens, for a total of at least 32769 tokens.",
      { limit: 32_768, actual: 32_769 }
    ],
    [
      "prompt has 9,412 tokens, but the configured context size is 8,192 tokens",
      { limit: 8192, actual: 9412 }
    ],
    ["The input exceeds the maximum allowed input length of 131,072 tokens.", { limit: 131_072 }],
    ["The prompt is too large for model with 131072 maximum context length", { limit: 131_072 }],
    ["Number of input tokens exceeds maximum length. The maximum length is 300000.", { limit: 300_000 }],
    // https://github.com/continuedev/continue/issues/9971
    [
      "number of input tokens (83121) have exceeded max_prompt_tokens (65536) limit.",
      { limit: 65_536, actual: 83_121 }
    ],
    [
      "400 length of prompt_tokens (163280) must be less than max_seq_len (32768).",
      { limit: 32_768, actual: 163_280 }
    ],
    // https://github.com/Aider-AI/aider/issues/2296
    ["Request body too large for o1-mini model. Max size: 4000 tokens.", { limit: 4000 }],
    [
      "400 Bad Request: Too many input tokens. Max input tokens: 8192, request input token count: 9279 ",
      { limit: 8192, actual: 9279 }
    ],
    // https://github.com/NVIDIA/TensorRT-LLM/issues/9277
    [
      "The sum of prompt length (9351.0), query length (0) should not exceed max_num_tokens (8192)",
      { limit: 8192, actual: 9351 }
    ],
    // Sentences that match no pattern: of two numbers the larger one is the prompt.
    ["Maximum context length exceeded: 140000 > 131072", { limit: 131_072, actual: 140_000 }],
    [
      "Your prompt has 150,000 tokens which is over the 131,072 token limit of gpt-4-32768",
      { limit: 131_072, actual: 150_000 }
    ],
    // https://help.aliyun.com/en/model-studio/error-code
    ["Total message token length exceed model limit (10000000 tokens).", { limit: 10_000_000 }]
  ])("is recognized with its numbers: %s", (sentence, expected) => {
    assert.isTrue(saysContext(sentence))
    assert.deepStrictEqual(contextNumbers(sentence), expected)
  })

  // https://docs.cohere.com/v1/reference/errors.md, https://github.com/MiniMax-AI/MiniMax-M2/issues/119 and Ollama
  it.each([
    "too many tokens: size limit exceeded by 11326 tokens. Try using shorter or fewer inputs, or setting prompt_truncation='AUTO'.",
    "too many tokens: multi-hop prompt is too long even after truncation",
    "too many tokens: minimal context could not be added to prompt (size limit exceeded by 280 tokens)",
    "invalid params, context window exceeds limit (2013)",
    "prompt too long; exceeded max context length by 17 tokens",
    // https://github.com/anomalyco/opencode/issues/27629, https://github.com/stefandevo/glm-acp-agent/issues/44
    "tokens in request more than max tokens allowed",
    "Prompt exceeds max length",
    "Requested generation length 2048 and prompt length 130000 exceeds maximum model length 131072"
  ])("is recognized without numbers, if it names no window: %s", (sentence) => {
    assert.isTrue(saysContext(sentence))
    assert.isUndefined(contextNumbers(sentence))
  })

  // https://docs.cohere.com/v1/reference/errors.md
  it("is not a cap above the output limit of the model", () => {
    assert.isFalse(
      saysContext(
        "too many tokens: max tokens must be less than or equal to 4096, the maximum output for this model - received 8192."
      )
    )
  })

  it("is distinguished from a cap that is too large", () => {
    const sentence =
      "Requested token count exceeds the model's maximum context length of 256000 tokens. You requested a total of 256800 tokens: 24800 tokens from the input messages and 232000 tokens for the completion."
    assert.deepStrictEqual(outputOverflow(sentence), { window: 256_000, prompt: 24_800, output: 232_000 })
    assert.deepStrictEqual(contextNumbers(sentence), { limit: 256_000, actual: 256_800 })
  })

  it("is written as Anthropic writes it, with the numbers if they are known", () => {
    const numbers = contextNumbers(
      "This model's maximum context length is 8192 tokens. However, your messages resulted in 8227 tokens."
    )
    assert.strictEqual(anthropicWords(numbers ?? {}), "prompt is too long: 8227 tokens > 8192 maximum")
    assert.match(anthropicWords({ limit: 8192 }), /^prompt is too long: .*8192/)
    assert.strictEqual(anthropicWords({}), "prompt is too long")
  })
})
