import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Models from "../../src/translate/anthropic/Models.ts"
import * as DataUrl from "../../src/translate/common/DataUrl.ts"
import * as Effort from "../../src/translate/common/Effort.ts"
import * as JsonSchema from "../../src/translate/common/JsonSchema.ts"
import * as ToolNames from "../../src/translate/common/ToolNames.ts"
import * as Translate from "../../src/translate/index.ts"
import * as OpenAiModels from "../../src/translate/openai/Models.ts"
import { ToolIds } from "../../src/translate/protocol/ToolIds.ts"
import { JsonEnd } from "../../src/util/JsonEnd.ts"

describe("the end of a JSON object", () => {
  it.prop(
    "is its last character, however it comes in pieces",
    [
      Schema.Record(Schema.String, Schema.Json),
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 9 }))
    ],
    ([value, size]) => {
      const json = JSON.stringify({ '{"\\': value })
      const end = new JsonEnd()
      for (let at = 0; at < json.length; at += size) {
        assert.isFalse(end.isComplete)
        end.push(json.slice(at, at + size))
      }
      assert.isTrue(end.isComplete)
    },
    { arbitrary: { runs: 300 } }
  )

  it("is not detected inside a string", () => {
    const end = new JsonEnd()
    end.push('{"a":"\\"}')
    assert.isFalse(end.isComplete)
    end.push('\\\\"}')
    assert.isTrue(end.isComplete)
  })
})

describe("the ids of calls", () => {
  const rule = { allowed: /^[\w-]+$/, forbidden: /[^\w-]/g, longest: 20 }

  it("are kept if possible", () => {
    const ids = new ToolIds(rule)
    assert.deepStrictEqual(
      [ids.call("a"), ids.call("b"), ids.result("b"), ids.result("a")],
      ["a", "b", "b", "a"]
    )
  })

  it("are replaced if they are duplicates, in results too", () => {
    const ids = new ToolIds(rule)
    assert.deepStrictEqual([ids.call("call_0"), ids.result("call_0")], ["call_0", "call_0"])
    assert.deepStrictEqual([ids.call("call_0"), ids.result("call_0")], ["call_0_1", "call_0_1"])
  })

  it.prop(
    "are unique, allowed, and the same for a call and its result",
    [
      Schema.Array(
        Schema.Union([Schema.Literals(["", "a", "a_1", "call", "call_1", "a b", "a.b"]), Schema.String])
      )
    ],
    ([given]) => {
      const ids = new ToolIds(rule)
      const seen = new Set<string>()
      for (const id of given) {
        const called = ids.call(id)
        assert.isFalse(seen.has(called))
        seen.add(called)
        assert.match(called, rule.allowed)
        assert.isAtMost(called.length, rule.longest)
        assert.strictEqual(ids.result(id), called)
      }
    },
    { arbitrary: { runs: 300 } }
  )

  it("of results without a call are distinct, too", () => {
    const ids = new ToolIds(rule)
    assert.strictEqual(ids.result("lost"), "lost")
    assert.strictEqual(ids.result("lost"), "lost")
    assert.strictEqual(ids.result(""), "call_1")
  })
})

describe("the name of a tool", () => {
  it("is kept up to 64 characters, and gets a checksum if it is cut", () => {
    const name = "x".repeat(100)
    assert.strictEqual(ToolNames.shorten("x".repeat(64)), "x".repeat(64))
    assert.match(ToolNames.shorten(name), /^x{55}_[0-9a-f]{8}$/)
    assert.notStrictEqual(ToolNames.shorten(`${name}a`), ToolNames.shorten(`${name}b`))
    assert.deepStrictEqual([...ToolNames.shortened(["short", name])], [[ToolNames.shorten(name), name]])
  })
})

describe("a data URL", () => {
  it("is read into its type and its data", () => {
    const table: ReadonlyArray<readonly [url: string, mediaType: string, data: string]> = [
      ["data:image/png;base64,AAAA", "image/png", "AAAA"],
      ["DATA:Image/PNG;name=a.png;BASE64,AAAA", "image/png", "AAAA"],
      ["data:,a%20b", "text/plain", btoa("a b")],
      ["data:text/plain,100%", "text/plain", btoa("100%")],
      ["data:image/gif;base64", "image/gif", ""]
    ]
    for (const [url, mediaType, data] of table) {
      assert.deepStrictEqual(DataUrl.read(url), { type: "base64", mediaType, data })
    }
    assert.deepStrictEqual(DataUrl.read("https://a/b"), { type: "url", url: "https://a/b" })
  })
})

describe("an effort", () => {
  it("is recovered from its budget", () => {
    for (const effort of ["minimal", "low", "medium", "high", "xhigh"] as const) {
      for (const limit of [10_300, 32_000, 64_000, 128_000]) {
        assert.strictEqual(Effort.ofBudget(Effort.budget(effort, limit)!, limit), effort)
      }
    }
  })

  it("leaves room for the answer", () => {
    assert.strictEqual(Effort.budget("max", 1025), 1024)
    assert.strictEqual(Effort.budget("max", 1024), undefined)
    assert.strictEqual(Effort.budget("xhigh", 1_000_000), 128_000)
  })

  it("is the next lower one of a model, or its lowest", () => {
    assert.strictEqual(Effort.nearest("max", ["low", "high"]), "high")
    assert.strictEqual(Effort.nearest("medium", ["low", "high"]), "low")
    assert.strictEqual(Effort.nearest("none", ["low", "high"]), "low")
    assert.strictEqual(Effort.nearest("high", []), undefined)
  })
})

describe("the features of a model", () => {
  it("are read from its names at Anthropic, resellers and routers", () => {
    const thinks: ReadonlyArray<readonly [model: string, thinking: string]> = [
      ["claude-opus-5-5", "default"],
      ["claude-haiku-5-5", "default"],
      ["claude-sonnet-5", "default"],
      ["claude-fable-5-1", "always"],
      ["claude-mythos-preview", "always"],
      ["claude-opus-4-8", "optional"],
      ["us.anthropic.claude-opus-4-7-v1:0", "optional"],
      ["anthropic/claude-sonnet-4.6", "optional"],
      ["claude-opus-4-5-20251101", "budget"],
      ["claude-haiku-4-5@20251001", "budget"],
      ["claude-sonnet-4-20250514", "budget"],
      ["claude-3-7-sonnet-20250219", "budget"],
      ["claude-3-5-sonnet-latest", "none"],
      ["claude-3-opus-20240229", "none"],
      ["claude-instant-1.2", "none"],
      ["claude-opus-latest", "default"],
      ["kimi-k3", "budget"]
    ]
    for (const [model, thinking] of thinks) assert.strictEqual(Models.traits(model).thinking, thinking, model)
  })

  it("are read from the names of OpenAI's models", () => {
    const table: ReadonlyArray<readonly [model: string, reasons: boolean, highest: string | undefined]> = [
      ["gpt-4o", false, undefined],
      ["gpt-4.1-mini", false, undefined],
      ["gpt-5-chat-latest", false, undefined],
      ["chatgpt-4o-latest", false, undefined],
      ["o1", true, "high"],
      ["o4-mini-2025-04-16", true, "high"],
      ["gpt-5", true, "high"],
      ["gpt-5-nano", true, "high"],
      ["gpt-5.1-codex", true, "high"],
      ["openai/gpt-5.2", true, "xhigh"],
      ["gpt-5.6-terra", true, "xhigh"],
      ["gpt-6-astra", true, "xhigh"],
      ["openai/gpt-oss-20b", false, "high"],
      ["llama-4", false, undefined],
      ["o", false, undefined]
    ]
    for (const [model, reasons, highest] of table) {
      const traits = OpenAiModels.traits(model)
      assert.deepStrictEqual([traits.reasons, traits.efforts.at(-1)], [reasons, highest], model)
    }
  })
})

describe("a schema", () => {
  const closed = (properties: object, required: ReadonlyArray<string> = Object.keys(properties)) => ({
    type: "object",
    properties,
    required,
    additionalProperties: false
  })

  it("is strict if every object in it is closed and requires all its properties", () => {
    const text = { type: "string" }
    const strict = [
      closed({ a: text, b: { anyOf: [closed({ c: text }), { type: "null" }] } }),
      { type: "array", items: closed({}) },
      { $ref: "#/$defs/a", $defs: { a: closed({ a: text }) } },
      text
    ]
    const loose = [
      closed({ a: text }, []),
      { ...closed({ a: text }), additionalProperties: true },
      { type: ["object", "null"], properties: {} },
      closed({ a: { type: "array", items: { type: "object" } } }),
      { anyOf: [{ type: "object" }] },
      { ...closed({}), $defs: { a: { type: "object" } } }
    ]
    for (const schema of strict) assert.isTrue(JsonSchema.isStrict(schema), JSON.stringify(schema))
    for (const schema of loose) assert.isFalse(JsonSchema.isStrict(schema), JSON.stringify(schema))
  })

  it("that Anthropic accepts is unchanged", () => {
    const schema = closed({
      a: { type: "string", format: "date", description: "d" },
      b: { type: "array", items: { type: ["integer", "null"] }, minItems: 1 },
      c: { enum: ["x", null] },
      d: { allOf: [{ $ref: "#/$defs/e" }] },
      e: { const: 1, title: "t", default: 1 }
    })
    const dropped: Array<string> = []
    assert.deepStrictEqual(
      JsonSchema.restrict(schema, (keyword) => dropped.push(keyword)),
      schema
    )
    assert.deepStrictEqual(dropped, [])
  })
})

describe("the exports", () => {
  it("are what a gateway needs", () => {
    assert.deepStrictEqual(Object.keys(Translate).sort(), [
      "LargeEvent",
      "beginExpress",
      "contextError",
      "declined",
      "encode",
      "estimateTokens",
      "expressRequest",
      "hasOtherForm",
      "isStateful",
      "itemsOf",
      "makeCarrier",
      "makeContext",
      "makeStreamTranslator",
      "mayCarry",
      "ownError",
      "refuseStateful",
      "saysContextExceeded",
      "translateAnswer",
      "translateError",
      "translateRequest",
      "translateWhole",
      "withItems",
      "withoutBilling",
      "withoutCarried",
      "withoutForeignThoughts",
      "withoutSystemTurns",
      "withoutThinking",
      "withoutUnsignedThinking"
    ])
  })
})
