import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as JsonText from "../../../src/providers/bytes/JsonText.ts"

describe("changing a member in the text of a JSON object", () => {
  it("leaves every other byte unchanged", () => {
    assert.strictEqual(
      JsonText.set(
        '{ "a" : 1e400,"model":"smart" , "seed":12345678901234567890,\n"b":"\\u0041"}',
        "model",
        '"m"'
      ),
      '{ "a" : 1e400,"model":"m", "seed":12345678901234567890,\n"b":"\\u0041"}'
    )
  })

  it("adds and removes members", () => {
    assert.strictEqual(JsonText.set("{}", "a", "1"), '{"a":1}')
    assert.strictEqual(JsonText.set(' { "b" : [1,{"a":2}] } ', "a", "1"), '{ "b" : [1,{"a":2}] ,"a":1}')
    assert.strictEqual(JsonText.set('{"a":1,"b":2}', "a", undefined), '{"b":2}')
    assert.strictEqual(JsonText.set('{"a":1}', "a", undefined), "{}")
    assert.strictEqual(JsonText.set('{"a":1}', "b", undefined), '{"a":1}')
  })

  it("ignores the key inside strings and nested objects", () => {
    const text = '{"messages":[{"model":"x","content":"\\"model\\":\\"y\\" }"}],"model":"z"}'
    assert.deepStrictEqual(JSON.parse(JsonText.set(text, "model", '"m"')), {
      ...JSON.parse(text),
      model: "m"
    })
  })

  it("finds an escaped key, and keeps one occurrence of a duplicate key", () => {
    assert.strictEqual(JsonText.set('{"mod\\u0065l":"x","a":1}', "model", '"m"'), '{"model":"m","a":1}')
    assert.strictEqual(
      JsonText.set('{"model":"x","a":1,"model":"y","b":2}', "model", '"m"'),
      '{"a":1,"model":"m","b":2}'
    )
  })

  it("terminates on text that is not JSON", () => {
    for (const text of [
      "",
      "{",
      '{"',
      '{"a',
      '{"a"',
      '{"a":',
      '{"a":"',
      "[1]",
      "null",
      "{{{{",
      '{"a":[}',
      "}"
    ])
      assert.isString(JsonText.set(text, "model", '"m"'), text)
  })

  const Json = Schema.Record(Schema.String, Schema.Json)

  it.prop(
    "does what setting it in the object does",
    [Json, Schema.String, Schema.Json, Schema.Literals(["", "\n", "  "])],
    ([object, key, value, blank]) => {
      const set = (name: string) =>
        JsonText.set(JSON.stringify(object, null, blank), name, JSON.stringify(value))
      for (const name of [key, ...Object.keys(object)]) {
        // Written as text, because assigning `__proto__` creates no member.
        const expected = JSON.parse(
          JSON.stringify(Object.fromEntries([...Object.entries(object), [name, value]]))
        )
        assert.deepStrictEqual(JSON.parse(set(name)), expected)
        const { [name]: _, ...others } = object
        assert.deepStrictEqual(
          JSON.parse(JsonText.set(set(name), name, undefined)),
          JSON.parse(JSON.stringify(others))
        )
      }
    },
    { arbitrary: { runs: 300 } }
  )

  it("handles a megabyte of backslashes and quotes quickly", () => {
    const text = JSON.stringify({ a: "\\".repeat(500_000), b: '"'.repeat(500_000), c: [[["]"]]], model: "x" })
    assert.isTrue(JsonText.set(text, "model", '"m"').endsWith('"model":"m"}'))
  })

  it("handles millions of letters whose code ends in that of a quote as fast as others", () => {
    const worked = (letter: string): number => {
      const text = JSON.stringify({ a: `${letter.repeat(8_000_000)}"`, model: "x" })
      let least = Number.POSITIVE_INFINITY
      for (let round = 0; round < 5; round++) {
        const before = process.threadCpuUsage()
        assert.isTrue(JsonText.set(text, "model", '"m"').endsWith('"model":"m"}'))
        const { system, user } = process.threadCpuUsage(before)
        least = Math.min(least, system + user)
      }
      return least
    }
    assert.isBelow(worked("\u6f22"), 2 * worked("\u6f23") + 2_000)
  })
})
