import { assert, describe, it } from "@effect/vitest"
import { Arriving } from "../../../src/gateway/socket/Arriving.ts"

/** A masked frame of a client. */
const frame = (opcode: number, length: number, isLast = true): Buffer => {
  const head = [(isLast ? 0x80 : 0) | opcode]
  if (length < 126) head.push(0x80 | length)
  else if (length < 65_536) head.push(0x80 | 126, length >> 8, length & 0xff)
  else
    head.push(
      0x80 | 127,
      0,
      0,
      0,
      0,
      length >>> 24,
      (length >> 16) & 0xff,
      (length >> 8) & 0xff,
      length & 0xff
    )
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), Buffer.alloc(length, "x")])
}

const [continued, text, ping] = [0, 1, 9]

describe("the bytes of a message that is arriving", () => {
  it("are counted from its first byte to its last, however they are divided", () => {
    for (const length of [0, 1, 125, 126, 65_535, 65_536, 200_000]) {
      const bytes = frame(text, length)
      for (const size of [1, 7, 1_000, 65_536]) {
        const arriving = new Arriving()
        for (let at = 0; at < bytes.length; at += size) {
          arriving.feed(bytes.subarray(at, at + size), at)
          const isWhole = at + size >= bytes.length
          assert.strictEqual(arriving.size === 0, isWhole)
          if (!isWhole) assert.isAtLeast(arriving.size, at + size)
          assert.strictEqual(arriving.since, isWhole ? undefined : 0)
        }
      }
    }
  })

  it("begin again behind a complete message of the same packet", () => {
    const arriving = new Arriving()
    arriving.feed(Buffer.concat([frame(text, 50_000), frame(text, 10), frame(text, 300).subarray(0, 100)]), 1)
    assert.isBelow(arriving.size, 1_000)
    arriving.feed(Buffer.alloc(50), 2)
    assert.strictEqual(arriving.since, 1)
    arriving.feed(Buffer.concat([frame(text, 300).subarray(150), frame(text, 9).subarray(0, 1)]), 3)
    assert.strictEqual(arriving.since, 3)
  })

  it("go on through fragments and pings, and a ping alone is not a message", () => {
    const arriving = new Arriving()
    arriving.feed(frame(ping, 20), 1)
    assert.deepStrictEqual([arriving.size, arriving.since], [0, undefined])
    arriving.feed(frame(text, 500, false), 2)
    arriving.feed(frame(ping, 20), 3)
    arriving.feed(frame(continued, 500, false), 4)
    assert.isAtLeast(arriving.size, 1_000)
    assert.strictEqual(arriving.since, 2)
    arriving.feed(frame(continued, 0), 5)
    assert.deepStrictEqual([arriving.size, arriving.since], [0, undefined])
  })

  it("count more in many small parts, which take more memory", () => {
    const arriving = new Arriving()
    arriving.feed(frame(text, 0, false), 0)
    for (let index = 0; index < 1_000; index++) arriving.feed(frame(continued, 1, false), 0)
    assert.isAtLeast(arriving.size, 100_000)
  })
})
