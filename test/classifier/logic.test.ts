/** Small decisions of the classifier, each beside a case that is decided differently. */
import { assert, describe, it } from "@effect/vitest"
import { classify } from "../../src/classifier/Classifier.ts"
import * as Failure from "../../src/failure/Failure.ts"

const now = Date.parse("2026-03-01T00:00:00Z")
const of = (signal: object) => classify({ now, ...signal } as never)
const classOf = (signal: object) => Failure.classOf(of(signal))
const waitOf = (signal: object) => Failure.waitMillis(of(signal), now)
const error = (fields: object, status = 400, headers: object = {}) => ({
  status,
  headers,
  body: { error: fields }
})

describe("a date without a zone", () => {
  const resets = { message: "Rate limit reached, resets at 2026-03-01 09:00:00" }
  const hours = (signal: object) => (waitOf(signal) ?? Number.NaN) / 3_600_000

  it.each(["zhipu", "minimax", "baidu"])("is in the time of Beijing at %s", (provider) => {
    assert.strictEqual(hours({ ...error(resets, 429), provider }), 1)
  })

  it("is in UTC elsewhere, wherever this process is", () => {
    const before = process.env.TZ
    process.env.TZ = "Asia/Tokyo"
    try {
      assert.strictEqual(hours({ ...error(resets, 429), provider: "openai" }), 9)
      assert.strictEqual(hours(error(resets, 429)), 9)
    } finally {
      if (before === undefined) delete process.env.TZ
      else process.env.TZ = before
    }
  })

  it("is in the time of Beijing where only the form of the error is that of such a vendor", () => {
    const body = {
      base_resp: { status_code: 1002, status_msg: "rate limit reached, resets at 2026-03-01 09:00:00" }
    }
    assert.strictEqual(hours({ status: 200, body }), 1)
  })
})

describe("of several waits", () => {
  it("the one in retry-after counts before any field, and a field before other headers", () => {
    const body = { error: { message: "slow down", retry_after: 60 } }
    assert.strictEqual(waitOf({ status: 429, headers: { "retry-after": "5" }, body }), 5_000)
    const headers = { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "7s" }
    assert.strictEqual(waitOf({ status: 429, headers, body }), 60_000)
    assert.strictEqual(waitOf({ status: 429, headers, body: { error: { message: "slow down" } } }), 7_000)
  })

  it("one in an error that is quoted in another one counts", () => {
    const inner = JSON.stringify({ error: { code: 429, message: "slow down", retry_after: 9 } })
    assert.strictEqual(waitOf(error({ message: inner }, 429)), 9_000)
  })

  it("a later sentence counts where the first has none", () => {
    const inner = { message: "slow down" }
    assert.strictEqual(
      waitOf({
        status: 429,
        body: {
          error: { ...inner, metadata: { raw: JSON.stringify({ error: inner }) } },
          message: "try again in 8 seconds"
        }
      }),
      8_000
    )
  })
})

describe("the message of a failure", () => {
  const messageOf = (message: string) => of(error({ message }, 500)).message

  it("ends before quoted code", () => {
    assert.strictEqual(messageOf("it broke\n    at Object.f (x.js:1)"), "it broke")
    assert.strictEqual(messageOf("it broke\n\tat f"), "it broke")
    assert.strictEqual(messageOf("it broke Traceback (most recent call last): x"), "it broke")
    assert.strictEqual(messageOf("it broke at noon"), "it broke at noon")
    assert.strictEqual(messageOf("Traceback (most recent call last): x"), "The provider failed (HTTP 500)")
  })
})

describe("the date of a used-up plan", () => {
  const days = 86_400_000
  const untilOf = (signal: object) => {
    const failure = of(signal)
    return failure._tag === "AuthDead" ? failure.until : failure._tag
  }

  it("is kept from a header where the limit is one of a period, and not where money is missing", () => {
    const headers = { "retry-after": "259200" }
    for (const code of ["usage_limit_reached", "quota_exceeded"]) {
      assert.strictEqual(untilOf(error({ code, message: "no" }, 429, headers)), now + 3 * days, code)
    }
    assert.isUndefined(untilOf(error({ code: "insufficient_quota", message: "no" }, 429, headers)))
  })

  it("is kept from a field or a sentence that says when it is reset", () => {
    const balance = { code: "insufficient_quota", message: "no" }
    assert.strictEqual(untilOf(error({ ...balance, reset_after: 259_200 }, 429)), now + 3 * days)
    assert.strictEqual(untilOf(error({ ...balance, resets_in: 259_200 }, 429)), now + 3 * days)
    assert.isUndefined(untilOf(error({ ...balance, retry_delay: 259_200 }, 429)))
  })
})

describe("a request that is too large by itself", () => {
  const onlyThis = (fields: object, status = 429) => {
    const failure = of(error(fields, status))
    return [Failure.classOf(failure), Failure.isOnlyThisRequest(failure)]
  }

  it("is named for a throttle and for a plan, and not for other failures", () => {
    const large = "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 40000"
    assert.deepStrictEqual(onlyThis({ code: "rate_limit_exceeded", message: large }), ["RateLimit", true])
    assert.deepStrictEqual(onlyThis({ code: "rate_limit_exceeded", message: "slow down" }), [
      "RateLimit",
      false
    ])
    assert.deepStrictEqual(onlyThis({ code: "server_overloaded", message: large }, 503)[1], false)
    const long = "Extra usage is required for long context requests"
    assert.deepStrictEqual(onlyThis({ code: "insufficient_quota", message: long }), ["Balance", true])
    assert.deepStrictEqual(onlyThis({ code: "insufficient_quota", message: "no" }), ["Balance", false])
    assert.deepStrictEqual(onlyThis({ code: "invalid_api_key", message: long }, 401), ["InvalidKey", false])
  })

  it("is found in any of several errors", () => {
    const raw = JSON.stringify({
      error: { message: "Request too large for gpt-4o", code: "rate_limit_exceeded" }
    })
    assert.deepStrictEqual(
      onlyThis({ code: "rate_limit_exceeded", message: "slow down", metadata: { raw } })[1],
      true
    )
  })
})

describe("a signal that cannot be read", () => {
  it("keeps its details of the call", () => {
    const broken = new Proxy([], {
      ownKeys: () => assert.fail("no"),
      get: (_, key) => (key === "status" ? 429 : assert.fail("no"))
    })
    const failure = classify({ status: 429, target: "p/m#k", cause: "c", body: broken } as never)
    assert.deepInclude(failure, {
      target: "p/m#k",
      cause: "c",
      status: 429,
      evidence: "a signal that cannot be read"
    })
  })
})

describe("a number of Cloudflare", () => {
  const evidence = (signal: object) => of(signal).evidence

  it("is read from its header if it is one, otherwise from the body", () => {
    const body = { cloudflare_error: true, error_code: 1015 }
    for (const header of [undefined, "other", "x1010", "10100"]) {
      const headers = header === undefined ? {} : { "cf-error-type": header }
      assert.strictEqual(evidence({ status: 403, headers, body }), "Cloudflare's error 1015")
    }
    assert.strictEqual(
      evidence({ status: 403, headers: { "cf-error-type": "1010" }, body }),
      "Cloudflare's error 1010"
    )
    assert.notInclude(evidence({ status: 403, body: { error_code: 1015 } }) ?? "", "Cloudflare")
  })
})

describe("a firewall", () => {
  const evidence = (status: number, body: unknown, headers: object = {}) =>
    of({ status, headers, body }).evidence
  const coded = { error: { code: "invalid_api_key", message: "no" } }
  const blocked = { "x-sucuri-block": "1" }

  it("has answered a 406 that is not JSON", () => {
    assert.strictEqual(evidence(406, "no"), "status 406 without an answer in JSON")
    assert.strictEqual(evidence(406, ""), "status 406 without an answer in JSON")
    assert.notStrictEqual(evidence(406, { error: { message: "no" } }), "status 406 without an answer in JSON")
  })

  it("is seen by its header, except in an error of a provider with a code", () => {
    assert.strictEqual(
      evidence(403, { error: { message: "this is not for you" } }, blocked),
      "header x-sucuri-block"
    )
    assert.strictEqual(evidence(403, {}, blocked), "header x-sucuri-block")
    assert.strictEqual(evidence(403, coded, blocked), "code=invalid_api_key")
    assert.strictEqual(evidence(403, coded, { "x-amz-id-2": "x" }), "header x-amz-id-2")
    assert.strictEqual(
      evidence(403, "<html><body>no</body></html>", {
        ...blocked,
        "x-amzn-errortype": "AccessDeniedException"
      }),
      "header x-sucuri-block"
    )
  })

  it("is seen by a page of HTML with its status, and not by a text", () => {
    assert.strictEqual(evidence(405, "<html><body>no</body></html>"), "status 405 with a page of HTML")
    assert.notInclude(evidence(405, "no") ?? "", "HTML")
    assert.notInclude(evidence(405, { a: 1 }) ?? "", "HTML")
  })
})

describe("the codes in headers", () => {
  it.each(["x-amzn-errortype", ":exception-type", ":error-code", "x-ms-error-code", "x-error-code"])(
    "count: %s",
    (name) => {
      assert.strictEqual(
        classOf({ status: 400, headers: { [name]: "ThrottlingException" }, body: {} }),
        "RateLimit"
      )
    }
  )
})
