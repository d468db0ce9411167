/** Requests whose body has a `content-encoding`: small ones are decoded. */
import * as zlib from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chat } from "../../support/gateway.ts"
import { completion, type Json, stage } from "../../support/kinds.ts"

const encoders: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: zlib.gzipSync,
  "x-gzip": zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
  "identity, ZSTD": zlib.zstdCompressSync
}

const send = (url: string, path: string, body: Uint8Array, encoding: string) =>
  Effect.promise(async () => {
    const headers = { "content-type": "application/json", "content-encoding": encoding }
    const got = await fetch(`${url}${path}`, { method: "POST", body: new Uint8Array(body), headers })
    return {
      status: got.status,
      json: (await got.json()) as Json,
      accepts: got.headers.get("accept-encoding")
    }
  })

const running = (server: object = {}) =>
  stage({ p: { protocol: "openai", reply: () => ({ json: completion({ content: "Mild." }) }) } }, { server })

describe("a body with a content-encoding", () => {
  for (const [encoding, encode] of Object.entries(encoders))
    it.live(`is decoded: ${encoding}`, () =>
      Effect.gen(function* () {
        const { seen, url } = yield* running()
        for (const pad of [10, 1_500_000]) {
          const words = Array.from({ length: pad / 10 }, (_, at) => `${at} 漢`).join(" ")
          const messages = [{ role: "user", content: words }]
          for (const [path, more] of [
            ["/v1/chat/completions", {}],
            ["/v1/messages", { max_tokens: 9 }]
          ] as const) {
            const body = encode(Buffer.from(JSON.stringify({ model: "p/m", messages, ...more })))
            const got = yield* send(url, path, body, encoding)
            assert.strictEqual(got.status, 200, JSON.stringify(got.json))
            assert.deepStrictEqual(seen.p!.at(-1)!.body.messages, messages)
            assert.isUndefined(seen.p!.at(-1)!.headers["content-encoding"])
          }
        }
      })
    )

  it.live(
    "that is not what it says, or too large when decoded, is refused by name, and the next request is answered",
    () =>
      Effect.gen(function* () {
        const { seen, url } = yield* running()
        const path = "/v1/chat/completions"
        const plain = Buffer.from(JSON.stringify(chat("p/m")))
        const packed = zlib.gzipSync(plain)
        for (const [encoding, body, said] of [
          ["gzip", plain, /not in the encoding gzip/],
          ["zstd", packed, /not in the encoding zstd/],
          ["gzip", packed.subarray(0, packed.length - 12), /not in the encoding gzip/],
          ["gzip, gzip", packed, /must be one of gzip, deflate, br and zstd/],
          ["__proto__", packed, /must be one of/],
          ["br", zlib.brotliCompressSync(Buffer.alloc(2_000_000, "0")), /at most \d+ bytes when decoded/]
        ] as const) {
          const got = yield* send(url, path, body, encoding)
          assert.deepStrictEqual([got.status, got.json.error.code], [415, "unsupported_encoding"])
          assert.match(got.json.error.message, said)
          assert.include(got.accepts, "zstd")
        }
        assert.strictEqual((yield* send(url, path, packed, "gzip")).status, 200)
        assert.lengthOf(seen.p!, 1)
      })
  )

  it.live("is bounded as others are: in depth, values, and in the bytes of all bodies", () =>
    Effect.gen(function* () {
      const { url } = yield* running()
      const path = "/v1/chat/completions"
      const deep = zlib.gzipSync(`{"model":"p/m","messages":${"[".repeat(600)}${"]".repeat(600)}}`)
      assert.strictEqual((yield* send(url, path, deep, "gzip")).json.error.code, "invalid_json")
      const many = zlib.gzipSync(
        `{"model":"p/m","x":[${Array.from({ length: 900_000 }, (_, at) => at).join()}]}`
      )
      assert.strictEqual((yield* send(url, path, many, "gzip")).json.error.code, "too_many_values")
      const small = yield* running({ maxBodyBytes: 2000, maxBodiesBytes: 2000 })
      const long = zlib.gzipSync(JSON.stringify(chat("p/m", { pad: "0".repeat(1900) })))
      assert.strictEqual((yield* send(small.url, path, long, "gzip")).json.error.code, "bodies_too_large")
      const longer = zlib.gzipSync(JSON.stringify(chat("p/m", { pad: "0".repeat(3000) })))
      const refused = yield* send(small.url, path, longer, "gzip")
      assert.deepStrictEqual([refused.status, refused.json.error.code], [413, "request_too_large"])
      assert.include(refused.json.error.message, "2000 bytes")
      const short = zlib.gzipSync(JSON.stringify(chat("p/m")))
      for (let count = 0; count < 20; count++)
        assert.strictEqual((yield* send(small.url, path, short, "gzip")).status, 200)
    })
  )
})
