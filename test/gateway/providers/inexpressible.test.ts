/** Content that a target does not accept: the target is skipped, or its refusal is not final. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { anthropic, ask, openai, provider, start } from "../../support/gateway.ts"

const quick = { retries: { times: 0 } }

/** A gateway with a target of each protocol: `gpt/m` (chats and no responses) and `claude/m`. */
const gateway = Effect.gen(function* () {
  const [gpt, claude] = [yield* FaultServer.make, yield* FaultServer.make]
  const url = yield* start({
    providers: {
      gpt: { ...provider("openai", gpt), responses: false },
      claude: provider("anthropic", claude)
    },
    models: { both: ["claude/m", "gpt/m"], back: ["gpt/m", "claude/m"] },
    policy: quick,
    server: { adminToken: "an-admin-token-of-length" }
  })
  const post = (path: string, body: object) => ask(`${url}${path}`, { body })
  const benches = Effect.map(
    ask(`${url}/admin/benches`, { headers: { authorization: "Bearer an-admin-token-of-length" } }),
    (got) => JSON.stringify(got.json)
  )
  return { gpt, claude, post, benches, url }
})

const audio = { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } }

/** By the called path: content that only its own protocol has. */
const contents = [
  ["a recording", "/v1/chat/completions", { messages: [{ role: "user", content: [audio] }] }],
  [
    "a file by id beside text",
    "/v1/chat/completions",
    {
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is in it?" },
            { type: "file", file: { file_id: "file-1" } }
          ]
        }
      ]
    }
  ],
  [
    "an image by id",
    "/v1/responses",
    { input: [{ role: "user", content: [{ type: "input_image", file_id: "file-1" }] }], store: false }
  ],
  [
    "a call of an MCP server's tool that was approved",
    "/v1/responses",
    {
      input: [
        { role: "user", content: "hi" },
        { type: "mcp_approval_request", id: "mcpr_1", name: "find", arguments: "{}", server_label: "s" },
        { type: "mcp_approval_response", approval_request_id: "mcpr_1", approve: true }
      ],
      store: false
    }
  ]
] as const

describe("content that a target does not accept", () => {
  for (const [what, path, body] of contents.slice(0, 2)) {
    it.live(`skips the target: ${what}`, () =>
      Effect.gen(function* () {
        const { benches, claude, gpt, post } = yield* gateway
        gpt.play(FaultServer.json(openai.answer))
        const got = yield* post(path, { model: "both", ...body })
        assert.strictEqual(got.status, 200, got.text)
        assert.strictEqual(got.headers["x-failover-target"], "gpt/m#k1")
        assert.strictEqual(got.headers["x-failover-trail"], "inexpressible,ok")
        assert.lengthOf(claude.requests, 0)
        assert.notInclude(yield* benches, "claude/m")
      })
    )
  }

  for (const [what, path, body] of contents) {
    for (const stream of [false, true]) {
      it.live(`is refused if no target accepts it: ${what}${stream ? ", streamed" : ""}`, () =>
        Effect.gen(function* () {
          const { claude, gpt, post } = yield* gateway
          const model = path === "/v1/responses" ? "both" : "claude/m"
          const got = yield* post(path, { model, ...body, stream })
          assert.strictEqual(got.status, 400, got.text)
          assert.strictEqual(got.at("error.code"), "inexpressible")
          assert.include(String(got.at("error.message")), "claude/m#k1: ")
          if (path === "/v1/responses") assert.include(String(got.at("error.message")), "gpt/m#k1: ")
          assert.lengthOf(claude.requests, 0)
          assert.lengthOf(gpt.requests, 0)
        })
      )
    }
  }

  it.live("is not an approved call whose result is in the conversation, nor one that was denied", () =>
    Effect.gen(function* () {
      const { claude, post } = yield* gateway
      claude.play(FaultServer.json(anthropic.answer))
      const request = {
        type: "mcp_approval_request",
        id: "r",
        name: "find",
        arguments: "{}",
        server_label: "s"
      }
      const response = { type: "mcp_approval_response", approval_request_id: "r" }
      const call = {
        type: "mcp_call",
        id: "c",
        name: "find",
        arguments: "{}",
        output: "b",
        server_label: "s"
      }
      for (const items of [
        [request, { ...response, approve: true }, call],
        [request, { ...response, approve: false }]
      ]) {
        const input = [{ role: "user", content: "hi" }, ...items, { role: "user", content: "go on" }]
        const got = yield* post("/v1/responses", { model: "claude/m", input, store: false })
        assert.strictEqual(got.status, 200, got.text)
      }
    })
  )

  it.live("is a PDF by URL for chats, but not for messages", () =>
    Effect.gen(function* () {
      const { claude, gpt, post } = yield* gateway
      claude.play(FaultServer.json(anthropic.answer))
      const document = { type: "document", source: { type: "url", url: "https://a.example/b.pdf" } }
      const got = yield* post("/v1/messages", {
        model: "back",
        max_tokens: 10,
        messages: [{ role: "user", content: [document] }]
      })
      assert.strictEqual(got.headers["x-failover-target"], "claude/m#k1")
      assert.lengthOf(gpt.requests, 0)
    })
  )
})

describe("a refusal of a request that had to be changed", () => {
  const chat = { messages: [{ role: "user", content: "hi" }] }
  const refusal = FaultServer.json(anthropic.error("invalid_request_error", "tools.0: no"), 400)

  it.live("is not final while the chain has another target", () =>
    Effect.gen(function* () {
      const { benches, claude, gpt, post } = yield* gateway
      claude.play(refusal)
      gpt.play(FaultServer.json(openai.answer))
      const got = yield* post("/v1/chat/completions", { model: "both", ...chat })
      assert.deepStrictEqual([got.status, got.headers["x-failover-target"]], [200, "gpt/m#k1"])
      assert.notInclude(yield* benches, "claude/m")
    })
  )

  it.live("is returned to the caller if it was the only target", () =>
    Effect.gen(function* () {
      const { claude, post } = yield* gateway
      claude.play(refusal)
      const got = yield* post("/v1/chat/completions", { model: "claude/m", ...chat })
      assert.strictEqual(got.status, 400, got.text)
      assert.include(String(got.at("error.message")), "tools.0: no")
    })
  )

  it.live("of a request in the target's own protocol stops the chain as usual", () =>
    Effect.gen(function* () {
      const { claude, gpt, post } = yield* gateway
      gpt.play(FaultServer.json(openai.error("invalid_request_error", "bad"), 400))
      const got = yield* post("/v1/chat/completions", { model: "back", ...chat })
      assert.strictEqual(got.status, 400)
      assert.lengthOf(claude.requests, 0)
    })
  )
})

describe("fields that point at what was dropped", () => {
  it.live("are dropped as well: a tool choice, its results, and how many may be called", () =>
    Effect.gen(function* () {
      const { gpt, post } = yield* gateway
      gpt.play(FaultServer.json(openai.answer))
      const got = yield* post("/v1/messages", {
        model: "gpt/m",
        max_tokens: 10,
        tools: [{ type: "web_search_20250305", name: "web_search" }],
        tool_choice: { type: "tool", name: "web_search", disable_parallel_tool_use: true },
        messages: [
          { role: "user", content: "hi" },
          { role: "user", content: [{ type: "tool_result", tool_use_id: "gone", content: "forty-two" }] }
        ]
      })
      assert.strictEqual(got.status, 200, got.text)
      const sent = JSON.parse(gpt.requests[0]?.body ?? "{}")
      for (const field of ["tools", "tool_choice", "parallel_tool_calls"]) assert.notProperty(sent, field)
      assert.deepStrictEqual(
        sent.messages.map(({ role }: { readonly role: string }) => role),
        ["user"]
      )
      assert.include(JSON.stringify(sent.messages), "forty-two")
    })
  )
})
