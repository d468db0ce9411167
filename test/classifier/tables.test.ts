import { assert, describe, it } from "@effect/vitest"
import { classify, type Signal } from "../../src/classifier/Classifier.ts"
import * as Failure from "../../src/core/Failure.ts"

const classOf = (signal: Signal): Failure.FailureClass => Failure.classOf(classify(signal))
const withError = (error: unknown, status = 400): Signal => ({ status, body: { error } })

describe("a bare status", () => {
  it.each([
    [401, "InvalidKey"],
    [402, "Balance"],
    [403, "Forbidden"],
    [404, "ModelMissing"],
    [407, "Connection"],
    [408, "ServerError"],
    [409, "ServerError"],
    [413, "TooLarge"],
    [418, "Invalid"],
    [422, "Invalid"],
    [429, "RateLimit"],
    [498, "Overloaded"],
    [500, "ServerError"],
    [522, "Connection"],
    [529, "Overloaded"],
    [599, "ServerError"],
    [302, "Connection"],
    [0, "Connection"]
  ] as const)("%d is %s, with HTML as without a body", (status, expected) => {
    assert.strictEqual(classOf({ status }), expected)
    assert.strictEqual(
      classOf({ status, body: "<html><body>insufficient balance, rate limit exceeded</body></html>" }),
      expected
    )
  })
})

describe("machine fields", () => {
  it("beat the status and the words beside them", () => {
    const error = { message: "Rate limit exceeded, too many requests", code: "insufficient_quota" }
    for (const status of [200, 400, 401, 403, 412, 422, 429, 500]) {
      assert.strictEqual(classOf(withError(error, status)), "Balance")
    }
  })

  it("are compared without case and separators", () => {
    for (const code of [
      "rate_limit_exceeded",
      "rateLimitExceeded",
      "RATE_LIMIT_EXCEEDED",
      "RateLimitExceeded.EndpointNewLimit"
    ]) {
      assert.strictEqual(classOf(withError({ code }, 503)), "RateLimit")
    }
  })

  it("count from the first that is known: a general code does not hide a specific type", () => {
    assert.strictEqual(
      classOf(withError({ code: "invalid_request_error", type: "engine_overloaded_error" }, 429)),
      "Overloaded"
    )
    assert.strictEqual(
      classOf(withError({ code: "new_code_of_2031", type: "insufficient_quota" }, 429)),
      "Balance"
    )
  })

  it("do not count when they are general and the sentence says more", () => {
    const error = {
      type: "rate_limit_error",
      message: "The engine is currently overloaded, please try again later"
    }
    assert.strictEqual(classOf(withError(error, 429)), "Overloaded")
  })

  it("count as a family where neither a sentence nor the status tells", () => {
    assert.strictEqual(
      classOf({ status: 200, inStream: true, body: { error: { type: "permission_error", message: "No." } } }),
      "Forbidden"
    )
    assert.strictEqual(
      classOf({ status: 500, body: { error: { type: "authentication_error", message: "No." } } }),
      "InvalidKey"
    )
  })

  it("are read from headers: AWS error types and event frames", () => {
    assert.strictEqual(
      classOf({ status: 400, headers: { "X-Amzn-ErrorType": "ThrottlingException:http://x" }, body: "{}" }),
      "RateLimit"
    )
    assert.strictEqual(
      classOf({ status: 200, headers: { ":exception-type": "modelNotReadyException" }, body: "{}" }),
      "Overloaded"
    )
  })

  it("that are numbers are read only where it is known whose they are", () => {
    assert.strictEqual(
      classOf({ status: 200, body: { base_resp: { status_code: 1008, status_msg: "" } } }),
      "Balance"
    )
    assert.strictEqual(
      classOf({ status: 429, provider: "zai", body: { error: { code: "1113", message: "x" } } }),
      "Balance"
    )
    assert.strictEqual(classOf(withError({ code: 1113, message: "x" }, 418)), "Invalid")
  })
})

describe("the innermost error", () => {
  const inner = { error: { type: "overloaded_error", message: "Overloaded" } }

  it.each([
    [
      "as JSON in the message",
      {
        error: {
          message: `AnthropicException - ${JSON.stringify(inner)}. Received Model Group=x`,
          code: "500"
        }
      }
    ],
    [
      "as a Python dict",
      {
        error: {
          message: "Error code: 529 - {'error': {'type': 'overloaded_error', 'message': \"It's full\"}}"
        }
      }
    ],
    [
      "as Python bytes",
      {
        error: {
          message: `VertexAIException - b'{\\n  "error": {\\n "type": "overloaded_error"\\n }\\n}\\n'`
        }
      }
    ],
    [
      "with escaped quotes",
      { error: { message: `upstream said {\\"error\\":{\\"type\\":\\"overloaded_error\\"}}` } }
    ],
    [
      "in metadata.raw",
      { error: { message: "Provider returned error", code: 400, metadata: { raw: JSON.stringify(inner) } } }
    ],
    ["in response.error", { type: "response.failed", response: inner }],
    ["in choices[0].error", { choices: [{ error: inner.error, finish_reason: "error" }] }],
    ["in an array", [inner]],
    [
      "three wrappers deep",
      {
        error: {
          message: JSON.stringify({ error: { message: JSON.stringify(inner) } }),
          type: "invalid_api_key_error"
        }
      }
    ]
  ])("wins over the outer one and the status: %s", (_, body) => {
    for (const status of [200, 400, 404, 424, 500, 502]) {
      assert.strictEqual(classOf({ status, body: JSON.stringify(body) }), "Overloaded")
    }
  })

  it("is the last one of a stream", () => {
    const stream = [
      `data: {"choices":[{"delta":{"content":"insufficient_quota"}}]}`,
      `event: error\ndata: ${JSON.stringify(inner)}`,
      "data: [DONE]"
    ].join("\n\n")
    assert.strictEqual(classOf({ status: 200, inStream: true, body: `${stream}\n\n` }), "Overloaded")
  })

  it("leaves the outer one to decide when it says nothing", () => {
    const body = { error: { message: JSON.stringify({ error: { message: "hm" } }), code: "model_not_found" } }
    assert.strictEqual(classOf({ status: 503, body: JSON.stringify(body) }), "ModelMissing")
  })
})

describe("words", () => {
  it.each([
    ["prompt is too long: 213462 tokens > 200000 maximum", "ContextExceeded"],
    ["This request would exceed the limit of 30,000 input tokens per minute", "RateLimit"],
    ["max_tokens: 10000 > 4096, which is the maximum allowed number of output tokens", "MaxTokens"],
    ["image exceeds 5 MB maximum: 6234568 bytes > 5242880 bytes", "TooLarge"],
    ["Your account is suspended due to insufficient balance, please recharge", "Balance"],
    ["Your organization has been disabled", "Forbidden"],
    ["The provided API key has been revoked", "InvalidKey"],
    ["The model `x` does not exist or you do not have access to it", "ModelMissing"],
    ["Output blocked by content filtering policy", "ContentPolicy"],
    ["The server is currently overloaded", "Overloaded"],
    ["You have sent too many requests", "RateLimit"]
  ] as const)("%s: %s, under a status that says nothing", (message, expected) => {
    assert.strictEqual(classOf(withError({ message }, 400)), expected)
  })

  it.each([
    ["a tool's name", "Invalid schema for function 'rate_limit_exceeded_429': missing 'type'"],
    [
      "a tool's description",
      'Invalid tool description "explains why the API key is invalid": must be a string'
    ],
    ["a model's name", "Unsupported parameter for model 'context-length-exceeded-7b'"],
    ["a call id", "No tool output found for function call call_429insufficient_quota"],
    ["a link", "Bad input, see https://example.com/insufficient-balance/rate-limit-exceeded/overloaded"]
  ])("do not count in %s", (_, message) => {
    assert.strictEqual(classOf(withError({ message, type: "invalid_request_error" })), "Invalid")
  })

  it("that give advice do not count", () => {
    const message =
      "Rate limit reached. Need more tokens? Upgrade to Dev Tier today. You can increase your rate limit by adding a payment method. Add 10 credits to unlock 1000 requests. Please reduce the prompt length or the maximum tokens requested."
    assert.strictEqual(classOf(withError({ message }, 429)), "RateLimit")
  })

  it("of plain text and HTML do not count over a status", () => {
    assert.strictEqual(classOf({ status: 503, body: "rate limit exceeded" }), "Overloaded")
    assert.strictEqual(classOf({ status: 500, body: "insufficient balance" }), "ServerError")
  })
})

describe("limits of a plan", () => {
  const now = "2026-03-01T00:00:00Z"
  const limited = (extra: object) =>
    classify({
      status: 429,
      now,
      body: { error: { type: "usage_limit_reached", message: "The usage limit has been reached", ...extra } }
    })

  it("that end within a day are throttles with that wait", () => {
    const failure = limited({ resets_in_seconds: 18_000 })
    assert.strictEqual(failure._tag, "RateLimit")
    assert.strictEqual(Failure.waitMillis(failure, Date.parse(now)), 18_000_000)
  })

  it("that last longer are a matter of the account, until they end", () => {
    const failure = limited({ resets_in_seconds: 400_000 })
    assert.strictEqual(Failure.classOf(failure), "Balance")
    assert.strictEqual(Failure.waitMillis(failure, Date.parse(now)), 400_000_000)
  })

  it("are told apart by the name of the period when no end is given", () => {
    assert.strictEqual(
      classOf(withError({ message: "You've reached your 5-hour usage limit" }, 429)),
      "RateLimit"
    )
    assert.strictEqual(
      classOf(withError({ message: "You've reached your weekly usage limit" }, 429)),
      "Balance"
    )
  })

  it("of zero are none that ends", () => {
    const message =
      "You exceeded your current quota, please check your plan and billing details. * Quota exceeded for metric: x, limit: 0"
    assert.strictEqual(
      classOf({ status: 429, body: { error: { code: 429, status: "RESOURCE_EXHAUSTED", message } } }),
      "Balance"
    )
  })

  it("at Google are throttles, whatever they say of billing", () => {
    const message = "You exceeded your current quota, please check your plan and billing details."
    assert.strictEqual(
      classOf({ status: 429, body: { error: { code: 429, status: "RESOURCE_EXHAUSTED", message } } }),
      "RateLimit"
    )
    assert.strictEqual(classOf({ status: 429, body: { error: { code: 429, message } } }), "Balance")
  })
})

describe("a success without a reply", () => {
  it.each([
    ["an empty body", "", "Empty"],
    ["no choices", '{"object":"chat.completion","choices":[]}', "Empty"],
    ["HTML", "<!doctype html><html></html>", "Malformed"],
    ["JSON that breaks off", '{"choices":[{"message":{"content":"rate limit exc', "Truncated"],
    ["a stream that breaks off", 'data: {"choices":[{"delta":{"content":"hi"}}]}\n\n', "Truncated"],
    [
      "a filtered reply",
      '{"choices":[{"finish_reason":"content_filter","message":{"content":""}}]}',
      "ContentPolicy"
    ],
    ["a blocked prompt", '{"promptFeedback":{"blockReason":"SAFETY"}}', "ContentPolicy"],
    ["a refusal", '{"type":"message","content":[],"stop_reason":"refusal"}', "ContentPolicy"],
    ["a finish by error", '{"choices":[{"finish_reason":"error","message":{"content":""}}]}', "ServerError"]
  ] as const)("%s: %s is %s", (_, body, expected) => {
    assert.strictEqual(classOf({ status: 200, body }), expected)
  })
})

describe("an overflow", () => {
  it.each([
    ["prompt is too long: 213462 tokens > 200000 maximum", 200_000, 213_462],
    [
      "This model's maximum context length is 8192 tokens. However, your messages resulted in 8227 tokens.",
      8192,
      8227
    ],
    [
      "The input token count (134123) exceeds the maximum number of tokens allowed (131072).",
      131_072,
      134_123
    ],
    [
      "input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000, decrease input length",
      200_000,
      178_959
    ],
    ["Your request exceeded model token limit: 262144 (requested: 300000)", 262_144, 300_000],
    [
      "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
      131_072,
      537_812
    ],
    ["Input is too long for requested model.", undefined, undefined]
  ])("tells the window and the size where it names them: %s", (message, limit, actual) => {
    const failure = classify(withError({ message }))
    if (failure._tag !== "ContextExceeded") return assert.fail(failure._tag)
    assert.deepStrictEqual([failure.limit, failure.actual], [limit, actual])
  })

  it("is read from llama.cpp's fields", () => {
    const failure = classify(
      withError({
        type: "exceed_context_size_error",
        message: "too big",
        n_prompt_tokens: 14_429,
        n_ctx: 8192
      })
    )
    assert.deepInclude(failure, { limit: 8192, actual: 14_429 })
  })
})
