/** How failures are built: messages, waits and the facts that each kind keeps. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import { classify } from "../../src/classifier/Classifier.ts"
import { failureOf } from "../../src/classifier/FailureOf.ts"
import * as Failure from "../../src/failure/Failure.ts"

const all = {
  evidence: "e",
  target: "p/m#k",
  status: 400,
  cause: "c",
  waitMillis: 5,
  until: 9,
  limit: 2,
  actual: 3
}
const plainly = ({ cause, evidence, status, target }: Failure.Failure) => ({
  cause,
  evidence,
  status,
  target
})

describe("a failure of a class", () => {
  it.each(Failure.failureClasses)("%s has the facts of its kind", (as) => {
    const failure = failureOf(as, all)
    assert.strictEqual(Failure.classOf(failure), as)
    assert.match(failure.message, /^(The|This) [a-z][\w' ]+ \(HTTP 400\)$/)
    const has = (key: string) => key in failure && failure[key as never] !== undefined
    const kind = failure._tag
    assert.deepInclude(plainly(failure), { evidence: "e", target: "p/m#k", status: 400, cause: "c" })
    assert.deepStrictEqual(
      [has("retryAfter"), has("until"), has("limit"), has("actual"), has("reason")],
      [
        kind === "RateLimit" || kind === "Transient",
        kind === "AuthDead",
        kind === "ContextExceeded",
        kind === "ContextExceeded",
        kind !== "RateLimit" && kind !== "ContextExceeded"
      ]
    )
  })

  it("has its own message, a wait as a duration, and no unknown fields", () => {
    const failure = failureOf("Overloaded", { message: "full", waitMillis: 1_500, status: 529 })
    assert.strictEqual(failure.message, "full")
    assert.deepStrictEqual((failure as Failure.Transient).retryAfter, Duration.millis(1_500))
    const bare = failureOf("Overloaded")
    assert.strictEqual(bare.message, "The provider is overloaded")
    for (const key of ["evidence", "target", "status", "cause", "retryAfter"]) assert.notProperty(bare, key)
  })
})

describe("the message of a failed call", () => {
  const messageOf = (body: unknown, status = 503) => classify({ status, body }).message
  it.each([
    [{ error: { message: "  It is full  " } }, "It is full"],
    [{ error: { message: "" }, message: "Outer" }, "Outer"],
    [{ error: { message: "It broke\nTraceback (most recent call last)\n x" } }, "It broke"],
    [{ error: { message: "It broke\n    at f (x.js)" } }, "It broke"],
    [{ error: { message: "Traceback (most recent call last)" }, message: "Outer" }, "Outer"],
    ["It is full, it is", "The provider is overloaded (HTTP 503)"],
    ["<html>It is full</html>", "The provider is overloaded (HTTP 503)"],
    [{ error: { message: `key sk-${"a1".repeat(20)} is bad` } }, "key [redacted] is bad"]
  ])("%j is %j", (body, expected) => {
    assert.strictEqual(messageOf(body), expected)
  })

  it("has at most 300 characters, its evidence 160, its target 300", () => {
    const failure = classify({
      status: 400,
      target: "t".repeat(400),
      body: { error: { message: "long ".repeat(200), code: `rate_limit_exceeded.${"x".repeat(90)}` } }
    })
    assert.isAtMost(failure.message.length, 300)
    assert.isAbove(failure.message.length, 290)
    assert.strictEqual(failure.target?.length, 300)
  })

  it("of a signal that cannot be read is made from its status alone", () => {
    const broken = new Proxy([], {
      ownKeys: () => assert.fail("no"),
      get: (_, key) => (key === "status" ? 429 : assert.fail("no"))
    })
    const failure = classify({ status: 429, target: "p/m#k", cause: "c", body: broken } as never)
    assert.strictEqual(Failure.classOf(failure), "RateLimit")
  })
})

describe("the wait of a failed call", () => {
  const now = Date.parse("2026-03-01T00:00:00Z")
  const waitOf = (signal: object) => {
    const failure = classify({ now, ...signal } as never)
    return [Failure.classOf(failure), Failure.waitMillis(failure, now), failure.evidence]
  }
  const quota = { code: "insufficient_quota" }

  it.each([
    [
      { status: 429, headers: { "retry-after": "2" } },
      ["RateLimit", 2_000, "status 429; header retry-after: 2"]
    ],
    [
      { status: 503, headers: { "retry-after": "2" } },
      ["Overloaded", 2_000, "status 503; header retry-after: 2"]
    ],
    [{ status: 400, headers: { "retry-after": "2" } }, ["Invalid", undefined, "status 400"]],
    [{ status: 401, headers: { "retry-after": "2" } }, ["InvalidKey", undefined, "status 401"]],
    [
      { status: 429, headers: { "retry-after": "2" }, body: { error: quota } },
      ["Balance", undefined, "code=insufficient_quota"]
    ],
    [
      { status: 429, body: { error: { ...quota, message: "It resets in 3 hours" } } },
      ["Balance", 10_800_000, 'code=insufficient_quota; text "3 hours"']
    ],
    [
      { status: 429, body: { error: { ...quota, resets_at: now / 1000 + 60 } } },
      ["Balance", 60_000, "code=insufficient_quota; field resetsat: 1772323260"]
    ],
    [
      { status: 429, body: { error: { ...quota, retry_after: 60 } } },
      ["Balance", undefined, "code=insufficient_quota"]
    ],
    // A header that names a wait counts more than the body. The state of a bucket counts less.
    [
      { status: 429, headers: { "retry-after": "2" }, body: { error: { retry_after: 7 } } },
      ["RateLimit", 2_000, "status 429; header retry-after: 2"]
    ],
    [
      {
        status: 429,
        headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" },
        body: { error: { retry_after: 7 } }
      },
      ["RateLimit", 7_000, "status 429; field retryafter: 7"]
    ],
    [
      {
        status: 429,
        headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" },
        body: { error: { message: "Try again in 7s" } }
      },
      ["RateLimit", 9_000, "status 429; header x-ratelimit-reset: 9"]
    ],
    [
      { status: 429, body: { error: { message: "Try again in 7s" } } },
      ["RateLimit", 7_000, 'status 429; text "7s"']
    ],
    [
      { status: 429, body: { error: { message: "x" }, retry_after: 7 } },
      ["RateLimit", 7_000, "status 429; field retryafter: 7"]
    ],
    [
      {
        status: 429,
        headers: { "retry-after": "Sun, 01 Mar 2026 00:00:09 GMT", date: "Sun, 01 Mar 2026 00:00:05 GMT" }
      },
      ["RateLimit", 4_000, "status 429; header retry-after: Sun, 01 Mar 2026 00:00:09 GMT"]
    ]
  ])("of %j is %j", (signal, expected) => {
    assert.deepStrictEqual(waitOf(signal), expected)
  })

  it.each([
    ["zhipu", 60_000],
    ["minimax", 60_000],
    ["baidu", 60_000],
    ["openai", 28_860_000]
  ])("in a date without a zone is Beijing's at %s: %d ms", (provider, expected) => {
    const message = "Usage limit reached, it resets at 2026-03-01 08:01:00"
    assert.deepInclude(waitOf({ provider, status: 429, body: { error: { message } } }), expected)
  })

  it("in a date without a zone is Beijing's where the body shows such a vendor", () => {
    const message = "Usage limit reached, it resets at 2026-03-01 08:01:00"
    assert.deepInclude(waitOf({ status: 429, body: { error: { code: "1308", message } } }), 60_000)
  })
})
