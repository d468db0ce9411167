/** Every signal that may name a wait, with the wait and the evidence for it. */
import { assert, describe, it } from "@effect/vitest"
import { retryAfterFrom, retryAfterText } from "../../src/classifier/RetryAfter.ts"

const now = Date.parse("2026-03-06T22:00:00Z")
const epoch = now / 1000 + 60

type Row = readonly [from: object, millis: number | undefined, evidence: string | undefined]
const check = (found: { readonly millis: number; readonly evidence: string } | undefined, row: Row) =>
  assert.deepStrictEqual([found?.millis, found?.evidence], [row[1], row[2]])

describe("a header that names a wait", () => {
  it.each<Row>([
    [{ "retry-after-ms": "1500" }, 1_500, "header retry-after-ms: 1500"],
    [{ "x-ms-retry-after-ms": "1500" }, 1_500, "header x-ms-retry-after-ms: 1500"],
    [{ "retry-after-ms": "soon", "x-ms-retry-after-ms": "7" }, 7, "header x-ms-retry-after-ms: 7"],
    [{ "retry-after-ms": "99999999999999", "retry-after": "1" }, 1_000, "header retry-after: 1"],
    [{ "retry-after": "2.5" }, 2_500, "header retry-after: 2.5"],
    [{ "x-retry-after": "2" }, 2_000, "header x-retry-after: 2"],
    [{ "x-ratelimit-reset-after": "2" }, 2_000, "header x-ratelimit-reset-after: 2"],
    [{ "retry-after": "x", "x-retry-after": "2" }, 2_000, "header x-retry-after: 2"],
    [{ "retry-after": "2s" }, 2_000, "header retry-after: 2s"],
    [{ "retry-after": String(epoch) }, 60_000, `header retry-after: ${epoch}`],
    [{ "retry-after": "999999999" }, undefined, undefined],
    [{ "retry-after": "1000000000" }, 0, "header retry-after: 1000000000"],
    [{ "retry-after": "2x" }, undefined, undefined],
    [{ "retry-after": "x2" }, undefined, undefined],
    [{ "retry-after": "2.5.1" }, undefined, undefined],
    [{ "retry-after": "2.1234567890123" }, undefined, undefined],
    [
      { "retry-after": "Fri, 06 Mar 2026 22:00:09 GMT" },
      9_000,
      "header retry-after: Fri, 06 Mar 2026 22:00:09 GMT"
    ]
  ])("%j", (...row) => {
    check(retryAfterFrom(row[0], undefined, "", now), row)
  })

  it("has at most 60 characters of evidence", () => {
    const found = retryAfterFrom(
      { "retry-after": `2026-03-06T22:00:09.${"0".repeat(9)}Z ${"x".repeat(60)}` },
      undefined,
      "",
      now
    )
    assert.strictEqual(found?.evidence.length, 60)
  })
})

describe("the state of a bucket", () => {
  const left = (remaining: string, reset: string) => ({
    "x-ratelimit-remaining": remaining,
    "x-ratelimit-reset": reset
  })
  it.each<Row>([
    [left("0", "9"), 9_000, "header x-ratelimit-reset: 9"],
    [left("0.0", "9"), 9_000, "header x-ratelimit-reset: 9"],
    [left("", "9"), undefined, undefined],
    [left("1", "9"), undefined, undefined],
    [left("0", " 9 "), 9_000, "header x-ratelimit-reset: 9"],
    [left("0", "9s"), 9_000, "header x-ratelimit-reset: 9s"],
    [left("0", String(epoch)), 60_000, `header x-ratelimit-reset: ${epoch}`],
    [left("0", "2026-03-06T22:00:30Z"), 30_000, "header x-ratelimit-reset: 2026-03-06T22:00:30Z"],
    [left("0", "soon"), undefined, undefined],
    [{ "x-remaining-x": "0", "x-reset-x": "9" }, 9_000, "header x-reset-x: 9"],
    [{ "a-remaining": "0", "a-reset": "9", "b-remaining": "0", "b-reset": "7" }, 9_000, "header a-reset: 9"],
    [{ "a-remaining": "0", "a-reset": "7", "b-remaining": "0", "b-reset": "9" }, 9_000, "header b-reset: 9"],
    [{ "ratelimit-reset": "9" }, 9_000, "header ratelimit-reset: 9"],
    [{ "x-ratelimit-reset-tokens": "9" }, 9_000, "header x-ratelimit-reset-tokens: 9"],
    [{ "x-ratelimit-reset-requests": "9", "x-ratelimit-reset-tokens": "7" }, undefined, undefined],
    [
      { "x-ratelimit-reset-requests": "soon", "x-ratelimit-reset-tokens": "7" },
      7_000,
      "header x-ratelimit-reset-tokens: 7"
    ],
    [{ "x-reset": "9" }, undefined, undefined],
    [{ "ratelimit-resets": "9" }, undefined, undefined],
    [{ "ratelimit-preset": "9" }, undefined, undefined],
    [{ "ratelimit-reset": "9", "ratelimit-remaining": "3" }, undefined, undefined],
    [{ ratelimit: '"default";r=0;t=9' }, 9_000, "header ratelimit"],
    [{ ratelimit: "limit=10, remaining=0, reset=9" }, 9_000, "header ratelimit"],
    [{ ratelimit: "limit=10, remaining=1, reset=9" }, undefined, undefined],
    [{ ratelimit: "r=05;t=9" }, undefined, undefined],
    [{ ratelimit: "ar=0;t=9" }, undefined, undefined],
    [{ ratelimit: "r=0;at=9" }, undefined, undefined]
  ])("%j", (...row) => {
    check(retryAfterFrom(row[0], undefined, "", now), row)
  })
})

describe("the window of a plan", () => {
  const unified = "anthropic-ratelimit-unified-reset"
  const codex = (window: string, percent: string, seconds: string) => ({
    [`x-codex-${window}-used-percent`]: percent,
    [`x-codex-${window}-reset-after-seconds`]: seconds
  })
  const evidence = (window: string) => `header x-codex-${window}-reset-after-seconds`
  const other = (window: string, percent: string) => ({
    [`x-codex-spark-${window}-used-percent`]: percent,
    [`x-codex-spark-${window}-reset-at`]: String(epoch)
  })
  it.each<Row>([
    [{ [unified]: String(epoch) }, 60_000, `header ${unified}`],
    [
      { [unified]: String(epoch), "anthropic-ratelimit-unified-status": "rejected" },
      60_000,
      `header ${unified}`
    ],
    [{ [unified]: "soon" }, undefined, undefined],
    [codex("primary", "100", "9"), 9_000, evidence("primary")],
    [codex("primary", "101", "9"), 9_000, evidence("primary")],
    [codex("primary", "99", "9"), undefined, undefined],
    [codex("secondary", "100", "9"), 9_000, evidence("secondary")],
    [codex("primary", "100", "soon"), undefined, undefined],
    [{ "x-codex-primary-reset-after-seconds": "9" }, undefined, undefined],
    [{ "x-codex-primary-used-percent": "100" }, undefined, undefined],
    [{ ...codex("primary", "100", "9"), ...codex("secondary", "100", "7") }, 9_000, evidence("primary")],
    [{ ...codex("primary", "100", "7"), ...codex("secondary", "100", "9") }, 9_000, evidence("secondary")],
    [{ ...codex("primary", "50", "7"), ...codex("secondary", "100", "9") }, 9_000, evidence("secondary")],
    // https://github.com/openai/codex (codex-rs/codex-api/src/rate_limits.rs): the time, in seconds since the epoch
    [
      { "x-codex-primary-used-percent": "100", "x-codex-primary-reset-at": String(epoch) },
      60_000,
      "header x-codex-primary-reset-at"
    ],
    [{ "x-codex-primary-used-percent": "100", "x-codex-primary-reset-at": "soon" }, undefined, undefined],
    // The limit that was hit has its own group of headers. The others do not matter.
    [
      { ...codex("primary", "100", "7"), ...other("primary", "100"), "x-codex-active-limit": "codex_spark" },
      60_000,
      "header x-codex-spark-primary-reset-at"
    ],
    [{ ...other("primary", "100") }, undefined, undefined],
    [{ ...codex("primary", "100", "7"), "x-codex-active-limit": "codex" }, 7_000, evidence("primary")]
  ])("%j", (...row) => {
    check(retryAfterFrom(row[0], undefined, "", now), row)
  })

  it("counts when a bucket is not empty, and does not when it is", () => {
    const headers = { [unified]: String(epoch), "x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" }
    assert.strictEqual(retryAfterFrom(headers, undefined, "", now)?.millis, 9_000)
    // The request was allowed, so the window is not the reason. A single bucket uses the same header name.
    const allowed = {
      "anthropic-ratelimit-unified-status": "allowed",
      [unified]: String(epoch),
      "x-ratelimit-reset": "9"
    }
    assert.isUndefined(retryAfterFrom(allowed, undefined, "", now))
  })
})

describe("a field of the body", () => {
  const seconds =
    "retryDelay quotaResetDelay resets_in_seconds reset_in_seconds reset_after_seconds retry_after_seconds retry_after_secs retry_after retry_after_s retry_after_in_seconds retry_delay_seconds wait_time wait_time_seconds reset_after reset_in resets_in try_again_in available_in retry_in_seconds retry_in wait_seconds seconds_to_wait cooldown_seconds estimated_time"
  const millis =
    "retry_after_ms retry_after_millis retry_after_milliseconds retry_after_in_ms retry_in_ms retry_delay_ms wait_ms wait_time_ms reset_in_ms resets_in_ms reset_after_ms cooldown_ms"
  const moments = "quotaResetTimestamp resets_at reset_at reset_time quota_resets_at"
  const millisOf = (body: unknown) => retryAfterFrom(undefined, body, "", now)?.millis

  it.each(seconds.split(" "))("%s is in seconds, or a duration, or a moment", (name) => {
    assert.deepStrictEqual(
      [90, "90", " 90 ", "90ms", 1.5, epoch, "2026-03-06T22:00:30Z", -1, "soon", null, true].map((value) =>
        millisOf({ [name]: value })
      ),
      [90_000, 90_000, 90_000, 90, 1_500, 60_000, 30_000, undefined, undefined, undefined, undefined]
    )
  })

  it.each(millis.split(" "))("%s is in milliseconds, or a duration", (name) => {
    assert.deepStrictEqual(
      [90, "90", "90s", -1].map((value) => millisOf({ [name]: value })),
      [90, 90, 90_000, undefined]
    )
  })

  it.each(moments.split(" "))("%s is a moment, or seconds", (name) => {
    assert.deepStrictEqual(
      [epoch, epoch * 1000, "2026-03-06T22:00:30Z", 90, 2e6].map((value) => millisOf({ [name]: value })),
      [60_000, 60_000, 30_000, 90_000, undefined]
    )
  })

  it.each<Row>([
    [{ retry_after: 7 }, 7_000, "field retryafter: 7"],
    [{ Retry: { After: 1 }, "retry-AFTER": 7 }, 7_000, "field retryafter: 7"],
    [{ retry_after: { seconds: 7 } }, 7_000, "field retryafter: …"],
    [{ retry_after: { seconds: "7", nanos: 5e8 } }, 7_500, "field retryafter: …"],
    [{ retry_after: { seconds: 7, nanos: "x" } }, 7_000, "field retryafter: …"],
    [{ retry_after: { nanos: 5e8 } }, undefined, undefined],
    [{ retry_after: [7] }, undefined, undefined],
    [{ retry_after: "soon", reset_in: 3 }, 3_000, "field resetin: 3"],
    [{ reset_in: 3, retry_after: 7 }, 7_000, "field retryafter: 7"],
    [{ error: { retry_after: 3 }, retry_after: 7 }, 7_000, "field retryafter: 7"],
    [{ a: { b: { c: { d: { e: { retry_after: 7 } } } } } }, 7_000, "field retryafter: 7"],
    [{ a: { b: { c: { d: { e: { f: { retry_after: 7 } } } } } } }, undefined, undefined],
    [{ error: { headers: { "Retry-After": "7" } } }, 7_000, "header retry-after: 7"],
    [
      { headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" } },
      9_000,
      "header x-ratelimit-reset: 9"
    ],
    [{ headers: { retry_after: 7 } }, undefined, undefined],
    [{ headers: { a: 1 }, more: { headers: { "retry-after": "7" } } }, 7_000, "header retry-after: 7"],
    ...["input", "messages", "content", "prompt", "flagged_input", "choices", "candidates", "request"].map(
      (name): Row => [{ [name]: { retry_after: 7 } }, undefined, undefined]
    )
  ])("%j", (...row) => {
    check(retryAfterFrom(undefined, row[0], "", now), row)
  })

  it("is looked for among the first 300, 64 of an object", () => {
    const filler = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${"x".repeat(i)}`, 1]))
    assert.strictEqual(millisOf({ ...filler(63), retry_after: 7 }), 7_000)
    assert.isUndefined(millisOf({ ...filler(64), retry_after: 7 }))
    const many = (last: number) => ({
      ...Object.fromEntries([..."abcd"].map((name) => [name, filler(64)])),
      e: { ...filler(last), retry_after: 7 }
    })
    // Five objects, 256 fields of the first four, and the filler: the 300th field is read.
    assert.strictEqual(millisOf(many(38)), 7_000)
    assert.isUndefined(millisOf(many(39)))
  })

  it("counts more than a bucket, and less than a header that names a wait", () => {
    const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" }
    assert.strictEqual(retryAfterFrom(headers, { retry_after: 7 }, "", now)?.millis, 7_000)
    assert.strictEqual(retryAfterFrom({ "retry-after": "5" }, { retry_after: 7 }, "", now)?.millis, 5_000)
    assert.strictEqual(retryAfterFrom({}, "retry_after: 7", "wait 3s", now)?.millis, 3_000)
    assert.strictEqual(retryAfterFrom(headers, {}, "wait 3s", now)?.millis, 9_000)
  })
})

describe("a sentence", () => {
  it.each([
    ["Try again in 7s", 7_000, "7s"],
    ["Please retry in 7 seconds.", 7_000, "7 seconds"],
    ["retry after 7s", 7_000, "7s"],
    ["retrying within 7s", 7_000, "7s"],
    ["available for 7s", 7_000, "7s"],
    ["resets in about 7s", 7_000, "7s"],
    ["resets in approximately 7s", 7_000, "7s"],
    ["resets in another 7s", 7_000, "7s"],
    ["resets in ~7s", 7_000, "7s"],
    ["The limit refreshes in 7s", 7_000, "7s"],
    ["wait 7s", 7_000, "7s"],
    ["waiting for 7s", 7_000, "7s"],
    ["resets after 01:02:03", 3_723_000, "01:02:03"],
    ["resets in 1:02:03", 3_723_000, "1:02:03"],
    ["7 秒之后", 7_000, "7 秒"],
    ["7秒以后", 7_000, "7秒"],
    ["7秒后", 7_000, "7秒"],
    ["resets at 2026-03-06T22:01:00Z", 60_000, "2026-03-06t22:01:00z"],
    ["renewed on 2026-03-07", 7_200_000, "2026-03-07"],
    ["access until 2026-03-06 22:01", 60_000, "2026-03-06 22:01"],
    ["将在 2026-03-06 22:01:00 重置", 60_000, "2026-03-06 22:01:00"],
    ["于2026-03-06 22:01:00恢复", 60_000, "2026-03-06 22:01:00"],
    [`usage limit reached|${epoch}`, 60_000, String(epoch)],
    ["retry after 7", 7_000, "retry after 7"],
    [`retry after ${epoch}`, 60_000, `retry after ${epoch}`],
    ["Retry-After: 7", 7_000, "retry after 7"],
    ['retry-after "7"', 7_000, "retry after 7"]
  ])("%s", (text, millis, words) => {
    assert.deepStrictEqual(retryAfterText(text, now), { millis, evidence: `text "${words}"` })
  })

  it.each([
    "in 7s",
    "again. In 7s",
    "again 3 times in 7s",
    "wait a moment. 7s",
    "limit reached|123456789",
    "limit reached|12345678901",
    "retry after 7 attempts",
    "retry after 7:00",
    "retry after 7.5 apples",
    "retry after 1234567",
    "resets at 2027-12-06",
    `${" ".repeat(8_192)}try again in 7s`
  ])("%j names no wait", (text) => {
    assert.isUndefined(retryAfterText(text, now))
  })

  it("with a date is in the given zone, and no wait without the present", () => {
    assert.strictEqual(retryAfterText("resets at 2026-03-07 06:01:00", now, "+08:00")?.millis, 60_000)
    assert.strictEqual(
      retryAfterFrom({}, undefined, "resets at 2026-03-07 06:01:00", now, "+08:00")?.millis,
      60_000
    )
    assert.isUndefined(retryAfterText("resets at 2026-03-07 06:01:00", undefined))
  })
})
