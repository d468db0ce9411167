import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as SseEvent from "../../../src/providers/bytes/SseEvent.ts"
import { SseSplitter } from "../../../src/providers/bytes/SseSplitter.ts"

const encode = (text: string) => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** All events of a text that arrives in pieces, with the rest at the end. */
const split = (pieces: ReadonlyArray<Uint8Array>, max?: number) => {
  const splitter = new SseSplitter(max)
  const events = pieces.flatMap((piece) => splitter.feed(piece).map((event) => decode(event.slice())))
  const rest = splitter.rest()
  return { events, rest: rest === undefined ? undefined : decode(rest), overflow: splitter.overflow }
}

/** Cuts bytes at the given places. */
const cut = (bytes: Uint8Array, places: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const at = [...new Set([0, ...places.map((place) => place % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b
  )
  return at.slice(1).map((end, index) => bytes.slice(at[index], end))
}

describe("splitting a byte stream into events", () => {
  it("ends an event with its blank line, whatever ends the lines", () => {
    for (const end of ["\n", "\r\n", "\r"]) {
      const events = [`data: a${end}${end}`, `event: x${end}data: b${end}${end}`, `: ping${end}${end}`]
      const { events: found, rest } = split([encode(events.join(""))])
      // An LF may follow a CR at the very end, so the last event is known to be complete only at the end.
      assert.deepStrictEqual(rest === undefined ? found : [...found, rest], events, JSON.stringify(end))
    }
  })

  it("returns an event of CRLF lines with all of its last line, however it is split", () => {
    const event = "data: a\r\n\r\n"
    const bytes = encode(event + event)
    for (let at = 1; at < bytes.length; at++) {
      assert.deepStrictEqual(
        split([bytes.slice(0, at), bytes.slice(at)]).events,
        [event, event],
        `cut at ${at}`
      )
    }
  })

  it("does not wait for an LF if lines end in CR alone", () => {
    assert.deepStrictEqual(split([encode("data: a\r\rdata: b\r\r")]).events, ["data: a\r\r", "data: b\r\r"])
  })

  it("keeps blank lines before an event with that event", () => {
    assert.deepStrictEqual(split([encode("\n\ndata: a\n\n\ndata: b\n\n")]).events, [
      "\n\ndata: a\n\n",
      "\ndata: b\n\n"
    ])
  })

  it("returns an unfinished event at the end, and nothing if none has begun", () => {
    assert.strictEqual(split([encode("data: a\n\ndata: [DONE]\n")]).rest, "data: [DONE]\n")
    assert.isUndefined(split([encode("data: a\n\n\n")]).rest)
    assert.isUndefined(split([]).rest)
  })

  it("stops at an event that is too large, and returns those before it", () => {
    const bytes = encode(`data: a\n\ndata: ${"b".repeat(100)}\n\ndata: c\n\n`)
    for (const pieces of [[bytes], cut(bytes, [3, 20, 50, 100])]) {
      const { events, overflow, rest } = split(pieces, 64)
      assert.deepStrictEqual(events, ["data: a\n\n"])
      assert.isTrue(overflow)
      assert.isUndefined(rest)
    }
  })

  it("handles an event of 10 MB byte by byte quickly", () => {
    const splitter = new SseSplitter(11 * 1024 * 1024)
    const byte = encode("x")
    splitter.feed(encode("data: "))
    for (let i = 0; i < 10_000_000; i++) splitter.feed(byte)
    assert.strictEqual(splitter.feed(encode("\n\n"))[0]?.length, 10_000_008)
  })

  const Piece = Schema.Literals([
    "data: ",
    "event: x",
    ": ping",
    "é",
    "漢",
    "🦊",
    "\n",
    "\n\n",
    "\r\n",
    "\r\n\r\n",
    "\r",
    "\r\r",
    '{"a":1}',
    "[DONE]",
    "x"
  ])
  const Places = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 200 })))

  it.prop(
    "gives the same events however the bytes are cut, inside of characters too",
    [Schema.Array(Piece), Places],
    ([pieces, places]) => {
      const text = pieces.join("")
      const bytes = encode(text)
      const whole = split([bytes])
      assert.deepStrictEqual(split(cut(bytes, places)), whole)
      assert.deepStrictEqual(split(cut(bytes, [...bytes.keys()])), whole)
    },
    { arbitrary: { runs: 500 } }
  )

  it.prop(
    "loses no byte and adds none",
    [Schema.Array(Piece), Places],
    ([pieces, places]) => {
      const text = pieces.join("")
      const { events, rest } = split(cut(encode(text), places))
      const joined = events.join("") + (rest ?? "")
      assert.isTrue(text.startsWith(joined))
      assert.match(text.slice(joined.length), /^[\r\n]*$/) // blank lines before an event that never began
    },
    { arbitrary: { runs: 500 } }
  )

  it.prop(
    "finds the events that were written",
    [
      Schema.Array(Schema.Array(Schema.Literals(["a", "é", "🦊", '"', "\\"]))),
      Schema.Literals(["\n", "\r\n"]),
      Places
    ],
    ([texts, end, places]) => {
      const datas = texts.map((text) => text.join(""))
      const bytes = encode(datas.map((data) => `data: ${data}${end}${end}`).join(""))
      const splitter = new SseSplitter()
      const found = cut(bytes, places).flatMap((piece) =>
        splitter.feed(piece).map((event) => SseEvent.read(event))
      )
      assert.deepStrictEqual(
        found.map((event) => event.data),
        datas
      )
    },
    { arbitrary: { runs: 200 } }
  )
})

describe("reading the fields of an event", () => {
  const read = (text: string) => SseEvent.read(encode(text))

  it("takes the name and joins the data lines", () => {
    assert.deepStrictEqual(read("event: x\ndata: a\ndata:b\nid: 1\nretry: 10\n\n"), {
      event: "x",
      data: "a\nb"
    })
    assert.deepStrictEqual(read("event: x\r\ndata:  a\r\n\r\n"), { event: "x", data: " a" })
    assert.deepStrictEqual(read("data\n\n"), { event: undefined, data: "" })
  })

  it("finds nothing in comments, ids and retry times", () => {
    for (const text of [": ping\n\n", "retry: 3000\n\n", "id: 7\n\n", "\n\n"])
      assert.deepStrictEqual(read(text), { event: undefined, data: undefined }, text)
  })

  it("removes a byte order mark", () => {
    assert.strictEqual(read("\uFEFFdata: a\n\n").data, "a")
  })

  it("takes a block without known fields as data", () => {
    assert.strictEqual(read('{"error":{"message":"busy"}}\n\n').data, '{"error":{"message":"busy"}}')
  })
})
