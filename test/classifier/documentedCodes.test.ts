/** Codes that servers send with status 200 or a general one, as their documentation gives them. */
import { assert, describe, it } from "@effect/vitest"
import { classify, type Signal } from "../../src/classifier/Classifier.ts"
import * as Failure from "../../src/failure/Failure.ts"

const classOf = (signal: Signal): Failure.FailureClass => Failure.classOf(classify(signal))

// https://github.com/TencentCloud/tencentcloud-sdk-go/blob/master/tencentcloud/hunyuan/v20230901/errors.go
// https://www.tencentcloud.com/document/api/1284/75543 (common error codes); every answer has status 200
describe("an error of Tencent's Hunyuan", () => {
  it.each([
    ["ResourceInsufficient.ChargeResourceExhaust", "Balance"],
    ["ResourceUnavailable.LowBalance", "Balance"],
    ["ResourceUnavailable.StopUsing", "Balance"],
    ["ResourceUnavailable.InArrears", "Balance"],
    ["FailedOperation.FreeResourcePackExhausted", "Balance"],
    ["ResourceUnavailable.NotExist", "Forbidden"],
    ["FailedOperation.ServiceNotActivated", "Forbidden"],
    ["FailedOperation.ServiceStop", "Forbidden"],
    ["FailedOperation.UserUnAuthError", "Forbidden"],
    ["FailedOperation.PartnerAccountUnSupport", "Forbidden"],
    ["UnauthorizedOperation", "Forbidden"],
    ["AuthFailure.UnauthorizedOperation", "Forbidden"],
    ["IpInBlacklist", "Forbidden"],
    ["IpNotInWhitelist", "Forbidden"],
    ["AuthFailure.SecretIdNotFound", "InvalidKey"],
    ["LimitExceeded", "RateLimit"],
    ["RequestLimitExceeded.UinLimitExceeded", "RateLimit"],
    ["FailedOperation.EngineServerLimitExceeded", "RateLimit"],
    ["FailedOperation.EngineRequestTimeout", "ServerError"],
    ["FailedOperation.EngineServerError", "ServerError"],
    ["ResourceInsufficient", "Overloaded"],
    ["InvalidParameterValue.Model", "ModelMissing"],
    ["ActionOffline", "ModelMissing"],
    ["UnsupportedRegion", "ModelMissing"],
    ["OperationDenied.TextIllegalDetected", "ContentPolicy"],
    ["RequestSizeLimitExceeded", "TooLarge"],
    ["MissingParameter", "Invalid"],
    ["InvalidParameterValue", "Invalid"]
  ] as const)("%s is %s", (Code, expected) => {
    const body = { Response: { Error: { Code, Message: "x" }, RequestId: "1" } }
    assert.strictEqual(classOf({ status: 200, body }), expected)
  })
})

// https://cloud.baidu.com/doc/qianfan-api/s/rmwbl43x7
describe("an error of Baidu's Qianfan", () => {
  it.each([
    [
      400,
      "invalid_request_error",
      "characters_too_long",
      "the max input characters is 20000",
      "ContextExceeded"
    ],
    [400, "invalid_request_error", "tokens_too_long", "Prompt tokens too long", "ContextExceeded"],
    [400, "unsafe_request", "image_url_unsafe", "the content of image_url.url is invalid", "ContentPolicy"],
    [401, "access_denied", "no_parameter_permission", "x", "Unsupported"],
    [401, "invalid_request_error", "invalid_model", "No permission to use the model", "ModelMissing"],
    [401, "invalid_request_error", "invalid_iam_token", "IAM Certification failed", "InvalidKey"]
  ] as const)("%d %s %s is read: %s", (status, type, code, message, expected) => {
    assert.strictEqual(classOf({ status, body: { error: { type, code, message } } }), expected)
  })
})

// https://github.com/openai/openai-python/blob/main/src/openai/types/responses/response_error.py
describe("an image that OpenAI's Responses API refuses in the stream", () => {
  it.each([
    ["invalid_image_url", "Invalid"],
    ["invalid_base64_image", "Invalid"],
    ["image_parse_error", "Invalid"],
    ["image_too_small", "Invalid"],
    ["empty_image_file", "Invalid"],
    ["image_file_not_found", "Invalid"],
    ["unsupported_image_media_type", "Invalid"],
    ["image_file_too_large", "TooLarge"],
    // Another server may be able to reach the address.
    ["failed_to_download_image", "Unsupported"],
    // https://openrouter.ai/docs/api/reference/errors-and-debugging#typed-error-codes
    ["image_download_failed", "Unsupported"],
    ["image_content_policy_violation", "ContentPolicy"]
  ] as const)("%s is %s", (code, expected) => {
    const response = { status: "failed", error: { code, message: "x" } }
    assert.strictEqual(classOf({ status: 200, body: { type: "response.failed", response } }), expected)
  })
})

// https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
describe("a canonical code of Google", () => {
  it.each([
    [1, "CANCELLED", "ServerError"],
    [2, "UNKNOWN", "ServerError"],
    [3, "INVALID_ARGUMENT", "Invalid"],
    [4, "DEADLINE_EXCEEDED", "ServerError"],
    [5, "NOT_FOUND", "ModelMissing"],
    [7, "PERMISSION_DENIED", "Forbidden"],
    [8, "RESOURCE_EXHAUSTED", "RateLimit"],
    [9, "FAILED_PRECONDITION", "Invalid"],
    [10, "ABORTED", "ServerError"],
    [11, "OUT_OF_RANGE", "Invalid"],
    [12, "UNIMPLEMENTED", "Unsupported"],
    [13, "INTERNAL", "ServerError"],
    [14, "UNAVAILABLE", "Overloaded"],
    [15, "DATA_LOSS", "ServerError"],
    [16, "UNAUTHENTICATED", "InvalidKey"]
  ] as const)("%d, %s, is %s as a trailer and as a name", (number, status, expected) => {
    assert.strictEqual(classOf({ status: 200, headers: { "grpc-status": `${number}` }, body: "" }), expected)
    assert.strictEqual(classOf({ status: 200, body: { error: { status, message: "x" } } }), expected)
  })

  it("UNIMPLEMENTED has status 501: this server does not have it, another may", () => {
    const error = { code: 501, status: "UNIMPLEMENTED", message: "Operation is not implemented." }
    assert.strictEqual(classOf({ status: 501, body: { error } }), "Unsupported")
    assert.strictEqual(classOf({ status: 501 }), "Unsupported")
  })
})

// https://www.kimi.com/code/docs/en/kimi-code/error-reference.html
it("'Access terminated' of Kimi concerns the account: it is benched, not tried with every request", () => {
  assert.strictEqual(
    classOf({ status: 403, body: { error: { message: "Access terminated", type: "" } } }),
    "Forbidden"
  )
})

// https://help.elevenlabs.io/hc/en-us/articles/19572237925521
it("a text that is too long for ElevenLabs has status 401 and says nothing about the key", () => {
  const detail = {
    status: "max_character_limit_exceeded",
    message:
      "This request's text has 627 characters and exceeds the character limit of 333 characters for non signed in accounts."
  }
  assert.strictEqual(classOf({ status: 401, body: { detail } }), "TooLarge")
})

// LiteLLM's ProxyErrorTypes, https://docs.litellm.ai/docs/proxy/error_reference
it("LiteLLM's refusal of a model to an organization concerns the model", () => {
  const error = { message: "x", type: "org_model_access_denied", code: "401" }
  assert.strictEqual(classOf({ status: 401, body: { error } }), "ModelMissing")
})

// https://docs.litellm.ai/docs/proxy/error_reference
it.each([
  [403, "tool_access_denied"],
  [401, "key_vector_store_access_denied"],
  [401, "team_vector_store_access_denied"],
  [401, "user_vector_store_access_denied"],
  [401, "org_vector_store_access_denied"]
])("LiteLLM's refusal %d %s concerns this request, not the key", (status, type) => {
  const error = { message: "x", type, code: `${status}` }
  assert.strictEqual(classOf({ status, body: { error } }), "Unsupported")
})

// https://docs.litellm.ai/docs/proxy/error_reference; https://ngrok.com/docs/ai-gateway/reference/error-codes
it("a gateway that could not check the key says nothing about the key", () => {
  const type = "auth_provider_unavailable"
  assert.strictEqual(
    classOf({ status: 503, body: { error: { message: "Unable to validate the token", type } } }),
    "Overloaded"
  )
  for (const message of [
    "Failed to validate API key. Please try again later.",
    "Unable to verify your credentials at this time, please retry"
  ])
    assert.strictEqual(classOf({ status: 500, body: { error: { message } } }), "ServerError")
  assert.strictEqual(
    classOf({ status: 500, body: { error: { message: "Failed to validate API key." } } }),
    "InvalidKey"
  )
  for (const message of [
    "Unable to verify the API key. Please try again with a valid key",
    "Failed to verify your API key. Try again with another key",
    "Could not validate credentials, check your key and try again"
  ])
    assert.strictEqual(classOf({ status: 401, body: { error: { message } } }), "InvalidKey")
})

it("a model that only its own gateway's staff may call counts as missing", () => {
  for (const code of ["model_restricted", "model_forbidden", "model_not_allowed"])
    assert.strictEqual(classOf({ status: 403, body: { error: { message: "x", code } } }), "ModelMissing")
})

// https://docs.impulselabs.ai/api-reference/errors
it("a deployment that is not active is missing, and with 503 not ready yet", () => {
  const body = { error: "Deployment is not ACTIVE" }
  assert.strictEqual(classOf({ status: 404, body }), "ModelMissing")
  assert.strictEqual(classOf({ status: 503, body }), "Overloaded")
})

// https://www.volcengine.com/docs/82379/1299023
describe("an error of Volcengine's Ark", () => {
  it.each([
    [
      400,
      "OutofContextError",
      "Total tokens of image and text exceed max message tokens.",
      "ContextExceeded"
    ],
    // The checking service failed. It did not reject the content.
    [400, "ContentSecurityDetectionError", "Internal error.ARKRequest ID:1;CSDcode:{}", "ServerError"],
    [
      400,
      "InputAudioSensitiveContentDetected.PolicyViolation",
      "It may be related to copyright.",
      "ContentPolicy"
    ],
    [
      400,
      "OutputVideoSensitiveContentDetected.PolicyViolation",
      "It may be related to copyright.",
      "ContentPolicy"
    ],
    // A file belongs to one account; another key may have it.
    [404, "NotFound.File", "The specified file file-1 is not found.", "Unsupported"],
    [404, "", "No such File object: file-1", "Unsupported"],
    // The file or the cached context is busy; the key is fine.
    [
      403,
      "OperationDenied.InvalidState",
      "The specified file is in invalid state: InProgress.",
      "Unsupported"
    ],
    [403, "OperationDenied.UnsupportedPhase", "Operation is denied.", "Unsupported"],
    [
      403,
      "OperationDenied.FileQuotaExceeded",
      "Your account 1 has exhausted its file storage quota.",
      "Unsupported"
    ],
    [400, "InvalidParameter.OversizedImage", "The image was refused.", "TooLarge"],
    [
      400,
      "InvalidParameter.UnsupportedImageCount",
      "The request failed because more than one image was submitted in a single session.",
      "Unsupported"
    ],
    [404, "InvalidEndpointOrModel.NotFound", "The model or endpoint m does not exist.", "ModelMissing"],
    [429, "SetLimitExceeded", "Your account [1] has reached the set inference limit.", "Balance"]
  ] as const)("%d %s is read: %s", (status, code, message, expected) => {
    assert.strictEqual(
      classOf({ status, body: { error: { code, message, type: "x", param: "" } } }),
      expected
    )
  })

  it("in the event stream of an agent is read by its type", () => {
    for (const [type, expected] of [
      ["model_rate_limited_error", "RateLimit"],
      ["model_overloaded_error", "Overloaded"],
      ["model_request_failed_error", "ServerError"]
    ] as const) {
      const body = { type: "session.error", error: { type, message: "x" } }
      assert.strictEqual(classOf({ status: 200, body }), expected)
    }
  })
})

// https://help.aliyun.com/en/model-studio/error-code
describe("an error of Alibaba's Model Studio", () => {
  it("is not a dead key if the model only lacks a way of calling", () => {
    for (const message of [
      "current user api does not support synchronous calls.",
      "Current user api does not support asynchronous calls."
    ]) {
      assert.strictEqual(classOf({ status: 403, body: { code: "AccessDenied", message } }), "Unsupported")
    }
    assert.strictEqual(
      classOf({ status: 403, body: { code: "AccessDenied", message: "Access denied." } }),
      "Forbidden"
    )
  })

  it("is a fault of the server if the model service failed", () => {
    const body = { code: "ModelServiceFailed", message: "Failed to request model service." }
    assert.strictEqual(classOf({ status: 200, body }), "ServerError")
  })
})
