/** An event stream has the same meaning however its bytes were cut in transit. */
import { assert, describe } from "@effect/vitest"
import { type Asked, streamed } from "../../benchmark/chaos/replies.ts"
import { EventCutter } from "../../src/providers/answers/EventCutter.ts"
import * as EventReader from "../../src/providers/answers/EventReader.ts"
import * as SseEvent from "../../src/providers/bytes/SseEvent.ts"
import { SseSplitter } from "../../src/providers/bytes/SseSplitter.ts"
import * as AnthropicProtocol from "../../src/providers/protocols/AnthropicProtocol.ts"
import * as OpenAiProtocol from "../../src/providers/protocols/OpenAiProtocol.ts"
import { cut, fuzz, json, listOf } from "../support/fuzz.ts"
import type * as Random from "../support/Random.ts"

const encode = (text: string) => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)

const splitAll = (pieces: ReadonlyArray<Uint8Array>, max?: number) => {
  const splitter = new SseSplitter(max)
  const events = pieces.flatMap((piece) => splitter.feed(piece).map((event) => event.slice()))
  const rest = splitter.rest()
  return { events: rest === undefined ? events : [...events, rest], overflow: splitter.overflow }
}

const fields = ["data", "event", "id", "retry", "", "other"]

const lineOf = (random: Random.Random): string => {
  const value = random.pick([
    "",
    "x",
    "{}",
    '{"a":1}',
    "ü🙂",
    " two",
    "a:b",
    "[DONE]",
    "y".repeat(random.int(5_000))
  ])
  return random.chance(0.1) ? value : `${random.pick(fields)}${random.pick([":", ": ", ":  "])}${value}`
}

/** A stream of lines with any line ending, also mixed within one stream. */
const streamOf = (random: Random.Random): string => {
  const ends = random.pick([["\n"], ["\r\n"], ["\r"], ["\n", "\r\n", "\r"]])
  const lines = listOf(random, 30, () => (random.chance(0.35) ? "" : lineOf(random)))
  return (random.chance(0.2) ? "\ufeff" : "") + lines.map((line) => line + random.pick(ends)).join("")
}

/** The data of a stream by the standard, read from the whole text. */
const expected = (text: string): ReadonlyArray<string> =>
  text
    .replace(/^\ufeff/, "")
    .split(/\r\n|\n|\r/)
    .reduce<Array<Array<string>>>(
      (blocks, line) => {
        if (line === "") blocks.push([])
        else blocks.at(-1)?.push(line)
        return blocks
      },
      [[]]
    )
    .flatMap((block) => {
      const data = block
        .filter((line) => /^data(?::|$)/.test(line))
        .map((line) => line.replace(/^data:? ?/, ""))
      return data.length === 0 ? [] : [data.join("\n")]
    })

describe("an event stream in any pieces", () => {
  fuzz("has the events that the standard says", 1_500, (random) => {
    const text = streamOf(random)
    const { events } = splitAll(cut(random, encode(text)))
    const said = events
      .map((event) => ({ event, fields: SseEvent.read(event) }))
      // A block of unknown fields is read as data, contrary to the standard.
      .filter(({ event }) => /(^|[\r\n\ufeff])data(?::|[\r\n]|$)/.test(decode(event)))
      .map(({ fields }) => fields.data)
    assert.deepStrictEqual(said, [...expected(text)])
  })

  fuzz("keeps its bytes", 800, (random) => {
    const text = streamOf(random)
    const { events } = splitAll(cut(random, encode(text)))
    const whole = events.map(decode).join("")
    assert.isTrue(text.startsWith(whole))
    assert.match(text.slice(whole.length), /^[\r\n]*$/)
  })

  fuzz("is given up at the same event when one is too large", 500, (random) => {
    const bytes = encode(streamOf(random))
    const max = 1 + random.int(300)
    const whole = splitAll([bytes], max)
    const pieces = splitAll(cut(random, bytes), max)
    assert.deepStrictEqual(pieces.events.map(decode), whole.events.map(decode))
    assert.strictEqual(pieces.overflow, whole.overflow)
  })
})

const openai = OpenAiProtocol.protocol("bearer")
const anthropic = AnthropicProtocol.protocol
const kinds = [
  { path: "chat", protocol: openai, meanings: openai.operations["chat/completions"].meanings },
  { path: "responses", protocol: openai, meanings: openai.operations.responses.meanings },
  { path: "messages", protocol: anthropic, meanings: anthropic.operations.messages.meanings }
] as const

const disturb = (random: Random.Random, events: ReadonlyArray<string>): string =>
  events
    .flatMap((event) => {
      if (!random.chance(0.05)) return [event]
      return random.pick([
        [],
        [event, event],
        [": ping\n\n", event],
        [event.replaceAll("\n", "\r\n")],
        [`data: ${JSON.stringify(json(random))}\n\n`, event],
        ["data: {broken\n\n"],
        ['event: error\ndata: {"error":{"message":"no"}}\n\n'],
        [event.slice(0, random.int(event.length))]
      ])
    })
    .join("")

describe("the chunks of an answer", () => {
  fuzz("are the same in any pieces, gathered or one by one", 600, (random) => {
    const { meanings, path, protocol } = random.pick(kinds)
    const asked: Asked = { path, stream: true, tool: random.chance(0.3) }
    const { begin, end, pieces } = streamed(
      asked,
      "some words, für 🙂 you ".repeat(random.int(12)),
      1 + random.int(20)
    )
    const bytes = encode(disturb(random, [...begin, ...pieces, ...end]))
    const malformed = random.pick(["fail", "drop"] as const)
    const read = (parts: ReadonlyArray<Uint8Array>, gathers: boolean) => {
      assert.isDefined(meanings)
      const cutter = new EventCutter(new SseSplitter(), EventReader.make(protocol, meanings!({})), malformed)
      cutter.gathers = gathers
      let text = ""
      const others: Array<string> = []
      let hasContent = false
      const take = (chunk: ReturnType<EventCutter["rest"]>[number]) => {
        text += decode(chunk.bytes)
        hasContent ||= chunk.phase.content
        if (!chunk.phase.content) others.push(decode(chunk.bytes))
      }
      let isLast = false
      for (const part of parts) {
        cutter.add([part])
        while (cutter.hasBytes && cutter.stop === undefined && !isLast) {
          for (const chunk of cutter.cut()) {
            take(chunk)
            isLast ||= chunk.phase.last
          }
        }
      }
      if (cutter.stop === undefined && !isLast) for (const chunk of cutter.rest()) take(chunk)
      const stop = typeof cutter.stop === "object" ? cutter.stop._tag : cutter.stop
      return { text, others, hasContent, stop, dropped: cutter.dropped }
    }
    const whole = read([bytes], false)
    for (const gathers of [false, true]) assert.deepStrictEqual(read(cut(random, bytes), gathers), whole)
  })
})
