/** The reasoning effort and the cache key of a request, as servers of chats accept them. */
import { assert, describe, it } from "@effect/vitest"
import { resolve } from "../../src/dialect/index.ts"
import * as Translate from "../../src/translate/index.ts"

const written = (model: string, provider: string, body: Translate.JsonObject) => {
  const dialect = resolve({ protocol: "openai", provider, model })
  const express = "input" in body ? "responses" : "anthropic"
  return Translate.expressRequest(express, "openai", { model, ...body }, model, undefined, dialect)
}

const effortOf = (model: string, provider: string, effort: string) => {
  const { body, dropped } = written(model, provider, { input: "hi", reasoning: { effort } })
  return [body.reasoning_effort, dropped] as const
}

describe("the effort of a request", () => {
  for (const [model, provider, asked, sent] of [
    ["gemini-3-pro", "gemini", "high", "high"],
    ["gemini-3-pro-preview", "gemini", "medium", "low"],
    ["gemini-3.1-pro-preview", "gemini", "medium", "medium"],
    ["gemini-3-flash", "gemini", "minimal", "low"],
    ["gemini-2.5-pro", "gemini", "none", "low"],
    ["gemini-2.5-flash", "gemini", "none", "none"],
    ["gemini-2.5-flash-lite", "gemini", "xhigh", "high"],
    ["mistral-small-latest", "mistral", "high", "high"],
    ["mistral-small-latest", "mistral", "low", "high"],
    ["mistral-medium-3-5", "mistral", "none", "none"],
    ["mistral-medium-latest", "mistral", "none", "none"],
    ["mistral-medium-2604", "mistral", "low", "high"],
    ["magistral-small-latest", "mistral", "medium", "high"],
    ["mistral-large-4-0", "mistral", "medium", "medium"],
    ["grok-3-mini", "xai", "medium", "low"],
    ["grok-4.3", "xai", "medium", "medium"],
    ["grok-4.5", "xai", "none", "low"],
    ["deepseek-v4-pro", "deepseek", "low", "high"],
    ["deepseek-v4-flash", "deepseek", "xhigh", "high"],
    ["deepseek-v4-flash", "deepseek", "max", "max"],
    ["anthropic/claude-sonnet-5", "openrouter", "xhigh", "xhigh"],
    ["qwen/qwen3-32b", "groq", "none", "none"],
    ["qwen/qwen3-32b", "groq", "low", "default"],
    ["qwen/qwen3.6-27b", "groq", "xhigh", "default"],
    ["openai/gpt-oss-120b", "groq", "high", "high"],
    ["accounts/fireworks/models/qwen3-8b", "fireworks", "none", "none"],
    ["accounts/fireworks/models/glm-4p7", "fireworks", "xhigh", "high"],
    ["accounts/fireworks/models/deepseek-v4-pro", "fireworks", "max", "max"],
    ["accounts/fireworks/models/minimax-m2p5", "fireworks", "none", "low"],
    ["accounts/fireworks/models/gpt-oss-20b", "fireworks", "none", "low"]
  ] as const)
    it(`${asked} is ${sent} for ${model} at ${provider}`, () => {
      assert.deepStrictEqual(effortOf(model, provider, asked), [sent, []])
    })

  for (const [model, provider] of [
    ["gemini-2.0-flash", "gemini"],
    ["magistral-medium-latest", "mistral"],
    ["mistral-large-2512", "mistral"],
    ["grok-4", "xai"],
    ["grok-4-1-fast-reasoning", "xai"],
    ["deepseek-chat", "deepseek"],
    ["accounts/fireworks/models/qwen3-coder-480b-a35b-instruct", "fireworks"],
    ["deepseek-v4-pro", "some-host"]
  ] as const)
    it(`is left out and named for ${model} at ${provider}, which has none`, () => {
      assert.deepStrictEqual(effortOf(model, provider, "high"), [undefined, ["reasoning.effort"]])
    })

  it("follows an override", () => {
    const dialect = resolve({
      protocol: "openai",
      model: "own",
      choices: [{ efforts: ["medium", "high"] }]
    })
    const body = { model: "own", input: "hi", reasoning: { effort: "low" } }
    const { body: chat } = Translate.expressRequest("responses", "openai", body, "own", undefined, dialect)
    assert.strictEqual(chat.reasoning_effort, "medium")
  })

  it("of a thinking Claude client reaches Gemini", () => {
    const { body, dropped } = written("gemini-3-pro", "gemini", {
      max_tokens: 10_000,
      messages: [{ role: "user", content: "hi" }],
      thinking: { type: "enabled", budget_tokens: 8000 }
    })
    assert.deepStrictEqual([body.reasoning_effort, dropped], ["high", []])
  })
})

describe("the cache key of a response", () => {
  const body = { input: "hi", prompt_cache_key: "session-7" }

  for (const [model, provider, baseUrl] of [
    ["gpt-5.2", "corp", "https://api.openai.com/v1"],
    ["mistral-small-latest", "mistral", undefined],
    ["gpt-5.6", "azure", undefined],
    ["kimi-k2.6", "moonshot", undefined],
    ["accounts/fireworks/models/kimi-k2p6", "fireworks", undefined]
  ] as const)
    it(`is sent to ${model}, whose server accepts it in chats`, () => {
      const dialect = resolve({ protocol: "openai", provider, model, baseUrl })
      const sent = Translate.expressRequest(
        "responses",
        "openai",
        { model, ...body },
        model,
        undefined,
        dialect
      )
      assert.strictEqual(sent.body.prompt_cache_key, "session-7")
      assert.deepStrictEqual(sent.dropped, [])
    })

  for (const [model, provider] of [
    ["llama-3.3-70b", "groq"],
    ["gemini-3-pro", "gemini"],
    ["qwen3", "vllm"],
    ["mistral-small", "vllm"],
    ["deepseek-v4-pro", "azure"],
    ["gpt-oss-120b", "azure"],
    ["grok-4.5", "xai"],
    ["kimi-k2.6", "together"]
  ] as const)
    it(`is left out and named for ${model} at ${provider}`, () => {
      const { body: chat, dropped } = written(model, provider, body)
      assert.isUndefined(chat.prompt_cache_key)
      assert.deepStrictEqual(dropped, ["prompt_cache_key"])
    })

  it("is named for Claude", () => {
    const { dropped } = Translate.expressRequest("responses", "anthropic", {
      model: "claude-sonnet-5",
      ...body
    })
    assert.deepStrictEqual(dropped, ["prompt_cache_key"])
  })
})
