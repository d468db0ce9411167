/** Which requests may be sent to two targets at once, with regard to side effects. */
import { assert, describe, it } from "@effect/vitest"
import { mayHedge } from "../../src/providers/wire/SideEffects.ts"

const may = (operation: string, body: object) => mayHedge({ operation, body: { ...body } })

describe("a request without side effects", () => {
  for (const [operation, body] of [
    ["chat/completions", {}],
    ["chat/completions", { store: false, tools: [{ type: "function", function: { name: "f" } }] }],
    ["completions", {}],
    ["embeddings", {}],
    ["messages", { mcp_servers: [], container: null }],
    ["messages/count_tokens", {}],
    ["responses", { store: false, tools: [{ type: "code_interpreter", container: { type: "auto" } }] }]
  ] as const) {
    it(`may be hedged: ${operation} ${JSON.stringify(body)}`, () => assert.isTrue(may(operation, body)))
  }
})

describe("a request that leaves something behind, or acts", () => {
  for (const [operation, body] of [
    ["chat/completions", { store: true }],
    ["messages", { container: "c-1" }],
    ["messages", { mcp_servers: [{ type: "url", url: "https://mcp.example" }] }],
    ["messages", { tools: [{ type: "mcp_toolset" }] }],
    // The Responses API stores by default.
    ["responses", {}],
    ["responses", { store: null }],
    ["responses", { store: true }],
    ["responses", { store: false, background: true }],
    ["responses", { store: false, conversation: "conv-1" }],
    ["responses", { store: false, tools: [{ type: "mcp", server_label: "s" }] }],
    ["responses", { store: false, tools: [{ type: "code_interpreter", container: "c-1" }] }],
    ["files", {}],
    ["messages/batches", {}]
  ] as const) {
    it(`is never hedged: ${operation} ${JSON.stringify(body)}`, () => assert.isFalse(may(operation, body)))
  }
})
