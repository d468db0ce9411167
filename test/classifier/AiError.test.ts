import { assert, describe, it } from "@effect/vitest"
import * as AiError from "effect/ai/AiError"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import { fromAiError } from "../../src/classifier/AiError.ts"
import { classify } from "../../src/classifier/Classifier.ts"
import * as Failure from "../../src/failure/Failure.ts"

const now = Date.parse("2026-03-01T00:00:00Z")
const from = (reason: AiError.AiErrorReason) =>
  fromAiError(AiError.make({ module: "OpenAi", method: "generateText", reason }), {
    target: "openai/gpt-5.2#main",
    now
  })
const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
  response: { status, headers },
  body: JSON.stringify(body)
})

describe("an AiError that carries the response", () => {
  it("is classified by the response, not by its name", () => {
    const http = answer(429, { error: { message: "You have no credits", code: "insufficient_quota" } })
    assert.strictEqual(Failure.classOf(from(new AiError.RateLimitError({ http }))), "Balance")
    const overflow = answer(400, { error: { message: "too long", code: "context_length_exceeded" } })
    assert.strictEqual(from(new AiError.InvalidRequestError({ http: overflow }))._tag, "ContextExceeded")
  })

  it("takes the wait from the response headers", () => {
    const failure = from(new AiError.RateLimitError({ http: answer(429, {}, { "retry-after": "7" }) }))
    assert.strictEqual(Failure.waitMillis(failure, now), 7000)
  })

  it("is classified by its kind if the response is a bare status", () => {
    const http = { response: { status: 429, headers: {} } }
    assert.strictEqual(Failure.classOf(from(new AiError.QuotaExhaustedError({ http }))), "Balance")
  })

  it("is classified by the machine fields that the provider's module kept", () => {
    const metadata = { openai: { errorCode: "model_not_found", errorType: null } }
    assert.strictEqual(Failure.classOf(from(new AiError.InvalidRequestError({ metadata }))), "ModelMissing")
  })
})

describe("an AiError without a response", () => {
  it.each([
    [new AiError.RateLimitError({}), "RateLimit"],
    [new AiError.QuotaExhaustedError({}), "Balance"],
    [new AiError.AuthenticationError({ kind: "ExpiredKey" }), "InvalidKey"],
    [new AiError.AuthenticationError({ kind: "InsufficientPermissions" }), "Forbidden"],
    [new AiError.ContentPolicyError({ description: "x" }), "ContentPolicy"],
    [new AiError.InvalidRequestError({}), "Invalid"],
    [new AiError.InternalProviderError({ description: "x" }), "ServerError"],
    [new AiError.InvalidOutputError({ description: "x" }), "Malformed"],
    [new AiError.InvalidResponseError({ description: "x" }), "Malformed"],
    [new AiError.StructuredOutputError({ description: "x", responseText: "" }), "Unsupported"],
    [new AiError.ToolNotFoundError({ toolName: "x", availableTools: [] }), "Unsupported"],
    [new AiError.ToolParameterValidationError({ toolName: "x", description: "x" }), "Unsupported"],
    [new AiError.UnsupportedSchemaError({ description: "x" }), "Unsupported"],
    [new AiError.ToolConfigurationError({ toolName: "x", description: "x" }), "Unsupported"],
    [new AiError.InvalidUserInputError({ description: "image/tiff" }), "Unsupported"],
    [
      new AiError.NetworkError({
        reason: "TransportError",
        method: "POST",
        url: "http://a/",
        description: "x"
      }),
      "Connection"
    ],
    [new AiError.UnknownError({}), "Unknown"]
  ] as const)("is known by its kind: %s", (reason, expected) => {
    const failure = from(reason)
    assert.strictEqual(Failure.classOf(failure), expected)
    assert.strictEqual(failure.target, "openai/gpt-5.2#main")
  })

  it("is classified by its description if its kind is vague", () => {
    const description = "This model's maximum context length is 8192 tokens."
    assert.strictEqual(from(new AiError.InvalidRequestError({ description }))._tag, "ContextExceeded")
    assert.strictEqual(
      Failure.classOf(from(new AiError.InvalidRequestError({ description: "no" }))),
      "Invalid"
    )
    assert.strictEqual(Failure.classOf(from(new AiError.UnknownError({ description: "no" }))), "Unknown")
  })

  it("keeps its wait", () => {
    assert.strictEqual(
      Failure.waitMillis(from(new AiError.RateLimitError({ retryAfter: Duration.seconds(3) })), now),
      3000
    )
  })

  it("is a RateLimit if its quota refills within a day, otherwise AuthDead until then", () => {
    const resets = (hours: number) =>
      from(new AiError.QuotaExhaustedError({ resetAt: DateTime.makeUnsafe(now + hours * 3_600_000) }))
    assert.strictEqual(resets(5)._tag, "RateLimit")
    assert.strictEqual(Failure.classOf(resets(50)), "Balance")
    assert.strictEqual(Failure.waitMillis(resets(50), now), 180_000_000)
  })

  it.each([
    ["connect ECONNREFUSED 127.0.0.1:8080", "Connection"],
    ["read ECONNRESET", "Connection"],
    ["getaddrinfo ENOTFOUND api.example.com", "Connection"],
    ["connect EMFILE 127.0.0.1:8080 - Local (undefined:undefined)", "Local"],
    ["fetch failed", "Connection"],
    ["socket hang up", "Connection"],
    ["Unable to connect. Is the computer able to access the url?", "Connection"],
    ["it is a Tuesday", "Unknown"]
  ] as const)(
    "that is unknown is a fault of the network if its description is one: %s",
    (description, as) => {
      assert.strictEqual(Failure.classOf(from(new AiError.UnknownError({ description }))), as)
      const thrown = classify({ transport: new Error(description) })
      assert.strictEqual(Failure.classOf(thrown), as)
    }
  )

  it("of the network is classified by its cause", () => {
    const cause = new TypeError("fetch failed", {
      cause: Object.assign(new Error(), { code: "UND_ERR_HEADERS_TIMEOUT" })
    })
    const reason = new AiError.NetworkError({
      reason: "TransportError",
      method: "POST",
      url: "https://api.example.com",
      cause
    })
    assert.strictEqual(Failure.classOf(from(reason)), "Timeout")
  })
})
