/** OpenAI's own servers, and those of Microsoft and GitHub that serve its models. */
import type { Row } from "../rules/Row.ts"

const chat =
  "https://github.com/openai/openai-python/blob/main/src/openai/types/chat/completion_create_params.py"
const copilot =
  "https://github.com/anomalyco/opencode/blob/dev/packages/opencode/src/provider/sdk/copilot/chat/convert-to-openai-compatible-chat-messages.ts"

/** The rows. */
export const rows: ReadonlyArray<Row> = [
  {
    name: "openai",
    title: "OpenAI",
    kind: "server",
    protocol: "openai",
    // The name alone shows only the protocol: many configs call any server of it "openai".
    match: { hosts: ["openai.com"], models: /^(?:gpt-[3-9]|o[134](?:-|$)|chatgpt)/ },
    facts: {
      system: { is: "anywhere", source: chat },
      developerRole: { is: true, source: chat },
      mergeTurns: { is: false, source: chat },
      schemaItems: {
        is: "required",
        source:
          "https://community.openai.com/t/function-calling-schema-validation-bug-array-parameters-with-prefixitems-rejected-missing-items-error/1357778"
      },
      tokenCap: { is: "model", source: "https://github.com/simonw/llm/issues/724" },
      streamOptions: { is: true, source: chat },
      cacheKey: { is: true, source: chat },
      audio: { is: true, source: "https://developers.openai.com/api/docs/guides/audio-chat-completions" }
    }
  },
  {
    name: "azure",
    title: "Azure OpenAI",
    kind: "server",
    protocol: "openai",
    match: {
      hosts: ["openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com"],
      providers: ["azure"]
    },
    facts: {
      system: {
        is: "anywhere",
        source: "https://learn.microsoft.com/en-us/azure/ai-foundry/openai/reference"
      },
      developerRole: {
        is: true,
        source: "https://learn.microsoft.com/en-us/azure/foundry/openai/how-to/reasoning"
      },
      mergeTurns: {
        is: false,
        source: "https://learn.microsoft.com/en-us/azure/ai-foundry/openai/reference"
      }
    },
    parts: [
      {
        title: "OpenAI's models at Azure",
        match: {
          hosts: ["openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com"],
          providers: ["azure"]
        },
        only: /^(?:gpt-(?!oss)|o\d|chatgpt|codex)/,
        facts: {
          // Other models there: `Unrecognized request argument supplied: prompt_cache_key`
          // (https://github.com/zed-industries/zed/issues/52000)
          cacheKey: {
            is: true,
            source: "https://learn.microsoft.com/en-us/azure/foundry/openai/how-to/prompt-caching"
          }
        }
      }
    ]
  },
  {
    name: "github",
    title: "GitHub Copilot and GitHub Models",
    kind: "server",
    protocol: "openai",
    match: {
      hosts: ["githubcopilot.com", "models.github.ai", "models.inference.ai.azure.com"],
      providers: ["copilot", "github"]
    },
    facts: {
      thoughtFields: { is: ["reasoning_text", "reasoning_content"], source: copilot },
      thoughtField: { is: "reasoning_text", source: copilot },
      messageExtras: { is: ["reasoning_opaque"], source: copilot },
      serviceTier: { is: false, source: "https://github.com/anomalyco/opencode/issues/30737" },
      metadata: { is: false, source: "https://docs.github.com/en/rest/models/inference" }
    }
  }
]
