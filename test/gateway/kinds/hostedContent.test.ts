/** Results of a provider's own tools, and unknown roles and items, are content like any other. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chunk, completion, dataOf, type Json, message, stage } from "../../support/kinds.ts"

const pixel = "iVBORw0KGgo="
const chats = { protocol: "openai", reply: () => ({ json: completion({ content: "ok" }) }) } as const
const claude = {
  protocol: "anthropic",
  reply: () => ({ json: message([{ type: "text", text: "ok" }]) })
} as const

/** A conversation of responses with this item in it, as chats and Claude see it. */
const throughResponses = (item: Json) =>
  Effect.gen(function* () {
    const { post, seen } = yield* stage({ corp: chats, claude })
    const input = [
      { role: "user", content: "hi" },
      { type: "computer_call", id: "cu_1", call_id: "c1", action: { type: "screenshot" } },
      item,
      { role: "user", content: "go on" }
    ]
    const got = yield* Effect.forEach(["corp/m", "claude/claude-sonnet-5"], (model) =>
      post("/v1/responses", { model, input })
    )
    return { got, chats: seen.corp![0]?.body.messages, claude: seen.claude![0]?.body.messages }
  })

const hosted: Readonly<Record<string, readonly [item: Json, content: string]>> = {
  "a program printed": [
    {
      type: "code_interpreter_call",
      id: "ci_1",
      container_id: "c",
      code: "print(6 * 7)",
      status: "completed",
      outputs: [{ type: "logs", logs: "CONTENT" }]
    },
    "CONTENT"
  ],
  "an MCP server returned": [
    { type: "mcp_call", id: "mcp_1", server_label: "s", name: "find", arguments: "{}", output: "CONTENT" },
    "CONTENT"
  ],
  "a search in files found": [
    {
      type: "file_search_call",
      id: "fs_1",
      status: "completed",
      queries: ["q"],
      results: [{ text: "CONTENT" }]
    },
    "CONTENT"
  ],
  "was drawn": [{ type: "image_generation_call", id: "ig_1", status: "completed", result: pixel }, pixel],
  "a screen shows": [
    {
      type: "computer_call_output",
      call_id: "c1",
      output: { type: "computer_screenshot", image_url: `data:image/png;base64,${pixel}` }
    },
    pixel
  ]
}

describe("in a conversation of responses", () => {
  for (const [what, [item, content]] of Object.entries(hosted))
    it.live(`what ${what} reaches chats and Claude as the result of a call`, () =>
      Effect.gen(function* () {
        const { chats, claude } = yield* throughResponses(item)
        assert.include(JSON.stringify(chats), content)
        const at = claude.findIndex(({ content }: Json) => JSON.stringify(content).includes("tool_result"))
        assert.include(JSON.stringify(claude[at]), content)
        const calls = claude[at - 1].content.map(({ id }: Json) => id)
        const results = claude[at].content.filter(({ type }: Json) => type === "tool_result")
        assert.deepStrictEqual(
          results.map(({ tool_use_id }: Json) => tool_use_id),
          calls
        )
      })
    )

  // https://developers.openai.com/api/docs/guides/conversation-state: only OpenAI can read it
  for (const item of [
    { type: "compaction", id: "cmp_1", encrypted_content: "gAAAA" },
    { type: "message", role: "critic", content: "This is wrong." }
  ])
    it.live(`${item.type} ${item.role ?? ""} cannot be sent to others, which are skipped`, () =>
      Effect.gen(function* () {
        const { chats, claude, got } = yield* throughResponses(item)
        assert.isUndefined(chats)
        assert.isUndefined(claude)
        assert.deepStrictEqual(
          got.map(({ status }) => status),
          [400, 400]
        )
        assert.include(got[0]!.text, `input.${item.type}`)
      })
    )

  it.live("a web search has no content, and is named as dropped", () =>
    Effect.gen(function* () {
      const { got } = yield* throughResponses({ type: "web_search_call", id: "ws_1", status: "completed" })
      assert.deepStrictEqual(
        got.map(({ headers }) => headers["x-failover-dropped"]),
        ["input.web_search_call", "input.web_search_call"]
      )
    })
  )
})

describe("in a conversation of messages", () => {
  const through = (content: ReadonlyArray<Json>) =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ corp: chats })
      const got = yield* post("/v1/messages", {
        model: "corp/m",
        max_tokens: 9,
        messages: [
          { role: "user", content: "hi" },
          { role: "assistant", content },
          { role: "user", content: "go on" }
        ]
      })
      return { got, messages: seen.corp![0]?.body.messages }
    })

  for (const [what, use, result, shown] of [
    [
      "a search of the web found",
      { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "q" } },
      {
        type: "web_search_tool_result",
        tool_use_id: "srvtoolu_1",
        content: [
          { type: "web_search_result", title: "T", url: "https://example.org", encrypted_content: "EEE" }
        ]
      },
      '[{"type":"web_search_result","title":"T","url":"https://example.org"}]'
    ],
    [
      "an MCP server returned",
      { type: "mcp_tool_use", id: "mcptoolu_1", name: "find", server_name: "s", input: {} },
      {
        type: "mcp_tool_result",
        tool_use_id: "mcptoolu_1",
        is_error: false,
        content: [{ type: "text", text: "found" }]
      },
      "found"
    ]
  ] as const)
    it.live(`what ${what} reaches chats as the result of a call`, () =>
      Effect.gen(function* () {
        const { got, messages } = yield* through([use, result, { type: "text", text: "There it is." }])
        assert.deepStrictEqual(
          messages.map(({ role }: Json) => role),
          ["user", "assistant", "tool", "assistant", "user"]
        )
        assert.strictEqual(messages[1].tool_calls[0].id, messages[2].tool_call_id)
        assert.strictEqual(messages[2].content, shown)
        assert.strictEqual(messages[3].content, "There it is.")
        assert.isUndefined(got.headers["x-failover-dropped"])
      })
    )

  // https://platform.claude.com/docs/en/build-with-claude/compaction
  it.live("a summary of the earlier conversation is kept", () =>
    Effect.gen(function* () {
      const { messages } = yield* through([{ type: "compaction", content: "They greeted." }])
      assert.deepStrictEqual(messages[1], { role: "assistant", content: "They greeted." })
    })
  )

  it.live("a tool that a search of tools found is named to the model", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ corp: chats })
      const content = [{ type: "tool_reference", tool_name: "weather" }]
      yield* post("/v1/messages", {
        model: "corp/m",
        max_tokens: 9,
        messages: [
          { role: "user", content: "hi" },
          { role: "assistant", content: [{ type: "tool_use", id: "t1", name: "find_tool", input: {} }] },
          { role: "user", content: [{ type: "tool_result", tool_use_id: "t1", content }] }
        ]
      })
      assert.strictEqual(seen.corp![0]!.body.messages[2].content, "The tool weather is available.")
    })
  )

  it.live("an unknown role is not left out", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ corp: chats })
      const got = yield* post("/v1/messages", {
        model: "corp/m",
        max_tokens: 9,
        messages: [
          { role: "user", content: "hi" },
          { role: "critic", content: "This is wrong." }
        ]
      })
      assert.strictEqual(got.status, 400)
      assert.deepStrictEqual(seen.corp, [])
    })
  )
})

describe("the pages that an answer is about", () => {
  const pages = { citations: ["https://example.org"] }
  const annotations = [{ type: "url_citation", url_citation: { url: "https://example.org", title: "E" } }]
  for (const path of ["/v1/messages", "/v1/responses"])
    for (const stream of [false, true])
      it.live(`are named as dropped, to ${path}${stream ? ", streamed" : ""}`, () =>
        Effect.gen(function* () {
          const { post } = yield* stage({
            corp: {
              protocol: "openai",
              reply: () =>
                stream
                  ? {
                      events: [
                        chunk({ content: "See [1]." }),
                        chunk({ annotations }),
                        chunk({}, "stop", pages),
                        "[DONE]"
                      ]
                    }
                  : { json: completion({ content: "See [1].", annotations }, "stop", pages) }
            }
          })
          const asked = { model: "corp/m", stream, input: "hi", messages: [{ role: "user", content: "hi" }] }
          const got = yield* post(path, path === "/v1/messages" ? { ...asked, max_tokens: 9 } : asked)
          const named = stream ? got.text : String(got.headers["x-failover-dropped"])
          // A client of responses gets them: see `citations.test.ts`.
          if (path === "/v1/messages") assert.include(named, "message.annotations")
          else assert.include(got.text, '"url_citation"')
          assert.include(named, "citations")
          if (stream) assert.isAbove(dataOf(got.text).length, 2)
        })
      )
})
