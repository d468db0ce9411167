/** Specific codes. The request: its size, its content, and what a model can do with it. */
import { contextCodes } from "../../words/ContextErrors.ts"
import type { CodeGroup } from "./Verdict.ts"

/** The request: its size, its content, and what a model can do with it. */
export const requests: ReadonlyArray<CodeGroup> = [
  // ---- the context window
  ...contextCodes.map((group) => ({ as: "ContextExceeded" as const, ...group })),
  // ---- the output ceiling
  {
    as: "MaxTokens",
    source: "https://openrouter.ai/docs/api/reference/errors-and-debugging#typed-error-codes",
    values: "max_tokens_exceeded"
  },
  // ---- policy
  {
    as: "ContentPolicy",
    source:
      "https://platform.openai.com/docs/guides/error-codes; https://learn.microsoft.com/azure/ai-services/openai/concepts/content-filter",
    values:
      "content_filter content_policy_violation ResponsibleAIPolicyViolation moderation_blocked content_filtered cyber_policy cyber_policy_violation bio_policy_violation safety_violation image_content_policy_violation contentFilter"
  },
  {
    as: "ContentPolicy",
    source:
      "https://openrouter.ai/docs/api/reference/errors-and-debugging#typed-error-codes; https://docs.litellm.ai/docs/exception_mapping",
    values:
      "refusal ContentPolicyViolationError content_moderation moderation_error guardrail_violation hooks_failed"
  },
  {
    as: "ContentPolicy",
    source: "https://help.aliyun.com/en/model-studio/error-code",
    values: "DataInspectionFailed data_inspection_failed DataInspection InvalidParameter.DataInspection"
  },
  {
    as: "ContentPolicy",
    source: "https://www.volcengine.com/docs/82379/1299023",
    values:
      "SensitiveContentDetected InputTextSensitiveContentDetected OutputTextSensitiveContentDetected InputImageSensitiveContentDetected OutputImageSensitiveContentDetected InputVideoSensitiveContentDetected OutputVideoSensitiveContentDetected InputAudioSensitiveContentDetected OutputAudioSensitiveContentDetected InputTextRiskDetection InputImageRiskDetection OutputTextRiskDetection OutputImageRiskDetection"
  },
  {
    as: "ContentPolicy",
    source:
      "https://github.com/TencentCloud/tencentcloud-sdk-go/blob/master/tencentcloud/hunyuan/v20230901/errors.go",
    values:
      "OperationDenied.TextIllegalDetected OperationDenied.ImageIllegalDetected FailedOperation.GenerateImageFailed FailedOperation.ContentIllegal"
  },
  {
    as: "ContentPolicy",
    source: "https://cloud.baidu.com/doc/qianfan-api/s/rmwbl43x7",
    values: "unsafe_request"
  },
  {
    as: "ContentPolicy",
    source:
      "https://docs.together.ai/docs/error-codes; https://docs.fireworks.ai; https://github.com/QuantumNous/new-api",
    values:
      "content_policy sensitive_words_detected prompt_blocked violation_fee.grok.csam content_policy_violation_error sensitive unsafe_content"
  },
  {
    as: "ContentPolicy",
    source:
      "https://docs.zenmux.ai/guide/advanced/error-codes.html; https://github.com/UCloudDoc-Team/modelverse (api_doc/common/error-code.md)",
    values: "safety_check_failed sensitive_check_error"
  },
  // ---- too large in bytes
  {
    as: "TooLarge",
    source:
      "https://docs.anthropic.com/en/api/errors; https://openrouter.ai/docs/api/reference/errors-and-debugging#typed-error-codes",
    values:
      "request_too_large payload_too_large request_entity_too_large RequestEntityTooLargeException image_too_large file_too_large body_too_large RequestTooLarge BodyTooLarge max_body_size_exceeded uploadTooLarge string_too_long"
  },
  {
    as: "TooLarge",
    source:
      "https://www.tencentcloud.com/document/api/1284/75543; https://github.com/openai/openai-python/blob/main/src/openai/types/responses/response_error.py",
    values: "RequestSizeLimitExceeded image_file_too_large"
  },
  {
    as: "TooLarge",
    source: "https://help.elevenlabs.io/hc/en-us/articles/19572237925521",
    values: "max_character_limit_exceeded"
  },
  {
    as: "TooLarge",
    source: "https://www.volcengine.com/docs/82379/1299023",
    values: "InvalidParameter.OversizedImage"
  },
  // ---- this request at this model
  {
    // A tool or a store that this request names, not the key.
    as: "Unsupported",
    source: "https://docs.litellm.ai/docs/proxy/error_reference",
    values:
      "tool_access_denied key_vector_store_access_denied team_vector_store_access_denied user_vector_store_access_denied org_vector_store_access_denied"
  },
  {
    // A file or a cached context that is busy, or the room for files. The status 403 says nothing about the key.
    as: "Unsupported",
    source: "https://www.volcengine.com/docs/82379/1299023",
    values:
      "OperationDenied.InvalidState OperationDenied.UnsupportedPhase OperationDenied.FileQuotaExceeded InvalidParameter.UnsupportedImageCount"
  },
  {
    as: "Unsupported",
    source: "https://platform.openai.com/docs/guides/error-codes",
    values: "unsupported_parameter unsupported_value unsupported_content_type"
  },
  {
    as: "Unsupported",
    source:
      "https://docs.github.com/en/copilot (models that are served by one API only); https://github.com/QuantumNous/new-api",
    values:
      "unsupported_api_for_model convert_request_failed invalid_api_type unsupported_endpoint endpoint_not_supported not_implemented NotImplementedError unsupported_operation unsupported_feature"
  },
  {
    as: "Unsupported",
    source: "https://docs.litellm.ai/docs/exception_mapping; https://console.groq.com/docs/errors",
    values:
      "UnsupportedParamsError extra_forbidden tools_not_supported vision_not_supported image_not_supported streaming_not_supported invalid_request_message_order property_unsupported"
  },
  {
    as: "Unsupported",
    source: "https://cloud.baidu.com/doc/qianfan-api/s/rmwbl43x7",
    values: "no_parameter_permission"
  },
  {
    // This server cannot reach the address of an image. Another one may.
    as: "Unsupported",
    source:
      "https://github.com/openai/openai-python/blob/main/src/openai/types/responses/response_error.py; https://openrouter.ai/docs/api/reference/errors-and-debugging#typed-error-codes",
    values: "failed_to_download_image image_download_failed"
  },
  {
    // The model's own output was unusable. Another model may do better with the same request.
    as: "Unsupported",
    source: "https://console.groq.com/docs/errors",
    values: "tool_use_failed json_validate_failed output_parse_failed"
  },
  // ---- the request
  {
    as: "Invalid",
    source: "https://platform.openai.com/docs/guides/error-codes",
    values:
      "unknown_parameter invalid_function_parameters missing_required_parameter integer_below_min_value invalid_json invalid_image_format unsupported_image_format invalid_image invalid_base64 previous_response_not_found invalid_encrypted_content array_above_max_length invalid_tool_call_id"
  },
  {
    // An image of the request, not the model: the status beside it is 404.
    as: "Invalid",
    source: "https://openrouter.ai/docs/api/reference/errors-and-debugging#typed-error-codes",
    values: "image_not_found image_too_small"
  }
]
