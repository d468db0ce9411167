/**
 * Families of machine values: different names that a gateway may give to one fault. Every value is tested with each status of its row, so that the value decides
 * and not the status. The kinds are those of a failure.
 */
import { assert, describe, it } from "@effect/vitest"
import { classify } from "../../src/classifier/Classifier.ts"
import * as Failure from "../../src/failure/Failure.ts"

/** A machine value, and the statuses with which it means the same. */
type Family = ReadonlyArray<readonly [code: string, statuses: ReadonlyArray<number>]>

/** Machine values, most of them in no table: their words are read. */
const codes: ReadonlyArray<readonly [as: string, family: Family]> = [
  [
    "Balance",
    [
      ["insufficient_balance", [400, 403, 429]],
      ["balance_insufficient", [400, 403, 429]],
      ["no_credit", [400, 403, 429]],
      ["CREDIT_EXHAUSTED", [400, 403, 429]],
      ["credits_depleted", [400, 403, 429]],
      ["out_of_funds", [400, 403, 429]],
      ["payment_failed", [400, 403, 429]],
      ["subscription_expired", [400, 403, 429]],
      ["trial_expired", [400, 403, 429]],
      ["billing_required", [400, 403, 429]],
      ["BILLING_NOT_ENABLED", [400, 403, 429]],
      ["account_overdue", [400, 403, 429]],
      ["monthly_quota_exceeded", [400, 403, 429]],
      ["spending_cap_reached", [400, 403, 429]],
      ["budget_limit_reached", [400, 403, 429]],
      ["user_budget_exceeded", [400, 403, 429]],
      ["INSUFFICIENT_CREDITS", [400, 403, 429]],
      ["insufficient_account_balance", [400, 403, 429]],
      ["wallet_empty", [400, 403, 429]],
      ["free_tier_exhausted", [400, 403, 429]],
      ["plan_limit_reached_monthly", [400, 403, 429]]
    ]
  ],
  [
    "RateLimit",
    [
      ["rate_limit", [400, 403, 500]],
      ["RATE_LIMITED", [400, 403, 500]],
      ["RateLimitError", [400, 403, 500]],
      ["request_limit_exceeded", [400, 403, 500]],
      ["too_many_concurrent_requests", [400, 403, 500]],
      ["concurrency_limit", [400, 403, 500]],
      ["daily_limit_exceeded", [400, 403, 500]],
      ["hourly_quota_exceeded", [400, 403, 500]],
      ["throttled", [400, 403, 500]],
      ["REQUEST_THROTTLED", [400, 403, 500]],
      ["tpm_limit_exceeded", [400, 403, 500]],
      ["RPM_EXCEEDED", [400, 403, 500]],
      ["qps_limit", [400, 403, 500]],
      ["rate_exceeded", [400, 403, 500]],
      ["usage_limit_exceeded", [400, 403, 500]]
    ]
  ],
  [
    "InvalidKey",
    [
      ["invalid_api_key", [400, 403]],
      ["API_KEY_INVALID", [400, 403]],
      ["apikey_invalid", [400, 403]],
      ["InvalidAPIKey", [400, 403]],
      ["key_revoked", [400, 403]],
      ["token_invalid", [400, 403]],
      ["auth_failed", [400, 403]],
      ["AUTHENTICATION_FAILED", [400, 403]],
      ["authentication_required", [400, 403]],
      ["invalid_credentials", [400, 403]],
      ["missing_credentials", [400, 403]],
      ["unauthenticated", [400, 403]],
      ["jwt_expired", [400, 403]],
      ["expired_token", [400, 403]],
      ["invalid_signature", [400, 403]]
    ]
  ],
  [
    "AuthDead",
    [
      ["account_suspended", [400, 403]],
      ["account_banned", [400, 403]],
      ["user_banned", [400, 403]],
      ["ACCOUNT_LOCKED", [400, 403]],
      ["organization_disabled", [400, 403]],
      ["region_not_supported", [400, 403]],
      ["country_not_supported", [400, 403]],
      ["ip_not_allowed", [400, 403]],
      ["ip_blocked", [400, 403]],
      ["permission_denied", [400, 403]],
      ["insufficient_permissions", [400, 403]],
      ["insufficient_scope", [400, 403]],
      ["access_denied", [400, 403]],
      ["not_authorized", [400, 403]],
      ["model_not_found", [400, 403, 404]],
      ["MODEL_NOT_FOUND", [400, 403, 404]],
      ["invalid_model", [400, 403, 404]],
      ["model_unavailable", [403, 404]],
      ["model_not_allowed", [400, 403, 404]],
      ["model_not_enabled", [400, 403, 404]],
      ["unsupported_model", [400, 403, 404]],
      ["unknown_model", [400, 403, 404]],
      ["model_deprecated", [400, 403, 404]],
      ["no_such_model", [400, 403, 404]],
      ["deployment_not_found", [400, 403, 404]],
      ["model_access_denied", [400, 403, 404]]
    ]
  ],
  [
    "Transient",
    [
      ["server_overloaded", [400, 429, 500, 503]],
      ["MODEL_OVERLOADED", [400, 429, 500, 503]],
      ["model_loading", [400, 429, 500, 503]],
      ["model_not_ready", [400, 429, 500, 503]],
      ["service_busy", [400, 429, 500, 503]],
      ["capacity_exceeded", [400, 429, 500, 503]],
      ["no_capacity", [400, 429, 500, 503]],
      ["upstream_timeout", [400, 500, 503]],
      ["upstream_unavailable", [400, 500, 503]],
      ["gateway_timeout", [400, 500, 503]],
      ["internal_error", [500, 503]],
      ["service_unavailable", [500, 503]],
      ["queue_full", [400, 429, 500, 503]]
    ]
  ],
  [
    "ContextExceeded",
    [
      ["context_length_exceeded", [400, 413, 500]],
      ["CONTEXT_WINDOW_EXCEEDED", [400, 413, 500]],
      ["context_too_long", [400, 413, 500]],
      ["prompt_too_long", [400, 413, 500]],
      ["input_too_long", [400, 413, 500]],
      ["max_context_exceeded", [400, 413, 500]],
      ["token_limit", [400, 413]],
      ["tokens_exceeded", [400, 413]],
      ["input_tokens_exceeded", [400, 413, 500]],
      ["context_overflow", [400, 413, 500]]
    ]
  ],
  [
    "ContentPolicy",
    [
      ["content_filter", [400, 403, 422, 500]],
      ["content_policy_violation", [400, 403, 422, 500]],
      ["safety_violation", [400, 403, 422, 500]],
      ["prompt_blocked", [400, 403, 422, 500]],
      ["sensitive_content", [400, 403, 422, 500]],
      ["inappropriate_content", [400, 403, 422, 500]],
      ["policy_violation", [400, 403, 422, 500]],
      ["guardrail_blocked", [400, 403, 422, 500]],
      ["harmful_content_detected", [400, 403, 422, 500]]
    ]
  ]
]

describe.each(codes)("a machine value of the kind %s", (as, family) => {
  it.each(family)("is %s", (code, statuses) => {
    for (const status of statuses) {
      const failure = classify({ status, body: { error: { code, message: "x y" } } })
      assert.include([failure._tag, Failure.classOf(failure)], as, `status ${status}, ${failure.evidence}`)
    }
  })
})
