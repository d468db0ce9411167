/** The errors in a JSON value: which objects hold one, and what is read from each. */
import { assert, describe, it } from "@effect/vitest"
import { readBody } from "../../src/classifier/body/Body.ts"
import type { ErrorView } from "../../src/classifier/body/ErrorView.ts"
import { tokensOf } from "../../src/classifier/body/Tokens.ts"

const views = (body: unknown, provider?: string): ReadonlyArray<ErrorView> => readBody(body, provider).views
const texts = (body: unknown) => views(body).map(({ text }) => text)
const codes = (body: unknown) =>
  views(body).map((view) => view.codes.map(({ field, value }) => `${field}=${value}`).join(" "))
const last = (body: unknown, provider?: string) => views(body, provider).at(-1)
const inner = { message: "it is full" }

describe("an error is found", () => {
  const containers =
    "error err errors message msg base_resp detail details inner_error innerErrors exception fault failure cause upstream upstreamError original_error provider_error lastError body response_body rawResponse metadata error_details errorBody caused_by"
  it.each(containers.split(" "))("in %s", (name) => {
    assert.deepStrictEqual(texts({ [name]: inner }), ["it is full"])
  })

  it.each(["error", "err", "errors", "lastError"])(
    "in response.%s, data.%s and such, as object or text",
    (name) => {
      for (const envelope of ["response", "data", "result", "header", "payload"]) {
        assert.deepStrictEqual(texts({ [envelope]: { [name]: inner } }), ["it is full"])
        assert.deepStrictEqual(texts({ [envelope]: { [name]: "it is full" } }), ["it is full"])
        assert.deepStrictEqual(texts({ [envelope]: { [name]: 5 } }), [])
      }
    }
  )

  it.each([
    [{ header: { code: 11, message: "it is full" } }, ["it is full"]],
    [{ header: { message: "it is full" } }, []],
    [{ header: { code: 11 } }, []],
    [{ payload: { code: 11, message: "it is full" } }, []],
    [{ response: { data: inner } }, ["it is full"]],
    [{ result: { data: inner } }, []],
    [{ response: { data: "it is full" } }, []],
    [{ choices: [{ error: inner }] }, ["it is full"]],
    [{ choices: [{}, { error: inner }] }, []],
    [{ choices: [], x_groq: { id: "r", error: "it is full" } }, ["it is full"]],
    [{ throttlingException: inner }, ["it is full"]],
    [{ InternalFault: inner }, ["it is full"]],
    [{ exceptional: inner }, []],
    [{ other: inner }, []],
    [{ errors: [inner, { message: "second" }] }, ["it is full", "second"]],
    [{ errors: [{ message: "x" }], message: "it is full" }, ["it is full"]],
    [{ errors: { a: 1, message: "x" }, message: "it is full" }, ["x", "it is full"]],
    [{ details: [{ message: "x" }], message: "it is full" }, ["it is full"]],
    [{ details: { message: "x" }, message: "it is full" }, ["x", "it is full"]],
    [{ message: 'it is full: {"message":"why"}' }, ["why", "it is full:  "]],
    [["it is full"], ["it is full"]],
    [["  "], []],
    [{ error: "it is full" }, ["it is full"]],
    [{ error: " " }, []],
    [{}, []],
    [{ status: 200 }, []],
    [{ status: 500 }, [""]]
  ] as ReadonlyArray<readonly [unknown, ReadonlyArray<string>]>)("%j: %j", (body, expected) => {
    assert.deepStrictEqual(texts(body), expected)
  })

  it("in the first and the last four of a list", () => {
    const list = Array.from({ length: 12 }, (_, i) => ({ message: `is ${i}` }))
    assert.deepStrictEqual(
      texts(list),
      [0, 1, 2, 3, 8, 9, 10, 11].map((i) => `is ${i}`)
    )
    assert.deepStrictEqual(
      texts(list.slice(0, 8)),
      [0, 1, 2, 3, 4, 5, 6, 7].map((i) => `is ${i}`)
    )
    assert.deepStrictEqual(
      texts(list.slice(0, 9)),
      [0, 1, 2, 3, 5, 6, 7, 8].map((i) => `is ${i}`)
    )
  })

  it("eight levels deep", () => {
    const nested = (depth: number): unknown => (depth === 0 ? inner : { error: nested(depth - 1) })
    assert.deepStrictEqual(texts(nested(8)), ["it is full"])
    assert.deepStrictEqual(texts(nested(9)), [])
  })

  it("in at most 24 places, and of the values in texts eight are kept", () => {
    const few = (i: number) => ({
      errors: Array.from({ length: 8 }, (_, j) => ({ message: `is ${i} ${j}` }))
    })
    assert.lengthOf(views(Array.from({ length: 8 }, (_, i) => few(i))), 24)
    const quoted = Array.from({ length: 8 }, (_, i) => ({ message: `a {"b":${i}} c {"d":${i}}` }))
    assert.lengthOf(readBody(quoted, undefined).roots, 9)
  })

  it("under its own name as the type, if that is an exception", () => {
    assert.deepStrictEqual(codes({ throttling_Exception: { message: "it is full", code: "x" } }), [
      "code=x type=throttling_Exception"
    ])
  })
})

describe("the sentence of an error", () => {
  const names =
    "message msg error_message errorMsg errMsg status_msg statusMessage description error_description detail details error err raw faultString reason title response_body body user_facing_message grpc_message"
  it.each(names.split(" "))("is in %s", (name) => {
    assert.deepStrictEqual(texts({ [name]: "it is full" }), ["it is full"])
  })

  it.each([
    [{ message: "one one", detail: "two two" }, "one one. two two"],
    [{ message: "one one", detail: "one one" }, "one one"],
    [{ message: "word", detail: "two two" }, "word. two two"],
    [{ msg: "word" }, "word"],
    [{ message: "one one", detail: "word" }, "one one"],
    [{ message: " ", detail: "two two" }, "two two"],
    [{ message: "a a", msg: "b b", description: "c c", detail: "d d", title: "e e" }, "a a. b b. c c. d d"],
    [{ other: "one one", code: 500 }, ""]
  ])("%j is %j", (body, expected) => {
    assert.strictEqual(last(body)?.text, expected)
  })

  it.each([
    [[{ msg: "bad", loc: ["body", "messages", 0] }], "body.messages.0: bad"],
    [[{ msg: "bad", loc: ["body", {}, "x"] }], "body..x: bad"],
    [[{ msg: "bad", loc: [1, 2, 3, 4, 5, 6, 7] }], "1.2.3.4.5.6: bad"],
    [[{ msg: "bad", loc: [] }], "bad"],
    [[{ msg: "bad", loc: "body" }], "bad"],
    [[{ msg: "bad" }, { msg: "worse" }], "bad; worse"],
    [Array.from({ length: 6 }, (_, i) => ({ msg: `m${i}` })), "m0; m1; m2; m3"]
  ])("of a validation %j is %j", (detail, expected) => {
    assert.deepStrictEqual(texts({ detail }), [expected])
    assert.deepStrictEqual(texts(detail), [expected])
    assert.deepStrictEqual(codes(detail), [""])
    assert.deepStrictEqual(texts({ error: { detail, message: "no no" } }), [`no no. ${expected}`])
  })

  it("is none of a list without validation", () => {
    assert.deepStrictEqual(texts({ detail: [{ msg: "bad" }, { input: "x" }] }), ["bad"])
    assert.deepStrictEqual(texts([]), [])
  })
})

describe("the machine fields of an error", () => {
  const names =
    "code errorCode err_code reason type error_type limit_source kind subCode error_subcode exceptionType status error name message"
  it("are read by priority", () => {
    const all = Object.fromEntries(
      names
        .split(" ")
        .toReversed()
        .map((name) => [name, `v.${name}`])
    )
    assert.strictEqual(
      codes(all).at(-1),
      names
        .split(" ")
        .map((name) => `${name.toLowerCase().replace("_", "")}=v.${name}`)
        .join(" ")
    )
  })

  it.each([
    [{ code: " x " }, "code=x"],
    [{ code: "two words" }, "code=two words"],
    [{ type: "two words", status: 500 }, ""],
    [{ code: " ", status: 500 }, ""],
    [{ code: "x".repeat(120) }, `code=${"x".repeat(120)}`],
    [{ code: "x".repeat(121), status: 500 }, ""],
    [{ type: "x".repeat(121), status: 500 }, ""],
    [{ code: 5, status: 500 }, ""],
    [{ code: "a.b#c:/+-_9" }, "code=a.b#c:/+-_9"],
    [{ code: "first", Code: "second" }, "code=first"],
    [
      {
        type: "t",
        message: "m m",
        errors: [{ reason: "r1" }, { reason: "r2" }, { reason: 3 }, {}, { reason: "r5" }]
      },
      "type=t errors.reason=r1 errors.reason=r2"
    ],
    [{ message: "m m", errors: [{ reason: "r1" }, { reason: "not one" }] }, "errors.reason=r1"],
    [{ code: 403, status: "S", type: " ", errors: [{ reason: "r1" }] }, "errors.reason=r1 status=S"],
    [
      { code: "c", details: [{ reason: "R1" }, { reason: "not one" }, { reason: "R2" }] },
      "details.reason=R1 details.reason=R2 code=c"
    ]
  ])("of %j are %j", (body, expected) => {
    assert.strictEqual(codes(body).at(-1), expected)
  })

  it("of a text are itself if it is one word", () => {
    assert.deepStrictEqual(codes(["slow_down", "slow down"]), ["error=slow_down", ""])
  })
})

describe("what an error names", () => {
  const statusNames =
    "code status status_code httpCode http_status httpStatusCode upstream_status raw_status_code original_status_code error_code"
  it.each(statusNames.split(" "))("has its status in %s", (name) => {
    assert.deepStrictEqual(
      [429, "429", " 429 ", 399, 600, 429.5].map((value) => last({ [name]: value, message: "m m" })?.status),
      [429, 429, 429, undefined, undefined, undefined]
    )
  })

  it("has its first status, and its parameter", () => {
    assert.strictEqual(last({ status: 401, code: 402 })?.status, 402)
    assert.deepStrictEqual(
      ["x", 5, undefined].map((param) => last({ param, message: "m m" })?.param),
      ["x", undefined, undefined]
    )
    assert.deepStrictEqual(last({ message: "m m", a: 1 })?.source, { message: "m m", a: 1 })
  })

  it.each([
    [{ status_code: 7, status_msg: "" }, undefined, "minimax", 7],
    [{ status_code: 7, message: "m m" }, undefined, undefined, undefined],
    [{ status_msg: "m m", code: 7 }, undefined, undefined, undefined],
    [{ raw_status_code: 422, code: 7 }, undefined, "mistral", 7],
    [{ error_code: 7, error_msg: "m m" }, undefined, "baidu", 7],
    [{ error_code: 7, message: "m m" }, undefined, undefined, undefined],
    [{ error_msg: "m m", code: 7 }, undefined, undefined, undefined],
    [{ sid: "x", code: 7 }, undefined, "spark", 7],
    [{ sid: "x", errcode: 7, message: "m m" }, undefined, undefined, undefined],
    [{ code: 7, message: "m m" }, "zai", "zhipu", 7],
    [{ code: 0, message: "m m" }, "zai", "zhipu", undefined],
    [{ code: "1000", message: "m m" }, undefined, "zhipu", 1000],
    [{ code: "1399", message: "m m" }, undefined, "zhipu", 1399],
    [{ code: "999", message: "m m" }, undefined, undefined, undefined],
    [{ code: "1400", message: "m m" }, undefined, undefined, undefined],
    [{ code: 1000, message: "m m" }, undefined, undefined, undefined],
    [{ code: "1000", type: "t", message: "m m" }, undefined, undefined, undefined],
    [{ code: "1000", object: "error", message: "m m" }, undefined, undefined, undefined],
    [{ code: 20_000, message: "m m" }, undefined, "siliconflow", 20_000],
    [{ code: 59_999, data: null }, undefined, "siliconflow", 59_999],
    [{ code: 19_999, message: "m m" }, undefined, undefined, undefined],
    [{ code: 60_000, message: "m m" }, undefined, undefined, undefined],
    [{ code: 20_000, msg: "m m" }, undefined, undefined, undefined],
    [{ code: 20_000.5, message: "m m" }, undefined, undefined, undefined],
    [{ code: "12345678", message: "m m" }, "zai", "zhipu", undefined]
  ] as const)("of %j at %s is the vendor %s and the number %s", (body, provider, dialect, number) => {
    const view = last(body, provider)
    assert.deepStrictEqual(
      [view?.vendor, view?.number],
      [dialect, dialect === undefined || number === undefined ? undefined : [dialect, number]]
    )
  })

  it.each([
    [{ code: 429, status: "RESOURCE_EXHAUSTED", message: "m m" }, true, false],
    [{ code: 429, status: "INTERNAL", message: "m m" }, true, false],
    [{ code: "429", status: "INTERNAL", message: "m m" }, false, false],
    [{ code: 429, status: "failed", message: "m m" }, false, false],
    [{ code: 429, status: "_X", message: "m m" }, false, false],
    [{ code: 429, status: 5, message: "m m" }, false, false],
    [{ message: "m m", details: [{ "@type": "x" }] }, true, false],
    [{ message: "m m", details: [{ "@type": 5 }] }, false, false],
    [{ message: "m m", details: [{ type: "x" }] }, false, false],
    [{ message: "m m", details: [{ violations: [{}, { quotaValue: "0" }] }] }, false, true],
    [{ message: "m m", details: [{ violations: [{ quotaValue: 0 }] }] }, false, true],
    [{ message: "m m", details: [{ violations: [{ quotaValue: "5" }] }] }, false, false],
    [{ message: "m m", details: [...Array(7).fill({}), { "@type": "x" }] }, true, false],
    [{ message: "m m", details: [...Array(8).fill({}), { "@type": "x" }] }, false, false],
    [
      { message: "m m", details: [{ violations: [...Array(8).fill({}), { quotaValue: "0" }] }] },
      false,
      false
    ],
    [{ message: "m m", details: { "0": { "@type": "x" } } }, false, false]
  ] as const)("of %j is Google's: %s, with a quota of zero: %s", (body, google, zeroQuota) => {
    const view = last(body)
    assert.deepStrictEqual([view?.google, view?.zeroQuota], [google, zeroQuota])
  })

  it("has the sizes of an overflow in fields or in its text", () => {
    assert.deepStrictEqual(tokensOf(views({ n_ctx: 5, n_prompt_tokens: 7, message: "m m" })), {
      limit: 5,
      actual: 7
    })
    const words = { error: { message: "m m" }, message: "prompt is too long: 7 tokens > 5 maximum" }
    assert.deepStrictEqual(tokensOf(views(words)), { limit: 5, actual: 7 })
    assert.deepStrictEqual(tokensOf(views({ message: "m m" })), {})
  })
})
