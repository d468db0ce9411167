/** `NaN` and `Infinity` outside of strings are read as `null`. */
import { assert, describe, it } from "@effect/vitest"
import { finite } from "../../../src/providers/bytes/NotNumbers.ts"

const made = (text: string) => {
  const bytes = finite(Buffer.from(text))
  return bytes && Buffer.from(bytes).toString()
}

describe("numbers that JSON does not have", () => {
  it("become null outside of strings, with their sign", () => {
    assert.strictEqual(
      made('{"a":NaN,"b":[-Infinity, Infinity,-1],"c":"é"}'),
      '{"a":null,"b":[null, null,-1],"c":"é"}'
    )
    assert.strictEqual(made("NaN"), "null")
  })

  it("stay in strings, also behind escapes, and as parts of other words", () => {
    const text = '{"a":"NaN \\" NaN \\\\","NaN":"Infinity"'
    assert.isUndefined(made(`${text}}`))
    assert.strictEqual(made(`${text},"b":NaN}`), `${text},"b":null}`)
    assert.isUndefined(made("NaNs aNaN 1NaN NaN_ Infinity9"))
  })

  it("stay in a string that breaks off, with the text or with its line", () => {
    assert.isUndefined(made('data: {"content":"The word NaN is'))
    assert.isUndefined(made('data: {"content":"The word NaN is\\'))
    assert.strictEqual(made('{"content":"The NaN\n{"b":NaN}\r\n'), '{"content":"The NaN\n{"b":null}\r\n')
  })

  it("are found in one pass, however long the strings are and whatever quotes are escaped", () => {
    const started = performance.now()
    const long = `{"a":"${"x".repeat(20_000_000)}","b":`
    assert.strictEqual(made(`${long}NaN}`)?.length, long.length + 5)
    assert.isUndefined(made(`"NaN ${'\\"'.repeat(2_000_000)}`))
    assert.isBelow(performance.now() - started, 5000)
  })
})
