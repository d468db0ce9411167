/** The status of another response inside a sentence: every form is read with every status, and only where it is a status. */
import { assert, describe, it } from "@effect/vitest"
import { classify } from "../../src/classifier/Classifier.ts"
import { wrappedStatus } from "../../src/classifier/signals/WrappedStatus.ts"
import * as Failure from "../../src/failure/Failure.ts"

const says = (message: string) => ({ error: { message } })

/** Each with 401, which stands for any status, and its reason phrase. */
const forms: ReadonlyArray<string> = [
  "Error code: 401",
  "HTTP 401: nope",
  "HTTP 401 Unauthorized",
  "HTTP/1.1 401 Unauthorized",
  "API Error (401): nope",
  "API Error 401: nope",
  "API error: 401 - nope",
  "API returned 401: nope",
  "API request failed with status 401: nope",
  "API request failed: 401 nope",
  "Request failed with status code 401",
  "request failed (401): nope",
  "upstream returned status 401",
  "upstream returned 401",
  "Upstream error 401: nope",
  "Upstream status: 401",
  "status=401 nope",
  "status: 401, nope",
  "status code: 401",
  "statusCode: 401",
  "(status 401) nope",
  "Error 401: nope",
  "[401] nope",
  "401 nope",
  "401: nope",
  "[openai/gpt] [401]: nope",
  "Provider error (401): nope",
  "OpenAI API error: 401 - nope",
  "AxiosError: Request failed with status code 401",
  "Server responded with status 401",
  "Server returned HTTP 401",
  "Backend responded with 401",
  "HTTPError: 401 Client Error: Unauthorized for url: https://x",
  "HTTPStatusError: Client error '401 Unauthorized' for url 'https://x'",
  "code=401, message=nope",
  "error, status code: 401, status: 401 Unauthorized, message: nope",
  "received error status 401",
  "exceeded retries, last status: 401 Unauthorized",
  "unexpected status 401 Unauthorized: nope",
  "invalid status code: 401",
  "response status: 401",
  "Non-200 response: 401",
  "failed with HTTP status 401",
  "The remote server returned an error: (401) Unauthorized.",
  "Response status code does not indicate success: 401 (Unauthorized).",
  "service returned error: 401"
]

const phrases = { 400: "Bad Request", 402: "Payment Required", 404: "Not Found", 503: "Service Unavailable" }

describe.each(forms)("%s", (form) => {
  it("repeats the status of another response", () => {
    assert.strictEqual(wrappedStatus(form), 401)
    for (const [status, phrase] of Object.entries(phrases))
      assert.strictEqual(
        wrappedStatus(form.replaceAll("401", status).replaceAll("Unauthorized", phrase)),
        Number(status)
      )
  })
})

describe("an error that a library turned into a sentence with its status", () => {
  it.each([
    [500, "Error code: 401 - {'detail': 'nope'}", "InvalidKey"],
    [500, "Error code: 404 - {'error': {'message': 'nope'}}", "ModelMissing"],
    [502, "backend responded with 401 Unauthorized", "InvalidKey"],
    [200, "API Error (503): nope", "Overloaded"],
    [500, "Error code: 400 - {'error': {'message': 'Internal server error'}}", "ServerError"]
  ] as const)("counts instead of the relay's own: %s %s", (status, text, as) => {
    assert.strictEqual(Failure.classOf(classify({ status, body: says(text) })), as)
  })

  it("does not count if the relay's own status is more precise", () => {
    assert.strictEqual(Failure.classOf(classify({ status: 401, body: says("HTTP 404: nope") })), "InvalidKey")
  })
})

describe("a number that is no status of the provider", () => {
  it.each([
    "max_tokens: 500 tokens",
    "the error has 500 tokens",
    "failed: 500 characters are too many",
    "500 messages are too many",
    "status is 4010",
    "code 401 nope",
    "port 443 is closed",
    "Failed to fetch https://example.com/a.png: 404 Not Found",
    "Error while downloading the document: HTTP 403 Forbidden",
    "The tool call returned 404",
    "HTTP 302: nope",
    "error: 1401"
  ])("is left alone: %s", (text) => {
    assert.isUndefined(wrappedStatus(text))
  })
})

describe("what a text quotes", () => {
  it("is read by its fields, not as part of the text", () => {
    const input = { messages: [{ content: "I read 'insufficient_quota: payment required'" }] }
    const body = `API Error (422): ${JSON.stringify({ detail: [{ type: "missing", msg: "Field required", input }] })}`
    assert.strictEqual(Failure.classOf(classify({ status: 400, body })), "Invalid")
  })
})

describe("what a refusal quotes of the request", () => {
  const errors = [
    "HTTP 401: Unauthorized",
    "error: 403 Forbidden",
    "request failed with status 402",
    "401 Unauthorized"
  ]
  const refusals: ReadonlyArray<(text: string) => string> = [
    (text) => `Invalid message content: '${text}'`,
    (text) => `Unprocessable content in messages.3: "${text}"`,
    (text) => `Invalid parameter: user '${text}'`,
    (text) => `messages.0.content: string did not match: got '${text}'`,
    (text) => `'${text}' does not match '^[a-zA-Z0-9_-]+$' - 'tools.0.function.name'`,
    (text) => `Value error, bad role [input_value={'role': 'x', 'content': '${text} and "more"'}]`
  ]
  for (const error of errors)
    it.each(refusals.map((refusal) => refusal(error)))("is not a status of the provider: %s", (message) => {
      const failure = classify({ status: 400, body: { error: { message, type: "invalid_request_error" } } })
      assert.strictEqual(failure._tag, "BadRequest", failure.evidence)
    })

  it("is not confused with what it quotes of another response", () => {
    for (const text of [
      "Upstream said: 'HTTP 401: Unauthorized'",
      `the user's request failed with status 401: nope`,
      "provider error {'error': 'HTTP 401: Unauthorized'}"
    ])
      assert.strictEqual(wrappedStatus(text), 401, text)
  })
})
