/** JSON as text inside a request: the limits of the body do not cover it, so it is checked before it is parsed. */
import { assert, describe, it } from "@effect/vitest"
import { type Dialect, expressRequest } from "../../src/translate/index.ts"

const keys = (count: number) => `{${Array.from({ length: count }, (_, index) => `"k${index}":1`).join()}}`

const chat = (texts: ReadonlyArray<string>) => ({
  model: "m",
  messages: [
    { role: "user", content: "hi" },
    {
      role: "assistant",
      tool_calls: texts.map((text, index) => ({
        id: `c${index}`,
        type: "function",
        function: { name: "f", arguments: text }
      }))
    },
    ...texts.map((_, index) => ({ role: "tool", tool_call_id: `c${index}`, content: "r" }))
  ]
})

const responses = (texts: ReadonlyArray<string>) => ({
  model: "m",
  input: texts.flatMap((text, index) => [
    { type: "function_call", call_id: `c${index}`, name: "f", arguments: text },
    { type: "function_call_output", call_id: `c${index}`, output: "r" }
  ])
})

const bodies: ReadonlyArray<readonly [Dialect, (texts: ReadonlyArray<string>) => object]> = [
  ["openai", chat],
  ["responses", responses]
]

const tooMuch: Readonly<Record<string, ReadonlyArray<string>>> = {
  "a million keys": [keys(1_000_000)],
  "half a million lists": [`[${"[],".repeat(500_000)}1]`],
  "a nest of lists": ["[".repeat(3_000_000)],
  "many texts that are small each": Array.from({ length: 2_000 }, () => keys(100))
}

describe("the arguments of calls in a request", () => {
  for (const [from, body] of bodies) {
    for (const [name, texts] of Object.entries(tooMuch)) {
      it(`are not parsed if they would hold everybody up: ${name}, from ${from}`, () => {
        const { change, lost } = expressRequest(from, "anthropic", { ...body(texts) })
        assert.deepStrictEqual([change, lost], ["cannot", ["arguments with too many keys and values"]])
      })
    }

    it(`are translated if they are large texts or common objects, from ${from}`, () => {
      const large = JSON.stringify({ text: "line\n".repeat(1_000_000) })
      const texts = [large, ...Array.from({ length: 1_000 }, () => keys(20))]
      const { body: made, lost } = expressRequest(from, "anthropic", { ...body(texts) })
      assert.deepStrictEqual(lost, [])
      assert.include(JSON.stringify(made), '"k19":1')
    })
  }

  it("count for their own request only", () => {
    for (let count = 0; count < 3; count++) {
      const { lost } = expressRequest("openai", "anthropic", chat([keys(80_000)]))
      assert.deepStrictEqual(lost, [])
    }
  })
})
