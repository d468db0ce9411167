/** JSON that exceeds the limits, checked before it is parsed. */
import { assert, describe, it } from "@effect/vitest"
import * as JsonBounds from "../../../src/providers/bytes/JsonBounds.ts"
import * as JsonText from "../../../src/providers/bytes/JsonText.ts"

const inParts = (text: string, size: number) => {
  const bounds = new JsonBounds.JsonBounds()
  const bytes = Buffer.from(text)
  let excess: string | undefined
  for (let at = 0; at < bytes.length; at += size) excess ??= bounds.feed(bytes.subarray(at, at + size))
  return excess
}

describe("the bounds of JSON", () => {
  it("are checked the same, however the bytes are split", () => {
    const depth = JsonBounds.maxDepth
    const cases: ReadonlyArray<readonly [text: string, excess: string | undefined]> = [
      [`${"[".repeat(depth)}${"]".repeat(depth)}`, undefined],
      [`${"[".repeat(depth + 1)}${"]".repeat(depth + 1)}`, "deep"],
      [`${'{"a":'.repeat(depth + 1)}1${"}".repeat(depth + 1)}`, "deep"],
      [JSON.stringify({ a: "[".repeat(2_000), '\\"[[': `\\"${"{".repeat(2_000)}`, c: "\\\\" }), undefined],
      [JSON.stringify(Array.from({ length: 1_000 }, () => [[], {}])), undefined],
      [`[${'"\\\\",'.repeat(2_000)}"${"[".repeat(2_000)}"]`, undefined]
    ]
    for (const [text, excess] of cases) {
      for (const size of [1, 2, 3, 7, 100_000])
        assert.strictEqual(inParts(text, size), excess, text.slice(0, 20))
      assert.strictEqual(JsonBounds.excessOf(Buffer.from(text)), excess)
    }
  })

  it("limit keys, values, escapes and digits to what is parsed quickly", () => {
    const many = (piece: string, count: number) =>
      JsonBounds.excessOf(Buffer.from(`[${piece.repeat(count)}0]`))
    for (const piece of ["[],", "{},", '{"k":1},', "1,", '"",', "1", " ", '"\\n",'])
      assert.strictEqual(many(piece, 11_000_000 / piece.length), "many", piece)
    assert.strictEqual(JsonBounds.excessOf(Buffer.from(`["${"\\n".repeat(11_000_000)}"]`)), "many")
    assert.isUndefined(JsonBounds.excessOf(Buffer.from(`["${"x".repeat(20_000_000)}"]`)))
  })
})

describe("a member of JSON text", () => {
  it("is set after and before strings of every length and with every escape", () => {
    for (let length = 0; length < 140; length++) {
      for (const end of ["", "\\", '"', '\\"', "\\\\", '""', 'x"x']) {
        const value = {
          a: `${"y".repeat(length)}${end}`,
          model: "old",
          [`k${"k".repeat(length)}`]: end,
          z: `${end.repeat(40)}`
        }
        const text = JSON.stringify(value)
        assert.strictEqual(JsonText.set(text, "model", '"new"'), JSON.stringify({ ...value, model: "new" }))
      }
    }
  })
})
