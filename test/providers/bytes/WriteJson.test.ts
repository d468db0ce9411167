/** Large JSON that is written piece by piece. */
import { assert, describe, it } from "@effect/vitest"
import * as WriteJson from "../../../src/providers/bytes/WriteJson.ts"
import * as Turns from "../../../src/util/Turns.ts"

const bytesOf = (json: unknown) => Turns.all(WriteJson.bytesOf(json))
const textOf = (json: unknown) => Turns.all(WriteJson.textOf(json))

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
          assert.isTrue(textOf(json) === JSON.stringify(json))
          assert.isTrue(expected.equals(bytesOf(json)), JSON.stringify([one, other, shift]))
        }
      }
    }
  })

  it("is a small one, too, or none of the kinds that hold others", () => {
    for (const json of [{}, [], null, "x", 0, { a: [] }]) {
      assert.strictEqual(Buffer.from(bytesOf(json)).toString(), JSON.stringify(json))
    }
  })

  it("is written in pieces where no single text of it is large", () => {
    const many = {
      ["key".repeat(100_000)]: 1,
      ["long".repeat(100_000)]: "long".repeat(100_000),
      __proto: {},
      7: "seven",
      3: undefined,
      list: Array.from({ length: 200_000 }, (_, at) => at),
      none: undefined,
      members: Object.fromEntries(
        Array.from({ length: 20_000 }, (_, at) => [`key ${at}`, [undefined, "x".repeat(100)]])
      )
    }
    assert.isTrue(textOf(many) === JSON.stringify(many))
    assert.isTrue(Buffer.from(JSON.stringify(many)).equals(bytesOf(many)))
  })

  it("takes a step for each two million characters", () => {
    let steps = 0
    for (const _ of WriteJson.textOf({ texts: Array.from({ length: 100 }, () => "x".repeat(200_000)) }))
      steps++
    assert.isAtLeast(steps, 9)
  })
})
