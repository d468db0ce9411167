import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { EventCutter } from "../../src/providers/answers/EventCutter.ts"
import * as EventReader from "../../src/providers/answers/EventReader.ts"
import { SseSplitter } from "../../src/providers/bytes/SseSplitter.ts"
import * as OpenAiProtocol from "../../src/providers/protocols/OpenAiProtocol.ts"
import * as Secrets from "../../src/redaction/Secrets.ts"

const protocol = OpenAiProtocol.protocol("bearer")

const event = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ id: "c-1", choices: [{ index: 0, delta, finish_reason }] })}\n\n`

const cutterOf = (gathers: boolean, secrets = Secrets.none) => {
  const reader = EventReader.make(protocol, protocol.operations["chat/completions"].meanings!({}), secrets)
  const cutter = new EventCutter(new SseSplitter(), reader, "fail")
  cutter.gathers = gathers
  return cutter
}

/** The events that are cut out of consecutive pieces: the bytes as text, and which were content. */
const cut = (pieces: ReadonlyArray<Uint8Array>, gathers: boolean, secrets?: Secrets.Secrets) => {
  const cutter = cutterOf(gathers, secrets)
  const chunks = []
  for (const piece of pieces) {
    cutter.add([piece])
    // Each call may stop after the first content.
    while (cutter.hasBytes && cutter.stop === undefined) chunks.push(...cutter.cut())
  }
  chunks.push(...cutter.rest())
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

  it("have no secret, at any place of a text, and like single events", () => {
    const secret = "key-0123456789"
    const pair = 'key"0123456789'
    const secrets = Secrets.make([secret, pair])
    for (const spelled of [secret, Buffer.from(secret).toString("hex"), "key-012345678\\u0039", pair]) {
      for (const [left, right] of [
        ["", ""],
        ["a", ""],
        ["", "bc"],
        ["word ", " word"]
      ] as const) {
        const told = event({ content: "TOLD" }).replace("TOLD", () =>
          spelled === pair
            ? JSON.stringify(`${left}${pair}${right}`).slice(1, -1)
            : `${left}${spelled}${right}`
        )
        const clean = event({ content: `${left}[redacted]${right}` })
        const given = [...whole.slice(0, 4), told, ...whole.slice(4)]
        const expected = [...whole.slice(0, 4), clean, ...whole.slice(4)].join("")
        for (const gathers of [true, false]) {
          assert.strictEqual(cut([bytes(given.join(""))], gathers, secrets).text, expected)
          assert.strictEqual(cut(given.map(bytes), gathers, secrets).text, expected)
        }
      }
    }
    // Short secrets are not longer than short texts.
    const short = Secrets.make(["a1b2c3d4"])
    const text = [...whole.slice(0, 2), event({ content: "a1b2c3d4" }), ...whole.slice(2)].join("")
    assert.include(cut([bytes(text)], true, short).text, "[redacted]")
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

describe("events without content", () => {
  const some = [
    ":\n\n",
    ": a comment\n\n",
    "data:\n\n",
    "data\n\n",
    "data: \n\n",
    "id: 1\nretry: 3\n\n",
    "event: ping\n\n",
    "event: ping\nid: 2\n:\ndata:\n\n",
    "\n\n",
    "\n"
  ]
  const others = [event({ content: "word" }), "data: [DONE]\n\n", ":\r\n\r\n", "event: x\ndata: {}\n\n"]

  it("become one chunk per read, apart from the first", () => {
    const many = some.join("").repeat(1_000)
    const { chunks, text } = cut([bytes(many), bytes(many)], false)
    assert.strictEqual(text, `${(many + many).trimEnd()}\n\n`)
    assert.isBelow(chunks.length, 8)
    assert.isTrue(chunks.every(({ data, phase }) => phase.alive === true && (data ?? "") === ""))
  })

  it("hide nothing between them, however the reads are split", () => {
    for (const other of [
      ...others,
      "event: error\n\n",
      "event:error\n:\n\n",
      "data: {no json\n\n",
      "data:\ndata:\n\n",
      "foreign\n\n"
    ]) {
      const text = [":\n\n", ...some, other, ...some, other, ":\n\n", event({}, "stop")].join("")
      const alone = cut([bytes([":\n\n", other, event({}, "stop")].join(""))], false)
      const all = bytes(text)
      for (let size = 1; size <= all.length; size++) {
        const pieces = Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
          all.subarray(index * size, (index + 1) * size)
        )
        const { chunks, cutter, text: given } = cut(pieces, false)
        assert.deepStrictEqual(cutter.stop, alone.cutter.stop, `${other} ${size}`)
        if (cutter.stop === undefined && !other.includes("DONE")) assert.strictEqual(given, text)
        const said = chunks.filter(({ phase }) => phase.alive !== true).map(({ data }) => data)
        const expected = alone.chunks.filter(({ phase }) => phase.alive !== true).map(({ data }) => data)
        assert.includeMembers(said, expected)
        assert.strictEqual(new Set(said).size, new Set(expected).size)
      }
    }
  })

  it("take little more than their bytes", () => {
    const before = process.threadCpuUsage()
    const piece = bytes("data:\n\n".repeat(10_000))
    cut(
      Array.from({ length: 200 }, () => piece),
      false
    )
    const { system, user } = process.threadCpuUsage(before)
    // Reading one at a time took 4 seconds.
    assert.isBelow((system + user) / 1000, 1_000)
  })
})
