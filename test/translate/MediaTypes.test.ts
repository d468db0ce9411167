/** Media types as servers expect them, however they were declared. */
import { assert, describe, it } from "@effect/vitest"
import { settle } from "../../src/translate/fit/MediaTypes.ts"

const typeOf = (mediaType: string, bytes: string) => {
  const data = Buffer.from(bytes, "latin1").toString("base64")
  const settled = settle({ type: "image", media: { type: "base64", mediaType, data } })
  return settled.type === "image" && settled.media.type === "base64" ? settled.media.mediaType : settled.type
}

describe("an image", () => {
  it("has a type without parameters, in lower case, also where its bytes do not show it", () => {
    assert.strictEqual(typeOf("IMAGE/JPG", "unknown"), "image/jpeg")
    assert.strictEqual(typeOf("image/png; charset=binary", "unknown"), "image/png")
    assert.strictEqual(typeOf(" Image/X-PNG ", "unknown"), "image/png")
    assert.strictEqual(typeOf("image/HEIC", "unknown"), "image/heic")
  })

  it("has the type that its bytes show, whatever was declared", () => {
    assert.strictEqual(typeOf("IMAGE/PNG", "\xff\xd8\xff\xe0"), "image/jpeg")
    assert.strictEqual(typeOf("application/octet-stream", "GIF89a"), "image/gif")
  })
})
