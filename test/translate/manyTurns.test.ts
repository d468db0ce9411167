/** A conversation of very many messages: the cost of each does not depend on their number. */
import { assert, describe, it } from "@effect/vitest"
import { resolve } from "../../src/dialect/index.ts"
import * as Translate from "../../src/translate/index.ts"

type Body = Parameters<typeof Translate.expressRequest>[2]

/** The number of messages. If the cost of a message grew with the number before it, these would take seconds. */
const count = 10_000

/** The most processor time for all of them, in milliseconds. About a tenth of it is needed. */
const most = 1_500

const many = (make: (index: number) => unknown) => Array.from({ length: count }, (_, index) => make(index))

const call = (id: string) => ({ id, type: "function", function: { name: "f", arguments: "{}" } })
const calling = (...ids: ReadonlyArray<string>) => ({
  role: "assistant",
  content: null,
  tool_calls: ids.map(call)
})
const result = (id: string) => ({ role: "tool", tool_call_id: id, content: "x" })
const use = (id: string) => ({ type: "tool_use", id, name: "f", input: {} })
const used = (id: string) => ({ type: "tool_result", tool_use_id: id, content: "x" })
const fragment = { type: "input_json_delta", partial_json: "1" }
const says = (role: string) => ({ role, content: "x" })
const user = says("user")

/** For each dialect, messages that all become one turn, or one list. */
const chats: Readonly<Record<string, ReadonlyArray<unknown>>> = {
  "of the user": many(() => user),
  "of the user behind a result": [user, calling("c"), result("c"), ...many(() => user)],
  "of the user in parts": many(() => ({
    role: "user",
    content: [
      { type: "text", text: "x" },
      { type: "image_url", image_url: { url: "https://x/y.png" } }
    ]
  })),
  "of the model": many(() => says("assistant")),
  "of the model with calls": many((at) => calling(`c${at}`)),
  "of the system": many(() => says("system")),
  "with results of one call": [user, calling("c"), ...many(() => result("c"))],
  "with calls of one id": many((at) => (at % 2 === 0 ? calling("c") : result("c"))),
  "with calls without an id": many((at) => (at % 2 === 0 ? calling("") : result(""))),
  "with results of calls of one message": [
    calling(...many((at) => `c${at}`).map(String)),
    ...many((at) => result(`c${at}`))
  ]
}

const messages: Readonly<Record<string, ReadonlyArray<unknown>>> = {
  "of the user": many(() => user),
  "of the user behind a result": [
    { role: "assistant", content: [use("c")] },
    { role: "user", content: [used("c")] },
    ...many(() => user)
  ],
  "of the model": many(() => says("assistant")),
  "of the model with calls": many((at) => ({ role: "assistant", content: [use(`c${at}`)] })),
  "of the model with thoughts": many(() => ({
    role: "assistant",
    content: [{ type: "thinking", thinking: "t", signature: "s" }]
  })),
  "of the system": [...many(() => says("system")), user],
  "with results of one call": many(() => ({ role: "user", content: [used("c")] })),
  "with calls of one id": many((at) =>
    at % 2 === 0 ? { role: "assistant", content: [use("c")] } : { role: "user", content: [used("c")] }
  )
}

const inputs: Readonly<Record<string, ReadonlyArray<unknown>>> = {
  "of the user": many(() => user),
  "of the model": many(() => says("assistant")),
  "with calls": many((at) => ({ type: "function_call", call_id: `c${at}`, name: "f", arguments: "{}" })),
  "with results": many((at) => ({ type: "function_call_output", call_id: `c${at}`, output: "x" })),
  "with thoughts": many((at) => ({
    type: "reasoning",
    id: `r${at}`,
    summary: [{ type: "summary_text", text: "t" }]
  }))
}

const cases: ReadonlyArray<readonly [Translate.Dialect, string, Body]> = [
  ...Object.entries(chats).map(([name, list]) => ["openai", name, { model: "m", messages: list }] as const),
  ...Object.entries(messages).map(
    ([name, list]) => ["anthropic", name, { model: "m", max_tokens: 1, messages: list }] as const
  ),
  ...Object.entries(inputs).map(([name, list]) => ["responses", name, { model: "m", input: list }] as const)
]

/** Targets, one of which requires one message for everything that a role says in a row. */
const targets = [
  ["anthropic", "claude-sonnet-5"],
  ["openai", "gpt-5.2"],
  ["openai", "mistral-large"],
  ["openai", "deepseek-chat"]
] as const

describe("a request with 10,000 messages", () => {
  for (const [from, name, body] of cases) {
    it(`${name} in a row (${from}) is translated in time`, () => {
      for (const [to, model] of targets) {
        const dialect = resolve({ protocol: to, model })
        const before = process.cpuUsage()
        Translate.expressRequest(from, to, body, model, undefined, dialect)
        const { system, user } = process.cpuUsage(before)
        assert.isBelow((system + user) / 1000, most, `to ${model}`)
      }
    })
  }
})

describe("a message with 50,000 blocks", () => {
  const blocks = (make: (index: number) => unknown) => Array.from({ length: 50_000 }, (_, at) => make(at))
  const places = blocks((at) => at)
  const cases: Readonly<Record<string, readonly [Translate.Dialect, object]>> = {
    "fragments without a call": ["anthropic", { content: blocks(() => fragment) }],
    "calls and fragments of none of their indices": [
      "anthropic",
      {
        content: blocks((at) => (at % 2 === 0 ? { ...use(`c${at}`), index: at } : { ...fragment, index: -1 }))
      }
    ],
    "calls that are in tool_calls too": [
      "openai",
      { content: places.map((at) => use(`c${at}`)), tool_calls: places.map((at) => call(`c${at}`)) }
    ]
  }
  for (const [name, [from, message]] of Object.entries(cases)) {
    it(`is translated in time: ${name}`, () => {
      const to = from === "openai" ? "anthropic" : "openai"
      const body = { model: "m", max_tokens: 1, messages: [{ role: "assistant", ...message }] }
      const before = process.cpuUsage()
      Translate.expressRequest(from, to, body, "m", undefined, resolve({ protocol: to, model: "m" }))
      const { system, user } = process.cpuUsage(before)
      assert.isBelow((system + user) / 1000, most)
    })
  }
})
