/** Specific codes. Throttles, quotas of a plan, and money. */
import type { CodeGroup } from "./Verdict.ts"

/** Throttles, quotas of a plan, and money. */
export const limits: ReadonlyArray<CodeGroup> = [
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
    source: "https://developers.google.com/search/apis/indexing-api/v3/core-errors",
    values:
      "rateLimitExceededUnreg userRateLimitExceededUnreg dailyLimitExceededUnreg concurrentLimitExceeded servingLimitExceeded variableTermLimitExceeded variableTermExpiredDailyExceeded"
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
    // Seen in Cerebras' answers; https://inference-docs.cerebras.ai/support/error gives no codes, only statuses.
    source: "seen: Cerebras",
    values: "too_many_tokens_error token_quota_exceeded too_many_requests_error request_quota_exceeded"
  },
  {
    as: "RateLimit",
    source:
      "https://learn.microsoft.com/azure/ai-foundry/foundry-models/quotas-limits; https://docs.github.com/en/github-models",
    values: "RateLimitReached user_model_rate_limited"
  },
  {
    as: "RateLimit",
    source: "https://openrouter.ai/docs/api/reference/errors-and-debugging (metadata)",
    values: "upstream_provider_shared_pool"
  },
  {
    // The budget for requests in flight, which is free again when they end.
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
    source:
      "https://github.com/BerriAI/litellm (litellm/proxy/_types.py); seen: gateways that speak Anthropic's protocol",
    values: "max_parallel_request_limit_reached concurrent_request_limit_exceeded"
  },
  {
    as: "RateLimit",
    source: "seen: IBM watsonx (429)",
    values: "consumption_limit_reached"
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
    values: "user_weekly_rate_limited user_global_rate_limited integration_rate_limited"
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
    source: "https://platform.openai.com/docs/guides/error-codes",
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
      "insufficient_credits insufficient_funds not_enough_balance not_enough_credits no_credits out_of_credits credit_balance_too_low balance_not_enough credit_exhausted billing_limit_exceeded insufficient_credit CreditsError payment_error payment_method_required monthly_spend_limit_reached"
  },
  {
    // The tokens of a plan for the month, which do not come back after a short wait.
    as: "Balance",
    source: "seen: IBM watsonx (403)",
    values: "token_quota_reached"
  },
  {
    as: "Balance",
    source: "seen: Kiro and Amazon Q Developer (402)",
    values: "MONTHLY_REQUEST_COUNT"
  },
  {
    as: "Balance",
    source: "seen: Baidu Qianfan's coding plan (403)",
    values: "coding_plan_subscription_expired"
  }
]
