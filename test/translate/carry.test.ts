import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { withoutCarried } from "../../src/translate/Clean.ts"
import * as CallId from "../../src/translate/carry/CallId.ts"
import * as Carry from "../../src/translate/carry/Carry.ts"
import { familyOf } from "../../src/translate/carry/Family.ts"
import { joinDetails, merge } from "../../src/translate/carry/Members.ts"
import * as Token from "../../src/translate/carry/Token.ts"
import type { Delta, Spoken } from "../../src/translate/common/Common.ts"
import { Dropped } from "../../src/translate/common/Dropped.ts"
import { makeContext } from "../../src/translate/index.ts"
import { Packer } from "../../src/translate/Pack.ts"
import { codecs } from "../../src/translate/Translate.ts"
import { unpack } from "../../src/translate/Unpack.ts"

const one = Token.owner("one\ngemini", ["secret"])

describe("a token", () => {
  it.prop("returns the content to its owner, in its place", [Schema.String, Schema.String], ([a, b]) => {
    const token = Token.seal(one, a, { t: b })
    assert.match(token, /^[a-zA-Z0-9_-]+$/)
    assert.deepStrictEqual(Token.open(one, a, token), { t: b })
    assert.isUndefined(Token.open(one, `${a}x`, token))
    assert.isUndefined(Token.open(Token.owner("two\ngemini", ["secret"]), a, token))
    assert.isUndefined(Token.open(Token.owner("one\ngemini", ["other"]), a, token))
  })

  it("is rejected once a character was changed, added or removed", () => {
    const token = Token.seal(one, "id", { x: { extra_content: { google: { thought_signature: "c2ln" } } } })
    const last = token.length - 1
    for (let at = Token.mark.length; at < last; at++) {
      const other = token[at] === "A" ? "B" : "A"
      assert.isUndefined(Token.open(one, "id", token.slice(0, at) + other + token.slice(at + 1)), String(at))
      assert.isUndefined(Token.open(one, "id", token.slice(0, at)), String(at))
    }
    for (const text of ["", Token.mark, `${Token.mark}AAAA`, "efc1", "x".repeat(100)]) {
      assert.isUndefined(Token.open(one, "id", text))
    }
  })

  it("is accepted while its secret is among those of its owner", () => {
    const token = Token.seal(one, "id", { t: "a" })
    assert.isDefined(Token.open(Token.owner("one\ngemini", ["new", "secret"]), "id", token))
  })

  it("is shorter than long repetitive content", () => {
    assert.isBelow(Token.seal(one, "", { t: "I think about it. ".repeat(5000) }).length, 2000)
  })
})

describe("an id of a call", () => {
  it("is recovered with and without a token", () => {
    const token = Token.seal(one, "call_1", { i: "functions.weather:0" })
    assert.deepStrictEqual(CallId.split(CallId.join("call_1", token)), { id: "call_1", token })
    assert.deepStrictEqual(CallId.split("call_1"), { id: "call_1" })
    assert.strictEqual(CallId.toLegal("functions.weather:0"), "functions_weather_0")
    assert.isFalse(CallId.isLegal(CallId.join("call_1", token)))
  })
})

describe("fields in pieces", () => {
  it("are merged: strings, lists, objects, details with one index", () => {
    const into = {}
    merge(into, {
      reasoning_opaque: "ab",
      extra_content: { google: { a: 1 } },
      reasoning_details: [{ n: 1 }]
    })
    merge(into, {
      reasoning_opaque: "cd",
      extra_content: { google: { b: 2 } },
      reasoning_details: [{ n: 2 }]
    })
    merge(into, { cot_id: "x" })
    merge(into, { cot_id: "x" })
    assert.deepStrictEqual(into, {
      reasoning_opaque: "abcd",
      extra_content: { google: { a: 1, b: 2 } },
      reasoning_details: [{ n: 1 }, { n: 2 }],
      cot_id: "x"
    })
    const piece = (text: string, more: object = {}) => ({ type: "reasoning.text", index: 0, text, ...more })
    assert.deepStrictEqual(
      joinDetails({ reasoning_details: [piece("a"), piece("b"), piece("", { signature: "s" })] }),
      { reasoning_details: [piece("ab", { signature: "s" })] }
    )
  })
})

describe("a family of models", () => {
  it("is derived from the name", () => {
    const rows = [
      ["google/gemini-3-pro", "gemini"],
      ["deepseek/deepseek-r1-distill-qwen-32b", "deepseek"],
      ["claude-opus-4-6", "claude"],
      ["openai/gpt-oss-120b", "gpt-oss"],
      ["gpt-5.2", "gpt"],
      ["Mine", "mine"]
    ] as const
    for (const [model, family] of rows) assert.strictEqual(familyOf(model), family)
  })
})

/** Deltas as a client of messages sends them back, and what its target receives then. */
const back = (deltas: ReadonlyArray<Delta>, model: string, thinking?: object) => {
  const carry = Carry.make("p", ["secret"]).of(model)
  const context = makeContext({ model, thinking }, { id: "req_1", created: 1, carry })
  const packer = new Packer(carry, "openai", "anthropic", context)
  const parts: Array<Spoken> = []
  const calls = new Map<number, number>()
  for (const delta of deltas.flatMap((delta) => (packer.isPlain(delta) ? [delta] : packer.pack(delta)))) {
    const last = parts.at(-1)
    if (delta.type === "thinking") {
      if (last?.type === "thinking" && last.signature === undefined) {
        parts.splice(-1, 1, { ...last, text: last.text + delta.text })
      } else parts.push({ type: "thinking", text: delta.text })
    } else if (delta.type === "signature") {
      if (last?.type === "thinking") parts.splice(-1, 1, { ...last, signature: delta.signature })
      else parts.push({ type: "thinking", text: "", signature: delta.signature })
    } else if (delta.type === "redacted") parts.push(delta)
    else if (delta.type === "call") {
      calls.set(delta.call, parts.length)
      parts.push({ type: "call", id: delta.id, name: delta.name, arguments: "" })
    } else if (delta.type === "arguments") {
      const at = calls.get(delta.call)!
      const call = parts[at]!
      if (call.type === "call") parts[at] = { ...call, arguments: call.arguments + delta.json }
    }
  }
  const turns = unpack([{ role: "assistant", parts }], "openai", carry, new Dropped(codecs.anthropic.names))
  return turns[0]?.role === "assistant" ? turns[0].parts : []
}

describe("the carried data of a stream", () => {
  const hang = (name: string) => ({ extra_content: { google: { thought_signature: name } } })
  const call = (index: number, members?: object): ReadonlyArray<Delta> => [
    {
      type: "call",
      call: index,
      id: `call_${index}`,
      name: "f",
      ...(members && { members: { ...members } })
    },
    { type: "arguments", call: index, json: "{}" }
  ]
  const think = (text: string): Delta => ({ type: "thinking", text, field: "reasoning_content" })
  const told = (parts: ReadonlyArray<Spoken>) => {
    const left = {}
    for (const part of parts) if (part.type === "left") merge(left, part.members)
    return { left, calls: parts.flatMap((part) => (part.type === "call" ? [[part.id, part.members]] : [])) }
  }

  for (const [name, thinking] of [
    ["shown", { type: "enabled" }],
    ["hidden", { type: "adaptive", display: "omitted" }],
    ["not asked for", undefined]
  ] as const) {
    it(`comes back whole where thoughts are ${name}, also from between calls`, () => {
      const deltas: ReadonlyArray<Delta> = [
        { type: "start" },
        think("one "),
        think("two "),
        ...call(0, hang("a")),
        think("three"),
        ...call(1, hang("b")),
        ...call(2),
        { type: "stop", stop: "calls" },
        { type: "end" }
      ]
      for (const model of ["gemini-3-pro", "m"]) {
        assert.deepStrictEqual(told(back(deltas, model, thinking)), {
          left: { reasoning_content: "one two three" },
          calls: [
            ["call_0", hang("a")],
            ["call_1", hang("b")],
            ["call_2", undefined]
          ]
        })
      }
    })
  }

  it("is returned with its call if it arrives after the call's start", () => {
    const late: ReadonlyArray<Delta> = [
      ...call(0).slice(0, 1),
      { type: "hangs", call: 0, members: hang("late") },
      ...call(0).slice(1),
      { type: "end" }
    ]
    assert.deepStrictEqual(told(back(late, "gemini-3-pro")).calls, [["call_0", hang("late")]])
  })
})

describe("the rules of a server", () => {
  it("decide whether reasoning text is sent back", () => {
    const carry = Carry.make("p", ["secret"]).of("m")
    const signature = Token.seal(carry.owner, "own", { f: "reasoning" })
    const own: Spoken = { type: "thinking", text: "own", signature }
    const unsigned: Spoken = { type: "thinking", text: "unsigned" }
    const call: Spoken = { type: "call", id: "c", name: "f", arguments: "{}" }
    const said = (back: "never" | "calls" | "always" | undefined, ...parts: ReadonlyArray<Spoken>) => {
      const rules = back === undefined ? undefined : { back, field: "thinking" }
      const dropped = new Dropped(codecs.anthropic.names)
      const [turn] = unpack([{ role: "assistant", parts }], "openai", carry, dropped, rules)
      const left = {}
      for (const part of turn?.role === "assistant" ? turn.parts : []) {
        if (part.type === "left") merge(left, part.members)
      }
      return left
    }
    assert.deepStrictEqual(said("never", own, unsigned, call), {})
    assert.deepStrictEqual(said("calls", own, unsigned, call), { reasoning: "own", thinking: "unsigned" })
    assert.deepStrictEqual(said("calls", own, unsigned), {})
    assert.deepStrictEqual(said("always", own, unsigned), { reasoning: "own", thinking: "unsigned" })
    assert.deepStrictEqual(said(undefined, own, unsigned), { reasoning: "own" })
    assert.deepStrictEqual(said(undefined, own, unsigned, call), {
      reasoning: "own",
      reasoning_content: "unsigned"
    })
  })
})

describe("a conversation for a target of the called protocol", () => {
  const id = CallId.join("call_1", Token.seal(one, "call_1", { x: {} }))
  const token = Token.seal(one, "", { f: "reasoning_content" })

  it("contains nothing carried for others", () => {
    const rows = [
      [
        "anthropic",
        {
          messages: [
            { role: "user", content: "hi" },
            { role: "assistant", content: [{ type: "redacted_thinking", data: token }] },
            {
              role: "assistant",
              content: [
                { type: "thinking", thinking: "hm", signature: token },
                { type: "thinking", thinking: "mine", signature: "EqQB" },
                { type: "tool_use", id, name: "f", input: {} }
              ]
            },
            { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: "ok" }] }
          ]
        },
        {
          messages: [
            { role: "user", content: "hi" },
            {
              role: "assistant",
              content: [
                { type: "thinking", thinking: "mine", signature: "EqQB" },
                { type: "tool_use", id: "call_1", name: "f", input: {} }
              ]
            },
            { role: "user", content: [{ type: "tool_result", tool_use_id: "call_1", content: "ok" }] }
          ]
        }
      ],
      [
        "responses",
        {
          input: [
            { type: "reasoning", id: "rs_1", summary: [], encrypted_content: token },
            { type: "reasoning", id: "rs_2", summary: [], encrypted_content: "gAAA" },
            { type: "function_call", call_id: id, name: "f", arguments: "{}" },
            { type: "function_call_output", call_id: id, output: "ok" }
          ]
        },
        {
          input: [
            { type: "reasoning", id: "rs_2", summary: [], encrypted_content: "gAAA" },
            { type: "function_call", call_id: "call_1", name: "f", arguments: "{}" },
            { type: "function_call_output", call_id: "call_1", output: "ok" }
          ]
        }
      ],
      [
        "openai",
        {
          messages: [
            { role: "assistant", content: null, tool_calls: [{ id, type: "function" }] },
            { role: "tool", tool_call_id: id, content: "ok" }
          ]
        },
        {
          messages: [
            { role: "assistant", content: null, tool_calls: [{ id: "call_1", type: "function" }] },
            { role: "tool", tool_call_id: "call_1", content: "ok" }
          ]
        }
      ]
    ] as const
    for (const [dialect, given, expected] of rows) {
      assert.deepStrictEqual(withoutCarried(dialect, given), expected)
      assert.strictEqual(withoutCarried(dialect, expected), expected)
    }
  })
})
