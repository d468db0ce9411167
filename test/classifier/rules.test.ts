/** Each rule of the classifier by itself: what it decides, and the evidence it gives. */
import { assert, describe, it } from "@effect/vitest"
import { classify, type Signal } from "../../src/classifier/Classifier.ts"
import * as Failure from "../../src/failure/Failure.ts"

type Row = readonly [signal: Signal, as: Failure.FailureClass, evidence: string]

const check = (signal: Signal, as: Failure.FailureClass, evidence: string) => {
  const failure = classify(signal)
  assert.deepStrictEqual([Failure.classOf(failure), failure.evidence], [as, evidence])
}
const error = (fields: object, status = 400): Signal => ({ status, body: { error: fields } })

const long = "string_above_max_length"

describe("a code whose meaning depends on the parameter", () => {
  it.each<Row>([
    [error({ code: long, param: "input" }), "TooLarge", `code=${long}`],
    [error({ code: long, param: "Messages" }), "TooLarge", `code=${long}`],
    [error({ code: long, param: "message" }), "TooLarge", `code=${long}`],
    [error({ code: long, param: "contents" }), "TooLarge", `code=${long}`],
    [error({ code: long, param: "content" }), "TooLarge", `code=${long}`],
    [error({ code: long, param: "metadata" }), "Invalid", `code=${long}`],
    [error({ code: long }), "Invalid", `code=${long}`],
    [error({ code: "String_Above_Max_Length", param: "input" }), "TooLarge", "code=String_Above_Max_Length"],
    [
      error({ code: long, message: "Invalid 'messages[1].content': string too long." }),
      "TooLarge",
      `code=${long}`
    ],
    [error({ code: long, message: "Invalid 'user': string too long." }), "Invalid", `code=${long}`],
    [error({ code: long, message: `${"x ".repeat(100)}'input' is long` }), "Invalid", `code=${long}`],
    [
      error({ code: "integer_above_max_value", param: "max_tokens" }),
      "MaxTokens",
      "code=integer_above_max_value"
    ],
    [
      error({ code: "integer_above_max_value", param: "max_output_tokens" }),
      "MaxTokens",
      "code=integer_above_max_value"
    ],
    [error({ code: "integer_above_max_value", param: "n" }), "Invalid", "code=integer_above_max_value"],
    [
      error({ code: "decimal_above_max_value", param: "temperature" }),
      "Invalid",
      "code=decimal_above_max_value"
    ],
    [
      error({ code: "decimal_above_max_value", param: "max_tokens" }),
      "MaxTokens",
      "code=decimal_above_max_value"
    ]
  ])("%j is %s", check)
})

describe("an empty account's code at DashScope", () => {
  const quota = (message: string, status = 429) => error({ code: "insufficient_quota", message }, status)
  const evidence = "code=insufficient_quota"
  it.each<Row>([
    [{ ...quota("You exceeded your quota"), provider: "dashscope" }, "RateLimit", evidence],
    [quota("You exceeded your quota"), "Balance", evidence],
    [quota("See https://help.aliyun.com/x#token-limit"), "RateLimit", evidence],
    [quota("See https://www.alibabacloud.com/help/en"), "RateLimit", evidence],
    [quota("See #token-limit"), "RateLimit", evidence],
    [{ ...quota("The free quota is used up"), provider: "dashscope" }, "Balance", evidence],
    [
      { ...error({ code: "billing_not_active", message: "x" }), provider: "dashscope" },
      "Balance",
      "code=billing_not_active"
    ]
  ])("%j is %s", check)
})

describe("a type with several meanings", () => {
  it.each<Row>([
    [
      error({ code: "token_limit_exceeded", message: "The prompt is too long for the context window" }),
      "ContextExceeded",
      "code=token_limit_exceeded"
    ],
    [
      error({ type: "billing_error", message: "You have reached your weekly usage limit" }, 402),
      "Balance",
      "type=billing_error"
    ],
    [
      error({ type: "billing_error", message: "You have reached your 5-hour usage limit" }, 402),
      "RateLimit",
      "type=billing_error"
    ],
    [
      error({ type: "billing_error", message: "Too many requests per minute" }, 402),
      "RateLimit",
      "type=billing_error"
    ],
    [
      error({ type: "billing_error", message: "Your card was declined" }, 402),
      "Balance",
      "type=billing_error"
    ],
    [error({ type: "billing_error" }, 402), "Balance", "type=billing_error"],
    [
      error({ type: "access_terminated_error", message: "You have reached your 5-hour usage limit" }, 403),
      "RateLimit",
      "type=access_terminated_error"
    ]
  ])("%j is %s", check)
})

describe("a quota", () => {
  const google = (details: object, message = "Quota exceeded", code = "RATE_LIMIT_EXCEEDED") =>
    error(
      {
        code: 429,
        status: "RESOURCE_EXHAUSTED",
        message,
        details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: code, ...details }]
      },
      429
    )
  const evidence = "details.reason=RATE_LIMIT_EXCEEDED"
  it.each<Row>([
    [google({}), "RateLimit", evidence],
    [google({ violations: [{ quotaValue: "0" }] }), "Balance", evidence],
    [google({ violations: [{ quotaValue: 0 }] }), "Balance", evidence],
    [google({ violations: [{ quotaValue: "10" }] }), "RateLimit", evidence],
    [google({}, "Quota exceeded, limit: 0"), "Balance", evidence],
    [google({}, "Quota exceeded, limit:0, model: x"), "Balance", evidence],
    [google({}, "Quota exceeded, limit: 0, and limit: 15"), "RateLimit", evidence],
    [google({}, "Quota exceeded, limit: 0, and limit:15"), "RateLimit", evidence],
    [google({}, "Quota exceeded, limit: 0.5"), "RateLimit", evidence],
    [google({}, "Quota exceeded, limit: 05"), "RateLimit", evidence],
    [
      error({ code: "rate_limit_exceeded", message: "limit: 0" }, 429),
      "RateLimit",
      "code=rate_limit_exceeded"
    ],
    [
      error({ code: "Throttling.AllocationQuota", message: "Free allocated quota exceeded." }, 429),
      "Balance",
      "code=Throttling.AllocationQuota"
    ],
    [
      error({ code: "Throttling.AllocationQuota", message: "Week allocated quota exceeded." }, 429),
      "Balance",
      "code=Throttling.AllocationQuota"
    ],
    [
      error({ code: "Throttling.AllocationQuota", message: "Month allocated quota exceeded." }, 429),
      "Balance",
      "code=Throttling.AllocationQuota"
    ],
    [
      error({ code: "Throttling.AllocationQuota", message: "Allocated quota exceeded." }, 429),
      "RateLimit",
      "code=Throttling.AllocationQuota"
    ],
    [
      error(
        { code: 429, status: "RESOURCE_EXHAUSTED", message: "You exceeded your current quota, limit: 0" },
        429
      ),
      "Balance",
      'text "exceeded your current quota" (Google)'
    ],
    [
      error({ message: "You exceeded your current quota. See https://ai.google.dev/gemini-api" }, 429),
      "RateLimit",
      'text "exceeded your current quota" (Google)'
    ],
    [
      error({ message: "You exceeded your current quota. generativelanguage.googleapis.com/x" }, 429),
      "RateLimit",
      'text "exceeded your current quota" (Google)'
    ]
  ])("%j is %s", check)
})

describe("a vendor's number", () => {
  it.each<Row>([
    [
      { status: 200, body: { base_resp: { status_code: 1008, status_msg: "" } } },
      "Balance",
      "minimax code 1008"
    ],
    [{ status: 429, provider: "zai", body: { error: { code: "1113" } } }, "Balance", "zhipu code 1113"],
    [
      { status: 503, provider: "zai", body: { error: { code: "9999", message: "no idea" } } },
      "Overloaded",
      "status 503"
    ]
  ])("%j is %s", check)
})

describe("a name at the start of a sentence", () => {
  it.each<Row>([
    [error({ message: "ThrottlingException: slow" }), "RateLimit", "name=ThrottlingException"],
    [
      error({ message: "An error occurred (AccessDeniedException) when calling x" }),
      "Forbidden",
      "name=AccessDeniedException"
    ],
    [
      { status: 200, body: { error: { message: "PermissionDeniedError: no" } } },
      "Forbidden",
      "name=PermissionDeniedError"
    ]
  ])("%j is %s", check)
})

describe("a fault named in the body", () => {
  it.each<Row>([
    [error({ code: "server_error", message: "Hm" }, 400), "ServerError", "code=server_error"],
    [error({ code: "server_error", message: "Hm" }, 401), "InvalidKey", "status 401"],
    [error({ code: "server_error", message: "Hm" }, 402), "Balance", "status 402"],
    [
      error({ code: "server_error", message: "Too many requests" }, 500),
      "RateLimit",
      'text "too many requests"'
    ],
    [
      { status: 500, body: { error: { code: "server_error", message: "Hm" }, error_type: "authentication" } },
      "InvalidKey",
      "errortype=authentication"
    ],
    [
      {
        status: 500,
        body: { error: { code: "server_error", message: "Hm" }, error_type: "invalid_request" }
      },
      "ServerError",
      "code=server_error"
    ],
    [
      { status: 500, body: { error: { code: "server_error", message: "Hm" }, error_type: "server" } },
      "ServerError",
      "code=server_error"
    ]
  ])("%j is %s", check)

  it("under a 403 is the 403's", () => {
    assert.strictEqual(
      classify(error({ code: "server_error", message: "Hm" }, 403)).evidence,
      "status 403 without a reason"
    )
  })
})

describe("plain text", () => {
  it.each<Row>([
    [{ status: 400, body: "Too many requests" }, "RateLimit", 'text "too many requests"'],
    [{ status: 422, body: "Too many requests" }, "RateLimit", 'text "too many requests"'],
    [{ status: 200, body: "Too many requests" }, "RateLimit", 'text "too many requests"'],
    [{ body: "Too many requests" }, "RateLimit", 'text "too many requests"'],
    [{ status: 503, body: "Too many requests" }, "Overloaded", "status 503"],
    [{ status: 404, body: "Too many requests" }, "ModelMissing", "status 404"],
    [{ status: 503, body: "rate_limit_exceeded" }, "RateLimit", "error=rate_limit_exceeded"],
    [
      { status: 503, body: 'failed: {"error":{"message":"Too many requests"}} now' },
      "RateLimit",
      'text "too many requests"'
    ]
  ])("%j is %s", check)
})

describe("a finish reason", () => {
  const reply = (finish_reason: string, status: number): Signal => ({
    status,
    body: { choices: [{ finish_reason, message: {} }] }
  })
  it.each<Row>([
    [reply("length", 200), "MaxTokens", "finish_reason=length"],
    [reply("content_filter", 200), "ContentPolicy", "finish_reason=content_filter"],
    [reply("content_filter", 503), "Overloaded", "status 503"],
    [reply("stop", 200), "Empty", "an answer without content"]
  ])("%j is %s", check)
})

describe("a status of gRPC", () => {
  const rpc = (status: string): Signal => ({ status: 200, headers: { "grpc-status": status } })
  it.each<Row>([
    [rpc("8"), "RateLimit", "grpc-status 8"],
    [rpc("14"), "Overloaded", "grpc-status 14"],
    [rpc("16"), "InvalidKey", "grpc-status 16"],
    [rpc("0"), "Empty", "no body"],
    [rpc("99"), "Empty", "no body"],
    [{ status: 429, headers: { "grpc-status": "16" } }, "InvalidKey", "grpc-status 16"]
  ])("%j is %s", check)
})

describe("a general code", () => {
  it.each<Row>([
    [error({ type: "authentication_error", message: "No." }, 500), "InvalidKey", "type=authentication_error"],
    [error({ type: "authentication_error", message: "No." }, 429), "RateLimit", "status 429"],
    [error({ type: "authentication_error", message: "No." }, 402), "Balance", "status 402"],
    [error({ type: "authentication_error", message: "No." }, 407), "Connection", "status 407"],
    [error({ type: "authentication_error", message: "No." }, 413), "TooLarge", "status 413"],
    [error({ type: "invalid_request_error", message: "No." }, 404), "ModelMissing", "status 404"],
    [error({ type: "invalid_request_error", message: "No." }, 200), "Invalid", "type=invalid_request_error"],
    [error({ type: "rate_limit_error", message: "No." }, 500), "RateLimit", "type=rate_limit_error"],
    [error({ code: "Forbidden", message: "No." }, 403), "Blocked", "status 403 without a reason"],
    [error({ code: "Forbidden", message: "No." }, 500), "Forbidden", "code=Forbidden"],
    [error({ code: "PERMISSION_DENIED", message: "No." }, 403), "Forbidden", "code=PERMISSION_DENIED"],
    [error({ message: "AuthenticationError: No." }, 500), "InvalidKey", "name=AuthenticationError"]
  ])("%j is %s", check)
})

describe("a status claimed in the body", () => {
  const wrapped = (status: number | undefined): Signal => ({
    status,
    body: { error: { message: "Request failed with status code 401" } }
  })
  it.each<Row>([
    ...[undefined, 200, 400, 404, 424, 500, 502].map(
      (status): Row => [wrapped(status), "InvalidKey", "status 401 in the body"]
    ),
    [wrapped(401), "InvalidKey", "status 401"],
    [wrapped(409), "ServerError", "status 409"],
    [wrapped(418), "Invalid", "status 418"],
    [{ status: 500, body: { error: { message: "No.", code: 401 } } }, "InvalidKey", "status 401 in the body"],
    [{ status: 500, body: { error: { message: "No.", code: 500 } } }, "ServerError", "status 500"],
    [{ status: 400, body: { error: { message: "No.", code: 399 } } }, "Invalid", "status 400"]
  ])("%j is %s", check)
})

describe("sentences about the server", () => {
  const words = (status: number): Signal => ({
    status,
    body: { error: { message: "Internal server error" } }
  })
  it.each<Row>([
    [words(200), "ServerError", 'text "internal server error"'],
    [words(404), "ModelMissing", "status 404"]
  ])("%j is %s", check)
})

describe("a bare status", () => {
  it.each<Row>([
    [{ status: 403 }, "Forbidden", "status 403"],
    [{ status: 403, body: "{}" }, "Blocked", "status 403 without a reason"],
    [{ status: 451, body: "{}" }, "Blocked", "status 451 without a reason"],
    [{ status: 404, body: "{}" }, "ModelMissing", "status 404"],
    [{ status: 0 }, "Connection", "status 0"]
  ])("%j is %s", check)
})

describe("a success without a usable answer", () => {
  it.each<Row>([
    [{}, "Unknown", "no body"],
    [{ status: 200 }, "Empty", "no body"],
    [{ status: 200, body: "  " }, "Empty", "no body"],
    [{ transport: { code: "ECONNREFUSED" } }, "Connection", "transport code=ECONNREFUSED"],
    [{ transport: null }, "Unknown", "no body"],
    [{ status: 200, transport: { code: "ECONNREFUSED" } }, "Empty", "no body"],
    [{ status: 200, body: "<html></html>" }, "Malformed", "html instead of an answer"],
    [{ status: 200, body: "hello there" }, "Malformed", "text instead of an answer"],
    [{ status: 200, body: '{"choices":[{"mess' }, "Truncated", "the answer breaks off"],
    [
      { status: 200, body: 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n' },
      "Truncated",
      "the answer breaks off"
    ],
    [
      { status: 200, body: 'data: {"choices":[{"delta":{"content":""}}]}\n\n' },
      "Empty",
      "an answer without content"
    ],
    [
      { status: 200, body: 'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n' },
      "Empty",
      "an answer without content"
    ],
    [
      {
        status: 200,
        body: 'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: {"error":{"message":"hm hm"}}\n\n'
      },
      "Unknown",
      "an error without a known signal"
    ],
    [
      { status: 200, body: { choices: [{ message: { content: "a" } }] } },
      "Empty",
      "an answer without content"
    ],
    [{ status: 200, body: { error: { message: "hm hm" } } }, "Unknown", "an error without a known signal"],
    [{ status: 200, body: { error: { code: "hm" } } }, "Empty", "an answer without content"]
  ])("%j is %s", check)
})

describe("a limit of a plan", () => {
  const limit = (message: string, status = 429): Signal =>
    error({ type: "usage_limit_reached", message, ...{} }, status)
  const classOf = (signal: Signal) => Failure.classOf(classify(signal))
  it.each([
    ["The usage limit has been reached", "RateLimit"],
    ["The hourly usage limit has been reached", "RateLimit"],
    ["The daily usage limit has been reached", "RateLimit"],
    ["The usage limit of today has been reached", "RateLimit"],
    ["The usage limit for 5 hours has been reached", "RateLimit"],
    ["The weekly usage limit has been reached", "Balance"],
    ["The usage limit of this week has been reached", "Balance"],
    ["The monthly usage limit has been reached", "Balance"],
    ["The usage limit of this month has been reached", "Balance"],
    ["The usage limit of 7 days has been reached", "Balance"],
    ["The usage limit of 7-day has been reached", "Balance"],
    ["The usage limit of the billing cycle has been reached", "Balance"],
    ["The usage limit of the billing period has been reached", "Balance"],
    ["The usage limit has been reached 每周", "Balance"],
    ["The weekly and the hourly usage limit has been reached", "Balance"]
  ] as const)("%s: %s", (message, expected) => {
    assert.strictEqual(classOf(limit(message)), expected)
  })

  it("without a period ends by itself, unless the status requires a payment", () => {
    assert.strictEqual(classOf(limit("The usage limit has been reached", 402)), "Balance")
    assert.strictEqual(classOf(limit("The usage limit of today has been reached", 402)), "RateLimit")
  })

  it("that ends after exactly a day is a throttle", () => {
    const ending = (resets_in_seconds: number) =>
      classOf(error({ type: "usage_limit_reached", message: "Reached", resets_in_seconds }, 429))
    assert.deepStrictEqual([ending(86_400), ending(86_401)], ["RateLimit", "Balance"])
  })
})
