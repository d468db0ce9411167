import { assert, describe, it } from "@effect/vitest"
import { classify } from "../../src/classifier/Classifier.ts"
import { redact, redactSecrets, replacement } from "../../src/redaction/Redaction.ts"

describe("redact", () => {
  it.each([
    ["Incorrect API key provided: sk-proj-abcDEF123456. You can find it", "sk-proj-abcDEF123456"],
    ["Incorrect API key provided: sk-abcd********wxyz.", "abcd"],
    ["Incorrect API key provided: xa***xx.", "xa***xx"],
    [
      "Received API Key = sk-...x3Yz, Key Hash (Token) =88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b.",
      "x3Yz"
    ],
    [
      "Received API Key = sk-...x3Yz, Key Hash (Token) =88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b.",
      "88dc28d0"
    ],
    ["Authorization: Bearer abcdef123456", "abcdef123456"],
    ["header was Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N", "eyJ"],
    ["API key AIzaSyA1234567890abcdefghijklmnopqrstuvw is blocked", "AIzaSyA1"],
    ["your key gsk_abcdefghijklmnop1234 is revoked", "gsk_abcdefghijklmnop1234"],
    ["token hf_aBcDeFgHiJkLmNoP invalid", "hf_aBcDeFgHiJkLmNoP"],
    ["nvapi-AbC123xyz789 refused", "nvapi-AbC123xyz789"],
    ["AKIAIOSFODNN7EXAMPLE is not authorized", "AKIAIOSFODNN7EXAMPLE"],
    ["GET https://user:hunter2secret@proxy.local/ failed", "hunter2secret"],
    ["POST /v1?key=abc123def456&alt=sse", "abc123def456"],
    ['{"api_key":"zz91-secret-000"}', "zz91-secret-000"],
    ["Invalid key 0123456789abcdef0123456789abcdef", "0123456789abcdef"]
  ])("%s", (text, secret) => {
    const result = redact(text)
    assert.notInclude(result, secret)
    assert.include(result, replacement)
  })

  it.each([
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 8227 tokens.",
    "The model `gpt-4o-mini-2024-07-18` does not exist or you do not have access to it.",
    "API key not valid. Please pass a valid API key.",
    "You exceeded your current quota, please check your plan and billing details.",
    "Function '9b96341b-9791-4db9-a00d-4e43aa192a39': Not found for account 'xxxx'",
    "model anthropic.claude-sonnet-4-20250514-v1:0 is not supported",
    "Invalid 'max_output_tokens': integer below minimum value."
  ])("leaves ordinary words alone: %s", (text) => {
    assert.strictEqual(redact(text), text)
  })

  it("takes linear time on hostile text", () => {
    const hostile = [
      "a".repeat(200_000),
      "*".repeat(200_000),
      "sk-".repeat(70_000),
      "key=".repeat(50_000),
      "Bearer ".repeat(30_000),
      `${"a1_".repeat(70_000)}!`
    ]
    const start = performance.now()
    for (const text of hostile) redact(text)
    assert.isBelow(performance.now() - start, 3000)
  })
})

describe("redactSecrets", () => {
  it("removes exact secrets, also in the spellings of JSON and URLs", () => {
    const secret = 'pa"ss/w ord'
    const text = `plain ${secret}, json ${JSON.stringify(secret)}, url ?k=${encodeURIComponent(secret)}`
    const result = redactSecrets(text, [secret])
    assert.notInclude(result, secret)
    assert.notInclude(result, JSON.stringify(secret).slice(1, -1))
    assert.notInclude(result, encodeURIComponent(secret))
  })

  it("removes the longer of two overlapping secrets, and ignores strings that are too short", () => {
    assert.strictEqual(
      redactSecrets("key tiger-lily here", ["tiger", "tiger-lily", "", "k"]),
      `key ${replacement} here`
    )
  })
})

describe("failures", () => {
  it("never carry a key that the provider echoed", () => {
    const failure = classify({
      status: 401,
      body: {
        error: { message: "Incorrect API key provided: sk-live-0123456789abcdef.", code: "invalid_api_key" }
      }
    })
    assert.notInclude(JSON.stringify([failure.message, failure.evidence]), "0123456789")
  })

  it("never carry what the caller sent", () => {
    const secret = "my diary says insufficient_quota"
    const bodies = [
      {
        detail: [
          {
            type: "missing",
            loc: ["body", "model"],
            msg: "Field required",
            input: { messages: [{ content: secret }] }
          }
        ]
      },
      { error: { code: 403, message: "Your input was flagged", metadata: { flagged_input: secret } } },
      { error: { message: `boom\nTraceback (most recent call last):\n  prompt = "${secret}"`, code: "500" } },
      { choices: [{ message: { role: "assistant", content: secret } }] },
      `plain text that quotes ${secret}`,
      `<html><body>${secret}</body></html>`
    ]
    for (const body of bodies) {
      for (const status of [200, 400, 422, 500]) {
        const failure = classify({ status, body: typeof body === "string" ? body : JSON.stringify(body) })
        assert.notInclude(JSON.stringify([failure.message, failure.evidence]), "diary")
      }
    }
  })
})
