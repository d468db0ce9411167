/** Thoughts in tags at the beginning of a text, whole and streamed. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { resolve } from "../../src/dialect/index.ts"
import type { Delta, Remark } from "../../src/translate/common/Common.ts"
import { readAnswer } from "../../src/translate/openai/Answers.ts"
import * as ThinkTags from "../../src/translate/openai/parts/ThinkTags.ts"
import { OpenAiStreamReader } from "../../src/translate/openai/ReadStream.ts"

type Rule = "no" | "leading" | "unopened"

const dialect = (thinkTags: Rule) => resolve({ protocol: "openai", model: "m", choices: [{ thinkTags }] })

interface Said {
  readonly thoughts: string
  readonly text: string
}

const whole = (rule: Rule, content: string): Said => {
  const { parts } = readAnswer({ choices: [{ message: { content }, finish_reason: "stop" }] }, dialect(rule))
  const joined = (type: string) =>
    parts.flatMap((part) => (part.type === type && "text" in part ? part.text : [])).join("")
  return { thoughts: joined("thinking"), text: joined("text") }
}

const read = (rule: Rule, deltas: ReadonlyArray<object>): ReadonlyArray<Delta | Remark> => {
  const reader = new OpenAiStreamReader(dialect(rule))
  const chunk = (delta: object, finish_reason: string | null = null) =>
    reader.read({}, { choices: [{ index: 0, delta, finish_reason }] })
  return [...deltas.flatMap((delta) => chunk(delta)), ...chunk({}, "stop"), ...reader.end()]
}

const streamed = (rule: Rule, pieces: ReadonlyArray<string>): Said => {
  const said = { thoughts: "", text: "" }
  for (const delta of read(
    rule,
    pieces.map((content) => ({ content }))
  )) {
    if (delta.type === "thinking") said.thoughts += delta.text
    if (delta.type === "text") said.text += delta.text
  }
  return said
}

/** Every way to cut a text in two, and its single characters. */
const cuts = (text: string): ReadonlyArray<ReadonlyArray<string>> => [
  ...Array.from({ length: text.length + 1 }, (_, at) => [text.slice(0, at), text.slice(at)]),
  Array.from(text)
]

const cases: ReadonlyArray<readonly [what: string, rule: Rule, content: string, said: Said]> = [
  ["a block at the beginning", "leading", "<think>I add.</think>4", { thoughts: "I add.", text: "4" }],
  [
    "a block after blanks, with blanks in and behind it",
    "leading",
    "\n<think>\nI add.\n</think>\n\n4",
    { thoughts: "\n\nI add.\n", text: "\n\n4" }
  ],
  ["a block that is never closed", "leading", "<think>I add </thi", { thoughts: "I add </thi", text: "" }],
  ["an empty block", "leading", "<think></think>4", { thoughts: "", text: "4" }],
  ["an empty block that the template opened", "leading", "</think>4", { thoughts: "", text: "4" }],
  [
    "a text that mentions the tag",
    "leading",
    "Write <think>x</think> first.",
    { thoughts: "", text: "Write <think>x</think> first." }
  ],
  [
    "a second block",
    "leading",
    "<think>a</think>b<think>c</think>d",
    { thoughts: "a", text: "b<think>c</think>d" }
  ],
  ["a text that begins like the tag", "leading", "<thin air", { thoughts: "", text: "<thin air" }],
  ["a text that is the beginning of the tag", "leading", " <thi", { thoughts: "", text: " <thi" }],
  [
    "a closing tag whose opening one is in the template",
    "unopened",
    "I add.</think>4",
    { thoughts: "I add.", text: "4" }
  ],
  [
    "both tags although the template opens one",
    "unopened",
    "<think>I add.</think>4",
    { thoughts: "I add.", text: "4" }
  ],
  ["no tag where the template opens one", "unopened", "I add", { thoughts: "I add", text: "" }],
  [
    "a block at a server without such tags",
    "no",
    "<think>a</think>b",
    { thoughts: "", text: "<think>a</think>b" }
  ]
]

describe("thoughts in tags", () => {
  for (const [what, rule, content, said] of cases) {
    it(`are read the same whole and in any pieces: ${what}`, () => {
      assert.deepStrictEqual(whole(rule, content), said)
      for (const pieces of cuts(content))
        assert.deepStrictEqual(streamed(rule, pieces), said, pieces.join("|"))
    })
  }

  it.prop(
    "lose no character besides one pair of tags",
    [
      Schema.Literals(["leading", "unopened"]),
      Schema.Array(Schema.Literals(["<think>", "</think>", "<", "a", "\n"]))
    ],
    ([rule, pieces]) => {
      const content = pieces.join("")
      const { text, thoughts } = streamed(rule, pieces)
      assert.deepStrictEqual(whole(rule, content), { text, thoughts })
      const rest = content.replace(/^(\s*)<think>/, "$1")
      assert.oneOf(thoughts + text, [
        content,
        rest,
        content.replace("</think>", ""),
        rest.replace("</think>", "")
      ])
    }
  )

  it("are not looked for after much white space, which is passed on as it comes", () => {
    const far = `${" ".repeat(65)}<think>a</think>b`
    for (const pieces of [[far], [...far]]) {
      assert.deepStrictEqual(streamed("leading", pieces), { text: far, thoughts: "" })
    }
    assert.deepStrictEqual(whole("leading", far), { text: far, thoughts: "" })
    const tags = ThinkTags.make("leading")!
    for (let i = 0; i < 64; i++) assert.deepStrictEqual(tags.read(" "), [])
    assert.deepStrictEqual(tags.read(" "), [{ type: "text", text: " ".repeat(65) }])
    assert.deepStrictEqual(tags.read(" "), [{ type: "text", text: " " }])
  })

  it("end where a call begins", () => {
    const call = { index: 0, id: "a", function: { name: "f", arguments: "{}" } }
    const deltas = read("leading", [{ content: "<think>I call.</th" }, { tool_calls: [call] }])
    assert.deepStrictEqual(
      deltas.map(({ type }) => type),
      ["start", "thinking", "thinking", "call", "arguments", "stop", "end"]
    )
  })

  it("are given out before the error that ends a stream", () => {
    const reader = new OpenAiStreamReader(dialect("leading"))
    reader.read({}, { choices: [{ index: 0, delta: { content: "<think>a<" } }] })
    const last = reader.read({}, { error: { message: "down" } })
    assert.deepStrictEqual(
      last.map((delta) => (delta.type === "thinking" ? delta.text : delta.type)),
      ["<", "error"]
    )
  })
})
