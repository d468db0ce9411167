/** Specific codes. Overload and faults of the server. */
import type { CodeGroup } from "./Verdict.ts"

/** Overload and faults of the server. */
export const servers: ReadonlyArray<CodeGroup> = [
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
      "engine_max_pending_tokens over_capacity service_tier_capacity_exceeded queue_exceeded too_busy server_busy"
  },
  {
    as: "Overloaded",
    source: "seen: Kiro and Amazon Q Developer (429)",
    values: "INSUFFICIENT_MODEL_CAPACITY"
  },
  {
    as: "Overloaded",
    source: "https://openrouter.ai/docs/api/reference/errors-and-debugging#typed-error-codes",
    values: "provider_overloaded no_available_provider"
  },
  {
    // The gateway could not look up the key, which says nothing about the key itself.
    as: "Overloaded",
    source: "https://docs.litellm.ai/docs/proxy/error_reference",
    values: "auth_provider_unavailable no_db_connection"
  },
  {
    // All credentials of the pool behind the gateway are in cooldown.
    as: "Overloaded",
    source: "https://github.com/router-for-me/CLIProxyAPI",
    values: "auth_unavailable auth_not_found"
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
