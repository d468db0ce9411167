import { assert, describe, it } from "@effect/vitest"
import * as Translate from "../../src/translate/index.ts"

const anthropic = (type: string, message = "m") => ({ type: "error", error: { type, message } })
const openai = (type: string, code: string | null, message = "m", param: string | null = null) => ({
  error: { message, type, param, code }
})

/** Errors that both protocols have, with their status. */
const pairs: ReadonlyArray<readonly [status: number, anthropic: object, openai: object]> = [
  [400, anthropic("invalid_request_error"), openai("invalid_request_error", null)],
  [401, anthropic("authentication_error"), openai("authentication_error", "invalid_api_key")],
  [402, anthropic("billing_error"), openai("insufficient_quota", "insufficient_quota")],
  [403, anthropic("permission_error"), openai("permission_error", null)],
  [404, anthropic("not_found_error"), openai("invalid_request_error", "model_not_found")],
  [413, anthropic("request_too_large"), openai("invalid_request_error", "request_too_large")],
  [429, anthropic("rate_limit_error"), openai("rate_limit_error", "rate_limit_exceeded")],
  [500, anthropic("api_error"), openai("server_error", null)],
  [504, anthropic("timeout_error"), openai("server_error", "timeout")],
  [529, anthropic("overloaded_error"), openai("server_error", "overloaded")],
  [
    400,
    anthropic("invalid_request_error", "prompt is too long: 213462 tokens > 200000 maximum"),
    openai(
      "invalid_request_error",
      "context_length_exceeded",
      "prompt is too long: 213462 tokens > 200000 maximum"
    )
  ]
]

describe("an error", () => {
  it("is written in the other protocol, with and without a status", () => {
    for (const [status, claude, gpt] of pairs) {
      for (const given of [status, undefined]) {
        assert.deepStrictEqual(Translate.translateError("anthropic", "openai", claude, given), gpt)
        assert.deepStrictEqual(Translate.translateError("openai", "anthropic", gpt, given), claude)
      }
    }
  })

  it("is read as OpenAI itself writes it", () => {
    // https://platform.openai.com/docs/guides/error-codes
    const table: ReadonlyArray<readonly [status: number, error: object, type: string]> = [
      [
        401,
        openai("invalid_request_error", "invalid_api_key", "Incorrect API key provided: sk-…"),
        "authentication_error"
      ],
      [429, openai("tokens", "rate_limit_exceeded"), "rate_limit_error"],
      [429, openai("insufficient_quota", "insufficient_quota"), "billing_error"],
      [404, openai("invalid_request_error", "model_not_found"), "not_found_error"],
      [400, openai("invalid_request_error", "context_length_exceeded"), "invalid_request_error"],
      [400, openai("invalid_request_error", "unknown_parameter", "m", "foo"), "invalid_request_error"],
      [503, openai("server_error", null), "overloaded_error"],
      [500, openai("server_error", null), "api_error"]
    ]
    for (const [status, error, type] of table) {
      const translated = Translate.translateError("openai", "anthropic", error, status)
      assert.strictEqual((translated.error as Translate.JsonObject).type, type)
    }
  })

  it("is an error even if it is not JSON, or another JSON", () => {
    const messageOf = (body: unknown) => Translate.translateError("openai", "anthropic", body, 502)
    assert.deepStrictEqual(messageOf("Bad Gateway"), anthropic("api_error", "Bad Gateway"))
    assert.deepStrictEqual(messageOf({ detail: "no" }), anthropic("api_error", "no"))
    assert.deepStrictEqual(messageOf({ error: "no" }), anthropic("api_error", "no"))
    assert.deepStrictEqual(messageOf({ object: "error", message: "no" }), anthropic("api_error", "no"))
    assert.deepStrictEqual(messageOf(undefined), anthropic("api_error", "The provider gave no reason."))
  })

  it("is unchanged within one protocol", () => {
    const body = { error: { message: "m", extra: 1 } }
    assert.strictEqual(Translate.translateError("openai", "openai", body, 400), body)
    assert.deepStrictEqual(
      Translate.translateError("openai", "openai", "Bad Gateway", 502),
      openai("server_error", null, "Bad Gateway")
    )
  })
})
