import { assert, describe, it } from "@effect/vitest"
import { classify } from "../../src/classifier/Classifier.ts"
import * as Failure from "../../src/failure/Failure.ts"

const now = Date.parse("2026-08-20T10:00:00Z")

const inFlight =
  "This request would exceed your available credits given your current in-flight requests. Retry after in-flight requests settle, or add credits."

const read = (status: number, error: object, headers: { readonly [name: string]: string } = {}) => {
  const failure = classify({ status, headers, body: JSON.stringify({ error }), now })
  return [Failure.classOf(failure), Failure.waitMillis(failure, now)]
}

// https://github.com/OpenRouterTeam/docs/blob/main/api_reference/limits.mdx
describe("a budget for requests in flight (OpenRouter)", () => {
  it("is a RateLimit with the wait it names, because it frees itself", () => {
    const metadata = {
      reason: "in_flight_budget_exhausted",
      limit_source: "openrouter_in_flight_budget",
      remedy_hint:
        "Retry after your in-flight requests settle (see the Retry-After header). Adding credits at https://openrouter.ai/settings/credits raises your in-flight budget, up to a capped ceiling."
    }
    const wait = { "retry-after": "12" }
    assert.deepStrictEqual(read(402, { code: 402, message: inFlight, metadata }, wait), ["RateLimit", 12_000])
    assert.deepStrictEqual(read(402, { code: 402, message: inFlight }, wait), ["RateLimit", 12_000])
    assert.deepStrictEqual(read(402, { type: "billing_error", message: inFlight, metadata }, wait), [
      "RateLimit",
      12_000
    ])
    assert.deepStrictEqual(read(402, { type: "billing_error", message: inFlight }, wait), [
      "RateLimit",
      12_000
    ])
    const only = { limit_source: "openrouter_in_flight_budget" }
    assert.deepStrictEqual(read(402, { code: 402, message: "Budget in use", metadata: only }, wait), [
      "RateLimit",
      12_000
    ])
  })

  it("is not a RateLimit if a single request exceeds it", () => {
    const metadata = { reason: "weight_exceeds_budget", limit_source: "openrouter_credits" }
    const message =
      "This request requires more credits, or fewer max_tokens. You requested up to 128000 tokens, but can only afford 113371."
    assert.deepStrictEqual(read(402, { code: 402, message, metadata }), ["Balance", undefined])
  })
})

describe("a spending cap", () => {
  it("of a workspace or a guardrail is not a missing permission", () => {
    const message = "Workspace monthly budget of $500.00 exceeded. Contact your workspace admin."
    assert.deepStrictEqual(read(403, { code: 403, message }), ["Balance", undefined])
    const metadata = { limit_source: "openrouter_guardrail_budget", resets_at: "2026-08-21T00:00:00Z" }
    assert.deepStrictEqual(read(403, { code: 403, message: "Forbidden", metadata }), ["Balance", 50_400_000])
  })

  // https://platform.claude.com/docs/en/api/rate-limits
  it("of Anthropic's tier ends with the month", () => {
    const type = "rate_limit_error"
    const details = { error_code: "enforced_spend_limit_reached" }
    const message =
      "You have reached your API usage limits: your organization has crossed its monthly API usage threshold, set based on your organization's API tier. You will regain access on 2026-09-01 at 00:00 UTC."
    assert.deepStrictEqual(read(429, { type, message, details }), ["Balance", 1_000_800_000])
    assert.deepStrictEqual(read(429, { type, message: "Usage is paused.", details }), ["Balance", undefined])
  })

  it("of an Anthropic account is not a rate limit, whatever its type", () => {
    for (const who of ["account's", "account’s", "organization's"]) {
      const message = `This request would exceed your ${who} monthly spend limit. Please try again later.`
      assert.deepStrictEqual(read(429, { type: "rate_limit_error", message }), ["Balance", undefined])
    }
    const message = "This request would exceed your account's rate limit. Please try again later."
    assert.deepStrictEqual(read(429, { type: "rate_limit_error", message }), ["RateLimit", undefined])
  })
})

// https://www.kimi.com/code/docs/en/kimi-code/error-reference.html, https://github.com/openclaw/openclaw/pull/142656
describe("the allowance of a plan (Kimi Code)", () => {
  it("is not a denied key, whatever its status and type", () => {
    const cycle =
      "You've reached your usage limit for this billing cycle. Your quota will be refreshed in the next cycle. To continue now, purchase extra usage or upgrade your plan: https://www.kimi.com/code/#pricing"
    const week =
      "You've reached your weekly (7-day) usage limit. Your quota will reset when the current 7-day window ends. To continue now, purchase extra usage or upgrade your plan: https://www.kimi.com/membership/subscription?tab=quota"
    for (const type of ["access_terminated_error", "permission_error"]) {
      for (const message of [cycle, week]) {
        assert.deepStrictEqual(read(403, { type, message }), ["Balance", undefined], `${type}: ${message}`)
      }
    }
  })

  it("is not a terminated access", () => {
    const type = "access_terminated_error"
    const message =
      "Kimi For Coding is currently only available for Coding Agents such as Kimi CLI, Claude Code, Roo Code, Kilo Code, etc."
    assert.deepStrictEqual(read(403, { type, message }), ["Forbidden", undefined])
  })
})

// https://docs.bigmodel.cn/cn/api/rate-limit
describe("a platform that is busy (Z.ai)", () => {
  it("is not a limit of the account", () => {
    assert.deepStrictEqual(read(429, { code: "1305", message: "busy" }), ["Overloaded", undefined])
  })
})

// https://ai.baidu.com/ai-doc/WENXINWORKSHOP/tlmyncueh
describe("an app that could not be made (Baidu)", () => {
  it("is a fault that another call mends, and no limit", () => {
    const body = JSON.stringify({ error_code: 15, error_msg: "app not exists or create failed" })
    assert.strictEqual(Failure.classOf(classify({ status: 200, headers: {}, body, now })), "ServerError")
  })
})

// https://openrouter.ai/docs/api/reference/errors-and-debugging#typed-error-codes
describe("a token budget of OpenRouter's", () => {
  const over = (message: string) =>
    read(400, { code: 400, message, metadata: { error_type: "token_limit_exceeded" } })[0]

  it("is a matter of the account, and no prompt that is too long", () => {
    assert.strictEqual(over("Token limit exceeded"), "Balance")
    assert.strictEqual(
      over(
        "Prompt tokens limit exceeded: 230799 > 91442. To increase, visit https://openrouter.ai/settings/keys"
      ),
      "Balance"
    )
  })

  it("is the window at another server, if the sentence beside it shows it", () => {
    const message = "This exceeds the model's maximum context length of 4096 tokens"
    assert.strictEqual(read(400, { code: "token_limit_exceeded", message })[0], "ContextExceeded")
  })
})
