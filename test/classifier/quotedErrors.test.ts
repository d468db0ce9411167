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

describe("an error that was parsed into a field of another one", () => {
  it("decides: raw of OpenRouter, quoted in the text of a relay", () => {
    const inner = {
      raw: { error: { message: "You exceeded your current quota.", type: "x", code: "insufficient_quota" } }
    }
    const message = `openrouter error: Provider returned error | metadata: ${JSON.stringify(inner)}`
    assert.strictEqual(classOf(400, { status: "failure", message }), "Balance")
    assert.strictEqual(
      classOf(400, { error: { message: "Provider returned error", metadata: inner } }),
      "Balance"
    )
  })

  // https://github.com/izaart95-jpg/GLM-Free-API/issues/3
  it("decides in an event that keeps its error in its data", () => {
    const event = { type: "chat:completion", data: { error: { detail: "No.", code: 403 }, done: true } }
    const failure = classify({ status: 200, inStream: true, body: `data: ${JSON.stringify(event)}\n\n` })
    assert.strictEqual(Failure.classOf(failure), "Forbidden")
  })
})

describe("a status in the text of a server that hides it behind another one", () => {
  it("decides: DashScope's behind a relay's 502", () => {
    const message = "<400> InternalError.Algo.InvalidParameter: The arguments must be in JSON format."
    const error = { message, type: "upstream_error", code: 502 }
    assert.strictEqual(classOf(502, { error }), "Invalid")
  })
})
