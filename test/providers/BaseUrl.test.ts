import { assert, describe, it } from "@effect/vitest"
import * as BaseUrl from "../../src/providers/BaseUrl.ts"

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

describe("the address of an operation", () => {
  it("is what the vendor's own SDK makes of the base URL", () => {
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

  it("puts one version too many or too few right", () => {
    for (const base of ["https://x.com", "https://x.com/", "https://x.com/v1", "https://x.com/v1/v1"])
      assert.strictEqual(url(base, "embeddings", openai), "https://x.com/v1/embeddings", base)
    for (const base of ["https://x.com", "https://x.com/v1", "https://x.com/v1/", "https://x.com/v1/v1"])
      assert.strictEqual(url(base, "messages", anthropic), "https://x.com/v1/messages", base)
  })

  it("is the base URL itself when that already names the operation", () => {
    assert.strictEqual(
      url("https://api.perplexity.ai/chat/completions", "chat/completions", openai),
      "https://api.perplexity.ai/chat/completions"
    )
  })

  it("may hold the model and a query, as Azure's does", () => {
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

  it("leaves users and fragments out, and is none for what is no HTTP URL", () => {
    assert.strictEqual(
      url("https://user:secret@x.com/v1#f", "embeddings", openai),
      "https://x.com/v1/embeddings"
    )
    for (const base of ["", "x.com/v1", "ftp://x.com", "localhost:11434/v1"])
      assert.isUndefined(url(base, "embeddings", openai), base)
  })
})
