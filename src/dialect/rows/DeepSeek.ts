/** DeepSeek: its own API, and its models on other servers. */
import type { Row } from "../rules/Row.ts"

const deepseek = "https://docs.rs/crate/ds-api/latest/source/src/raw/request/chat_completion.rs"
const deepseekThoughts = "https://api-docs.deepseek.com/guides/thinking_mode#tool-calls"

/** The rows. */
export const rows: ReadonlyArray<Row> = [
  {
    name: "deepseek",
    title: "DeepSeek",
    kind: "models",
    protocol: "openai",
    match: { hosts: ["deepseek.com"], providers: ["deepseek"], models: /deepseek/ },
    facts: {
      // `The reasoning_content in the thinking mode must be passed back to the API.`
      thoughtFields: { is: ["reasoning_content"], source: deepseekThoughts },
      thoughtField: { is: "reasoning_content", source: deepseekThoughts },
      thoughtsBack: { is: "calls", source: deepseekThoughts },
      // `unknown variant developer, expected one of system, user, assistant, tool`
      developerRole: { is: false, source: "https://github.com/earendil-works/pi/issues/1048" },
      tokenCap: { is: "max_tokens", source: deepseek },
      // `This response_format type is unavailable now`
      jsonSchema: { is: "tool", source: "https://github.com/llm-exe/llm-exe/issues/662" },
      // `messages[1]: unknown variant image_url, expected text`
      images: { is: false, source: "https://github.com/rikkahub/rikkahub/issues/1433" },
      documents: { is: "no", source: "https://github.com/rikkahub/rikkahub/issues/1433" },
      audio: { is: false, source: "https://github.com/rikkahub/rikkahub/issues/1433" },
      parallelToolCalls: { is: false, source: deepseek },
      metadata: { is: false, source: deepseek },
      serviceTier: { is: false, source: deepseek }
    },
    parts: [
      {
        title: "DeepSeek's models that think by default",
        match: { models: /deepseek-(?:v[4-9]|flash|pro|reasoner)/ },
        facts: {
          // `Thinking mode does not support this tool_choice`
          forcedCalls: { is: false, source: "https://github.com/BerriAI/litellm/pull/37470" }
        }
      },
      {
        title: "DeepSeek V4 at its own API",
        match: { hosts: ["deepseek.com"], providers: ["deepseek"] },
        only: /deepseek-v[4-9]/,
        // `low` and `medium` mean `high`
        facts: {
          efforts: {
            is: ["high", "max"],
            source: "https://docs.agno.com/examples/models/deepseek/reasoning-effort.md"
          }
        }
      },
      {
        title: "DeepSeek's models that accept images",
        match: { models: /deepseek.*(?:vision|-vl|ocr)/ },
        facts: {
          images: { is: true, source: "https://github.com/langgenius/dify-official-plugins/pull/3857" }
        }
      }
    ]
  }
]
