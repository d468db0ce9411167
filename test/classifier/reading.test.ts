/** How waits, codes and words are read, each with a similar form that is read differently. */
import { assert, describe, it } from "@effect/vitest"
import * as AiError from "effect/ai/AiError"
import * as Duration from "effect/Duration"
import { fromAiError } from "../../src/classifier/AiError.ts"
import { classify } from "../../src/classifier/Classifier.ts"
import { retryAfterFrom, retryAfterText } from "../../src/classifier/RetryAfter.ts"
import * as Failure from "../../src/failure/Failure.ts"

const now = Date.parse("2026-03-01T00:00:00Z")
const classOf = (signal: object) => Failure.classOf(classify({ now, ...signal } as never))
const error = (fields: object, status = 400) => ({ status, body: { error: fields } })

describe("a wait in headers", () => {
  const millis = (headers: object) => retryAfterFrom(headers, undefined, "", now)?.millis
  const evidence = (headers: object) => retryAfterFrom(headers, undefined, "", now)?.evidence

  it("that was added more than once is the longest, with or without blanks around the comma", () => {
    for (const list of ["5,7", "5, 7", "5 , 7", " 7 ,5 ", "7, 5", "7,x,5"]) {
      assert.strictEqual(millis({ "retry-after": list }), list === "7,x,5" ? undefined : 7_000, list)
    }
    const [one, two] = ["Sun, 01 Mar 2026 00:00:20 GMT", "Sun, 01 Mar 2026 00:00:30 GMT"]
    for (const comma of [",", ", ", " , "]) {
      assert.strictEqual(millis({ "retry-after": `${two}${comma}${one}` }), 30_000, comma)
    }
  })

  it("may be longer than a week", () => {
    assert.strictEqual(millis({ "retry-after": "2000000" }), 2_000_000_000)
  })

  it("may be that of a bucket whose reset is named after it", () => {
    assert.strictEqual(millis({ "x-ratelimit-reset-after": "3" }), 3_000)
  })

  it("is that of the empty bucket that is filled last, whatever the others are", () => {
    const two = (one: string, other: string) => ({
      "x-ratelimit-remaining-requests": "0",
      "x-ratelimit-reset-requests": one,
      "x-ratelimit-remaining-tokens": "0",
      "x-ratelimit-reset-tokens": other
    })
    assert.strictEqual(millis(two("5s", "9s")), 9_000)
    assert.strictEqual(millis(two("9s", "5s")), 9_000)
    assert.strictEqual(millis(two("9s", "soon")), 9_000)
    assert.strictEqual(millis(two(" 30 ", "soon")), 30_000)
    assert.strictEqual(evidence(two("5s", "5s")), "header x-ratelimit-reset-requests: 5s")
    assert.strictEqual(millis({ "reset-ratelimit": "4" }), 4_000)
    assert.strictEqual(millis({ ratelimit: '"default";r=0;t=30' }), 30_000)
  })

  it("of a plan is that of the window that is used up", () => {
    const codex = {
      "x-codex-primary-used-percent": "100",
      "x-codex-primary-reset-after-seconds": "10",
      "x-codex-secondary-used-percent": "100"
    }
    assert.strictEqual(millis(codex), 10_000)
    assert.strictEqual(millis({ ...codex, "x-codex-active-limit": " codex " }), 10_000)
    assert.strictEqual(
      evidence({ ...codex, "x-codex-secondary-reset-after-seconds": "10" }),
      "header x-codex-primary-reset-after-seconds"
    )
    assert.strictEqual(millis({ ...codex, "anthropic-ratelimit-unified-reset": "soon" }), 10_000)
    assert.strictEqual(millis({ ...codex, "anthropic-ratelimit-unified-reset": "20" }), 20_000)
  })
})

describe("a wait in a body", () => {
  const millis = (body: unknown) => retryAfterFrom(undefined, body, "", now)?.millis

  it("is none below zero, and may be zero or a date", () => {
    assert.deepStrictEqual(
      [-1, 0, 1].map((retry_after) => millis({ retry_after })),
      [undefined, 0, 1_000]
    )
    assert.strictEqual(millis({ retry_after: now / 1_000 + 60 }), 60_000)
    assert.strictEqual(millis({ retry_after: 2_000_000 }), 2_000_000_000)
  })

  it("is searched for in 300 fields", () => {
    const group = (from: number, at?: number) =>
      Object.fromEntries(
        Array.from({ length: 60 }, (_, i) =>
          from + i === at
            ? ["retry_after", 5]
            : [`f${"abcdefghij"[i % 10]}${"abcdefghij"[Math.floor(i / 10)]}${"abcdefghij"[from % 10]}`, 1]
        )
      )
    // Six fields, then sixty of each group.
    const body = (at: number) =>
      Object.fromEntries([0, 1, 2, 3, 4, 5].map((i) => [`group${"abcdef"[i]}`, group(7 + 60 * i, at)]))
    assert.strictEqual(millis(body(300)), 5_000)
    assert.isUndefined(millis(body(301)))
  })
})

describe("a wait in a text", () => {
  it("is the bare number after retry-after", () => {
    for (const text of ["retry-after:30", "Retry-After: 30", 'retry after  "30"', "retry-after 30"]) {
      assert.strictEqual(retryAfterText(text, now)?.millis, 30_000, text)
    }
  })
})

describe("a code whose meaning depends on the sentence", () => {
  it("names a text that is too long by its parameter, or by the name that is quoted first", () => {
    const long = (fields: object) => classOf(error({ code: "string_above_max_length", ...fields }))
    assert.strictEqual(long({ message: "too long", param: "messages[0].content" }), "TooLarge")
    assert.strictEqual(long({ message: "Invalid 'messages[0].content': string too long" }), "TooLarge")
    assert.strictEqual(long({ message: "Invalid 'user': string too long" }), "Invalid")
    assert.strictEqual(long({ message: `${"x ".repeat(120)}'messages'` }), "Invalid")
  })

  it("is a throttle or a window of tokens", () => {
    for (const code of ["token_limit_exceeded", "TOKEN_LIMIT_EXCEEDED"]) {
      assert.strictEqual(classOf(error({ code, message: "no" }, 429)), "RateLimit")
      const long = "This model's maximum context length is 8192 tokens"
      assert.strictEqual(classOf(error({ code, message: long })), "ContextExceeded")
      assert.notStrictEqual(classOf(error({ code, message: "your budget" })), "ContextExceeded")
    }
  })

  it("of a bill is a throttle where the sentence says so, and no other fault", () => {
    const bill = (message: string) => classOf(error({ code: "billing_error", message }, 403))
    assert.strictEqual(bill("Rate limit reached"), "RateLimit")
    assert.strictEqual(bill("The engine is currently overloaded"), "Balance")
  })

  it("of a fault does not override a status that refuses the key", () => {
    const fault = (status: number) => classOf(error({ type: "server_error", message: "x" }, status))
    assert.deepStrictEqual([401, 402, 500].map(fault), ["InvalidKey", "Balance", "ServerError"])
    assert.notStrictEqual(fault(403), "ServerError")
  })
})

describe("a sentence", () => {
  it("about a model that is not active means a wait only with a 503", () => {
    const at = (status: number, message = "The deployment is not active") =>
      classOf(error({ message }, status))
    assert.strictEqual(at(503), "Overloaded")
    assert.strictEqual(at(404), "ModelMissing")
  })

  it("about a file means nothing for a server that lacks it itself", () => {
    const message = "Error: the container was not found"
    assert.strictEqual(classOf(error({ message }, 404)), "Unsupported")
    assert.notStrictEqual(classOf(error({ message }, 500)), "Unsupported")
  })

  it("that is passed on under another status counts", () => {
    for (const status of [200, 400, 404, 424, 502]) {
      assert.strictEqual(
        classOf({ status, body: { status: 429, message: "x" } }),
        "RateLimit",
        String(status)
      )
    }
    assert.notStrictEqual(classOf({ status: 403, body: { status: 429, message: "x" } }), "RateLimit")
  })
})

describe("an AiError", () => {
  const from = (reason: AiError.AiErrorReason, options: object = { now }) =>
    fromAiError(AiError.make({ module: "OpenAi", method: "generateText", reason }), options)

  it("whose module kept no machine fields is classified by its kind", () => {
    for (const metadata of [{ openai: { requestId: "r" } }, { openai: "x" }]) {
      const reason = new AiError.AuthenticationError({ kind: "InvalidKey", metadata })
      Object.assign(reason, { description: "The engine is currently overloaded" })
      assert.strictEqual(from(reason).evidence, "AiError AuthenticationError")
    }
  })

  it("keeps the status of an answer without other signals", () => {
    const http = { response: { status: 302, headers: {} } }
    assert.strictEqual(from(new AiError.InvalidOutputError({ description: "x" }), {}).status, undefined)
    assert.strictEqual(from(new AiError.RateLimitError({ http } as object), {}).status, 302)
  })

  it("that is more precise than the status of its answer keeps that", () => {
    const http = { response: { status: 401, headers: {} } }
    const failure = from(new AiError.AuthenticationError({ kind: "InsufficientPermissions", http } as never))
    assert.deepInclude(failure, { status: 401, evidence: "AiError AuthenticationError" })
  })

  it("may have a request without an answer", () => {
    const http = {
      request: { method: "POST", url: "https://a.test", urlParams: [], hash: undefined, headers: {} }
    }
    assert.strictEqual(Failure.classOf(from(new AiError.RateLimitError({ http } as object))), "RateLimit")
  })

  it("about one request alone stays so with the wait that it carries", () => {
    const metadata = { openai: { errorCode: "rate_limit_exceeded", errorType: "tokens" } }
    for (const wait of [undefined, Duration.seconds(3)]) {
      const reason = new AiError.RateLimitError({ metadata, ...(wait && { retryAfter: wait }) })
      Object.assign(reason, { description: "Request too large for gpt-4o on tokens per min" })
      const failure = from(reason)
      assert.deepStrictEqual(
        [Failure.classOf(failure), Failure.isOnlyThisRequest(failure), Failure.waitMillis(failure, now)],
        ["RateLimit", true, wait && 3_000]
      )
    }
  })
})
