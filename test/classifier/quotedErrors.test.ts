/** Servers that wrap the error of another one, often as a text. The innermost error decides. */
import { assert, describe, it } from "@effect/vitest"
import { classify } from "../../src/classifier/Classifier.ts"
import * as Failure from "../../src/failure/Failure.ts"

const classOf = (status: number, body: unknown) =>
  Failure.classOf(classify({ status, headers: {}, body: JSON.stringify(body) }))

const inner = (message: string, code: string) =>
  JSON.stringify({ error: { message, type: "invalid_request_error", code } })

const unsupported = inner(
  "Unsupported value: 'temperature' does not support 0.1 with this model. Only the default (1) value is supported.",
  "unsupported_value"
)
const spent = inner("You exceeded your current quota, please check your plan.", "insufficient_quota")

describe("an error that was serialized into a field of another one", () => {
  for (const field of [
    "cause",
    "upstream_error",
    "originalError",
    "inner_error",
    "rawResponse",
    "last_error"
  ]) {
    it(`decides: ${field}`, () => {
      const wrapped = (text: string) => ({ error: { [field]: text, message: "the call failed" } })
      assert.strictEqual(classOf(400, wrapped(unsupported)), "Unsupported")
      assert.strictEqual(classOf(500, wrapped(spent)), "Balance")
      assert.strictEqual(classOf(500, wrapped("socket hang up")), "ServerError", "no error in it")
    })
  }

  it("is not read from a field that holds what the caller sent", () => {
    for (const field of ["input", "prompt", "failed_generation", "request"]) {
      assert.strictEqual(classOf(400, { error: { [field]: spent, message: "not like this" } }), "Invalid")
    }
  })
})

describe("a model whose own output its server could not use", () => {
  for (const code of ["tool_use_failed", "json_validate_failed", "output_parse_failed"]) {
    it(`leaves the request to the next model: ${code}`, () => {
      const message =
        "Failed to generate it. Please adjust your prompt. See 'failed_generation' for more details."
      const error = { message, type: "invalid_request_error", code, failed_generation: "rate limit exceeded" }
      assert.strictEqual(classOf(400, { error }), "Unsupported")
    })
  }
})
