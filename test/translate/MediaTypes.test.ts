/** Media types in the form that servers expect, however they were declared. */
import { assert, describe, it } from "@effect/vitest"
import { settle } from "../../src/translate/fit/MediaTypes.ts"
import * as Translate from "../../src/translate/index.ts"

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

describe("the data of an image", () => {
  const png = `iVBORw0KGgo${"A".repeat(80)}`
  const seen = (url: string) => {
    const { body } = Translate.translateRequest("openai", "anthropic", {
      model: "claude-sonnet-5",
      messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }]
    })
    const [message] = body.messages as ReadonlyArray<{
      readonly content: ReadonlyArray<Translate.JsonObject>
    }>
    return message?.content[0]?.source
  }
  const source = { type: "base64", media_type: "image/png", data: png }

  for (const [what, url] of [
    // https://github.com/WordPress/php-ai-client/issues/137
    ["without a head", png],
    ["without the word base64", `data:image/png,${png}`],
    ["in lines", `data:image/png;base64,${png.slice(0, 76)}\r\n${png.slice(76)}\n`]
  ] as const)
    it(`is read ${what}`, () => {
      assert.deepStrictEqual<unknown>(seen(url), source)
    })

  it("is a URL if it only looks a little like base64", () => {
    const url = "/9j/a.jpg"
    assert.deepStrictEqual<unknown>(seen(url), { type: "url", url })
  })

  // https://github.com/livekit/agents/issues/3867
  it("may be a data URL in a message, too", () => {
    const data = `data:image/png;base64,${png}`
    const { body } = Translate.translateRequest("anthropic", "openai", {
      model: "gpt-4.1",
      max_tokens: 9,
      messages: [
        {
          role: "user",
          content: [{ type: "image", source: { type: "base64", media_type: "image/png", data } }]
        }
      ]
    })
    assert.include(JSON.stringify(body), `"url":"${data}"`)
  })
})

describe("a text file", () => {
  const read = (mediaType: string, bytes: Buffer) => {
    const file_data = `data:${mediaType};base64,${bytes.toString("base64")}`
    const { body, lost } = Translate.expressRequest("openai", "anthropic", {
      model: "claude-sonnet-5",
      messages: [{ role: "user", content: [{ type: "file", file: { filename: "a", file_data } }] }]
    })
    return lost.length > 0 ? "lost" : JSON.stringify(body.messages)
  }

  for (const [what, mediaType, bytes] of [
    ["UTF-8", "text/plain", Buffer.from("Grüße €")],
    ["Windows' own", "text/plain", Buffer.from("Gr\xfc\xdfe \x80", "latin1")],
    ["UTF-16", "text/csv", Buffer.from("\ufeffGrüße €", "utf16le")],
    ["UTF-16 without a declared type", "application/octet-stream", Buffer.from("\ufeffGrüße €", "utf16le")],
    ["one that it names", "text/plain;charset=iso-8859-15", Buffer.from("Gr\xfc\xdfe \xa4", "latin1")]
  ] as const)
    it(`may be in another character set: ${what}`, () => {
      assert.include(read(mediaType, bytes), "Grüße €")
    })

  it("is none if its bytes are not text", () => {
    assert.strictEqual(read("application/zip", Buffer.from("504b0304", "hex")), "lost")
    assert.strictEqual(read("application/octet-stream", Buffer.from([0xff, 0x80, 0x41, 0xfe])), "lost")
  })
})
