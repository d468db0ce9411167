/** How a sentence is prepared, and what its beginning tells. */
import { assert, describe, it } from "@effect/vitest"
import { classify } from "../../src/classifier/Classifier.ts"
import { fromServerText, fromText, leadingNames, prepare } from "../../src/classifier/signals/Texts.ts"
import { wrappedStatus } from "../../src/classifier/signals/WrappedStatus.ts"

describe("a prepared text", () => {
  it.each([
    ["It Is FULL", "it is full"],
    ["It’s ‘full’", "it's …"],
    ["One.  Two!\nThree? Four", "one. two. three?. four"],
    ["One。Two！Three？Four;Five", "one. two. three. four. five"],
    ["Version 1.5 is out. Next", "version 1·5 is out. next"],
    ["In 2026. Next", "in 2026. next"],
    ["Wait 5! Next", "wait 5. next"],
    ["Bad https://example.com/a b", "bad b"],
    ["at http://example.com/limits it is full", "at it is full"],
    ["It broke\n    at f (x.js)", "it broke"],
    ["It broke. Traceback (most recent call last): x", "it broke"],
    ["It broke. Stack trace: x", "it broke"],
    ["It broke. stacktrace: x", "it broke"],
    ["It broke\nstack: x", "it broke"],
    ["...", ""],
    ["", ""],
    // Quoted names of others are masked, those of parameters are not.
    ["The model `rate-limit-9` is old", "the model … is old"],
    ["The model 'rate' is old", "the model … is old"],
    ['The model "rate" is old', "the model … is old"],
    ["The model “rate” is old", "the model … is old"],
    ["(`rate`)", "(…)"],
    ["[`rate`]", "[…]"],
    ["{`rate`}", "{…}"],
    ["a=`rate`, b:`rate`; c/`rate`/", "a=…, b:…. c/…/"],
    ["The `max_tokens` is high", "the max_tokens is high"],
    ["The `input` is high", "the input is high"],
    ["The ` prompt_length ` is high", "the prompt_length is high"],
    ["The `max_tokens_9` is high", "the … is high"],
    ["The `xmax` is high", "the … is high"],
    ["The `max_a_b_c_d_e_f` is high", "the … is high"],
    ["x`rate` is old", "x`rate` is old"],
    ["`rate`x is old", "`rate`x is old"],
    ["`a\nb` is old", "`a b` is old"],
    // A phrase is masked only if the words before it show that it is input.
    ['It said "rate limit reached" today', 'it said "rate limit reached" today'],
    ['The tool "rate limit reached" is old', "the tool … is old"],
    ['The tool: "rate limit reached" is old', "the tool: … is old"],
    ['for "rate limit reached"', "for …"],
    ['The tool that is here "rate limit reached"', 'the tool that is here "rate limit reached"'],
    ['The stool "rate limit reached"', 'the stool "rate limit reached"'],
    // Advice is left out, unless the text is nothing else.
    ["It is full. For more information see x", "it is full"],
    ["It is full. To learn more x", "it is full"],
    ["It is full. To increase x", "it is full"],
    ["It is full. Please see x", "it is full"],
    ["It is full. Visit x", "it is full"],
    ["It is full. Need more x", "it is full"],
    ["It is full. Want more x", "it is full"],
    ["It is full. Upgrade to x", "it is full"],
    ["It is full. Upgrade your x", "it is full"],
    ["It is full. Add your own key x", "it is full"],
    ["It is full. Please add 1,000 credits x", "it is full"],
    ["It is full. You can increase x", "it is full"],
    ["It is full. You may also x", "it is full"],
    ["It is full. If you x", "it is full"],
    ["It is full. You might x", "it is full"],
    ["It is full. Please reduce the prompt length or the maximum tokens x", "it is full"],
    ["It is full. Please modify your prompt x", "it is full"],
    ["Please see x", "please see x"],
    ["It is full. Not to see x", "it is full. not to see x"],
    ["It is full. Forever more information", "it is full. forever more information"]
  ])("of %j is %j", (text, expected) => {
    assert.strictEqual(prepare(text), expected)
  })

  it("is that of the first 8,192 characters", () => {
    assert.strictEqual(prepare("x".repeat(9_000)).length, 8_192)
  })
})

describe("a verdict by words", () => {
  it("has the matched words as evidence, at most 80 characters", () => {
    assert.deepStrictEqual(fromText("sorry, too many requests now"), {
      as: "RateLimit",
      evidence: 'text "too many requests"'
    })
    assert.deepStrictEqual(fromServerText("an internal server error"), {
      as: "ServerError",
      evidence: 'text "internal server error"'
    })
    assert.deepStrictEqual(
      [fromText(""), fromText("hm"), fromServerText(""), fromServerText("hm")],
      [undefined, undefined, undefined, undefined]
    )
  })
})

describe("a status in a sentence", () => {
  it.each([
    ["Request failed with status code 429", 429],
    ["Error code: 429 - {'x': 1}", 429],
    ["bad status code 429", 429],
    ["bad response status code: 429", 429],
    ["unexpected status 429 Too Many", 429],
    ["429 Client Error: Too Many", 429],
    ["  500 server error: x", 500],
    ["Client error '429 Too Many' for url", 429],
    ["Server error '503 x", 503],
    ["API Error (status 429 x", 429],
    ["last status: 429", 429],
    ["upstream returned 429", 429],
    ["upstream responded with 429", 429],
    ["upstream error: 429", 429],
    ["upstream error 429", 429],
    ["upstream returned an HTTP error status code: 429", 429],
    ["429 status code (no body)", 429],
    ["<429> InternalError.Algo: x", 429],
    ["request failed with status: 429 Too Many Requests", 429],
    ["API returned unexpected status code: 429: x", 429],
    ["API returned status 429", 429],
    ["Provider error 429: x", 429],
    ["HTTP 429 Too Many Requests from https://api.cohere.ai/v1/chat", 429],
    ["Remote sent 429 response: x", 429],
    ["failed to create chat stream completion: HTTP 429 (Code 20015): x", 429],
    ["error, status code: 429, status: 429 Too Many Requests, message: x", 429],
    ["Message: Expected status code 200 but was 429", 429],
    ["HTTP 429 (see below)", undefined],
    ["API 请求失败: 状态码 429, 错误信息: x", 429],
    ["<429>x", undefined],
    ["see <429> x", undefined],
    ["an API error 4290 x", undefined],
    ["429 status code (no body) x", undefined],
    ["it is 429 status code (no body)", undefined],
    ["an 429 client error: x", undefined],
    ["status 429", undefined],
    ["Request failed with status code 4290", undefined],
    [`${"x".repeat(2_048)} upstream returned 429`, undefined]
  ])("%j: %s", (text, expected) => {
    assert.strictEqual(wrappedStatus(text), expected)
  })
})

describe("the names at the start of a sentence", () => {
  it.each([
    ["ThrottlingException: slow", ["ThrottlingException"]],
    ["  Throttling: slow", ["Throttling"]],
    ["litellm.RateLimitError: AnthropicException: x", ["RateLimitError", "AnthropicException"]],
    ["Error: OverloadedError: x", ["OverloadedError"]],
    ["An error occurred (AccessDenied) when", ["AccessDenied"]],
    ["an ERROR occurred (AccessDenied): x", ["AccessDenied"]],
    ["and an error occurred (AccessDenied)", []],
    ["Aaaa: Bbbb: Cccc: Dddd: Eeee: x", ["Aaaa", "Bbbb", "Cccc", "Dddd"]],
    ["Abc: x", []],
    ["A-b_c: x", ["A-b_c"]],
    ["9abcd: x", []],
    ["two words: x", []],
    ["Name:x", []],
    [`${"A".repeat(61)}: x`, ["A".repeat(61)]],
    [`${"A".repeat(62)}: x`, []],
    ["Name", []]
  ])("%j: %j", (text, expected) => {
    assert.deepStrictEqual(leadingNames(text), expected)
  })
})

describe("a text that an attacker chose", () => {
  it.each([
    ["0,", {}],
    ["max_", { code: "integer_above_max_value" }]
  ])("takes a time that grows with its length: many %s", (part, more) => {
    const text = part.repeat(30_000)
    const startedAt = process.cpuUsage()
    for (const error of [{ message: text, param: text, ...more }])
      assert.strictEqual(
        classify({ provider: "a", status: 400, body: { errors: Array(24).fill(error) } })._tag,
        "BadRequest"
      )
    assert.isBelow(process.cpuUsage(startedAt).user / 1_000, 200)
  })
})
