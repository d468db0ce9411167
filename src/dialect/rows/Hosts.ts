/** Servers that host the models of others, each with an API of its own in front of them. */
import type { Row } from "../rules/Row.ts"

const xai = "https://docs.x.ai/docs/api-reference#chat-completions"
const groq = "https://console.groq.com/docs/openai"
const groqThoughts = "https://github.com/tashfeenahmed/freellmapi/issues/1070"
const cerebras = "https://inference-docs.cerebras.ai/resources/openai"
const cerebrasThoughts = "https://github.com/QwenLM/qwen-code/issues/11045"
const openrouter =
  "https://openrouter.ai/docs/guides/best-practices/reasoning-tokens#preserving-reasoning-blocks"
const together = "https://docs.together.ai/docs/openai-api-compatibility"
const fireworks = "https://docs.fireworks.ai/tools-sdks/openai-compatibility"

/** The rows. */
export const rows: ReadonlyArray<Row> = [
  {
    name: "xai",
    title: "xAI (Grok)",
    kind: "server",
    protocol: "openai",
    match: { hosts: ["x.ai"], providers: ["xai", "grok"], models: /^grok/ },
    facts: {
      system: { is: "anywhere", source: "https://docs.x.ai/docs/guides/chat" },
      thoughtFields: { is: ["reasoning_content"], source: "https://docs.x.ai/docs/guides/reasoning" },
      tokenCap: { is: "max_completion_tokens", source: xai },
      serviceTier: { is: false, source: xai }
    }
  },
  {
    name: "groq",
    title: "Groq",
    kind: "server",
    protocol: "openai",
    match: { hosts: ["groq.com"], providers: ["groq"] },
    facts: {
      // `property 'reasoning_content' is unsupported`
      thoughtFields: { is: ["reasoning"], source: "https://console.groq.com/docs/reasoning" },
      thoughtField: { is: "reasoning", source: groqThoughts },
      thoughtsBack: { is: "never", source: groqThoughts },
      developerRole: { is: true, source: "https://console.groq.com/docs/api-reference#chat-create" },
      tokenCap: {
        is: "max_completion_tokens",
        source: "https://console.groq.com/docs/api-reference#chat-create"
      },
      documents: { is: "no", source: groq },
      audio: { is: false, source: groq }
    }
  },
  {
    name: "cerebras",
    title: "Cerebras",
    kind: "server",
    protocol: "openai",
    match: { hosts: ["cerebras.ai"], providers: ["cerebras"] },
    facts: {
      // `property 'messages.2.assistant.reasoning_content' is unsupported` (code wrong_api_format)
      thoughtFields: { is: ["reasoning"], source: cerebrasThoughts },
      thoughtField: { is: "reasoning", source: cerebrasThoughts },
      thoughtsBack: { is: "never", source: cerebrasThoughts },
      tokenCap: { is: "max_completion_tokens", source: cerebras },
      serviceTier: { is: false, source: cerebras },
      images: { is: false, source: cerebras },
      documents: { is: "no", source: cerebras },
      audio: { is: false, source: cerebras }
    }
  },
  {
    name: "openrouter",
    title: "OpenRouter",
    kind: "server",
    protocol: "openai",
    match: { hosts: ["openrouter.ai"], providers: ["openrouter"] },
    facts: {
      thoughtFields: { is: ["reasoning", "reasoning_content"], source: openrouter },
      thoughtField: { is: "reasoning", source: openrouter },
      thoughtsBack: { is: "always", source: openrouter },
      messageExtras: { is: ["reasoning_details"], source: openrouter },
      cacheControl: { is: true, source: "https://openrouter.ai/docs/guides/best-practices/prompt-caching" },
      documents: { is: "inline", source: "https://openrouter.ai/docs/guides/overview/multimodal/pdfs" },
      tokenCap: { is: "max_tokens", source: "https://openrouter.ai/docs/api/reference/parameters" },
      serviceTier: { is: false, source: "https://openrouter.ai/docs/api/reference/parameters" }
    }
  },
  {
    name: "together",
    title: "Together AI",
    kind: "server",
    protocol: "openai",
    match: { hosts: ["together.xyz", "together.ai"], providers: ["together", "togetherai"] },
    facts: {
      tokenCap: { is: "max_tokens", source: together },
      metadata: { is: false, source: together },
      serviceTier: { is: false, source: together },
      documents: { is: "no", source: together }
    }
  },
  {
    name: "fireworks",
    title: "Fireworks AI",
    kind: "server",
    protocol: "openai",
    match: { hosts: ["fireworks.ai"], providers: ["fireworks"] },
    facts: {
      // `jinja template rendering failed. System message must be at the beginning.`
      system: { is: "first", source: "https://github.com/BerriAI/litellm/pull/39852" },
      tokenCap: { is: "max_tokens", source: fireworks },
      serviceTier: { is: false, source: fireworks },
      metadata: { is: true, source: fireworks },
      documents: { is: "no", source: fireworks }
    }
  }
]
