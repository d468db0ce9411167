/** Which characters of a text a page is cited for, and pages that come before or after the text. */
import { assert, describe, it } from "@effect/vitest"
import { resolve } from "../../src/dialect/index.ts"
import { AnthropicStreamReader } from "../../src/translate/anthropic/ReadStream.ts"
import type { Delta, Remark } from "../../src/translate/common/Common.ts"
import * as Translate from "../../src/translate/index.ts"
import { readAnswer } from "../../src/translate/openai/Answers.ts"
import { OpenAiStreamReader } from "../../src/translate/openai/ReadStream.ts"
import { context, dataOf } from "../support/translate/support.ts"

type Rule = "no" | "leading" | "unopened"

const dialect = (thinkTags: Rule) => resolve({ protocol: "openai", model: "m", choices: [{ thinkTags }] })

const cites = (start_index: number, end_index: number) => ({
  annotations: [
    { type: "url_citation", url_citation: { url: "https://example.org", title: "E", start_index, end_index } }
  ]
})

const placesIn = (deltas: ReadonlyArray<object>): ReadonlyArray<string> =>
  deltas.flatMap((delta) => ("from" in delta && "to" in delta ? `${delta.from}-${delta.to}` : []))

const chunk = (delta: object, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason }]
})

const readChunks = (rule: Rule, chunks: ReadonlyArray<object>): ReadonlyArray<Delta | Remark> => {
  const reader = new OpenAiStreamReader(dialect(rule))
  return [...chunks, chunk({}, "stop")].flatMap((each) => reader.read({}, each))
}

describe("the place of a citation", () => {
  for (const [rule, content, expected] of [
    ["leading", "<think>abc</think>Paris is nice", "0-5"],
    ["leading", " <think>abc</think>\nParis is nice", "1-6"],
    ["unopened", "abc</think>Paris is nice", "0-5"],
    ["leading", "Paris is nice", "0-5"],
    ["no", "<think>abc</think>Paris is nice", "18-23"]
  ] as const) {
    it(`does not count reasoning in tags: ${JSON.stringify(content)}, ${rule}`, () => {
      const at = content.indexOf("Paris")
      const { annotations } = cites(at, at + 5)
      const whole = { choices: [{ message: { content, annotations }, finish_reason: "stop" }] }
      assert.deepStrictEqual(placesIn(readAnswer(whole, dialect(rule)).sources ?? []), [expected])
      for (let cut = 1; cut < content.length; cut++) {
        const pieces = [content.slice(0, cut), content.slice(cut)].map((piece) => chunk({ content: piece }))
        assert.deepStrictEqual(placesIn(readChunks(rule, [...pieces, chunk({ annotations })])), [expected])
      }
    })
  }

  it("is the whole block of Claude's text, whether the citation comes before the text or after it", () => {
    const reader = new AnthropicStreamReader()
    const read = (type: string, members: object) => reader.read({}, { type, index: 0, ...members })
    const text = (said: string) => read("content_block_delta", { delta: { type: "text_delta", text: said } })
    const cited = (url: string) =>
      read("content_block_delta", {
        delta: { type: "citations_delta", citation: { type: "web_search_result_location", url, title: "E" } }
      })
    const start = () =>
      read("content_block_start", { content_block: { type: "text", text: "", citations: [] } })
    const stop = () => read("content_block_stop", {})
    const said = [
      ...[...start(), ...text("It "), ...stop()],
      ...[...start(), ...text("is."), ...cited("https://a.example"), ...stop()],
      ...[...start(), ...cited("https://b.example"), ...text("So."), ...stop()],
      ...[...start(), ...text("B"), ...cited("https://c.example"), ...text("ye."), ...stop()]
    ]
    assert.deepStrictEqual(placesIn(said), ["3-6", "6-9", "9-13"])
  })
})

describe("a page that a stream names again and again", () => {
  it("is cited once", () => {
    const whole = { index: 0, message: { role: "assistant", content: "Paris is nice", ...cites(0, 5) } }
    const said = readChunks("no", [
      chunk({ content: "Paris", ...cites(0, 5) }),
      chunk({ content: " is nice", annotations: [...cites(0, 5).annotations, ...cites(6, 8).annotations] }),
      { choices: [{ ...whole, finish_reason: "stop" }] }
    ])
    assert.deepStrictEqual(placesIn(said), ["0-5", "6-8"])
  })
})

/** The output of a response, streamed: its types, and the text and the number of pages of each message. */
const outputOf = (chunks: ReadonlyArray<object>): ReadonlyArray<string> => {
  const translator = Translate.makeStreamTranslator("openai", "responses", context())
  const events = [...chunks, chunk({}, "stop")].flatMap((each) =>
    translator.event({ data: JSON.stringify(each) })
  )
  const all = [...events, ...translator.event({ data: "[DONE]" }), ...translator.end()]
  return shown(dataOf(all).find((event) => (event as { type: string }).type === "response.completed"))
}

const shown = (event: unknown): ReadonlyArray<string> => {
  const { output } = (event as { response: { output: ReadonlyArray<Shown> } }).response
  return output.map(({ content = [], type }) =>
    type === "message"
      ? content.map(({ annotations, text }) => `${JSON.stringify(text)} ${annotations.length}`).join()
      : type
  )
}

interface Shown {
  readonly type: string
  readonly content?: ReadonlyArray<{ readonly text: string; readonly annotations: ReadonlyArray<unknown> }>
}

describe("a page in a response", () => {
  const call = { tool_calls: [{ index: 0, id: "t", function: { name: "f", arguments: "{}" } }] }

  it("is not lost when it comes before the text that cites it", () => {
    assert.deepStrictEqual(outputOf([chunk(cites(0, 5)), chunk({ content: "Paris" })]), ['"Paris" 1'])
  })

  it("is not lost when it comes after a call", () => {
    const output = outputOf([chunk({ content: "Paris" }), chunk(call), chunk(cites(0, 5))])
    assert.deepStrictEqual(output, ['"Paris" 0', "function_call", '"" 1'])
  })

  it("belongs to the last text of a whole answer if its place is behind that", () => {
    const message = { role: "assistant", content: "Paris", ...call, ...cites(0, 6) }
    const whole = { id: "c", choices: [{ index: 0, message, finish_reason: "tool_calls" }] }
    const { body } = Translate.translateWhole("openai", "responses", whole, context())
    assert.deepStrictEqual(shown({ response: body }), ['"Paris" 1', "function_call"])
  })
})

it("a whole answer takes a time that grows with the numbers of its texts and pages, not with their product", () => {
  const many = 20_000
  const indices = Array.from({ length: many }, (_, at) => at)
  const content = indices.map((at) => ({ type: "text", text: "a", citations: [page(at)] }))
  const whole = { type: "message", role: "assistant", content, stop_reason: "end_turn", usage: {} }
  const before = process.cpuUsage()
  const { body } = Translate.translateWhole("anthropic", "responses", whole, context())
  const { system, user } = process.cpuUsage(before)
  assert.isBelow((system + user) / 1000, 1_000)
  assert.lengthOf(JSON.stringify(body).match(/url_citation/g) ?? [], many)
})

const page = (at: number) => ({
  type: "web_search_result_location",
  url: `https://example.org/${at}`,
  title: "E",
  encrypted_index: "x",
  cited_text: "a"
})
