/** Errors as the documentation of the providers gives them; the source is beside each. */
import { assert, describe, it } from "@effect/vitest"
import { classify, type Signal } from "../../src/classifier/Classifier.ts"
import * as Failure from "../../src/failure/Failure.ts"

const classOf = (signal: Signal): Failure.FailureClass => Failure.classOf(classify(signal))

// https://openrouter.ai/docs/api/reference/errors-and-debugging
describe("a typed error of OpenRouter", () => {
  const typed = (error_type: string, status: number, message = "Provider returned error") =>
    classOf({ status, body: { error: { code: status, message, metadata: { error_type } } } })

  it.each([
    ["string_too_long", 400, "TooLarge"],
    ["invalid_prompt", 400, "Invalid"],
    ["image_not_found", 404, "Invalid"],
    ["image_too_small", 400, "Invalid"],
    ["provider_unavailable", 502, "ServerError"],
    ["max_tokens_exceeded", 400, "MaxTokens"],
    ["token_limit_exceeded", 400, "Balance"],
    ["not_found", 404, "ModelMissing"],
    ["authentication", 401, "InvalidKey"]
  ] as const)("%s with status %d is %s", (type, status, expected) => {
    assert.strictEqual(typed(type, status), expected)
  })

  it("decides over invalid_prompt, the code of the Responses API for an overflow and a bad request", () => {
    const failed = (error_type: string) =>
      classOf({
        status: 200,
        body: { status: "failed", error: { code: "invalid_prompt", message: "Provider error" }, error_type }
      })
    assert.strictEqual(failed("context_length_exceeded"), "ContextExceeded")
    assert.strictEqual(failed("invalid_request"), "Invalid")
  })

  it("leaves a flagged prompt of OpenAI, whose code is the same, a matter of policy", () => {
    const message = "Invalid prompt: your prompt was flagged as potentially violating our usage policy."
    assert.strictEqual(
      classOf({ status: 400, body: { error: { code: "invalid_prompt", message } } }),
      "ContentPolicy"
    )
  })

  it("is a matter of policy if a guardrail blocked the request: the key is good", () => {
    const message = "Request blocked: prompt injection patterns detected"
    assert.strictEqual(classOf({ status: 403, body: { error: { code: 403, message } } }), "ContentPolicy")
    assert.strictEqual(typed("permission_denied", 403, message), "ContentPolicy")
    const messages = { type: "permission_error", message }
    assert.strictEqual(classOf({ status: 403, body: { type: "error", error: messages } }), "ContentPolicy")
  })

  it("is not a prompt that is too long if a parameter is only called like a limit", () => {
    const message = "Unknown parameter: 'max_total_tokens'"
    assert.strictEqual(classOf({ status: 400, body: { error: { message } } }), "Invalid")
  })

  it("is a throttle if the block names one", () => {
    const message = "Request blocked: too many requests"
    assert.strictEqual(classOf({ status: 429, body: { error: { message } } }), "RateLimit")
  })
})

// https://docs.jiekou.ai/docs/models/reference-error-code.md
it("TOKEN_LIMIT_EXCEEDED is a throttle with status 429, and a spent budget only without it", () => {
  for (const message of ["", "token limit exceeded, please try again later"]) {
    const body = { code: 429, reason: "TOKEN_LIMIT_EXCEEDED", message }
    assert.strictEqual(classOf({ status: 429, body }), "RateLimit")
  }
  const denied = { code: 403, reason: "ACCESS_DENY", message: "access deny" }
  assert.strictEqual(classOf({ status: 403, body: denied }), "Forbidden")
})

describe("a reason of Google", () => {
  const google = (reason: string, code: number, status: string) =>
    classOf({
      status: code,
      body: {
        error: {
          code,
          status,
          message: "No.",
          details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "googleapis.com" }]
        }
      }
    })

  // https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto
  it.each([
    ["OVERLOADED_CREDENTIALS", 400, "INVALID_ARGUMENT", "InvalidKey"],
    ["JWT_TOKEN_INVALID", 400, "INVALID_ARGUMENT", "InvalidKey"],
    ["RESOURCE_PROJECT_INVALID", 400, "INVALID_ARGUMENT", "Forbidden"],
    ["LOCATION_TAX_POLICY_VIOLATED", 400, "FAILED_PRECONDITION", "Forbidden"],
    ["RESOURCE_USAGE_RESTRICTION_VIOLATED", 400, "FAILED_PRECONDITION", "Forbidden"],
    ["BILLING_DISABLED", 403, "PERMISSION_DENIED", "Balance"],
    // https://github.com/google-gemini/gemini-cli (packages/core/src/utils/googleQuotaErrors.ts)
    ["INSUFFICIENT_G1_CREDITS_BALANCE", 429, "RESOURCE_EXHAUSTED", "Balance"],
    ["VALIDATION_REQUIRED", 403, "PERMISSION_DENIED", "Forbidden"]
  ] as const)("%s with status %d is read: %s, %s", (reason, code, status, expected) => {
    assert.strictEqual(google(reason, code, status), expected)
  })

  // https://www.developersdigest.tech/errors/api/gemini-api/429-quota-exceeded: it is renewed at midnight
  it("quota_exceeded is a daily quota, not an empty account", () => {
    const of = (message: string, provider?: string) =>
      classOf({ status: 429, provider, body: { error: { code: "quota_exceeded", message } } })
    assert.strictEqual(of("You have exceeded your quota.", "gemini"), "RateLimit")
    assert.strictEqual(of("You have exceeded your quota.", "google-vertex"), "RateLimit")
    assert.strictEqual(
      of("Exceeded. Learn more: https://ai.google.dev/gemini-api/docs/rate-limits"),
      "RateLimit"
    )
    assert.strictEqual(of("You have exceeded your quota.", "elevenlabs"), "Balance")
  })
})

// https://github.com/pollinations/pollinations/issues/9707
it("a resource that Azure has blocked serves no request, whatever its content: Forbidden", () => {
  const message =
    "Your resource has been temporarily blocked because we detected behavior that may violate our content policy. For more details on Azure OpenAI service content policy, please visit https://aka.ms/aoaicodeofconduct"
  assert.strictEqual(classOf({ status: 403, body: { error: { code: "Forbidden", message } } }), "Forbidden")
})

describe("a documented code", () => {
  // https://api.ncloud-docs.com/docs/en/clovastudio-troubleshoot-c4xx
  it.each([
    [400, "40001", "Invalid parameter", "Invalid"],
    [400, "40003", "Context length exceeded", "ContextExceeded"],
    [400, "40003", "Text too long", "ContextExceeded"],
    [400, "40080", "Model not found", "ModelMissing"],
    [400, "40082", "Model fade out", "ModelMissing"],
    [401, "40103", "Access token expired", "InvalidKey"],
    [429, "42901", "Rate exceeded", "RateLimit"]
  ] as const)(
    "of CLOVA Studio is read in its object status: %i %s %s is %s",
    (status, code, message, expected) => {
      assert.strictEqual(classOf({ status, body: { status: { code, message }, result: null } }), expected)
    }
  )

  // https://help.aliyun.com/document_detail/2593384.html
  it.each([
    ["100000", "系统异常", "ServerError"],
    ["100002", "触发平台限流规则，请稍后重试", "RateLimit"],
    ["100004", "参数缺失", "Invalid"],
    ["100005", "参数非法", "Invalid"],
    ["100006", "无权限进行此操作", "Forbidden"],
    ["100008", "请求内容没有通过安全策略", "ContentPolicy"],
    ["100011", "无可用额度", "Balance"],
    ["100013", "请求调用超时", "ServerError"],
    ["100016", "API令牌认证失败", "InvalidKey"],
    ["100019", "模型不存在", "ModelMissing"],
    ["100020", "模型暂时无法提供服务", "Overloaded"],
    ["200001", "大模型调用失败", "ServerError"],
    ["200002", "大模型请求用量受限", "RateLimit"],
    ["200004", "大模型调用超时", "ServerError"]
  ] as const)(
    "of Bailian in a reply with status 200 is read by its text: %s %s is %s",
    (Code, Message, expected) => {
      assert.strictEqual(
        classOf({ status: 200, body: { Success: false, Code, Message, RequestId: "1" } }),
        expected
      )
    }
  )

  // https://developers.google.com/search/apis/indexing-api/v3/core-errors
  it.each([
    [403, "rateLimitExceeded", "RateLimit"],
    [403, "rateLimitExceededUnreg", "RateLimit"],
    [403, "userRateLimitExceeded", "RateLimit"],
    [403, "userRateLimitExceededUnreg", "RateLimit"],
    [403, "dailyLimitExceeded", "RateLimit"],
    [403, "dailyLimitExceededUnreg", "RateLimit"],
    [403, "concurrentLimitExceeded", "RateLimit"],
    [403, "servingLimitExceeded", "RateLimit"],
    [403, "variableTermLimitExceeded", "RateLimit"],
    [403, "variableTermExpiredDailyExceeded", "RateLimit"],
    [403, "quotaExceeded", "RateLimit"],
    [403, "accessNotConfigured", "Forbidden"],
    [403, "accountDisabled", "Forbidden"],
    [403, "accountDeleted", "Forbidden"],
    [403, "accountUnverified", "Forbidden"],
    [400, "keyInvalid", "InvalidKey"],
    [400, "keyExpired", "InvalidKey"]
  ] as const)(
    "of Google's older APIs is read in errors[] without a type: %i %s is %s",
    (status, reason, expected) => {
      const error = { code: status, message: "x", errors: [{ domain: "global", reason, message: "x" }] }
      assert.strictEqual(classOf({ status, body: { error } }), expected)
    }
  )

  it("of Google's older APIs does not override a more exact text", () => {
    const message = "This API method requires billing to be enabled. Please enable billing on project #1."
    const error = { code: 403, message, errors: [{ domain: "global", reason: "forbidden", message }] }
    assert.strictEqual(classOf({ status: 403, body: { error } }), "Balance")
  })

  // https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
  it("of Bedrock for a model whose form or agreement is missing concerns the model, not the account", () => {
    for (const type of ["FTUFormNotFilled", "MPAgreementBeingCreated", "BadCScoreException"]) {
      const headers = { "x-amzn-errortype": type }
      assert.strictEqual(classOf({ status: 403, headers, body: { message: "Not yet." } }), "ModelMissing")
    }
  })

  // https://docs.zenmux.ai/guide/advanced/error-codes.html
  it.each([
    ["safety_check_failed", 403, "ContentPolicy"],
    ["reject_no_credit", 402, "Balance"],
    ["quote_exceeded", 402, "Balance"],
    ["no_provider_available", 502, "Overloaded"]
  ] as const)("of ZenMux is read: %s", (type, status, expected) => {
    assert.strictEqual(
      classOf({ status, body: { error: { code: `${status}`, type, message: "x" } } }),
      expected
    )
  })

  // https://github.com/UCloudDoc-Team/modelverse (api_doc/common/error-code.md)
  it.each([
    ["tokens_too_long", "Prompt tokens too long", "ContextExceeded"],
    ["sensitive_check_error", "Sensitive check error", "ContentPolicy"],
    ["invalid_messages", "Sensitive chat messages", "ContentPolicy"],
    ["model_error", "No permission to use the model", "ModelMissing"]
  ] as const)("of UCloud is read: %s", (code, message, expected) => {
    const error = { type: "invalid_request_error", code, message }
    assert.strictEqual(classOf({ status: 400, body: { error } }), expected)
  })

  it("counts with a plan or a cause behind it, after a colon or a dot", () => {
    // https://docs.github.com/en/copilot/concepts/rate-limits
    const weekly = { code: "user_weekly_rate_limited:pro_plus", message: "Sorry." }
    assert.strictEqual(classOf({ status: 429, body: { error: weekly } }), "Balance")
    const global = { code: "user_global_rate_limited:pro_plus", message: "Sorry." }
    assert.strictEqual(classOf({ status: 403, body: { error: global } }), "RateLimit")
    // https://github.com/QuantumNous/new-api (types/error.go)
    const fee = { code: "violation_fee.grok.csam", message: "x" }
    assert.strictEqual(classOf({ status: 403, body: { error: fee } }), "ContentPolicy")
  })
})
