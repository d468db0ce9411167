/** Large texts that are encoded in pieces. */
import { assert, describe, it } from "@effect/vitest"
import { encode } from "../../../src/providers/bytes/LargeText.ts"
import * as Turns from "../../../src/util/Turns.ts"

describe("a large text", () => {
  it("is encoded as Buffer.from encodes it, whatever characters are at the end of a piece", () => {
    const some = ["a", "é", "漢", "😀", "\ud800", "\udc00"]
    for (const one of some) {
      for (const other of some) {
        for (const size of [2, 3, 7, 64]) {
          const text = (one + other).repeat(20)
          const got = Turns.all(encode(text, size))
          assert.isTrue(Buffer.from(text).equals(got), JSON.stringify([one, other, size]))
        }
      }
    }
    assert.strictEqual(Turns.all(encode("")).length, 0)
  })

  it("is encoded in as many steps as it has pieces, twice", () => {
    let steps = 0
    for (const _ of encode("é".repeat(100), 10)) steps++
    assert.strictEqual(steps, 1 + 10 + 9)
  })
})
