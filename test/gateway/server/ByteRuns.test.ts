import { assert, describe, it } from "@effect/vitest"
import * as ByteRuns from "../../../src/gateway/server/ByteRuns.ts"

const read = Buffer.from("one two three four ")
const cut = (start: number, end: number) => ({ bytes: read.subarray(start, end) })
const texts = (runs: ReadonlyArray<Uint8Array>) => runs.map((run) => Buffer.from(run).toString())

describe("Runs", () => {
  it("joins adjacent pieces in place", () => {
    const [run, ...rest] = ByteRuns.of([cut(4, 8), cut(8, 14), cut(14, 19)])
    assert.deepStrictEqual(texts([run!, ...rest]), ["two three four "])
    assert.strictEqual(run!.buffer, read.buffer)
  })

  it("starts a new run after a gap, a step back or in another buffer", () => {
    const other = { bytes: Buffer.alloc(4, "x") }
    assert.deepStrictEqual(
      texts(ByteRuns.of([cut(0, 4), cut(8, 14), cut(14, 19), cut(4, 8), other, cut(8, 14)])),
      ["one ", "three four ", "two ", "xxxx", "three "]
    )
  })

  it("returns a single piece unchanged, and ignores empty pieces", () => {
    const only = cut(0, 4)
    assert.strictEqual(ByteRuns.of([only])[0], only.bytes)
    assert.deepStrictEqual(texts(ByteRuns.of([cut(0, 4), cut(4, 4), cut(4, 8)])), ["one two "])
  })
})
