import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { classify, type Signal } from "../../src/classifier/Classifier.ts"
import * as Failure from "../../src/failure/Failure.ts"

/** The result is one of the five failures, has a readable message, and can be serialized. */
const isWhole = (failure: Failure.Failure): boolean => {
  assert.isTrue(Failure.isFailure(failure))
  assert.isTrue(Failure.failureClasses.includes(Failure.classOf(failure)))
  assert.isNotEmpty(failure.message)
  assert.isAtMost(failure.message.length, 300)
  const { cause: _cause, ...rest } = Schema.encodeUnknownSync(Failure.Failure)(failure)
  assert.doesNotThrow(() => Schema.decodeUnknownSync(Failure.Failure)(JSON.parse(JSON.stringify(rest))))
  const wait = Failure.waitMillis(failure, 0)
  return wait === undefined || (Number.isFinite(wait) && wait >= 0)
}

const Status = Schema.Int.check(Schema.isBetween({ minimum: -1, maximum: 1200 }))

/** Words and marks that the rules look for, so that generated text comes near them. */
const Fragment = Schema.Literals([
  "{",
  "}",
  "[",
  "]",
  '"',
  "'",
  "`",
  "\\",
  ":",
  ",",
  ".",
  "\n",
  " ",
  "data: ",
  "event: error\n",
  "\n\n",
  "<html>",
  "error",
  '"error":',
  '"message":',
  '"code":',
  '{"error":{"message":"',
  '"}}',
  "rate limit",
  "exceeded",
  "tokens per minute",
  "maximum context length is",
  "4096",
  "429",
  "insufficient",
  "balance",
  "credits",
  "model",
  "not found",
  "try again in",
  "5s",
  "2025-11-04T12:00:00Z",
  "余额不足",
  "\ud800",
  "\u0000",
  "Traceback (most recent call last)",
  "Error code: 429 - {'error'"
])

describe("classify is total", () => {
  it.prop("for text of any kind", [Status, Schema.String, Schema.Boolean], ([status, body, inStream]) =>
    isWhole(classify({ status, body, inStream }))
  )

  it.prop(
    "for text made of what providers send",
    [Status, Schema.Array(Fragment), Schema.Record(Schema.String, Schema.String)],
    ([status, parts, headers]) => isWhole(classify({ status, body: parts.join(""), headers, now: 0 })),
    { arbitrary: { runs: 400 } }
  )

  it.prop(
    "for JSON of any kind",
    [Status, Schema.Json],
    ([status, json]) =>
      isWhole(classify({ status, body: json })) &&
      isWhole(classify({ status, body: JSON.stringify(json) })) &&
      isWhole(classify({ status, body: { error: json, detail: json, message: json } })) &&
      isWhole(classify({ transport: json }))
  )

  it.prop("for bytes of any kind", [Schema.Uint8Array], ([body]) => isWhole(classify({ status: 500, body })))

  it.prop("for signals with fields of the wrong type", [Schema.Json, Schema.Json], ([a, b]) =>
    isWhole(
      classify({
        status: a,
        headers: b,
        body: a,
        now: b,
        provider: a,
        target: b,
        transport: a,
        inStream: b
      } as never)
    )
  )

  const cyclic: { [key: string]: unknown } = { message: "loop" }
  cyclic.error = cyclic
  cyclic.cause = cyclic
  cyclic.errors = [cyclic]
  const hostile = new Proxy(
    {},
    {
      get: () => {
        throw new Error("no")
      },
      ownKeys: () => {
        throw new Error("no")
      }
    }
  )
  const throwing = Object.defineProperty({}, "error", {
    enumerable: true,
    get: () => {
      throw new Error("no")
    }
  })
  const revoked = Proxy.revocable([], {})
  revoked.revoke()
  const endless = new Proxy(
    {},
    { get: (_, key) => (typeof key === "string" ? endless : undefined) }
  ) as object

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a number", 7],
    ["a symbol", Symbol("x")],
    ["a bigint", 10n],
    ["a function", () => "x"],
    ["an object that contains itself", cyclic],
    ["getters that throw", throwing],
    ["a proxy that throws", hostile],
    ["a revoked proxy", revoked.proxy],
    ["a proxy without an end", endless],
    ["an object without a prototype", Object.create(null)],
    ["a map", new Map([["error", "x"]])],
    ["a date", new Date(Number.NaN)],
    ["broken unicode", '\ud800\udfff{"error":"\udc00"}'],
    ["JSON nested 100 000 deep", "[".repeat(100_000)],
    ["objects nested 100 000 deep", '{"error":'.repeat(100_000)],
    ["an array that claims to be endless", { length: 1e9, 0: "x" }]
  ])("for %s", (_, odd) => {
    for (const signal of [
      { status: 400, body: odd },
      { status: 200, body: odd, inStream: true },
      { status: 429, headers: odd },
      { transport: odd },
      odd
    ] as ReadonlyArray<Signal>) {
      assert.isTrue(isWhole(classify(signal)))
    }
  })
})

/** The CPU time of this thread in milliseconds, which does not grow while other processes use the machine. */
const cpuMillis = (): number => {
  const { system, user } = process.threadCpuUsage()
  return (user + system) / 1000
}

describe("classify is bounded", () => {
  const mebi = 1024 * 1024
  const filler = (text: string, size: number): string => text.repeat(Math.ceil(size / text.length))
  const error = '{"error":{"message":"Your credit balance is too low","type":"invalid_request_error"}}'

  it.each<[string, unknown]>([
    [
      "a JSON string of 10 MB",
      JSON.stringify({ error: { message: filler("the model rate limit ", 10 * mebi) } })
    ],
    [
      "an echoed input of 10 MB",
      JSON.stringify({ detail: [{ msg: "Field required", input: filler("x ", 10 * mebi) }] })
    ],
    ["HTML of 10 MB", `<html>${filler("<p>rate limit</p>", 10 * mebi)}`],
    ["plain text of 10 MB", filler("insufficient balance exceeded ", 10 * mebi)],
    ["bytes of 10 MB", new TextEncoder().encode(filler("data: {}\n\n", 10 * mebi))],
    ["an event stream of 10 MB", filler('data: {"choices":[{"delta":{"content":"hello"}}]}\n\n', 10 * mebi)],
    ["an array of a million elements", Array.from({ length: 1e6 }, () => ({ error: "x" }))]
  ])("for %s", (_, body) => {
    const start = cpuMillis()
    for (const status of [200, 400, 500]) assert.isTrue(isWhole(classify({ status, body })))
    assert.isBelow(cpuMillis() - start, 1500)
  })

  it("for text that causes backtracking in careless patterns", () => {
    const words = [
      "exceeded ",
      "tokens ",
      "model ",
      "the ",
      "a",
      " ",
      "'",
      '"x" ',
      "`",
      "{",
      "[",
      "\\",
      "1,",
      "9",
      "quota limit ",
      "account has been ",
      "try again in ",
      "maximum context length is 1 ",
      "余额",
      "https://",
      "0".repeat(60),
      "a1"
    ]
    const start = cpuMillis()
    let worst = 0
    for (const word of words) {
      const text = filler(word, 64 * 1024)
      for (const body of [
        text,
        JSON.stringify({ error: { message: text, code: text, type: text } }),
        `data: ${text}\n\n`
      ]) {
        const before = cpuMillis()
        classify({ status: 400, body, headers: { "retry-after": text, "x-ratelimit-reset": text } })
        worst = Math.max(worst, cpuMillis() - before)
      }
    }
    assert.isBelow(worst, 400)
    assert.isBelow(cpuMillis() - start, 8000)
  })

  it("and finds an error at the end of a long stream", () => {
    const stream = `${filler('data: {"choices":[{"delta":{"content":"insufficient_quota"}}]}\n\n', mebi)}event: error\ndata: ${error}\n\n`
    assert.strictEqual(Failure.classOf(classify({ status: 200, inStream: true, body: stream })), "Balance")
  })

  it("and reads an error with truncated JSON", () => {
    const cut = `${error.slice(0, -2)},"input":"${filler("x", 200_000)}`
    assert.strictEqual(Failure.classOf(classify({ status: 400, body: cut })), "Balance")
  })
})
