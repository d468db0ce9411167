/** Anthropic's own server, and its models wherever they are. */
import type { Row } from "../rules/Row.ts"

/** "All Claude 4.5 and later models" */
const structured =
  "https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/partner-models/claude/structured-outputs"

/** The rows. */
export const rows: ReadonlyArray<Row> = [
  {
    name: "anthropic",
    title: "Anthropic, and Claude wherever it is served",
    kind: "server",
    protocol: "anthropic",
    match: { hosts: ["anthropic.com"], models: /claude/ },
    facts: {
      signatures: {
        is: "own",
        source: "https://github.com/anthropics/claude-code/issues/10627"
      },
      strict: {
        is: true,
        source: "https://platform.claude.com/docs/en/build-with-claude/structured-outputs"
      },
      jsonSchema: {
        is: "yes",
        source: "https://platform.claude.com/docs/en/build-with-claude/structured-outputs"
      },
      requestCache: {
        is: true,
        source:
          "https://github.com/anthropics/anthropic-sdk-typescript/blob/main/src/resources/messages/messages.ts"
      },
      schemaTop: { is: "object", source: "https://github.com/anthropics/claude-code/issues/5973" },
      propertyNameCharacters: {
        is: "a-zA-Z0-9_.-",
        source: "https://github.com/erikmaday/unusual-whales-mcp/pull/57"
      },
      propertyNames: {
        is: "top",
        source:
          "https://github.com/aws-solutions-library-samples/accelerated-intelligent-document-processing-on-aws/issues/709"
      },
      toolNameCharacters: {
        is: "a-zA-Z0-9_-",
        source: "https://github.com/home-assistant/core/issues/147760"
      }
    }
  },
  {
    name: "claude-before-4.8",
    title: "Claude before version 4.8",
    kind: "models",
    protocol: "anthropic",
    match: {
      models:
        /claude-(?:instant|[23](?!\d))|claude-(?:opus|sonnet|haiku)-4(?:[-.][0-7](?!\d)|(?![-.][89](?!\d)))(?!\d)/
    },
    facts: {
      // `role 'system' is not supported on this model`
      systemTurns: {
        is: false,
        source:
          "https://docs.rs/gproxy-transform/2.5.2/gproxy_transform/transform/common/claude_mid_conv_system/index.html"
      }
    }
  },
  {
    name: "claude-before-4.5",
    title: "Claude before version 4.5",
    kind: "models",
    protocol: "anthropic",
    match: {
      models:
        /claude-(?:instant|[23](?!\d))|claude-(?:opus|sonnet|haiku)-4(?:[-.][0-4](?!\d)|(?![-.][5-9](?!\d)))(?!\d)/
    },
    facts: {
      strict: {
        is: false,
        source: structured
      },
      jsonSchema: {
        is: "tool",
        source: structured
      }
    }
  }
]
