/** How the dialect of a target is found: by host, provider name, model pattern, and config. */
import { assert, describe, it } from "@effect/vitest"
import { type Described, names, resolve, row, table } from "../../src/dialect/index.ts"

const rowsOf = (described: Partial<Described> & { readonly model: string }) =>
  resolve({ protocol: "openai", ...described }).rows

describe("a dialect", () => {
  it("is recognized by the host, by a part of the provider's name, or by the model", () => {
    assert.deepStrictEqual(rowsOf({ baseUrl: "https://api.mistral.ai/v1", model: "x" }), ["mistral"])
    assert.deepStrictEqual(rowsOf({ provider: "mistral-eu", baseUrl: "http://127.0.0.1:1/v1", model: "x" }), [
      "mistral"
    ])
    assert.deepStrictEqual(rowsOf({ provider: "box", model: "mistralai/Devstral-Small-2507" }), ["mistral"])
    assert.deepStrictEqual(rowsOf({ provider: "box", model: "llama-4" }), [])
    assert.deepStrictEqual(rowsOf({ baseUrl: "https://notmistral.ai/v1", model: "x" }), [])
  })

  it("is recognized at each region of Vertex AI", () => {
    for (const host of ["aiplatform", "us-central1-aiplatform", "europe-west4-aiplatform"]) {
      const baseUrl = `https://${host}.googleapis.com/v1/projects/p/locations/l/endpoints/openapi`
      const dialect = resolve({ protocol: "openai", provider: "p", model: "google/gemini-3-pro", baseUrl })
      assert.strictEqual(dialect.unsignedCalls, "marked", host)
    }
  })

  it("prefers a server's own rules to those of its models", () => {
    const groq = resolve({
      protocol: "openai",
      baseUrl: "https://api.groq.com/openai/v1",
      model: "deepseek-r1-distill"
    })
    assert.deepStrictEqual(groq.rows, ["deepseek", "groq"])
    assert.strictEqual(groq.thoughtsBack, "never")
    assert.strictEqual(groq.developerRole, true)
    const vllm = resolve({ protocol: "openai", provider: "vllm", model: "Qwen/Qwen3-Coder" })
    assert.deepStrictEqual(vllm.rows, ["qwen", "vllm"])
    assert.strictEqual(vllm.system, "first")
  })

  it("does not take a model of OpenAI's behind another server for OpenAI", () => {
    assert.deepStrictEqual(rowsOf({ baseUrl: "https://openrouter.ai/api/v1", model: "openai/gpt-5.2" }), [
      "openrouter"
    ])
    assert.deepStrictEqual(rowsOf({ provider: "openai", model: "gpt-5.2" }), ["openai"])
    assert.deepStrictEqual(rowsOf({ provider: "openai", model: "my-model" }), [])
  })

  it("has rules for some models at one server only", () => {
    const takesTemperature = (provider: string, model: string) =>
      resolve({ protocol: "openai", provider, model }).sampling
    assert.isFalse(takesTemperature("moonshot", "kimi-k2.6"))
    assert.isFalse(takesTemperature("kimi", "kimi-k2.5"))
    assert.isTrue(takesTemperature("moonshot", "kimi-k2-turbo-preview"))
    assert.isTrue(takesTemperature("vllm", "moonshotai/Kimi-K2.6"))
  })

  it("of an older Claude has no strict tools", () => {
    const strict = (model: string) => resolve({ protocol: "anthropic", provider: "anthropic", model }).strict
    for (const model of [
      "claude-3-7-sonnet-20250219",
      "claude-sonnet-4-20250514",
      "claude-opus-4-1-20250805",
      "claude-opus-4.1",
      "claude-sonnet-4",
      "claude-2.1"
    ]) {
      assert.isFalse(strict(model), model)
    }
    for (const model of [
      "claude-sonnet-4-5-20250929",
      "claude-opus-4.6",
      "claude-sonnet-5",
      "claude-haiku-4-5"
    ]) {
      assert.isTrue(strict(model), model)
    }
  })

  it("applies rules of a part of a row to that part only, wherever it is served and however the row was found", () => {
    const images = (model: string, more: Partial<Described> = {}) =>
      resolve({ protocol: "openai", model, ...more }).images
    const deepseek = { baseUrl: "https://api.deepseek.com/v1" }
    assert.isFalse(images("deepseek-v4-pro", deepseek))
    assert.isTrue(images("deepseek-v4-flash-vision-exp", deepseek))
    assert.isFalse(images("deepseek-v4-pro", { choices: ["deepseek"] }))
    assert.isTrue(images("deepseek-ai/deepseek-vl2", { provider: "vllm" }))
    assert.isFalse(images("deepseek/deepseek-v4-pro", { baseUrl: "https://openrouter.ai/api/v1" }))
    assert.isFalse(images("MiniMax-M2.5", { provider: "minimax" }))
    assert.isTrue(images("MiniMax-M3", { provider: "minimax" }))
    assert.isTrue(images("deepseek-v4-pro", { ...deepseek, choices: [{ images: true }] }))

    const streamOptions = (described: Partial<Described>) =>
      resolve({ protocol: "openai", model: "devstral-medium", ...described }).streamOptions
    assert.isFalse(streamOptions({ baseUrl: "https://api.mistral.ai/v1" }))
    assert.isFalse(streamOptions({ provider: "mistral-eu" }))
    assert.isTrue(streamOptions({ provider: "vllm" }))
    assert.isTrue(streamOptions({ provider: "box", choices: ["mistral"] }))

    const of = (baseUrl: string, model: string) => resolve({ protocol: "openai", baseUrl, model })
    assert.isFalse(of("https://api.z.ai/api/paas/v4", "glm-5").forcedCalls)
    assert.isTrue(of("https://openrouter.ai/api/v1", "z-ai/glm-5").forcedCalls)
    assert.strictEqual(of("https://api.moonshot.ai/v1", "kimi-k2.6").tokenCap, "max_completion_tokens")
    assert.strictEqual(of("https://box.example/v1", "kimi-k2.6").tokenCap, "max_tokens")
    const dashscope = "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"
    assert.strictEqual(of(dashscope, "qwen3.8-max").tokenCap, "max_completion_tokens")
    assert.strictEqual(of("https://box.example/v1", "Qwen/Qwen3-Coder").tokenCap, "max_tokens")
  })

  it("follows the config, where later rules override earlier ones", () => {
    const described: Described = {
      protocol: "openai",
      baseUrl: "https://api.mistral.ai/v1",
      model: "mistral-large",
      choices: [{ callIdLongest: 20, images: false }, { images: true }]
    }
    const dialect = resolve(described)
    assert.deepStrictEqual(dialect.rows, ["mistral", "config"])
    assert.strictEqual(dialect.callIdLongest, 20)
    assert.strictEqual(dialect.callIdCharacters, "a-zA-Z0-9")
    assert.isTrue(dialect.images)
    assert.deepStrictEqual(resolve({ ...described, choices: ["deepseek"] }).rows, ["deepseek"])
    assert.deepStrictEqual(resolve({ ...described, choices: [{ row: "vllm", images: false }] }).rows, [
      "mistral",
      "vllm",
      "config"
    ])
  })
})

describe("the table of dialects", () => {
  it("has a row for every server and family of models that people put behind a gateway", () => {
    const expected =
      "openai azure anthropic gemini deepseek mistral qwen moonshot glm minimax xai groq cerebras openrouter together fireworks github vllm sglang llamacpp lmstudio ollama"
    for (const name of expected.split(" ")) assert.isDefined(row(name), name)
    assert.strictEqual(new Set(names).size, table.length)
  })

  it("has a source for every rule", () => {
    for (const row of table) {
      for (const { facts } of [row, ...(row.parts ?? [])]) {
        for (const [rule, fact] of Object.entries(facts)) {
          assert.match(fact?.source ?? "", /^https:\/\/[\w.-]+\/\S+$/, `${row.name}.${rule}`)
        }
      }
    }
  })
})
