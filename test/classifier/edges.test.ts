/** Firewalls, transport errors and errors of effect/ai: exactly what is decided, and by what. */
import { assert, describe, it } from "@effect/vitest"
import * as AiError from "effect/ai/AiError"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import { fromAiError } from "../../src/classifier/AiError.ts"
import { classify, type Signal } from "../../src/classifier/Classifier.ts"
import { chainOf, classifyTransport } from "../../src/classifier/signals/TransportErrors.ts"
import * as Failure from "../../src/failure/Failure.ts"

const told = (failure: Failure.Failure) => [Failure.classOf(failure), failure.evidence]

describe("a firewall", () => {
  const page = "<html>Attention Required! | Cloudflare</html>"
  it.each([
    [{ status: 503, headers: { "cf-mitigated": "challenge" } }, "Blocked", "header cf-mitigated"],
    [{ status: 202, headers: { "x-amzn-waf-action": "captcha" } }, "Blocked", "header x-amzn-waf-action"],
    [{ status: 403, headers: { "x-sucuri-block": "x" } }, "Blocked", "header x-sucuri-block"],
    [{ status: 403, headers: { "x-datadome": "protected" } }, "Blocked", "header x-datadome"],
    [{ status: 429, headers: { "x-datadome": "protected" } }, "RateLimit", "status 429"],
    [{ status: 403, headers: { "x-datadome": "fine" } }, "Forbidden", "status 403"],
    [{ status: 403, headers: { "cf-mitigated": "" } }, "Forbidden", "status 403"],
    [{ status: 503, headers: { "cf-mitigated": "x" }, body: "{}" }, "Blocked", "header cf-mitigated"],
    [{ status: 503, headers: { "cf-mitigated": "x" }, body: { code: "mine" } }, "Overloaded", "status 503"],
    [{ status: 429, body: page }, "Blocked", "a firewall's page"],
    [{ status: 429, body: "Attention Required! | Cloudflare: sorry" }, "Blocked", "a firewall's page"],
    [{ status: 429, body: "the error code: 1020" }, "RateLimit", "status 429"],
    [{ status: 429, body: { message: "attention required! | cloudflare" } }, "RateLimit", "status 429"],
    ...[403, 405, 444, 451, 493, 999].map((status) => [
      { status, body: "<html>no</html>" },
      "Blocked",
      `status ${status} with a page of HTML`
    ]),
    [{ status: 404, body: "<html>no</html>" }, "ModelMissing", "status 404"],
    [{ status: 406, body: "<html>no</html>" }, "Blocked", "status 406 without an answer in JSON"],
    [{ status: 406, body: "no, it is not" }, "Blocked", "status 406 without an answer in JSON"],
    [{ body: "<html>no</html>" }, "Malformed", "html instead of an answer"]
  ] as ReadonlyArray<readonly [Signal, string, string]>)("%j is %s", (signal, as, evidence) => {
    assert.deepStrictEqual(told(classify(signal)), [as, evidence])
  })
})

describe("a transport error", () => {
  it.each([
    [{ code: "ECONNREFUSED" }, "Connection", "transport code=ECONNREFUSED"],
    [{ code: "EMFILE" }, "Local", "transport code=EMFILE"],
    [{ code: "HPE_NEW" }, "Malformed", "transport code=HPE_NEW"],
    [{ code: "X_HPE_NEW" }, "Unknown", "transport error without a known code"],
    [{ code: "MINE", cause: { code: "ECONNRESET" } }, "Connection", "transport code=ECONNRESET"],
    [{ errors: [{ code: "MINE" }, { code: "ECONNRESET" }] }, "Connection", "transport code=ECONNRESET"],
    [{ errors: { 0: { code: "ECONNRESET" } } }, "Unknown", "transport error without a known code"],
    [{ code: `UND_ERR_${"X".repeat(80)}` }, "Connection", `transport code=UND_ERR_${"X".repeat(52)}`],
    [{ message: " Terminated " }, "Truncated", 'transport message "terminated"'],
    [
      { message: "terminated", cause: { code: "ECONNRESET" } },
      "Truncated",
      "transport terminated, code=ECONNRESET"
    ],
    [
      { message: "terminated", cause: { code: "UND_ERR_BODY_TIMEOUT" } },
      "Timeout",
      "transport terminated, code=UND_ERR_BODY_TIMEOUT"
    ],
    [
      { message: "it is terminated", cause: { code: "ECONNRESET" } },
      "Connection",
      "transport code=ECONNRESET"
    ],
    [{ name: "TimeoutError" }, "Timeout", "transport name=TimeoutError"],
    [{ name: "toString" }, "Unknown", "transport error without a known code"],
    [{ name: "TimeoutError", cause: { code: "ECONNRESET" } }, "Connection", "transport code=ECONNRESET"],
    [{ cause: { name: "SyntaxError" }, message: "fetch failed" }, "Malformed", "transport name=SyntaxError"],
    [{ message: " Fetch Failed " }, "Connection", "transport message"],
    ["fetch failed", "Connection", "transport message"],
    [{ cause: "socket hang up" }, "Connection", "transport message"],
    [{ message: `${"x".repeat(512)} premature close` }, "Unknown", "transport error without a known code"],
    [{ message: "hm" }, "Unknown", "transport error without a known code"],
    [5, "Unknown", "transport error without a known code"],
    [undefined, "Unknown", "transport error without a known code"]
  ] as const)("%j is %s", (error, reason, evidence) => {
    assert.deepStrictEqual(classifyTransport(error), { reason, evidence })
  })

  it("has at most 24 links, each once, gathered ones before causes", () => {
    const circle: { cause?: unknown; errors?: unknown } = {}
    circle.cause = circle
    assert.deepStrictEqual(chainOf(circle), [circle])
    assert.deepStrictEqual(chainOf({ errors: ["a", undefined, null, "b"], cause: "c" }).slice(1), [
      "a",
      "b",
      "c"
    ])
    assert.deepStrictEqual(chainOf({ errors: [..."abcdefghij"] }).slice(1), [..."abcdefgh"])
    const nested = (depth: number): unknown => ({ depth, cause: depth === 0 ? undefined : nested(depth - 1) })
    assert.lengthOf(chainOf(nested(40)), 24)
    assert.deepStrictEqual(chainOf(undefined), [])
  })
})

describe("an AiError", () => {
  const now = Date.parse("2026-03-01T00:00:00Z")
  const from = (reason: AiError.AiErrorReason, options: Parameters<typeof fromAiError>[1] = { now }) =>
    fromAiError(AiError.make({ module: "OpenAi", method: "generateText", reason }), options)
  const answer = (status: number, body?: string, headers: Record<string, string> = {}) => ({
    response: { status, headers },
    ...(body !== undefined && { body })
  })
  const hours = (count: number) => DateTime.makeUnsafe(now + count * 3_600_000)
  const metadata = (fields: object) => ({ openai: fields }) as never

  it.each([
    [
      new AiError.InvalidRequestError({ metadata: metadata({ errorCode: "model_not_found" }) }),
      "ModelMissing",
      "code=model_not_found"
    ],
    [
      new AiError.InvalidRequestError({ metadata: metadata({ errorType: "insufficient_quota" }) }),
      "Balance",
      "type=insufficient_quota"
    ],
    [
      new AiError.InvalidRequestError({
        metadata: metadata({ errorCode: "x y" }),
        description: "Too many requests"
      }),
      "RateLimit",
      'text "too many requests"'
    ],
    [
      new AiError.InvalidRequestError({ metadata: metadata({ other: "x" }), description: "hm hm" }),
      "Invalid",
      "AiError InvalidRequestError"
    ],
    [new AiError.UnknownError({ description: "Too many requests" }), "RateLimit", 'text "too many requests"'],
    [
      new AiError.InternalProviderError({ description: "Too many requests" }),
      "ServerError",
      "AiError InternalProviderError"
    ],
    // A more precise kind counts more than a bare status, and less than anything the response says.
    [
      new AiError.ContentPolicyError({ description: "x", http: answer(400) as never }),
      "ContentPolicy",
      "AiError ContentPolicyError"
    ],
    [
      new AiError.AuthenticationError({ kind: "InsufficientPermissions", http: answer(401) as never }),
      "Forbidden",
      "AiError AuthenticationError"
    ],
    [new AiError.RateLimitError({ http: answer(503) as never }), "Overloaded", "status 503"],
    [
      new AiError.ContentPolicyError({
        description: "x",
        http: answer(400, '{"error":{"code":"model_not_found"}}') as never
      }),
      "ModelMissing",
      "code=model_not_found"
    ],
    [
      new AiError.RateLimitError({ http: answer(200, '{"error":{"message":"hm hm"}}') as never }),
      "RateLimit",
      "AiError RateLimitError"
    ]
  ] as const)("%s is %s", (reason, as, evidence) => {
    assert.deepStrictEqual(told(from(reason)), [as, evidence])
  })

  it("is in no way sent if it could not be encoded", () => {
    const network = { method: "POST", url: "http://a/" } as const
    const failed = (reason: "EncodeError" | "TransportError", cause?: unknown) =>
      Failure.classOf(
        from(new AiError.NetworkError({ ...network, reason, ...(cause !== undefined && { cause }) } as never))
      )
    assert.strictEqual(failed("EncodeError"), "Invalid")
    assert.strictEqual(failed("TransportError"), "Connection")
  })

  it.each([
    [24, "RateLimit", 86_400_000],
    [25, "Balance", 90_000_000],
    [-1, "RateLimit", 0]
  ] as const)("of a quota that refills in %d hours is %s", (count, as, wait) => {
    const failure = from(new AiError.QuotaExhaustedError({ resetAt: hours(count) }))
    assert.deepStrictEqual([Failure.classOf(failure), Failure.waitMillis(failure, now)], [as, wait])
  })

  it("of a quota names no end if the present time is unknown, and neither does a throttle", () => {
    const failure = from(new AiError.QuotaExhaustedError({ resetAt: hours(5) }), {})
    assert.deepStrictEqual(
      [Failure.classOf(failure), Failure.waitMillis(failure, now)],
      ["Balance", undefined]
    )
    const throttle = from(new AiError.RateLimitError({ retryAfter: Duration.seconds(3) }), {})
    assert.deepStrictEqual(
      [Failure.classOf(throttle), Failure.waitMillis(throttle, now)],
      ["RateLimit", 3_000]
    )
  })

  it("lends its wait to a response that names none", () => {
    const retryAfter = Duration.seconds(3)
    const bare = from(new AiError.RateLimitError({ retryAfter, http: answer(429) as never }), {
      now,
      target: "p/m#k"
    })
    assert.deepInclude(bare, { _tag: "RateLimit", evidence: "status 429", status: 429, target: "p/m#k" })
    assert.strictEqual(Failure.waitMillis(bare, now), 3_000)
    assert.instanceOf(bare.cause, Error)
    const named = from(
      new AiError.RateLimitError({
        retryAfter,
        http: answer(429, undefined, { "retry-after": "7" }) as never
      })
    )
    assert.strictEqual(Failure.waitMillis(named, now), 7_000)
    const other = from(new AiError.RateLimitError({ retryAfter, http: answer(503) as never }))
    assert.deepStrictEqual(
      [Failure.classOf(other), Failure.waitMillis(other, now)],
      ["Overloaded", undefined]
    )
  })

  it("is read as its module's, or as that of the provider that is given", () => {
    const numbered = new AiError.InvalidRequestError({
      http: answer(429, '{"error":{"code":"1113","type":"x","message":"m m"}}') as never
    })
    assert.strictEqual(Failure.classOf(from(numbered)), "RateLimit")
    assert.strictEqual(Failure.classOf(from(numbered, { provider: "zai" })), "Balance")
  })
})
