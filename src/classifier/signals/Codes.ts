/**
 * Machine fields: codes, types and reasons that name the fault.
 *
 * Two tables. A *specific* value decides at once, over the status and the sentence beside it. A *general* one names
 * only a family (`rate_limit_error`, `PERMISSION_DENIED`); it decides if neither a specific value nor a sentence did.
 * Values in neither table (`invalid_request_error`, `api_error`, a copy of the status) are ignored.
 *
 * Values are compared without case and separators: `rateLimitExceeded` equals `rate_limit_exceeded`.
 */
import { contextCodes } from "../../words/ContextErrors.ts"
import type { SignalClass } from "./Verdict.ts"

/** One group of values with the same meaning. */
interface Group {
  readonly as: SignalClass
  readonly source: string
  readonly values: string
}

const specificGroups: ReadonlyArray<Group> = [
  // ---- throttled
  {
    as: "RateLimit",
    source: "https://platform.openai.com/docs/guides/error-codes; https://console.groq.com/docs/rate-limits",
    values: "rate_limit_exceeded tokens requests input_tokens output_tokens rate_limited rate_limit_reached"
  },
  {
    as: "RateLimit",
    source:
      "https://developers.google.com/drive/api/guides/handle-errors; https://github.com/googleapis/googleapis (error_reason.proto)",
    values: "rateLimitExceeded userRateLimitExceeded dailyLimitExceeded RATE_LIMIT_EXCEEDED"
  },
  {
    as: "RateLimit",
    source: "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html",
    values:
      "ThrottlingException ThrottledException Throttling TooManyRequestsException RequestLimitExceeded ServiceQuotaExceededException ProvisionedThroughputExceededException RequestThrottled RequestThrottledException SlowDownException LimitExceededException"
  },
  {
    as: "RateLimit",
    source: "https://help.aliyun.com/en/model-studio/error-code",
    values:
      "Throttling.RateQuota Throttling.BurstRate Throttling.AllocationQuota Throttling.User Throttling.Api limit_requests limit_burst_rate limit_tokens LimitRequests"
  },
  {
    as: "RateLimit",
    source: "https://www.volcengine.com/docs/82379/1299023",
    values:
      "RateLimitExceeded.EndpointRPMExceeded RateLimitExceeded.EndpointTPMExceeded RateLimitExceeded.FoundationModelRPMExceeded RateLimitExceeded.FoundationModelTPMExceeded ModelAccountRpmRateLimitExceeded ModelAccountTpmRateLimitExceeded ModelAccountIpmRateLimitExceeded APIAccountRpmRateLimitExceeded AccountRateLimitExceeded model_rate_limited_error InflightBatchsizeExceeded RequestBurstTooFast"
  },
  {
    as: "RateLimit",
    source:
      "https://github.com/TencentCloud/tencentcloud-sdk-go/blob/master/tencentcloud/hunyuan/v20230901/errors.go",
    values: "LimitExceeded FailedOperation.EngineServerLimitExceeded"
  },
  {
    as: "RateLimit",
    source: "https://github.com/LLM-Red-Team/kimi-cc/issues/16",
    values: "rate_limit_reached_error"
  },
  {
    as: "RateLimit",
    source: "https://inference-docs.cerebras.ai/support/error",
    values: "too_many_tokens_error token_quota_exceeded too_many_requests_error request_quota_exceeded"
  },
  {
    as: "RateLimit",
    source:
      "https://learn.microsoft.com/azure/ai-foundry/foundry-models/quotas-limits; https://docs.github.com/en/github-models",
    values: "RateLimitReached user_model_rate_limited rate_limit_by_model"
  },
  {
    as: "RateLimit",
    source: "https://openrouter.ai/docs/api/reference/errors-and-debugging (metadata)",
    values: "upstream_provider_shared_pool"
  },
  {
    // The budget for requests in flight: it frees itself.
    as: "RateLimit",
    source: "https://github.com/OpenRouterTeam/docs/blob/main/api_reference/limits.mdx",
    values: "in_flight_budget_exhausted openrouter_in_flight_budget"
  },
  {
    as: "RateLimit",
    source:
      "https://cloud.baidu.com/doc/WENXINWORKSHOP/s/cm79w0mjf; https://cloud.baidu.com/doc/qianfan-api/s/rmwbl43x7",
    values:
      "rpm_rate_limit_exceeded tpm_rate_limit_exceeded qps_rate_limit_exceeded concurrency_limit_exceeded tpd_rate_limit_exceeded"
  },
  {
    as: "RateLimit",
    source: "https://docs.apigee.com/api-platform/reference/policies/quota-policy (fault codes)",
    values: "policies.ratelimit.QuotaViolation policies.ratelimit.SpikeArrestViolation"
  },
  {
    as: "RateLimit",
    source: "https://docs.litellm.ai/docs/proxy/users",
    values:
      "max_parallel_request_limit_reached concurrent_request_limit_exceeded consumption_limit_reached concurrency_limit"
  },
  // ---- a plan's quota for a period
  {
    as: "UsageWindow",
    source:
      "https://github.com/openai/codex (usage_limit_reached); https://developers.openai.com/codex/pricing",
    values: "usage_limit_reached usage_limit_exceeded"
  },
  {
    as: "UsageWindow",
    source:
      "https://github.com/google-gemini/gemini-cli (packages/core/src/utils/googleQuotaErrors.ts); https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto",
    values: "QUOTA_EXHAUSTED RESOURCE_QUOTA_EXCEEDED"
  },
  {
    as: "UsageWindow",
    source: "https://www.volcengine.com/docs/82379/1925114 (coding plan)",
    values: "AccountQuotaExceeded"
  },
  {
    as: "UsageWindow",
    source:
      "https://docs.github.com/en/copilot/concepts/rate-limits; https://github.com/github/copilot-cli/issues/2740",
    values:
      "user_weekly_rate_limited user_global_rate_limited integration_rate_limited agent_usage_limit_exceeded"
  },
  {
    as: "UsageWindow",
    source: "https://cloud.baidu.com/doc/qianfan/s/imlg0beiu (coding plan)",
    values: "coding_plan_hour_quota_exceeded coding_plan_week_quota_exceeded coding_plan_month_quota_exceeded"
  },
  {
    as: "Allowance",
    source:
      "https://docs.github.com/en/copilot/concepts/billing/copilot-requests; https://help.elevenlabs.io/hc/en-us/articles/19572237925521",
    values: "quota_exceeded QuotaExceeded quota_limit_exceeded free_quota_exceeded"
  },
  // ---- no money
  {
    as: "Balance",
    source:
      "https://platform.openai.com/docs/guides/error-codes; https://help.openai.com/en/articles/6614457",
    values:
      "insufficient_quota billing_not_active billing_hard_limit_reached credit_balance_exhausted organization_spend_limit_exceeded project_spend_limit_exceeded organization_usage_limit_exceeded project_usage_limit_exceeded spend_limit_exceeded spending_limit_exceeded usage_not_included"
  },
  {
    as: "Balance",
    source:
      "https://platform.claude.com/docs/en/api/errors; https://platform.claude.com/docs/en/api/rate-limits (details.error_code)",
    values: "billing_error enforced_spend_limit_reached"
  },
  {
    as: "Balance",
    source: "https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto",
    values: "BILLING_DISABLED"
  },
  {
    as: "Balance",
    source: "https://github.com/google-gemini/gemini-cli (packages/core/src/utils/googleQuotaErrors.ts)",
    values: "INSUFFICIENT_G1_CREDITS_BALANCE"
  },
  {
    as: "Balance",
    source: "https://github.com/MoonshotAI/Kimi-K2/issues/5",
    values: "exceeded_current_quota_error"
  },
  {
    as: "Balance",
    source: "https://docs.together.ai/docs/error-codes",
    values: "credit_limit credits_exhausted"
  },
  {
    as: "Balance",
    source: "https://openrouter.ai/docs/api/reference/errors-and-debugging",
    values: "openrouter_credits payment_required openrouter_key_limit weight_exceeds_budget"
  },
  {
    // "A token budget enforced by OpenRouter (e.g. credit-based cap) was exceeded", with status 400
    as: "Balance",
    source: "https://openrouter.ai/docs/api/reference/errors-and-debugging#typed-error-codes",
    values: "token_limit_exceeded"
  },
  {
    as: "Balance",
    source: "https://www.developersdigest.tech/errors/api/openrouter/403-budget-limit-exceeded",
    values: "openrouter_guardrail_budget openrouter_workspace_budget"
  },
  {
    as: "Balance",
    source: "https://help.aliyun.com/en/model-studio/error-code",
    values: "Arrearage AllocationQuota.FreeTierOnly PrepaidBillOverdue PostpaidBillOverdue AccountArrearage"
  },
  {
    as: "Balance",
    source: "https://www.volcengine.com/docs/82379/1299023",
    values: "AccountOverdueError OperationDenied.ServiceOverdue SetLimitExceeded InvalidSubscription"
  },
  {
    as: "Balance",
    source:
      "https://github.com/TencentCloud/tencentcloud-sdk-go/blob/master/tencentcloud/hunyuan/v20230901/errors.go; https://cloud.tencent.com/document/product/1729/105701",
    values:
      "FailedOperation.ResourcePackExhausted FailedOperation.FreeResourcePackExhausted ResourceInsufficient.ChargeResourceExhaust ResourceUnavailable.InArrears ResourceUnavailable.LowBalance ResourceUnavailable.StopUsing FailedOperation.ServiceStopArrears FailedOperation.PostPaidAccountArrears"
  },
  {
    as: "Balance",
    source: "https://docs.litellm.ai/docs/proxy/users",
    values: "budget_exceeded ExceededBudget BudgetExceededError budget_limit_exceeded"
  },
  {
    as: "Balance",
    source:
      "https://github.com/QuantumNous/new-api (types/error.go); https://github.com/songquanpeng/one-api",
    values:
      "insufficient_user_quota pre_consume_token_quota_failed insufficient_token_quota quota_not_enough token_quota_exhausted"
  },
  {
    as: "Balance",
    source: "https://cloud.baidu.com/doc/qianfan-api/s/rmwbl43x7",
    values: "account_overdue insufficient_balance account_arrears"
  },
  {
    as: "Balance",
    source: "https://docs.zenmux.ai/guide/advanced/error-codes.html",
    values: "reject_no_credit quote_exceeded"
  },
  {
    as: "Balance",
    source:
      "names used by several OpenAI-compatible hosts (https://docs.x.ai, https://deepinfra.com/docs, https://novita.ai/docs)",
    values:
      "insufficient_credits insufficient_funds not_enough_balance not_enough_credits no_credits out_of_credits credit_balance_too_low balance_not_enough credit_exhausted billing_limit_exceeded insufficient_credit token_quota_reached MONTHLY_REQUEST_COUNT CreditsError payment_error payment_method_required monthly_spend_limit_reached"
  },
  // ---- the key
  {
    as: "InvalidKey",
    source: "https://platform.openai.com/docs/guides/error-codes",
    values:
      "invalid_api_key incorrect_api_key invalid_issuer invalid_jwt token_expired token_invalidated token_revoked"
  },
  {
    as: "InvalidKey",
    source: "https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto",
    values:
      "API_KEY_INVALID API_KEY_EXPIRED API_KEY_NOT_FOUND ACCESS_TOKEN_EXPIRED ACCESS_TOKEN_TYPE_UNSUPPORTED JWT_TOKEN_INVALID CREDENTIAL_TYPE_UNSUPPORTED OVERLOADED_CREDENTIALS CREDENTIALS_MISSING ACCOUNT_STATE_INVALID SESSION_COOKIE_INVALID keyInvalid keyExpired"
  },
  {
    as: "InvalidKey",
    source:
      "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html; https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html",
    values:
      "UnrecognizedClientException UnrecognizedClient InvalidSignatureException InvalidSignature SignatureDoesNotMatch ExpiredTokenException ExpiredToken MissingAuthenticationToken MissingAuthenticationTokenException IncompleteSignature IncompleteSignatureException InvalidClientTokenId InvalidAccessKeyId RequestExpired TokenRefreshRequired"
  },
  {
    as: "InvalidKey",
    source: "https://github.com/MoonshotAI/kimi-cli/issues/1667",
    values: "invalid_authentication_error incorrect_api_key_error"
  },
  {
    as: "InvalidKey",
    source: "https://help.aliyun.com/en/model-studio/error-code",
    values: "InvalidApiKey InvalidApi-Key"
  },
  {
    as: "InvalidKey",
    source: "https://docs.litellm.ai/docs/proxy/error_reference",
    values: "token_not_found_in_db expired_key invalid_key invalid_user_key"
  },
  {
    as: "InvalidKey",
    source:
      "https://www.tencentcloud.com/document/api/1284/75543; https://cloud.baidu.com/doc/qianfan-api/s/rmwbl43x7",
    values:
      "AuthFailure.SecretIdNotFound AuthFailure.SignatureFailure AuthFailure.SignatureExpire AuthFailure.TokenFailure AuthFailure.InvalidSecretId invalid_iam_token invalid_appId_apikey"
  },
  {
    as: "InvalidKey",
    source:
      "names used by several hosts (https://docs.perplexity.ai, https://docs.sambanova.ai, https://inference-docs.cerebras.ai)",
    values:
      "wrong_api_key missing_api_key no_api_key api_key_invalid api_key_expired api_key_revoked api_key_missing api_key_not_found invalid_credentials invalid_token expired_token key_expired key_disabled missing_authorization missing_authorization_header invalid_authorization_header FAILED_TO_AUTH authentication_token_expired invalid_access_token bad_credentials"
  },
  // ---- the account
  {
    as: "Forbidden",
    source: "https://platform.openai.com/docs/guides/error-codes",
    values:
      "account_deactivated access_terminated access_terminated_error unsupported_country_region_territory ip_not_authorized mismatched_organization mismatched_project invalid_organization no_organization missing_scope insufficient_permissions organization_deactivated deactivated_workspace user_suspended organization_restricted account_suspended account_disabled account_blocked user_blocked"
  },
  {
    as: "Forbidden",
    source: "https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto",
    values:
      "SERVICE_DISABLED CONSUMER_SUSPENDED CONSUMER_INVALID API_KEY_SERVICE_BLOCKED API_KEY_HTTP_REFERRER_BLOCKED API_KEY_IP_ADDRESS_BLOCKED API_KEY_ANDROID_APP_BLOCKED API_KEY_IOS_APP_BLOCKED USER_PROJECT_DENIED SECURITY_POLICY_VIOLATED ACCESS_TOKEN_SCOPE_INSUFFICIENT IAM_PERMISSION_DENIED USER_BLOCKED_BY_ADMIN ORG_RESTRICTION_VIOLATION LOCATION_POLICY_VIOLATED LOCATION_ORG_POLICY_VIOLATED RESOURCE_USAGE_RESTRICTION_VIOLATED LOCATION_TAX_POLICY_VIOLATED ENDPOINT_USAGE_RESTRICTION_VIOLATED TLS_ORG_POLICY_VIOLATED RESOURCE_PROJECT_INVALID ACCOUNT_TYPE_UNSUPPORTED GCP_SUSPENDED SERVICE_NOT_VISIBLE TOS_VIOLATION UNSUPPORTED_LOCATION SUBSCRIPTION_REQUIRED accessNotConfigured"
  },
  {
    as: "Forbidden",
    source: "https://github.com/google-gemini/gemini-cli (packages/core/src/utils/googleQuotaErrors.ts)",
    values: "VALIDATION_REQUIRED"
  },
  {
    as: "Forbidden",
    source: "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html",
    values: "OptInRequired SubscriptionRequiredException NotAuthorized NotAuthorizedException"
  },
  {
    as: "Forbidden",
    source:
      "https://github.com/TencentCloud/tencentcloud-sdk-go/blob/master/tencentcloud/hunyuan/v20230901/errors.go; https://www.tencentcloud.com/document/api/1284/75543",
    values:
      "ResourceUnavailable.NotExist FailedOperation.ServiceNotActivated FailedOperation.ServiceStop FailedOperation.UserUnAuthError FailedOperation.PartnerAccountUnSupport UnauthorizedOperation AuthFailure.UnauthorizedOperation IpInBlacklist IpNotInWhitelist"
  },
  {
    as: "Forbidden",
    source: "https://help.aliyun.com/en/model-studio/error-code",
    values: "Workspace.AccessDenied App.AccessDenied CommodityNotPurchased"
  },
  {
    as: "Forbidden",
    source:
      "https://www.volcengine.com/docs/82379/1299023; https://learn.microsoft.com/azure/ai-services/openai/",
    values:
      "InvalidAccountStatus PublicNetworkAccessDisabled VirtualNetworkAccessDenied AuthenticationTypeDisabled account_not_active"
  },
  // ---- the model
  {
    as: "ModelMissing",
    source: "https://platform.openai.com/docs/guides/error-codes; https://console.groq.com/docs/deprecations",
    values:
      "model_not_found model_decommissioned model_not_available model_not_supported model_deprecated model_is_deactivated model_deactivated model_terms_required model_permission_blocked_org model_permission_blocked_project model_not_active model_access_denied unsupported_model invalid_model unknown_model model_not_exist model_retired model_disabled ENDPOINT_NOT_FOUND RESOURCE_DOES_NOT_EXIST"
  },
  {
    as: "ModelMissing",
    source: "https://learn.microsoft.com/azure/ai-services/openai/; https://docs.github.com/en/github-models",
    values:
      "DeploymentNotFound OperationNotSupported unavailable_model no_access ModelNotFoundException ModelDeprecated"
  },
  {
    as: "ModelMissing",
    source: "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html",
    values: "ResourceNotFoundException ResourceNotFound FTUFormNotFilled MPAgreementBeingCreated"
  },
  {
    as: "ModelMissing",
    source: "https://docs.litellm.ai/docs/proxy/error_reference",
    values:
      "key_model_access_denied team_model_access_denied user_model_access_denied org_model_access_denied project_model_access_denied"
  },
  {
    as: "ModelMissing",
    source: "https://help.aliyun.com/en/model-studio/error-code",
    values: "ModelNotFound Model.AccessDenied ModelNotExist Model.NotFound ModelNotSupport"
  },
  {
    as: "ModelMissing",
    source: "https://www.volcengine.com/docs/82379/1299023",
    values:
      "InvalidEndpointOrModel.NotFound InvalidEndpointOrModel.ModelIDAccessDisabled InvalidEndpoint.NotFound InvalidEndpoint.ClosedEndpoint ModelNotOpen UnsupportedModel OperationDenied.ServiceNotOpen"
  },
  {
    as: "ModelMissing",
    source:
      "https://github.com/TencentCloud/tencentcloud-sdk-go/blob/master/tencentcloud/hunyuan/v20230901/errors.go; https://www.tencentcloud.com/document/api/1284/75543",
    values: "InvalidParameterValue.Model ResourceNotFound.Model ActionOffline UnsupportedRegion"
  },
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
      "content_filter content_policy_violation ResponsibleAIPolicyViolation moderation_blocked content_filtered cyber_policy cyber_policy_violation bio_policy_violation sentinel_blocked safety_violation image_content_policy_violation contentFilter"
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
  // ---- this request at this model
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
      "unsupported_api_for_model convert_request_failed unsupported_endpoint endpoint_not_supported not_implemented NotImplementedError unsupported_operation unsupported_feature"
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
  },
  // ---- overloaded
  {
    as: "Overloaded",
    source: "https://docs.anthropic.com/en/api/errors; https://github.com/MoonshotAI/kimi-cli/issues/2209",
    values:
      "overloaded_error engine_overloaded_error overloaded engine_overloaded model_overloaded server_overloaded"
  },
  {
    as: "Overloaded",
    source:
      "https://platform.openai.com/docs/guides/flex-processing; https://github.com/openai/codex (server_is_overloaded, slow_down)",
    values: "resource_unavailable server_is_overloaded slow_down insufficient_capacity capacity_exceeded"
  },
  {
    as: "Overloaded",
    source: "https://github.com/google-gemini/gemini-cli (capacity errors)",
    values: "MODEL_CAPACITY_EXHAUSTED"
  },
  {
    as: "Overloaded",
    source:
      "https://learn.microsoft.com/azure/ai-services/openai/; https://www.volcengine.com/docs/82379/1299023",
    values:
      "NoCapacity model_overloaded_error ServerOverloaded ServerBusy EngineOverloaded SystemOverloaded no_capacity"
  },
  {
    as: "Overloaded",
    source: "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html",
    values: "ModelNotReadyException ServiceUnavailableException"
  },
  {
    as: "Overloaded",
    source: "https://docs.mistral.ai/resources/error-glossary; https://console.groq.com/docs/errors",
    values:
      "engine_max_pending_tokens over_capacity INSUFFICIENT_MODEL_CAPACITY service_tier_capacity_exceeded queue_exceeded too_busy server_busy"
  },
  {
    as: "Overloaded",
    source: "https://openrouter.ai/docs/api/reference/errors-and-debugging#typed-error-codes",
    values: "provider_overloaded no_available_provider"
  },
  {
    as: "Overloaded",
    source: "https://docs.zenmux.ai/guide/advanced/error-codes.html",
    values: "no_provider_available"
  },
  {
    as: "Overloaded",
    source: "https://help.aliyun.com/en/model-studio/error-code",
    values: "ModelUnavailable ModelServingError ServiceUnavailable ModelServiceRejected SystemBusy"
  },
  {
    as: "Overloaded",
    source: "https://www.tencentcloud.com/document/api/1284/75543",
    values: "ResourceInsufficient"
  },
  // ---- a fault of the server
  {
    as: "ServerError",
    source: "https://platform.openai.com/docs/guides/error-codes",
    values: "server_error vector_store_timeout conversation_locked websocket_connection_limit_reached"
  },
  {
    as: "ServerError",
    source: "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html",
    values:
      "InternalServerException InternalFailure InternalFailureException ModelTimeoutException ModelErrorException ModelStreamErrorException InternalServerErrorException ConflictException"
  },
  {
    as: "ServerError",
    source: "https://docs.anthropic.com/en/api/errors; https://github.com/QuantumNous/new-api",
    values:
      "timeout_error do_request_failed read_response_body_failed bad_response_body empty_response gateway_timeout stream_timeout upstream_timeout upstream_connect_error stream_error network_error connection_error"
  },
  {
    as: "ServerError",
    source: "https://help.aliyun.com/en/model-studio/error-code",
    values:
      "InternalError.Algo InternalError.Timeout RequestTimeOut SystemError InternalError.Upload ModelServiceFailed"
  },
  {
    // ContentSecurityDetectionError: the service that checks contents failed; it found nothing.
    as: "ServerError",
    source: "https://www.volcengine.com/docs/82379/1299023",
    values: "ContentSecurityDetectionError model_request_failed_error"
  },
  {
    as: "ServerError",
    source:
      "https://github.com/TencentCloud/tencentcloud-sdk-go/blob/master/tencentcloud/hunyuan/v20230901/errors.go",
    values:
      "FailedOperation.EngineRequestTimeout FailedOperation.EngineServerError FailedOperation.ConsoleServerError"
  },
  {
    // "The upstream provider returned an invalid or empty response"
    as: "ServerError",
    source: "https://openrouter.ai/docs/api/reference/errors-and-debugging#typed-error-codes",
    values: "provider_unavailable"
  },
  {
    as: "Malformed",
    source: "https://openrouter.ai/docs/api/reference/errors-and-debugging",
    values: "invalid_response malformed_response"
  }
]

const generalGroups: ReadonlyArray<Group> = [
  {
    as: "RateLimit",
    source:
      "https://docs.anthropic.com/en/api/errors; https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto",
    values:
      "rate_limit_error RESOURCE_EXHAUSTED too_many_requests TooManyRequests throttling_error rate_limit ratelimit RateLimitError rate_limit_exceeded_error throttled"
  },
  {
    as: "RateLimit",
    source: "https://docs.x.ai (gRPC phrases as codes)",
    values: "Some_resource_has_been_exhausted resource-exhausted"
  },
  {
    as: "InvalidKey",
    source:
      "https://docs.anthropic.com/en/api/errors; https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto",
    values:
      "authentication_error UNAUTHENTICATED unauthorized authentication AuthenticationError auth_error invalid_auth AuthFailure unauthorized_error authentication_failed unauthenticated_error access_token_error"
  },
  {
    as: "InvalidKey",
    source: "https://docs.x.ai (gRPC phrases as codes)",
    values: "The_request_does_not_have_valid_authentication_credentials_for_the_operation"
  },
  {
    as: "Forbidden",
    source:
      "https://docs.anthropic.com/en/api/errors; https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto",
    values:
      "permission_error PERMISSION_DENIED forbidden AccessDeniedException AccessDenied access_denied permission_denied_error PermissionDeniedError PermissionDenied forbidden_error insufficient_permission account_error"
  },
  {
    as: "Forbidden",
    source: "https://docs.x.ai (gRPC phrases as codes)",
    values:
      "The_caller_does_not_have_permission_to_execute_the_specified_operation The_caller_does_not_have_permission"
  },
  {
    as: "ModelMissing",
    source:
      "https://docs.anthropic.com/en/api/errors; https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto",
    values:
      "not_found_error NOT_FOUND NotFoundError resource_not_found_error notFound Some_requested_entity_was_not_found"
  },
  {
    as: "Forbidden",
    source: "https://docs.jiekou.ai/docs/models/reference-error-code.md",
    values: "ACCESS_DENY"
  },
  {
    as: "Overloaded",
    source: "https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto",
    values:
      "UNAVAILABLE service_unavailable ServiceUnavailableError service_unavailable_error The_service_is_currently_unavailable backendError unavailable_error"
  },
  {
    as: "ServerError",
    source:
      "https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto; https://docs.mistral.ai/resources/error-glossary",
    values:
      "INTERNAL DEADLINE_EXCEEDED ABORTED UNKNOWN DATA_LOSS CANCELLED internal_server_error InternalServerError internal_error api_connection_error APIConnectionError InternalError internalError timeout Timeout server upstream_error service_error backend_error gateway_error bad_gateway proxy_error api_error Service_internal_error processing_error"
  },
  {
    as: "Unsupported",
    source: "https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto",
    values: "UNIMPLEMENTED"
  },
  {
    as: "Invalid",
    source:
      "https://docs.anthropic.com/en/api/errors; https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto",
    values:
      "invalid_request_error bad_request_error INVALID_ARGUMENT FAILED_PRECONDITION OUT_OF_RANGE ValidationException bad_request badRequest BadRequestError invalid_request invalid_value InvalidParameter InvalidRequestError validation_error invalid_params unprocessable unprocessable_entity_error validation invalid_parameter_error Client_specified_an_invalid_argument"
  },
  {
    as: "Invalid",
    source:
      "https://www.tencentcloud.com/document/api/1284/75543; https://www.volcengine.com/docs/82379/1299023",
    values: "MissingParameter InvalidParameterValue"
  },
  {
    as: "Invalid",
    source: "https://github.com/openai/openai-python/blob/main/src/openai/types/responses/response_error.py",
    values:
      "invalid_image_url invalid_base64_image image_parse_error invalid_image_mode unsupported_image_media_type empty_image_file image_file_not_found"
  },
  {
    // OpenRouter: a message is invalid. OpenAI sends it for a flagged prompt, which the sentence beside it tells.
    as: "Invalid",
    source:
      "https://openrouter.ai/docs/api/reference/errors-and-debugging#typed-error-codes; https://platform.openai.com/docs/guides/error-codes",
    values: "invalid_prompt"
  }
]

/** The form in which values are compared. */
const fold = (value: string): string => value.toLowerCase().replace(/[^a-z0-9]/g, "")

const index = (groups: ReadonlyArray<Group>): ReadonlyMap<string, SignalClass> => {
  const map = new Map<string, SignalClass>()
  for (const group of groups) {
    for (const value of group.values.split(" ")) map.set(fold(value), group.as)
  }
  return map
}

const specific = index(specificGroups)
const general = index(generalGroups)

/** `ThrottlingException:http://…` and `com.amazon.coral#ThrottlingException` both reduce to the exception. */
const bare = (value: string): string => {
  const short = value.length > 200 ? value.slice(0, 200) : value
  const head = /^[\w.]+:(?=https?:|\s|$)/.test(short) ? short.slice(0, short.indexOf(":")) : short
  return head.slice(head.lastIndexOf("#") + 1).trim()
}

const lookup = (table: ReadonlyMap<string, SignalClass>, value: string): SignalClass | undefined => {
  const code = bare(value)
  const found = table.get(fold(code))
  if (found !== undefined) return found
  // `RateLimitExceeded.SomethingNew` counts as RateLimitExceeded, `user_global_rate_limited:pro` as its first part.
  const end = code.search(/[.:]/)
  return end > 0 ? table.get(fold(code.slice(0, end))) : undefined
}

/**
 * The class of a specific machine value; `undefined` for a general or unknown one.
 *
 * @example
 * import { fromCode } from "./Codes.ts"
 *
 * fromCode("insufficient_quota") // => "Balance"
 * fromCode("invalid_request_error") // => undefined
 */
export const fromCode = (value: string): SignalClass | undefined => lookup(specific, value)

/** The class of a general machine value; `undefined` for an unknown one. */
export const fromGeneralCode = (value: string): SignalClass | undefined => lookup(general, value)

/** gRPC status numbers, as in the `grpc-status` trailer. Source: https://grpc.io/docs/guides/status-codes/ */
const grpc: { readonly [status: string]: SignalClass } = {
  1: "ServerError",
  2: "ServerError",
  3: "Invalid",
  4: "ServerError",
  5: "ModelMissing",
  7: "Forbidden",
  8: "RateLimit",
  9: "Invalid",
  10: "ServerError",
  11: "Invalid",
  12: "Unsupported",
  13: "ServerError",
  14: "Overloaded",
  15: "ServerError",
  16: "InvalidKey"
}

/** The class of a `grpc-status` trailer. */
export const fromGrpcStatus = (value: string): SignalClass | undefined =>
  Object.hasOwn(grpc, value) ? grpc[value] : undefined
