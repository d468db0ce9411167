/** Small decisions of the classifier that no recorded error covers, each with the mistake that it prevents. */
import { assert, describe, it } from "@effect/vitest"
import { classify } from "../../src/classifier/Classifier.ts"
import { prepare } from "../../src/classifier/signals/Texts.ts"
import { vendorOfProvider } from "../../src/classifier/signals/VendorNumbers.ts"
import * as Failure from "../../src/failure/Failure.ts"

const classOf = (status: number | undefined, body: unknown): Failure.FailureClass =>
  Failure.classOf(classify({ status, body }))

const isOnlyThisRequest = (status: number, body: unknown): boolean | undefined => {
  const failure = classify({ status, body })
  return "onlyThisRequest" in failure ? failure.onlyThisRequest : undefined
}

describe("a date without a zone", () => {
  it("is in Beijing's time if only the outer error has the number of such a vendor", () => {
    const message = '限额将在 2026-01-08 13:33:04 重置。 {"message":"quota"}'
    const failure = classify({
      status: 429,
      body: { error: { code: "1308", message } },
      now: "2026-01-08T04:33:04Z"
    })
    assert.strictEqual(Failure.waitMillis(failure, 0), 3_600_000)
  })
})

describe("a failure of one request alone", () => {
  it("does not count for an account without money, whatever the rest of the text", () => {
    const error = { code: "insufficient_quota", message: "Request too large for gpt-4o" }
    assert.isUndefined(isOnlyThisRequest(429, { error }))
  })

  it("is shown by one of several sentences", () => {
    const inner = { error: { message: "Extra usage is required for long context requests." } }
    const error = { message: "Provider returned error", metadata: { raw: JSON.stringify(inner) } }
    assert.isTrue(isOnlyThisRequest(429, { error }))
  })
})

describe("a key that is not active", () => {
  it("does not become ready by itself, also with status 503", () => {
    assert.strictEqual(classOf(503, { error: { message: "This api key is not active" } }), "InvalidKey")
  })
})

describe("a server error with another code beside it", () => {
  it("is one unless the field error_type says more", () => {
    assert.strictEqual(
      classOf(500, { error: { code: "not_found", type: "server_error", message: "x" } }),
      "ServerError"
    )
  })
})

describe("sentences about the server", () => {
  it("count in the outer error too", () => {
    const error = { message: "Internal server error", cause: { message: "x y" } }
    assert.strictEqual(classOf(200, { error }), "ServerError")
  })
})

describe("the name of a period", () => {
  it.each([
    { error: { code: "quota_exceeded", type: "day", message: "x" } },
    { error: { type: "day", message: "x", cause: { code: "quota_exceeded", message: "y" } } },
    { error: { code: "quota_exceeded", type: "limit_day", message: "x" } }
  ])("is a word of its own: %j", (body) => {
    assert.strictEqual(classOf(429, body), "RateLimit")
  })
})

describe("a text that is only quoted code", () => {
  it("decides nothing", () => {
    assert.strictEqual(prepare("Traceback (most recent call last): invalid api key"), "")
  })
})

describe("the vendor behind a provider's name", () => {
  it("is read from the first 64 characters", () => {
    assert.strictEqual(vendorOfProvider(`${"x".repeat(59)}zhipu`), "zhipu")
    assert.isUndefined(vendorOfProvider(`${"x".repeat(64)}zhipu`))
  })
})
