import { assert, describe, it } from "@effect/vitest"
import { Failure, RunError } from "../../src/index.ts"
import { few } from "../../src/util/ShortList.ts"

describe("few", () => {
  it("names each item once, with its count, and counts the others", () => {
    const say = (text: string, most?: number) => few([...text], String, ", ", most)
    assert.strictEqual(say(""), "")
    assert.strictEqual(say("abc"), "a, b, c")
    assert.strictEqual(say("aaaaaa"), "a ×6")
    assert.strictEqual(say("abacdef"), "a ×2, b, c, d, e, … (1 more)")
    assert.strictEqual(say("abacb", 1), "a ×2, … (3 more)")
  })

  it("renders a bounded number of items, and counts all of them", () => {
    let rendered = 0
    const text = few(
      Array.from({ length: 100_000 }, (_, index) => index),
      (index) => {
        rendered++
        return String(index % 2)
      },
      ", "
    )
    assert.strictEqual(text, "0 ×25, 1 ×25, … (99950 more)")
    assert.isAtMost(rendered, 50)
  })

  it("makes an error that met the same failure six times name it once", () => {
    const failure = new Failure.Transient({ reason: "Overloaded", message: "busy" })
    const attempts = Array.from({ length: 6 }, () => ({ target: "a/m#k", failure }))
    assert.strictEqual(
      new RunError.ChainExhausted({ attempts }).message,
      "all 6 attempts failed: a/m#k: Overloaded (busy) ×6"
    )
  })
})
