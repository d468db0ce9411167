import { assert, describe, it } from "@effect/vitest"
import * as BaseUrl from "../../src/providers/wire/BaseUrl.ts"

const openai = { versionInBase: true }
const anthropic = { versionInBase: false }
const url = (
  base: string,
  operation: string,
  style: BaseUrl.Style,
  options?: Parameters<typeof BaseUrl.endpoint>[3]
) => {
  const endpoint = BaseUrl.endpoint(base, operation, style, options)
  return endpoint === undefined ? undefined : endpoint.origin + endpoint.path
}

describe("the URL of an operation", () => {
  it("equals the result of the vendor's own SDK", () => {
    const rows = [
      ["https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions"],
      ["https://openrouter.ai/api/v1/", "https://openrouter.ai/api/v1/chat/completions"],
      ["https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1/chat/completions"],
      [
        "https://ark.cn-beijing.volces.com/api/v3",
        "https://ark.cn-beijing.volces.com/api/v3/chat/completions"
      ],
      [
        "https://generativelanguage.googleapis.com/v1beta/openai/",
        "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions"
      ],
      ["http://localhost:11434/v1", "http://localhost:11434/v1/chat/completions"]
    ] as const
    for (const [base, expected] of rows) assert.strictEqual(url(base, "chat/completions", openai), expected)
    assert.strictEqual(
      url("https://api.anthropic.com", "messages", anthropic),
      "https://api.anthropic.com/v1/messages"
    )
    assert.strictEqual(
      url("https://api.deepseek.com/anthropic", "messages", anthropic),
      "https://api.deepseek.com/anthropic/v1/messages"
    )
  })

  it("corrects a surplus or missing version", () => {
    for (const base of ["https://x.com", "https://x.com/", "https://x.com/v1", "https://x.com/v1/v1"])
      assert.strictEqual(url(base, "embeddings", openai), "https://x.com/v1/embeddings", base)
    for (const base of ["https://x.com", "https://x.com/v1", "https://x.com/v1/", "https://x.com/v1/v1"])
      assert.strictEqual(url(base, "messages", anthropic), "https://x.com/v1/messages", base)
  })

  it("is the base URL itself if that already ends in the operation", () => {
    assert.strictEqual(
      url("https://api.perplexity.ai/chat/completions", "chat/completions", openai),
      "https://api.perplexity.ai/chat/completions"
    )
  })

  it("may contain the model and a query, as Azure's does", () => {
    const base = "https://r.openai.azure.com/openai/deployments/{model}"
    assert.strictEqual(
      url(base, "chat/completions", openai, { model: "gpt 5/x", query: { "api-version": "2024-10-21" } }),
      "https://r.openai.azure.com/openai/deployments/gpt%205%2Fx/chat/completions?api-version=2024-10-21"
    )
    assert.strictEqual(
      url("https://x.com/v1?a=1", "embeddings", openai, { query: { b: "2" } }),
      "https://x.com/v1/embeddings?a=1&b=2"
    )
  })

  it("cannot be redirected by a model name, which is exactly one path segment", () => {
    const base = "https://r.example/deployments/{model}"
    const names = [
      "a/../../b",
      "..\\x",
      "%2e%2e",
      "x?y=1",
      "x#y",
      "x\r\nhost: evil",
      "//evil.example",
      "@evil.example"
    ]
    for (const model of names) {
      const made = new URL(url(base, "chat/completions", openai, { model }) ?? assert.fail(model))
      assert.strictEqual(made.origin, "https://r.example")
      const parts = made.pathname.split("/")
      assert.deepStrictEqual(
        parts.map(decodeURIComponent),
        ["", "deployments", model, "chat", "completions"],
        model
      )
      assert.strictEqual(made.search + made.hash, "")
    }
    for (const model of [".", "..", "half a character \ud83d"]) {
      assert.isUndefined(url(base, "chat/completions", openai, { model }), model)
    }
    const hosts = ["https://{model}/v1", "https://{model}.r.example/v1", "https://r.example:{model}/v1"]
    for (const host of hosts) assert.isUndefined(url(host, "embeddings", openai, { model: "443" }), host)
  })

  it("drops users and fragments, and is undefined for anything but an HTTP URL", () => {
    assert.strictEqual(
      url("https://user:secret@x.com/v1#f", "embeddings", openai),
      "https://x.com/v1/embeddings"
    )
    for (const base of ["", "x.com/v1", "ftp://x.com", "localhost:11434/v1"])
      assert.isUndefined(url(base, "embeddings", openai), base)
  })
})
