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

  it("fits events whose padding differs as well", () => {
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
    "says of no event that is not JSON, or has another structure, that it fits",
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
})
