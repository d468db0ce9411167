import { assert, describe, it } from "@effect/vitest"
import { classify } from "../../src/classifier/Classifier.ts"
import { retryAfterFrom } from "../../src/classifier/RetryAfter.ts"
import { parseDuration } from "../../src/classifier/signals/Durations.ts"
import * as Failure from "../../src/failure/Failure.ts"

const now = Date.parse("2025-11-04T12:00:00Z")
const millis = (headers: unknown, body?: unknown, text = ""): number | undefined =>
  retryAfterFrom(headers, body, text, now)?.millis

describe("durations", () => {
  it.each([
    ["6m0s", 360_000],
    ["88ms", 88],
    ["1m0.363142857s", 60_363],
    ["11h58m29.52s", 43_109_520],
    ["4 days 3 hours", 356_400_000],
    ["1 hour, 2 minutes and 3 seconds", 3_723_000],
    ["20 secs", 20_000],
    ["02:24:32", 8_672_000],
    ["30 秒", 30_000]
  ])("%s is %d ms", (text, expected) => {
    assert.strictEqual(parseDuration(text), expected)
  })

  it.each(["", "soon", "5", "-5s", "1.2.3s", "s", "9999999999 days", "5 apples"])(
    "%j is not a duration",
    (text) => {
      assert.isUndefined(parseDuration(text))
    }
  )
})

describe("retry-after headers", () => {
  it.each([
    [{ "retry-after": "2" }, 2000],
    [{ "Retry-After": "1.5" }, 1500],
    [{ "retry-after": 7 }, 7000],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after": "Tue, 04 Nov 2025 12:00:30 GMT" }, 30_000],
    [{ "retry-after": "Tue, 04 Nov 2025 11:00:00 GMT" }, 0],
    [{ "retry-after": "2", "retry-after-ms": "1873" }, 1873],
    [{ "retry-after": "30, 30" }, 30_000],
    [{ "retry-after": "5,9" }, 9000],
    [{ "retry-after": " 4 " }, 4000],
    [{ "retry-after": "Tue, 04 Nov 2025 12:00:30 GMT, Tue, 04 Nov 2025 12:00:40 GMT" }, 40_000],
    [{ "retry-after-ms": "700, 900" }, 900],
    [{ "retry-after": "nonsense", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" }, 9000]
  ])("%j names a wait of %d ms", (headers, expected) => {
    assert.strictEqual(millis(headers), expected)
  })

  it.each(["soon", "", "-5", "NaN", "Infinity", "1e3", "99999999999999999999"])(
    "retry-after %j names no wait",
    (value) => {
      assert.isUndefined(millis({ "retry-after": value }))
    }
  )

  it("compares a date with the response's own date if no time is given", () => {
    const headers = { date: "Tue, 04 Nov 2025 12:00:00 GMT", "retry-after": "Tue, 04 Nov 2025 12:00:10 GMT" }
    assert.strictEqual(retryAfterFrom(headers, undefined, "", undefined)?.millis, 10_000)
  })

  it("reads Headers objects and lists of pairs", () => {
    assert.strictEqual(millis(new Headers({ "Retry-After": "3" })), 3000)
    assert.strictEqual(millis([["Retry-After", "4"]]), 4000)
  })
})

describe("rate limit buckets", () => {
  it("uses the empty bucket, not the one that resets first", () => {
    assert.strictEqual(
      millis({
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "6m0s"
      }),
      360_000
    )
  })

  it("uses the later of two empty buckets", () => {
    assert.strictEqual(
      millis({
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2025-11-04T12:00:05Z",
        "anthropic-ratelimit-input-tokens-remaining": "0",
        "anthropic-ratelimit-input-tokens-reset": "2025-11-04T12:00:40Z"
      }),
      40_000
    )
  })

  it("reads seconds since the epoch, and milliseconds since the epoch", () => {
    assert.strictEqual(millis({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1762257660" }), 60_000)
    assert.strictEqual(millis({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1762257660000" }), 60_000)
  })

  it("gives no wait while every bucket has room, or if the numbers make no sense", () => {
    assert.isUndefined(millis({ "x-ratelimit-remaining": "3", "x-ratelimit-reset": "60" }))
    assert.isUndefined(millis({ "x-ratelimit-remaining-tokens": "-1", "x-ratelimit-reset-tokens": "0" }))
    assert.isUndefined(millis({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "-5" }))
  })
})

describe("fields of the body", () => {
  it("prefers Google's RetryInfo to the less exact sentence", () => {
    const body = {
      error: { details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "38s" }] }
    }
    assert.strictEqual(millis({}, body, "Please retry in 38.66s."), 38_000)
  })

  it("reads waits in seconds, in milliseconds and as a point in time", () => {
    assert.strictEqual(millis({}, { error: { resets_in_seconds: 471 } }), 471_000)
    assert.strictEqual(millis({}, { error: { retry_after_ms: 1200 } }), 1200)
    assert.strictEqual(millis({}, { error: { resets_at: 1762257660 } }), 60_000)
    assert.strictEqual(millis({}, { retryDelay: { seconds: "3" } }), 3000)
  })

  it("reads headers that a relay copied into the body", () => {
    const body = {
      error: { metadata: { headers: { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1762257660000" } } }
    }
    assert.strictEqual(millis({}, body), 60_000)
  })

  it("ignores the time an SDK has already waited, and the caller's input", () => {
    assert.isUndefined(millis({}, { error: { body: { attempts: 3, totalRetryDelay: 1280 } } }))
    assert.isUndefined(millis({}, { detail: [{ input: { retry_after: 5 } }] }))
  })
})

describe("words", () => {
  it.each([
    ["Please try again in 1m0.36s.", 60_360],
    ["Please retry after 33 seconds.", 33_000],
    ["Rate limit of 150 per 86400s exceeded. Please wait 42567 seconds before retrying.", 42_567_000],
    ["Your quota will reset after 4h28m20s.", 16_100_000],
    ["try again after 1 seconds", 1000],
    ["Quota will be replenished in 02:24:32.", 8_672_000],
    ["Limit resets at 2025-11-04T12:01:00Z.", 60_000],
    ["You will regain access on 2025-11-05 at 00:00 UTC.", 43_200_000],
    ["Expected available in 1 second.", 1000],
    ["请在 30 秒后重试", 30_000]
  ])("%s", (text, expected) => {
    assert.strictEqual(millis({}, undefined, text), expected)
  })

  it.each([
    "Try again in a minute.",
    "Please retry in a few seconds.",
    "Rate limit of 150 per 86400s exceeded.",
    "Limit: 10000 / min.",
    "please try again later"
  ])("%s names no wait", (text) => {
    assert.isUndefined(millis({}, undefined, text))
  })
})

describe("a provider with a clock that is ten minutes off", () => {
  const ours = Date.parse("2026-11-28T12:00:00Z")
  for (const offset of [600_000, -600_000]) {
    const theirs = ours + offset
    const moment = new Date(theirs + 30_000)
    const date = new Date(theirs).toUTCString()
    const epoch = String(moment.getTime() / 1000)
    it.each([
      ["as a date in retry-after", { "retry-after": moment.toUTCString() }, {}],
      ["as an epoch in x-ratelimit-reset", { "x-ratelimit-reset": epoch }, {}],
      [
        "as a date of the empty bucket",
        {
          "anthropic-ratelimit-tokens-remaining": "0",
          "anthropic-ratelimit-tokens-reset": moment.toISOString()
        },
        {}
      ],
      ["as a field of the error", {}, { error: { message: "slow down", resets_at: Number(epoch) } }],
      [
        "as a field beside the error",
        {},
        { error: { message: "slow down" }, reset_at: moment.toISOString() }
      ],
      ["in words", {}, { error: { message: `Your limit resets at ${moment.toISOString()}.` } }]
    ])(`says its 30 seconds by its own clock (${offset} ms): %s`, (_, headers, body) => {
      const failure = classify({ status: 429, headers: { ...headers, date }, body, now: ours })
      assert.strictEqual(Failure.waitMillis(failure, ours), 30_000)
    })
  }

  it("also gives the end of a dead key by that clock", () => {
    const theirs = ours + 600_000
    const failure = classify({
      status: 400,
      now: ours,
      headers: { date: new Date(theirs).toUTCString() },
      body: {
        error: { message: `You will regain access on ${new Date(theirs + 172_800_000).toISOString()}` }
      }
    })
    assert(failure._tag === "AuthDead")
    assert.strictEqual(failure.until, ours + 172_800_000)
  })
})

describe("a wait", () => {
  const seven = 7_000
  it.each([
    ["beside the error", { error: { message: "no" }, retry_after: 7 }],
    ["beside the error, in milliseconds", { error: { message: "no" }, retry_after_ms: 7_000 }],
    ["in an object beside it", { error: { message: "no" }, meta: { retryAfter: "7s" } }],
    ["in an object inside of it", { error: { message: "no", metadata: { retry_after_seconds: 7 } } }],
    ["as a string", { error: { message: "no", retry_after: "7" } }],
    [
      "in Google's details",
      { error: { code: 429, details: [{ "@type": "x/RetryInfo", retryDelay: "7s" }] } }
    ],
    ["as a protobuf duration", { retry_delay: { seconds: 6, nanos: 1e9 }, error: "no" }],
    ["in words", { error: { message: "Please try again in 7s." } }],
    [
      "in JSON inside of the message",
      { error: { message: 'Error: 429 {"error":{"message":"no"},"retry_after":7}' } }
    ]
  ])("is found %s", (_, body) => {
    for (const form of [body, JSON.stringify(body), `data: ${JSON.stringify(body)}\n\n`]) {
      const failure = classify({ status: 429, body: form, now: 0 })
      assert.strictEqual(Failure.waitMillis(failure, 0), seven)
    }
  })
})
