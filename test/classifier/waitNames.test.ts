/** Waits that are recognized by the words of their names and sentences, not by a list: each with a unit, a date or a number of seconds. */
import { assert, describe, it } from "@effect/vitest"
import { retryAfterFrom, retryAfterText } from "../../src/classifier/RetryAfter.ts"

const now = Date.parse("2026-03-01T12:00:00Z")
const inAMinute = "2026-03-01T12:01:00Z"

const millisOf = (body: unknown): number | undefined => retryAfterFrom({}, body, "", now)?.millis

describe("a field that names a wait", () => {
  it.each([
    ["wait", 9, 9_000],
    ["cooldown", 9, 9_000],
    ["reset", 9, 9_000],
    ["reset_seconds", 9, 9_000],
    ["timeToReset", 9, 9_000],
    ["time_until_reset", 9, 9_000],
    ["retryAfterSec", 9, 9_000],
    ["backoff_ms", 900, 900],
    ["cooldownMillis", 900, 900],
    ["next_retry_at", inAMinute, 60_000],
    ["available_at", inAMinute, 60_000],
    ["retry_at", inAMinute, 60_000],
    ["quota_reset_time", inAMinute, 60_000],
    ["next_reset", inAMinute, 60_000],
    ["rate_limit_reset", now / 1000 + 60, 60_000],
    ["limitResetTimestamp", now + 60_000, 60_000]
  ])("%s of %j is %s ms", (name, value, expected) => {
    assert.strictEqual(millisOf({ error: { message: "x", [name]: value } }), expected)
  })

  it.each([
    ["retry", 3],
    ["available", 1_200],
    ["retry_count", 3],
    ["reset", true],
    ["wait", "soon"],
    ["wait", -1],
    ["totalRetryDelay", "9s"],
    ["expires_in", 9],
    ["retry_on", ["x"]],
    ["resetter", 9]
  ])("is none: %s of %j", (name, value) => {
    assert.isUndefined(millisOf({ error: { message: "x", [name]: value } }))
  })

  it("does not count beside a listed one", () => {
    assert.strictEqual(millisOf({ wait: 9, retry_after: 3 }), 3_000)
  })
})

describe("a sentence that names a wait", () => {
  it.each([
    ["Next request allowed in 3 seconds", 3_000],
    ["retryDelay: 12s", 12_000],
    ["cooldown: 30s", 30_000],
    ["Cooling down for 30 seconds", 30_000],
    ["backoff 2s", 2_000],
    ["limit 100, used 100, reset 45s", 45_000]
  ])("%j: %s ms", (text, expected) => {
    assert.strictEqual(retryAfterText(text, now)?.millis, expected)
  })

  it.each(["10 requests are allowed for each of 3 seconds", "the backoff is 2", "reset 4 settings"])(
    "is none: %j",
    (text) => {
      assert.isUndefined(retryAfterText(text, now))
    }
  )
})
