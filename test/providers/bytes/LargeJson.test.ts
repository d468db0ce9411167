/** Large JSON that is parsed without building its whole text first. */
import { assert, describe, it } from "@effect/vitest"
import { parse } from "../../../src/providers/bytes/LargeJson.ts"

const bytes = (text: string) => new TextEncoder().encode(text)
const asParser = (given: Uint8Array) => JSON.parse(new TextDecoder().decode(given))
const big = (text: string) => text.repeat(Math.ceil(300_000 / text.length))

describe("large JSON from bytes", () => {
  it("is what the parser makes of it, whatever the texts are", () => {
    for (const one of ["a", "é", "漢", "😀", '"', "\\", '\\"', "\n", "\u0000", "\ud800", "\\\\n"]) {
      for (const shift of ["", "x"]) {
        const json = { id: "m", content: [{ text: shift + big(one) }, [big(`${one}b`), 1, null]], usage: {} }
        const given = bytes(JSON.stringify(json))
        assert.isTrue(JSON.stringify(parse(given)) === JSON.stringify(asParser(given)), one + shift)
      }
    }
  })

  it("is the same with escapes that are written in another way", () => {
    for (const escape of ["\\u0041", "\\ud83d\\ude00", "\\/", "\\\\\\u0041", "\\u0000"]) {
      for (const shift of ["", "x"]) {
        const given = bytes(` {"a":"${shift}${big(escape)}","b":"${shift}"} `)
        assert.isTrue(JSON.stringify(parse(given)) === JSON.stringify(asParser(given)), escape + shift)
      }
    }
  })

  it("is the same where a string is a key, hidden by another member, or looks like a placeholder", () => {
    const long = big("long ")
    for (const text of [
      `{"${long}":1,"a":"${long}"}`,
      `{"${long}" :"b"}`,
      `{"a":"${long}","a":1,"b":"\\u00000"}`,
      `{"a":"${long}","a":1}`,
      `{"a":"${long}","b":"\\u00000"}`,
      `{"__proto__":"${long}"}`,
      `"${long}"`,
      `["${long}","${long}x"]`,
      `\ufeff{"a":"${long}"}`
    ]) {
      const given = bytes(text)
      assert.isTrue(JSON.stringify(parse(given)) === JSON.stringify(asParser(given)), text.slice(0, 40))
    }
  })

  it("keeps bytes that are not UTF-8 as the decoder shows them", () => {
    for (const wrong of [[0xff], [0xe2, 0x82], [0x80], [0x80, 0x80, 0x80, 0x80, 0x80], [0xf0, 0x9f]]) {
      const text = Buffer.concat(Array.from({ length: 300_000 }, () => Buffer.from(wrong)))
      const given = Buffer.concat([bytes('{"a":"'), text, bytes('"}')])
      assert.isTrue(JSON.stringify(parse(given)) === JSON.stringify(asParser(given)), String(wrong))
    }
  })

  it("is refused where the parser refuses it", () => {
    const long = big("long ")
    for (const text of [
      `{"a":"${long}`,
      `{"a":"${long}\n"}`,
      `{"a":"${long}\\x"}`,
      `{"a":"${long}\\u12"}`,
      `{"a":"${long}" "b"}`,
      `{"a":"${long}"}\ufeff`,
      `{"a":"${long}",\ufeff"b":1}`,
      `{"a":"${long}\\"}`,
      `"${long}"${long}`
    ]) {
      assert.throws(() => asParser(bytes(text)), SyntaxError)
      assert.throws(() => parse(bytes(text)), SyntaxError, undefined, text.slice(0, 20))
    }
  })
})
