import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { EventShape } from "../../../src/providers/bytes/EventShape.ts"

const bytes = (text: string) => new TextEncoder().encode(text)
const event = (delta: object, others: object = {}) =>
  bytes(
    `data: ${JSON.stringify({ id: "c-1", choices: [{ index: 0, delta, finish_reason: null }], ...others })}\n\n`
  )
const shapeOf = (sample: Uint8Array) =>
  EventShape.of(sample, ["content", "reasoning", "arguments"], ["obfuscation"])

describe("the shape of an event", () => {
  it("fits events that differ in their text only", () => {
    const shape = shapeOf(event({ content: "Hel" }))!
    for (const text of ["lo", "x".repeat(1000), 'quo"tes', "back\\slash", "new\nline", "🦊", "\u0001"])
      assert.isTrue(shape.fits(event({ content: text })), text)
  })

  it("fits events with different padding too", () => {
    const shape = shapeOf(event({ content: "Hel" }, { obfuscation: "a1b2" }))!
    assert.isTrue(shape.fits(event({ content: "lo" }, { obfuscation: "" })))
    assert.isTrue(shape.fits(event({ content: "lo" }, { obfuscation: "q" })))
    assert.isFalse(shape.fits(event({ content: "lo" })))
  })

  it("fits nothing else", () => {
    const shape = shapeOf(event({ content: "Hel" }))!
    const others = {
      "an empty text": event({ content: "" }),
      "another field": event({ reasoning: "lo" }),
      "one field more": event({ content: "lo", role: "assistant" }),
      "another id": event({ content: "lo" }, { id: "c-2" }),
      "an error": bytes('data: {"error":{"message":"busy"}}\n\n'),
      "no JSON": bytes(new TextDecoder().decode(event({ content: "lo" })).replace('"lo"', '"l\no"')),
      "a bad escape": bytes(new TextDecoder().decode(event({ content: "lo" })).replace('"lo"', '"\\x"')),
      "a cut escape": bytes(new TextDecoder().decode(event({ content: "lo" })).replace('"lo"', '"\\u12"')),
      "a cut event": event({ content: "lo" }).slice(0, -3),
      "two events": bytes(new TextDecoder().decode(event({ content: "lo" })).repeat(2)),
      nothing: bytes("")
    }
    for (const [name, other] of Object.entries(others)) assert.isFalse(shape.fits(other), name)
  })

  it("fits no event that differs in one byte outside of its text, wherever in memory it is", () => {
    // Literals of many lengths before and after the text.
    for (let before = 0; before < 20; before++) {
      const sample = bytes(`data: {"${"ä".repeat(before)}":1,"content":"word"${" ".repeat(before)}}\n\n`)
      const shape = shapeOf(sample)!
      const text = new TextDecoder("latin1").decode(sample).indexOf("word")
      for (let offset = 0; offset < 9; offset++) {
        const memory = new Uint8Array(sample.length + 32).fill(0x20)
        const placed = memory.subarray(offset, offset + sample.length)
        placed.set(sample)
        assert.isTrue(shape.fits(placed))
        for (let at = 0; at < placed.length; at++) {
          if (at >= text && at < text + 4) continue
          for (const bit of [1, 0x80]) {
            placed[at]! ^= bit
            assert.isFalse(shape.fits(placed), `${before}, ${offset}, ${at}, ${bit}`)
            placed[at]! ^= bit
          }
        }
      }
    }
  })

  it("needs a text that occurs once and is not empty", () => {
    assert.isUndefined(shapeOf(event({ content: "" })))
    assert.isUndefined(shapeOf(event({ role: "assistant" })))
    assert.isUndefined(shapeOf(event({ content: ["a"] })))
    assert.isUndefined(
      EventShape.of(event({ content: "a" }, { logprobs: { content: "a" } }), ["content"], [])
    )
  })

  it("is not misled by a key inside a text", () => {
    const shape = shapeOf(event({ content: 'say "content":"x"' }))!
    assert.isTrue(shape.fits(event({ content: "plain" })))
  })

  it.prop(
    "fits no event that is not JSON or has another structure",
    [Schema.String, Schema.String, Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 400 }))],
    ([text, insert, place]) => {
      const shape = shapeOf(event({ content: "Hel" }, { obfuscation: "z" }))!
      const good = new TextDecoder().decode(event({ content: text || "x" }, { obfuscation: insert }))
      assert.isTrue(shape.fits(bytes(good)))
      const at = place % good.length
      const changed = good.slice(0, at) + insert + good.slice(at + 1)
      if (!shape.fits(bytes(changed))) return
      const json = JSON.parse(changed.slice("data: ".length))
      assert.isNotEmpty(json.choices[0].delta.content)
      json.choices[0].delta.content = "Hel"
      json.obfuscation = "z"
      assert.deepStrictEqual(
        event(json.choices[0].delta, { obfuscation: "z" }),
        bytes(`data: ${JSON.stringify(json)}\n\n`)
      )
    },
    { arbitrary: { runs: 1000 } }
  )

  const read = (bytes: Uint8Array) => {
    const text = new TextDecoder().decode(bytes)
    return JSON.parse(text.slice(text.indexOf("data: ") + 6))
  }
  /** The shape of an event that has been read. */
  const readShapeOf = (sample: Uint8Array, name?: string) =>
    EventShape.of(sample, ["content", "text"], ["obfuscation"], { event: name, json: read(sample) })!

  it.prop(
    "gives the JSON of an event that fits, as the parser would",
    [Schema.String],
    ([text]) => {
      const shape = readShapeOf(event({ content: "Hel" }, { usage: null, more: [{ a: [1] }, "b"] }))
      const next = event({ content: text || "x" }, { usage: null, more: [{ a: [1] }, "b"] })
      assert.isTrue(shape.fits(next))
      assert.deepStrictEqual(shape.json(next), read(next))
    },
    { arbitrary: { runs: 300 } }
  )

  it("returns the text as written: escapes, other alphabets, bytes that are not UTF-8", () => {
    const shape = readShapeOf(event({ content: "Hel" }))
    const text = new TextDecoder("latin1").decode(event({ content: "lo" }))
    const written = [
      "\\ud83e\\udd8a",
      '\\"content\\":\\"x\\"',
      "\\\\",
      "\\/",
      "\xef\xbb\xbfmark",
      "cut \xe2\x82",
      "\xff"
    ]
    for (const value of written) {
      const next = Buffer.from(text.replace('"lo"', `"${value}"`), "latin1")
      assert.isTrue(shape.fits(next), value)
      assert.deepStrictEqual(shape.json(next), read(next), value)
    }
  })

  it("has the name of an event", () => {
    const named = (text: string) =>
      bytes(`event: content_block_delta\ndata: {"delta":{"text":"${text}"}}\n\n`)
    const shape = readShapeOf(named("Hel"), "content_block_delta")
    assert.isTrue(shape.fits(named("lo")))
    assert.isTrue(shape.isKnown)
    assert.strictEqual(shape.event, "content_block_delta")
    assert.deepStrictEqual(shape.json(named("lo")), { delta: { text: "lo" } })
  })

  it("gives no JSON where the place of the text is not certain", () => {
    for (const line of [
      '{"content" :"a","content":"a"}',
      '{"\\u0063ontent":"a","content":"a"}',
      '{"type":"content","content":"a"}',
      '{"content":"a","text":"b"}',
      '{"content":"a","obfuscation":"b"}'
    ]) {
      const sample = bytes(`data: ${line}\n\n`)
      const shape = readShapeOf(sample)
      assert.isTrue(shape.fits(sample), line)
      assert.isFalse(shape.isKnown, line)
      assert.isUndefined(shape.json(sample), line)
    }
  })
})
