/** Which bodies are decoded: those whose bytes are encoded, whatever their first bytes are. */
import * as zlib from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as ContentDecoder from "../../../src/providers/transport/ContentDecoder.ts"

describe("a decoder", () => {
  it("decodes Brotli of every length: a body of 64 KiB and more begins with a bracket", () => {
    const quality = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5 } }
    const plain = []
    for (let length = 66_000; length < 66_256; length++) {
      const body = zlib.brotliCompressSync(Buffer.from('{"a":"abc def '.padEnd(length, "ghi jkl ")), quality)
      assert.strictEqual(body[0], 0x5b)
      const decoder = ContentDecoder.make("br", body)
      if (decoder === undefined) plain.push(length)
      decoder?.destroy()
    }
    assert.deepStrictEqual(plain, [])
  })

  it("leaves a text as it is, whatever the header says", () => {
    const texts = [
      '{"a":1}',
      '[{"a":1}]',
      " \n{}",
      "data: {}\n\n",
      "event: x\n",
      ": ping\n\n",
      "id: 1",
      "retry: 5"
    ]
    const more = ["<html>", '"a"', "\ufeff{}", `{"a":"${"漢".repeat(30)}"}`, `{"ab":"${"漢".repeat(30)}"}`]
    for (const text of [...texts, ...more])
      for (const encoding of ["gzip", "deflate", "br", "zstd"])
        assert.isUndefined(ContentDecoder.make(encoding, Buffer.from(text)), `${encoding} ${text}`)
  })
})
