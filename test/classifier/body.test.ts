/** What is read from a body, whatever its format. */
import { assert, describe, it } from "@effect/vitest"
import { type Reading, readBody } from "../../src/classifier/body/Body.ts"
import { embedded, readLiteral } from "../../src/classifier/body/LiteralReader.ts"

const read = (body: unknown, provider?: string): Reading => readBody(body, provider)
const texts = (body: unknown) => read(body).views.map(({ text }) => text)
const codes = (body: unknown) =>
  read(body).views.flatMap((view) => view.codes.map(({ field, value }) => `${field}=${value}`))
const finish = (body: unknown) => read(body).finish.map(({ field, value }) => `${field}=${value}`)
const bytes = (text: string) => new TextEncoder().encode(text)

describe("the form of a body", () => {
  it.each([
    [undefined, "empty"],
    [null, "empty"],
    ["", "empty"],
    [" \n ", "empty"],
    [new Uint8Array(), "empty"],
    ["<!DOCTYPE html><p>x", "html"],
    ["<!doctypehtml>", "html"],
    [" <HTML>", "html"],
    ["<head>", "html"],
    ["<body>", "html"],
    ["<!-- x -->", "html"],
    ["<p>x</p>", "html"],
    ["<Error><Code>Slow</Code></Error>", "json"],
    ["data: {}", "events"],
    ["event: x", "events"],
    ["id: 1", "events"],
    ["retry: 1", "events"],
    ["error: x", "events"],
    [": ping", "events"],
    ['{"a":1}\n{"b":2}', "events"],
    ['{"a":1}', "json"],
    ["[1]", "json"],
    ['{"a":', "json"],
    ["{'a': 1}", "json"],
    ['"quoted"', "json"],
    ["{no}", "text"],
    ["hello", "text"],
    ["x data: {}", "text"],
    ["database: x", "text"],
    [bytes('{"a":1}'), "json"],
    [bytes('{"a":1}').buffer, "json"],
    [new DataView(bytes('{"a":1}').buffer), "json"],
    [{ a: 1 }, "json"],
    [[], "json"],
    [1, "json"]
  ] as const)("%j is %s", (body, form) => {
    assert.strictEqual(read(body).form, form)
  })

  it("of a page or a text keeps its beginning, of nothing else", () => {
    const page = `<html>${"x".repeat(9_000)}`
    assert.strictEqual(read(` ${page}`).page, page.slice(0, 8_192))
    assert.strictEqual(read(`<p>${"x".repeat(9_000)}`).page.length, 8_192)
    assert.strictEqual(read("x".repeat(9_000)).page.length, 8_192)
    assert.strictEqual(read("x".repeat(9_000)).views[0]?.text.length, 8_192)
    for (const body of ["", '{"a":1}', "data: {}", '{"a":1}\n{"b":1}', "<Error><Code>a</Code></Error>"]) {
      assert.strictEqual(read(body).page, "")
    }
  })

  it("detects whether JSON breaks off", () => {
    assert.deepStrictEqual(
      ['{"a":1}', '{"a":1', '{"a":"x', "[1", "{'a':1}", '{"a":{"b":1}', "data: {", '{"a":1}\n{"b'].map(
        (body) => read(body).cut
      ),
      [false, true, true, true, false, true, false, false]
    )
  })

  it("keeps the values that were read, for the waits in them", () => {
    assert.deepStrictEqual(read('{"a":1}').roots, [{ a: 1 }])
    assert.deepStrictEqual(read("hello").roots, [])
    assert.deepStrictEqual(read('data: {"error":{"message":"x"}}').roots, [{ error: { message: "x" } }])
    assert.deepStrictEqual(read('data: {"choices":[]}').roots, [])
    assert.deepStrictEqual(read({ error: { message: 'x {"wait":1}' } }).roots, [
      { __proto__: null, wait: 1 },
      { error: { message: 'x {"wait":1}' } }
    ])
  })
})

describe("XML", () => {
  it("is read by its code and message", () => {
    const body = "<Error><Code> Slow </Code><Message>It is full</Message></Error>"
    assert.deepStrictEqual([texts(body), codes(body)], [["It is full"], ["Code=Slow"]])
    assert.deepStrictEqual(texts("<Error><Code>Slow</Code></Error>"), [""])
    assert.strictEqual(read("<Error><Message>It is full</Message></Error>").form, "html")
  })
})

describe("a stream of events", () => {
  it.each([
    ['data: {"error":{"message":"it is full"}}\n\n', ["it is full"]],
    ['data: {"error":{"message":"it is full"}}', ["it is full"]],
    ['data: {"error":\ndata: {"message":"it is full"}}\n\n', ["it is full"]],
    ['event: error\ndata: {"message":"it is full"}\n\n', ["it is full"]],
    ['event: error\r\ndata: {"message":"it is full"}\r\n\r\n', ["it is full"]],
    ['event: error\rdata: {"message":"it is full"}\r\r', ["it is full"]],
    ['event: x\ndata: {"a":1}\nevent: error\ndata: {"message":"it is full"}', ["it is full"]],
    ['event: x\n\ndata: {"message":"it is full"}\n\n', []],
    ["event: error\ndata: it is full\n\n", ["it is full"]],
    ["data: [ERROR] it is full\n\n", ["[ERROR] it is full"]],
    ["data: Error: it is full\n\n", ["Error: it is full"]],
    ["data: it is full\n\n", []],
    ["data: errors are full\n\n", []],
    ["error: it is full\n\n", ["it is full"]],
    ['id: 1\n{"error":{"message":"it is full"}}', ["it is full"]],
    ["data: [DONE]\n\n", []],
    ["data:\n\n", []],
    ['data: {"error":{"message":"one"}}\n\ndata: {"error":{"message":"two"}}\n\n', ["two"]],
    ['data: {"error":{"message":"one"}}\n\ndata: {"type":"error"}\n\n', [""]],
    ['data: {"error":{"message":"one"}}\n\ndata: {"error":{}}\n\n', ["one"]],
    ['data: {"type":"error","message":"it is full"}\n\n', ["it is full"]],
    ['data: {"type":"response.failed","message":"it is full"}\n\n', ["it is full"]],
    ['data: {"type":"stream_error","message":"it is full"}\n\n', ["it is full"]],
    ['data: {"type":"terror","message":"it is full"}\n\n', []],
    ['data: {"type":"error.x","message":"it is full"}\n\n', []],
    ['event: exception\ndata: {"message":"it is full"}\n\n', ["it is full"]],
    ['event: failed\ndata: {"message":"it is full"}\n\n', ["it is full"]],
    ['data: {"throttlingException":{"message":"it is full"}}\n\n', ["it is full"]],
    ['data: {"code":7,"message":"it is full"}\n\n', ["it is full"]],
    ['data: {"code":7,"msg":"it is full"}\n\n', ["it is full"]],
    ['data: {"code":7,"message":{}}\n\n', []],
    ['data: {"code":7,"message":"it is full","choices":[]}\n\n', []],
    ['data: {"message":"it is full"}\n\n', []],
    ['data: {"base_resp":{"status_code":0,"status_msg":"it is fine"}}\n\n', []],
    ['data: {"base_resp":{"status_code":"0","status_msg":"it is fine"}}\n\n', []],
    ['data: {"base_resp":{"status_code":1002,"status_msg":"it is full"}}\n\n', ["it is full"]],
    ['data: {"error":null}\n\n', []],
    ['data: {"error":{}}\n\n', []]
  ])("%j has the errors %j", (body, expected) => {
    const found = texts(body)
    assert.deepStrictEqual(found, expected)
  })

  it("is read at both ends if it is long", () => {
    const middle = 'data: {"choices":[]}\n\n'.repeat(8_000)
    const first = 'data: {"choices":[{"finish_reason":"length"}]}\n\n'
    const last = 'data: {"error":{"message":"it is full"}}\n\n'
    for (const body of [`${first}${middle}${last}`, bytes(`${first}${middle}${last}`)]) {
      assert.deepStrictEqual([finish(body), texts(body)], [["finish_reason=length"], ["it is full"]])
    }
    assert.deepStrictEqual(texts(`${middle}${last}${middle}`), [])
  })

  it("may be lines of JSON, of which the first one is whole", () => {
    const line = '{"error":{"message":"it is full"}}'
    assert.deepStrictEqual(texts(`{"done":false}\n  ${line}\n`), ["it is full"])
    assert.deepStrictEqual(texts(`${line}\n\nnot read\n`), ["it is full"])
    assert.strictEqual(read('{"a":\n1}').form, "json")
    assert.strictEqual(read('{"a":{}\n}').form, "json")
    assert.strictEqual(read('{oh}\n{"a":1}').form, "text")
    assert.strictEqual(read('["a",\n{"b":1}]').form, "json")
  })
})

describe("plain text", () => {
  it("has the errors that are quoted in it, and then the text around them", () => {
    assert.deepStrictEqual(texts('failed: {"message":"it is full"} now'), ["it is full", "failed:   now"])
  })
})

describe("an answer", () => {
  it.each([
    [{ choices: [{ finish_reason: "length" }] }, ["finish_reason=length"]],
    [
      { choices: [{ finish_reason: "stop", native_finish_reason: "x" }] },
      ["native_finish_reason=x", "finish_reason=stop"]
    ],
    [{ output: { choices: [{ finish_reason: "length" }] } }, ["finish_reason=length"]],
    [{ response: { choices: [{ finish_reason: "length" }] } }, ["finish_reason=length"]],
    [{ choices: [{ message: { refusal: "no" } }] }, ["refusal=refusal"]],
    [{ choices: [{ delta: { refusal: "no" } }] }, ["refusal=refusal"]],
    [{ choices: [{ message: { refusal: "" } }] }, []],
    [{ candidates: [{ finishReason: "SAFETY" }] }, ["finishReason=SAFETY"]],
    [{ promptFeedback: { blockReason: "OTHER" } }, ["blockReason=SAFETY"]],
    [{ promptFeedback: { blockReason: "BLOCK_REASON_UNSPECIFIED" } }, []],
    [{ promptFeedback: { blockReason: "" } }, []],
    [{ promptFeedback: { blockReason: 1 } }, []],
    [{ incomplete_details: { reason: "max" } }, ["incomplete_details.reason=max"]],
    [{ stop_reason: "a" }, ["stop_reason=a"]],
    [{ stopReason: "a" }, ["stopReason=a"]],
    [{ finish_reason: "a" }, ["finish_reason=a"]],
    [{ done_reason: "a" }, ["done_reason=a"]],
    [{ delta: { stop_reason: "a" } }, ["delta.stop_reason=a"]],
    [{ message: { stop_reason: "a" } }, ["message.stop_reason=a"]],
    [{ messageStop: { stopReason: "a" } }, ["messageStop.stopReason=a"]],
    [{ "amazon-bedrock-guardrailAction": "INTERVENED" }, ["guardrailAction=guardrail_intervened"]],
    [{ "amazon-bedrock-guardrailAction": "NONE" }, []],
    [
      [{ stop_reason: "a" }, { stop_reason: "b" }],
      ["stop_reason=a", "stop_reason=b"]
    ],
    [{ stop_reason: "" }, []],
    [{ stop_reason: 5 }, []]
  ])("%j ended by %j", (body, expected) => {
    assert.deepStrictEqual(finish(body), expected)
  })

  it("has at most sixteen reasons, and those of the first four of a list", () => {
    const list = Array.from({ length: 9 }, (_, i) => ({ stop_reason: `r${i}` }))
    assert.deepStrictEqual(finish(list), [
      "stop_reason=r0",
      "stop_reason=r1",
      "stop_reason=r2",
      "stop_reason=r3"
    ])
    const many = Array.from({ length: 30 }, (_, i) => `data: {"stop_reason":"r${i}"}\n\n`).join("")
    assert.lengthOf(finish(many), 16)
  })

  it.each([
    [{ choices: [{ message: { content: "a" } }] }, true],
    [{ choices: [{ message: { content: [{}] } }] }, true],
    [{ choices: [{ delta: { content: "a" } }] }, true],
    [{ choices: [{ message: { content: " " } }] }, false],
    [{ choices: [{ message: { content: [] } }] }, false],
    [{ choices: [{ message: { content: null } }] }, false],
    [{ choices: [{ message: { tool_calls: [{}] } }] }, true],
    [{ choices: [{ message: { tool_calls: [] } }] }, false],
    [{ choices: [{ text: "a" }] }, true],
    [{ candidates: [{ content: { parts: [{}] } }] }, true],
    [{ candidates: [{ content: { parts: [] } }] }, false],
    [{ delta: { text: "a" } }, true],
    [{ delta: { content: "a" } }, true],
    [{ delta: { partial_json: "a" } }, true],
    [{ delta: {} }, false],
    [{ delta: "a" }, true],
    [{ delta: 1 }, false],
    [{ message: { content: "a" } }, true],
    [{ message: { content: "" } }, false],
    [{ content: [{}] }, true],
    [{ content: [] }, false],
    [{ output: "a" }, true],
    [{ output: 1 }, false],
    [{ error: "a" }, false]
  ])("%j has content: %s", (body, expected) => {
    assert.strictEqual(read(body).content, expected)
  })
})

describe("a literal", () => {
  const value = (text: string) => {
    const found = readLiteral(text)
    return found === undefined ? undefined : JSON.parse(JSON.stringify(found.value))
  }
  it.each([
    ["{}", {}],
    [" \n\t\r{ }", {}],
    ["{'a': 'b'}", { a: "b" }],
    ["{'a': \"it's\"}", { a: "it's" }],
    [
      "{'a': True, 'b': False, 'c': None, 'd': NaN, 'e': undefined, 'f': null, 'g': true, 'h': false}",
      { a: true, b: false, c: null, d: null, e: null, f: null, g: true, h: false }
    ],
    ["{'a': 1.5e3, 'b': -2}", { a: 1500, b: -2 }],
    ['{"a":"x\\n\\t\\r\\b\\f\\"\\\\\\/"}', { a: 'x\n\t\r\b\f"\\/' }],
    ['{"a":"\\u0041b"}', { a: "Ab" }],
    ['{"a":"\\uzzzzb"}', { a: "b" }],
    ['{"a":"\\u004', { a: "\u0004" }],
    ['{"a":[1,[2],{"b":3}]}', { a: [1, [2], { b: 3 }] }],
    ["[1,,2,]", [1, 2]],
    ['{"a":1,,"b":2,}', { a: 1, b: 2 }],
    ['{\\n "a":\\t1\\r}', { a: 1 }],
    ['{"a":"x', { a: "x" }],
    ['{"a":"x\\', { a: "x" }],
    ['{"a":1,"b":', { a: 1 }],
    ['{"a":1,"b"', { a: 1 }],
    ['{"a":1,"b', { a: 1 }],
    ['{"a":[1,', { a: [1] }],
    ['{"a":tr', { a: null }],
    ['{"a":12', { a: 12 }],
    ["{a: 1}", undefined],
    ['{"a" 1}', undefined],
    ['{"a": maybe}', undefined],
    ['{"a": ;}', undefined],
    ["[maybe]", undefined],
    ["(1)", undefined],
    ["1", undefined],
    ["", undefined]
  ])("%j is %j", (text, expected) => {
    assert.deepStrictEqual(value(text), expected)
  })

  it("ends after its last mark, and is whole if that closes it", () => {
    const at = (text: string, from?: number) => {
      const { end, whole } = readLiteral(text, from)!
      return [end, whole]
    }
    assert.deepStrictEqual(at('{"a":1} rest'), [7, true])
    assert.deepStrictEqual(at("[1] rest"), [3, true])
    assert.deepStrictEqual(at('x {"a":1', 2), [8, false])
    assert.deepStrictEqual(at('{"a":{}'), [7, false])
    assert.deepStrictEqual(at("{'a':'}"), [7, false])
    assert.deepStrictEqual(at("[{}"), [3, false])
  })

  it("is read 48 levels deep", () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth)
    assert.isDefined(readLiteral(nested(48)))
    assert.isUndefined(readLiteral(nested(49)))
  })

  it("has words of at most 40 characters", () => {
    assert.deepStrictEqual(value(`[${"1".repeat(40)}]`), [Number("1".repeat(40))])
    assert.isUndefined(value(`[${"x".repeat(41)}`))
    assert.deepStrictEqual(value(`[${"x".repeat(40)}`), [null])
  })
})

describe("the literals in a sentence", () => {
  const found = (text: string) => {
    const { prose, values } = embedded(text)
    return [prose, JSON.parse(JSON.stringify(values))]
  }
  it.each([
    ["nothing here", ["nothing here", []]],
    ["a {'b': 1} c", ["a   c", [{ b: 1 }]]],
    ["a {'b': 1} c {'d': 2}", ["a   c  ", [{ b: 1 }, { d: 2 }]]],
    ["a {} b {'c': 1}", ["a {} b  ", [{ c: 1 }]]],
    ["a {x} b {'c': 1}", ["a {x} b  ", [{ c: 1 }]]],
    ['a {\\"b\\":\\"c\\"} d', ["a  ", [{ b: "c" }]]],
    ['a {\\n \\"b\\":1}', ["a  ", [{ b: 1 }]]],
    ['a {\\"b\\":\\"x\\\\\\"y\\"}', ["a  ", [{ b: 'x"y' }]]],
    ["a {'b': {'c': 1}} d", ["a   d", [{ b: { c: 1 } }]]],
    ["a {'b': 'c", ["a  ", [{ b: "c" }]]]
  ])("%j: %j", (text, expected) => {
    assert.deepStrictEqual(found(text), expected)
  })

  it("are looked for at twelve places", () => {
    assert.deepStrictEqual(embedded(`${"{x".repeat(11)} {'a':1}`).values.length, 1)
    assert.deepStrictEqual(embedded(`${"{x".repeat(12)} {'a':1}`).values.length, 0)
  })
})
