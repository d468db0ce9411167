import { assert, describe, it } from "@effect/vitest"
import { classify } from "../../src/classifier/Classifier.ts"
import { classifyTransport } from "../../src/classifier/signals/TransportErrors.ts"
import * as Failure from "../../src/failure/Failure.ts"

const failed = (cause: unknown): Error => new TypeError("fetch failed", { cause })
const coded = (code: string, message = ""): Error => Object.assign(new Error(message), { code })

describe("transport errors", () => {
  it.each([
    ["ECONNREFUSED", "Connection"],
    ["ENOTFOUND", "Connection"],
    ["UND_ERR_CONNECT_TIMEOUT", "Connection"],
    ["UND_ERR_HEADERS_TIMEOUT", "Timeout"],
    ["UND_ERR_BODY_TIMEOUT", "Timeout"],
    ["HPE_INVALID_CONSTANT", "Malformed"],
    ["Z_DATA_ERROR", "Malformed"],
    ["CERT_HAS_EXPIRED", "Connection"],
    ["CRL_HAS_EXPIRED", "Connection"],
    ["CERT_CHAIN_TOO_LONG", "Connection"],
    ["INVALID_PURPOSE", "Connection"],
    ["UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY", "Connection"],
    ["ERROR_IN_CERT_NOT_AFTER_FIELD", "Connection"],
    ["OUT_OF_MEM", "Local"],
    ["UND_ERR_RESPONSE", "Malformed"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "Connection"],
    ["UND_ERR_SOMETHING_NEW", "Connection"]
  ] as const)("%s under a failed fetch is %s", (code, reason) => {
    assert.strictEqual(classifyTransport(failed(coded(code))).reason, reason)
  })

  it("is found inside an AggregateError and several causes down", () => {
    const both = new AggregateError([coded("ECONNREFUSED", "connect ECONNREFUSED ::1:4290")])
    assert.strictEqual(classifyTransport(failed(failed(failed(both)))).reason, "Connection")
  })

  it("is Truncated if the body broke off, and Malformed if it could not be decompressed", () => {
    const terminated = (cause: unknown) => classifyTransport(new TypeError("terminated", { cause })).reason
    assert.strictEqual(terminated(coded("UND_ERR_SOCKET", "other side closed")), "Truncated")
    assert.strictEqual(terminated(coded("Z_DATA_ERROR", "incorrect header check")), "Malformed")
    assert.strictEqual(terminated(undefined), "Truncated")
  })

  it("is Timeout for a timeout signal, and Malformed for JSON that does not parse", () => {
    assert.strictEqual(
      classifyTransport(new DOMException("The operation was aborted", "TimeoutError")).reason,
      "Timeout"
    )
    assert.strictEqual(classifyTransport(new SyntaxError("Unexpected end of JSON input")).reason, "Malformed")
  })

  it("never reads numbers or words from an address", () => {
    for (const message of [
      "connect ECONNREFUSED 127.0.0.1:4290",
      "connect EHOSTUNREACH 10.4.29.1:401",
      "getaddrinfo ENOTFOUND rate-limit-proxy.quota-exceeded.internal"
    ]) {
      const failure = classify({ transport: failed(coded(message.split(" ")[1]!, message)) })
      assert.strictEqual(failure._tag, "Transient")
    }
  })

  it("is Unknown for anything but a transport error", () => {
    for (const odd of [undefined, null, 5, "boom", {}, new Error("boom"), () => 1]) {
      assert.strictEqual(classifyTransport(odd).reason, "Unknown")
    }
  })

  it("terminates on a circular chain of causes", () => {
    const error: Error & { cause?: unknown } = new Error("loop")
    error.cause = error
    assert.strictEqual(classifyTransport(error).reason, "Unknown")
  })
})

describe("SDK errors that carry the response", () => {
  const body = {
    error: { message: "You have no credits", type: "insufficient_quota", code: "insufficient_quota" }
  }

  it.each([
    [
      "an OpenAI or Anthropic SDK error",
      Object.assign(new Error("429 You have no credits"), { status: 429, error: body })
    ],
    [
      "an axios error",
      Object.assign(new Error("Request failed with status code 429"), {
        response: { status: 429, data: body }
      })
    ],
    [
      "an AI SDK error",
      Object.assign(new Error("no"), { statusCode: 429, responseBody: JSON.stringify(body) })
    ],
    [
      "one of them as a cause",
      new Error("call failed", { cause: Object.assign(new Error(), { status: 429, error: body }) })
    ]
  ])("%s is classified by that answer", (_, error) => {
    const failure = classify({ transport: error })
    assert.strictEqual(Failure.classOf(failure), "Balance")
    assert.strictEqual(failure.status, 429)
  })
})
