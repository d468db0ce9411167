import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { EventCutter } from "../../src/providers/answers/EventCutter.ts"
import * as EventReader from "../../src/providers/answers/EventReader.ts"
import { SseSplitter } from "../../src/providers/bytes/SseSplitter.ts"
import * as OpenAiProtocol from "../../src/providers/protocols/OpenAiProtocol.ts"

const protocol = OpenAiProtocol.protocol("bearer")

const event = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ id: "c-1", choices: [{ index: 0, delta, finish_reason }] })}\n\n`

const cutterOf = (gathers: boolean) => {
  const reader = EventReader.make(protocol, protocol.operations["chat/completions"].meanings!({}))
  const cutter = new EventCutter(new SseSplitter(), reader, "fail")
  cutter.gathers = gathers
  return cutter
}

/** What is cut out of pieces that come one after the other: the bytes as text, and what was content. */
const cut = (pieces: ReadonlyArray<Uint8Array>, gathers: boolean) => {
  const cutter = cutterOf(gathers)
  const chunks = []
  for (const piece of pieces) {
    cutter.add([piece])
    // Each call may stop behind the first content.
    while (cutter.hasBytes && cutter.stop === undefined) chunks.push(...cutter.cut())
  }
  const last = cutter.rest()
  if (last !== undefined) chunks.push(last)
  return { cutter, chunks, text: chunks.map(({ bytes }) => new TextDecoder().decode(bytes)).join("") }
}

const bytes = (text: string) => new TextEncoder().encode(text)

describe("gathered events", () => {
  const words = ["Hel", "lo", ' "wor\\', "ld", "\n", "!"].map((content) => event({ content }))
  const whole = [event({ role: "assistant", content: "" }), ...words, event({}, "stop"), "data: [DONE]\n\n"]

  it("become one chunk per read if they carry nothing but content", () => {
    const { chunks, text } = cut([bytes(whole.join(""))], true)
    assert.strictEqual(text, whole.join(""))
    assert.deepStrictEqual(
      chunks.map(({ bytes }) => new TextDecoder().decode(bytes)),
      [whole[0], words[0], words.slice(1).join(""), ...whole.slice(-2)]
    )
  })

  it("have the same bytes and the same end as single events, however the reads are split", () => {
    const ends = [
      "",
      'data: {"error":{"message":"busy"}}\n\n',
      "data: {no json\n\n",
      event({ content: "cut" }).slice(0, -9)
    ]
    for (const end of ends) {
      const text = [...whole.slice(0, -2), ": ping\n\n", ...words, end].join("")
      for (let size = 1; size < text.length; size += 7) {
        const all = bytes(text)
        const pieces = Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
          all.slice(index * size, (index + 1) * size)
        )
        const [one, many] = [cut(pieces, false), cut(pieces, true)]
        assert.strictEqual(many.text, one.text)
        assert.deepStrictEqual(many.cutter.stop, one.cutter.stop)
        assert.isAtMost(many.chunks.length, one.chunks.length)
      }
    }
  })

  it.prop(
    "lose nothing and add nothing",
    [Schema.Array(Schema.Union([Schema.String, Schema.Literals(["\r\n", "[DONE]"])]))],
    ([texts]) => {
      const text = texts.map((content) => event({ content })).join("")
      const { cutter, text: given } = cut([bytes(text)], true)
      assert.strictEqual(given, text)
      assert.isUndefined(cutter.stop)
    }
  )
})
