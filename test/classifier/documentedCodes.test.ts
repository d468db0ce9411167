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
    // Another server may reach the address.
    ["failed_to_download_image", "Unsupported"],
    // https://openrouter.ai/docs/api/reference/errors-and-debugging#typed-error-codes
    ["image_download_failed", "Unsupported"],
    ["image_content_policy_violation", "ContentPolicy"]
  ] as const)("%s is %s", (code, expected) => {
    const response = { status: "failed", error: { code, message: "x" } }
    assert.strictEqual(classOf({ status: 200, body: { type: "response.failed", response } }), expected)
  })
})
