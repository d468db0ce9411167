/** Anthropic's own server. */
import { anthropicError } from "./Refusals.ts"
import type { Strictness } from "./Strictness.ts"

/** The servers, by the names of their rows in the table of dialects. */
export const servers = {
  anthropic: {
    name: "anthropic",
    protocol: "anthropic",
    callId: "toolu_{n}AbCdEfGhIjKlMnOpQrSt",
    thoughts: "EqQBCgIYAhIMown",
    refusals: [
      {
        check: { is: "schemaTop" },
        status: 400,
        body: anthropicError(
          "tools.{index}.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level"
        ),
        source: "https://github.com/anthropics/claude-code/issues/5973"
      },
      {
        check: { is: "toolNames", pattern: "^[a-zA-Z0-9_-]{1,128}$" },
        status: 400,
        body: anthropicError(
          "tools.{index}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"
        ),
        source: "https://github.com/home-assistant/core/issues/147760"
      },
      {
        check: { is: "propertyNames", pattern: "^[a-zA-Z0-9_.-]{1,64}$" },
        status: 400,
        body: anthropicError(
          "tools.{index}.custom.input_schema.properties: Property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'"
        ),
        source: "https://github.com/erikmaday/unusual-whales-mcp/pull/57"
      },
      {
        check: { is: "callIds", pattern: "^[a-zA-Z0-9_-]+$" },
        status: 400,
        body: anthropicError(
          "messages.{index}.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
        ),
        source: "https://github.com/farion1231/cc-switch/issues/1181"
      },
      {
        check: { is: "signatures", pattern: "^EqQBCgIYAhIM" },
        status: 400,
        body: anthropicError("messages.{index}.content.0: Invalid `signature` in `thinking` block"),
        source: "https://github.com/anthropics/claude-code/issues/10627"
      },
      {
        check: { is: "results" },
        status: 400,
        body: anthropicError(
          "messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: {value}. Each `tool_use` block must have a corresponding `tool_result` block in the next message."
        ),
        source: "https://github.com/anthropics/claude-code/issues/1237"
      },
      {
        check: { is: "roles", known: ["user", "assistant"] },
        status: 400,
        body: anthropicError('messages: Unexpected role "{value}".'),
        source: "https://docs.anthropic.com/en/api/messages"
      },
      {
        check: { is: "toolChoice" },
        status: 400,
        body: anthropicError(
          "tool_choice: tools are required when a tool is chosen, and '{value}' is not among them"
        ),
        source: "https://docs.anthropic.com/en/api/messages"
      }
    ]
  }
} as const satisfies Readonly<Record<string, Strictness>>
