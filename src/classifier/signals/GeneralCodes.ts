/** Codes that name only a family of faults. */
import type { CodeGroup } from "./Verdict.ts"

/** General values. They decide if neither a specific value nor a sentence did. */
export const general: ReadonlyArray<CodeGroup> = [
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
