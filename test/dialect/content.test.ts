/** Content for a target: its detected type, and its cache control. */
import { assert, describe, it } from "@effect/vitest"
import { resolve } from "../../src/dialect/index.ts"
import * as Translate from "../../src/translate/index.ts"

const base64 = (...bytes: ReadonlyArray<number>) => Buffer.from([...bytes, 1, 2, 3, 4]).toString("base64")
const jpeg = base64(0xff, 0xd8, 0xff, 0xe0)
const png = base64(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
const gif = Buffer.from("GIF89a....").toString("base64")
const webp = Buffer.from("RIFF\0\0\0\0WEBPVP8 ").toString("base64")
const pdf = Buffer.from("%PDF-1.7 ...").toString("base64")
const text = (said: string) => Buffer.from(said).toString("base64")

const express = (content: object) =>
  Translate.expressRequest("openai", "anthropic", {
    model: "claude-sonnet-5",
    messages: [{ role: "user", content: [content] }]
  })

const firstOf = (content: object) => {
  const { body, change } = express(content)
  const [message] = body.messages as ReadonlyArray<{ readonly content: ReadonlyArray<Translate.JsonObject> }>
  return [change, message?.content[0]] as const
}

const image = (mediaType: string, data: string) => ({
  type: "image_url",
  image_url: { url: `data:${mediaType};base64,${data}` }
})
const file = (mediaType: string, data: string) => ({
  type: "file",
  file: { filename: "a", file_data: `data:${mediaType};base64,${data}` }
})

describe("content that is declared as something else", () => {
  for (const [declared, data, real] of [
    ["image/jpg", jpeg, "image/jpeg"],
    ["image/png", jpeg, "image/jpeg"],
    ["application/octet-stream", png, "image/png"],
    ["image/png", gif, "image/gif"],
    ["image/jpeg", webp, "image/webp"]
  ] as const) {
    it(`is sent as its real type: ${real} declared as ${declared}`, () => {
      for (const part of [image(declared, data), file(declared, data)]) {
        assert.deepStrictEqual(firstOf(part), [
          "changed",
          { type: "image", source: { type: "base64", media_type: real, data } }
        ])
      }
    })
  }

  it("is a document when it is a PDF, and text when it can be read", () => {
    assert.deepStrictEqual(firstOf(image("image/png", pdf))[1], {
      type: "document",
      source: { type: "base64", media_type: "application/pdf", data: pdf }
    })
    for (const type of [
      "application/json",
      "application/xml",
      "application/yaml",
      "text/csv",
      "application/octet-stream"
    ]) {
      assert.deepStrictEqual(firstOf(file(type, text('{"a":1}')))[1], {
        type: "document",
        source: { type: "text", media_type: "text/plain", data: '{"a":1}' },
        title: "a"
      })
    }
  })

  it("skips a Claude if its type cannot be detected", () => {
    assert.strictEqual(firstOf(file("application/zip", base64(0x50, 0x4b, 3, 4, 0)))[0], "cannot")
  })
})

describe("an image in a message of the model", () => {
  const hi = { role: "user", content: "hi" }
  const source = { type: "base64", media_type: "image/png", data: png }
  const given = {
    openai: { messages: [hi, { role: "assistant", content: [image("image/png", png)] }, hi] },
    anthropic: {
      max_tokens: 9,
      messages: [hi, { role: "assistant", content: [{ type: "image", source }] }, hi]
    },
    responses: {
      input: [
        hi,
        { role: "assistant", content: [{ type: "input_image", image_url: `data:image/png;base64,${png}` }] },
        hi
      ]
    }
  } as const

  for (const from of ["openai", "anthropic", "responses"] as const) {
    it(`skips a target of another protocol, because only users can show images: ${from}`, () => {
      const to = from === "anthropic" ? "openai" : "anthropic"
      const { change, lost } = Translate.expressRequest(from, to, { model: "m", ...given[from] })
      assert.strictEqual(change, "cannot")
      assert.lengthOf(lost, 1)
    })
  }
})

describe("what is to be kept in a cache", () => {
  const cache_control = { type: "ephemeral" }

  it("is sent to Anthropic: for calls, answers and results, as OpenCode marks them", () => {
    const call = (id: string) => ({ id, type: "function", function: { name: "a", arguments: "{}" } })
    const { body, dropped } = Translate.translateRequest("openai", "anthropic", {
      model: "claude-sonnet-5",
      tools: [{ type: "function", function: { name: "a", parameters: {} } }],
      messages: [
        { role: "user", content: "hi" },
        { role: "assistant", content: null, tool_calls: [call("c1"), { ...call("c2"), cache_control }] },
        { role: "tool", tool_call_id: "c1", content: "one" },
        { role: "tool", tool_call_id: "c2", content: "two", cache_control },
        { role: "assistant", content: "ok", cache_control },
        { role: "user", content: "again" }
      ]
    })
    assert.deepStrictEqual(dropped, [])
    assert.deepStrictEqual((body.messages as ReadonlyArray<unknown>).slice(1, 4), [
      {
        role: "assistant",
        content: [
          { type: "tool_use", id: "c1", name: "a", input: {} },
          { type: "tool_use", id: "c2", name: "a", input: {}, cache_control }
        ]
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "c1", content: "one" },
          { type: "tool_result", tool_use_id: "c2", content: [{ type: "text", text: "two", cache_control }] }
        ]
      },
      { role: "assistant", content: [{ type: "text", text: "ok", cache_control }] }
    ])
  })

  it("is sent to Anthropic: for prompts, parts, messages and tools", () => {
    const { body, dropped } = Translate.translateRequest("openai", "anthropic", {
      model: "claude-sonnet-5",
      tools: [{ type: "function", function: { name: "a", parameters: {} }, cache_control }],
      messages: [
        { role: "system", content: [{ type: "text", text: "Be brief.", cache_control }] },
        {
          role: "user",
          content: [
            { type: "text", text: "long", cache_control },
            { type: "text", text: "short" }
          ]
        },
        { role: "assistant", content: "ok" },
        { role: "user", content: "again", cache_control }
      ]
    })
    assert.deepStrictEqual(dropped, [])
    assert.deepStrictEqual(body.system, [{ type: "text", text: "Be brief.", cache_control }])
    assert.deepStrictEqual(body.messages, [
      {
        role: "user",
        content: [
          { type: "text", text: "long", cache_control },
          { type: "text", text: "short" }
        ]
      },
      { role: "assistant", content: "ok" },
      { role: "user", content: [{ type: "text", text: "again", cache_control }] }
    ])
    assert.deepInclude((body.tools as ReadonlyArray<object>)[0], { cache_control })
  })

  it("is not spoiled by a header of Claude Code's that changes with every request", () => {
    const { body } = Translate.translateRequest("anthropic", "openai", {
      model: "some-model",
      max_tokens: 9,
      system: [
        { type: "text", text: "x-anthropic-billing-header: cc_version=2.1.0; cch=0a1b2;" },
        { type: "text", text: "Be brief." }
      ],
      messages: [{ role: "user", content: "hi" }]
    })
    assert.deepStrictEqual(body.messages, [
      { role: "system", content: "Be brief." },
      { role: "user", content: "hi" }
    ])
  })
})

describe("a document that is given by its address", () => {
  const body = {
    model: "m",
    max_tokens: 9,
    messages: [
      {
        role: "user",
        content: [{ type: "document", source: { type: "url", url: "https://files.example/a.pdf" } }]
      }
    ]
  }
  const at = (provider: string) =>
    Translate.expressRequest(
      "anthropic",
      "openai",
      body,
      undefined,
      undefined,
      resolve({ protocol: "openai", provider, model: "m" })
    )

  it("goes to OpenRouter, which fetches it, and to no server that does not", () => {
    const { body: written, change } = at("openrouter")
    assert.strictEqual(change, "changed")
    assert.include(JSON.stringify(written.messages), '"file_data":"https://files.example/a.pdf"')
    for (const provider of ["xai", "fireworks", "groq", "openai"]) {
      assert.strictEqual(at(provider).change, "cannot", provider)
    }
  })
})

describe("a block of an unknown type", () => {
  const chat = (role: string, content: Translate.JsonObject) =>
    Translate.expressRequest("anthropic", "openai", {
      model: "gpt-5.2",
      max_tokens: 10,
      messages: [
        { role: "user", content: "hi" },
        { role, content: [{ type: "text", text: "See this." }, content] },
        { role: "user", content: "Well?" }
      ]
    })

  it("is content when it comes from the user or from a tool", () => {
    const hologram = { type: "hologram", source: { type: "base64", data: "AAAA" } }
    assert.deepStrictEqual(chat("user", hologram).lost, ["messages.content.hologram"])
    const result = { type: "tool_result", tool_use_id: "t", content: [hologram] }
    assert.deepStrictEqual(chat("user", result).lost, ["messages.content.tool_result.hologram"])
    const document = { type: "document", source: { type: "content", content: [hologram] } }
    assert.include(chat("user", document).lost, "messages.content.document.hologram")
  })

  it("is only named when the model's provider left it", () => {
    const { dropped, lost } = chat("assistant", {
      type: "fallback",
      from: { model: "a" },
      to: { model: "b" }
    })
    assert.deepStrictEqual([dropped, lost], [["messages.content.fallback"], []])
  })

  it("is content when it is a compaction that only its provider can read", () => {
    const sealed = { type: "compaction", content: null, encrypted_content: "gAAAA" }
    assert.deepStrictEqual(chat("assistant", sealed).lost, ["messages.content.compaction"])
    assert.deepStrictEqual(chat("assistant", { ...sealed, content: "They greeted." }).lost, [])
    // A failed compaction has no content.
    assert.deepStrictEqual(chat("assistant", { type: "compaction", content: null }).lost, [])
  })
})
