/** Specific codes. The key, the account and the model. */
import type { CodeGroup } from "./Verdict.ts"

/** The key, the account and the model. */
export const access: ReadonlyArray<CodeGroup> = [
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
      "wrong_api_key missing_api_key no_api_key api_key_invalid api_key_expired api_key_revoked api_key_missing api_key_not_found invalid_credentials invalid_token expired_token key_expired key_disabled missing_authorization missing_authorization_header invalid_authorization_header authentication_token_expired invalid_access_token bad_credentials"
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
    source: "https://developers.google.com/search/apis/indexing-api/v3/core-errors",
    values: "accountDeleted accountUnverified"
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
    values:
      "ResourceNotFoundException ResourceNotFound FTUFormNotFilled MPAgreementBeingCreated BadCScoreException"
  },
  {
    as: "ModelMissing",
    source: "https://www.gotoai.one/docs/errors.html, and names like it",
    values: "model_restricted model_forbidden model_not_allowed"
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
  }
]
