/** Bytes that arrive in parts. */
import { assert, describe, it } from "@effect/vitest"
import { ByteChunks, release } from "../../../src/providers/bytes/ByteChunks.ts"

describe("a buffer of byte parts", () => {
  it("joins parts of any size, and can be used again after `take`", () => {
    const gathered = new ByteChunks()
    for (let round = 0; round < 3; round++) {
      const expected: Array<number> = []
      for (let part = 0; part < 3_000; part++) {
        const size = part % 97 === 0 ? 5_000 : (part * 7919) % 11
        const bytes = Uint8Array.from({ length: size }, (_, index) => (part + index) % 256)
        expected.push(...bytes)
        gathered.push(bytes)
        assert.strictEqual(gathered.size, expected.length)
      }
      assert.deepStrictEqual(Buffer.from(gathered.join()), Buffer.from(expected))
      assert.strictEqual(gathered.size, 0)
    }
  })

  it("needs little extra memory for single bytes", () => {
    const gathered = new ByteChunks()
    const bytes = Buffer.alloc(1)
    const count = 2_000_000
    for (let part = 0; part < count; part++) gathered.push(bytes.subarray(0))
    const parts = gathered.take()
    assert.isBelow(parts.length, 200)
    const memories = new Set(parts.map(({ buffer }) => buffer))
    const room = [...memories].reduce((sum, { byteLength }) => sum + byteLength, 0)
    assert.isBelow(room, 1.5 * count)
  })

  it("frees memory it joined itself, and no memory that may be shared", () => {
    const gathered = new ByteChunks()
    const shared = Buffer.alloc(10_000, 1)
    gathered.push(shared)
    release(gathered.join())
    assert.lengthOf(shared, 10_000)
    for (let part = 0; part < 100; part++) gathered.push(shared.subarray(part, part + 50))
    const whole = gathered.join()
    assert.deepStrictEqual(Buffer.from(whole), Buffer.alloc(5_000, 1))
    release(whole)
    assert.lengthOf(whole, 0)
    assert.deepStrictEqual(shared, Buffer.alloc(10_000, 1))
  })
})
