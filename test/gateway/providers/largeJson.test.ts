/** Large JSON that is written piece by piece. */
import { assert, describe, it } from "@effect/vitest"
import * as LargeJson from "../../../src/gateway/providers/LargeJson.ts"

describe("large JSON", () => {
  it("is written like JSON.stringify, whatever characters are at the end of a piece", () => {
    const some = ["a", "é", "漢", "😀", "\ud800", "\udc00", '"', "\\", "\n", "\u0000", "\u2028"]
    for (const one of some) {
      for (const other of ["a", "😀", "\udc00"]) {
        for (const shift of ["", "x"]) {
          const long = shift + (one + other).repeat(140_000)
          const json = {
            id: one,
            none: undefined,
            [`key ${other}`]: [long, null, undefined, 1.5, true, {}, [], { deep: { [one]: other } }]
          }
          const expected = Buffer.from(JSON.stringify(json))
          assert.isTrue(expected.equals(LargeJson.bytesOf(json)), JSON.stringify([one, other, shift]))
        }
      }
    }
  })

  it("is a small one, too, or none of the kinds that hold others", () => {
    for (const json of [{}, [], null, "x", 0, { a: [] }]) {
      assert.strictEqual(Buffer.from(LargeJson.bytesOf(json)).toString(), JSON.stringify(json))
    }
  })
})
