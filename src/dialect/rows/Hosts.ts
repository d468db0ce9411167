/** Servers that host the models of others, each with an API of its own in front of them. */
import type { Row } from "../rules/Row.ts"

const xai = "https://github.com/api-evangelist/xai/blob/main/openapi/xai-chat-api-openapi.yml"
const groq = "https://github.com/groq/groq-python/blob/main/src/groq/types/chat/completion_create_params.py"
const groqRoles =
  "https://github.com/groq/groq-python/blob/main/src/groq/types/chat/chat_completion_system_message_param.py"
const groqThoughts = "https://github.com/tashfeenahmed/freellmapi/issues/1070"
const cerebras =
  "https://github.com/Cerebras/cerebras-cloud-sdk-python/blob/main/src/cerebras/cloud/sdk/types/chat/completion_create_params.py"
const cerebrasThoughts = "https://github.com/QwenLM/qwen-code/issues/11045"
const openrouter =
  "https://openrouter.ai/docs/guides/best-practices/reasoning-tokens#preserving-reasoning-blocks"
const together =
  "https://github.com/togethercomputer/together-py/blob/main/src/together/types/chat/completion_create_params.py"
const fireworks =
  "https://github.com/api-evangelist/fireworks-ai/blob/main/openapi/fireworks-ai-chat-api-openapi.yml"

/** The rows. */
export const rows: ReadonlyArray<Row> = [
  {
    name: "xai",
    title: "xAI (Grok)",
    kind: "server",
    protocol: "openai",
    match: { hosts: ["x.ai"], providers: ["xai", "grok"], models: /^grok/ },
    facts: {
      system: {
        is: "anywhere",
        source: "https://share.apidog.com/apidoc/docs-site/750118/chat-15796842e0"
      },
      thoughtFields: { is: ["reasoning_content"], source: xai },
      tokenCap: { is: "max_completion_tokens", source: xai },
      // `Argument not supported: service_tier`; grok-4.6 takes `priority`
      serviceTier: { is: false, source: "https://github.com/NousResearch/hermes-agent/issues/89440" },
      // Its chats use the header `x-grok-conv-id` instead; only its responses have the field
      cacheKey: {
        is: false,
        source: "https://docs.x.ai/developers/advanced-api-usage/prompt-caching/maximizing-cache-hits"
      },
      // A `file` is an id or an address there, not the content
      documents: { is: "no", source: xai },
      audio: { is: false, source: xai }
    },
    parts: [
      {
        title: "Grok's models that reason: all but Grok 2 and 3",
        match: { models: /^grok-(?:3-mini|[4-9]|\d\d)(?!.*non-reasoning)/ },
        // `Argument not supported on this model: stop`
        facts: { stops: { is: false, source: "https://github.com/maximhq/bifrost/pull/1153" } }
      },
      {
        title: "Grok 3 Mini",
        match: { models: /^grok-3-mini/ },
        facts: {
          efforts: { is: ["low", "high"], source: "https://github.com/anomalyco/opencode/issues/39448" }
        }
      },
      {
        title: "Grok 4.3",
        match: { models: /^grok-4\.3/ },
        facts: {
          efforts: {
            is: ["none", "low", "medium", "high"],
            source: "https://newreleases.io/project/github/vercel/ai/release/@ai-sdk%2Fxai@4.0.0-canary.61"
          }
        }
      },
      {
        title: "Grok since version 4.5",
        match: { models: /^grok-(?:4\.[5-9]|[5-9])/ },
        // `none` is not accepted: it always reasons
        facts: {
          efforts: {
            is: ["low", "medium", "high"],
            source: "https://github.com/anomalyco/opencode/issues/39448"
          }
        }
      }
    ]
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
      // `reasoning_format: "raw"`, the default
      thinkTags: {
        is: "leading",
        source: "https://reference.langchain.com/python/langchain-groq/chat_models/ChatGroq/reasoning_format"
      },
      // `messages[3].reasoning: reasoning is not supported with this model`
      thoughtsBack: { is: "never", source: "https://github.com/vercel/ai/issues/8056" },
      developerRole: { is: true, source: groqRoles },
      tokenCap: { is: "max_completion_tokens", source: groq },
      documents: { is: "no", source: groq },
      audio: { is: false, source: groq }
    },
    parts: [
      {
        title: "Qwen at Groq",
        match: { hosts: ["groq.com"], providers: ["groq"] },
        only: /^qwen/,
        // `reasoning_effort must be one of none or default`
        facts: {
          efforts: {
            is: ["none", "default"],
            source: "https://github.com/earendil-works/pi/issues/1745"
          }
        }
      }
    ]
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
      // Thoughts are accepted in the field in which they come
      thoughtField: { is: "reasoning", source: cerebrasThoughts },
      thoughtsBack: { is: "calls", source: cerebrasThoughts },
      tokenCap: { is: "max_completion_tokens", source: cerebras },
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
      documents: { is: "url", source: "https://openrouter.ai/docs/guides/overview/multimodal/pdfs" },
      tokenCap: { is: "max_tokens", source: "https://openrouter.ai/docs/api/reference/parameters" },
      // OpenRouter maps them to the efforts of each model
      efforts: {
        is: ["none", "minimal", "low", "medium", "high", "xhigh", "max"],
        source: "https://openrouter.ai/docs/client-sdks/typescript/models/chatrequestreasoningeffort.md"
      },
      // `flex` and `priority` only
      serviceTier: { is: false, source: "https://openrouter.ai/docs/guides/features/service-tiers" }
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
      metadata: { is: true, source: fireworks },
      // "Requests with the same prompt_cache_key are routed to the same backend"
      cacheKey: { is: true, source: fireworks },
      documents: { is: "no", source: fireworks },
      audio: { is: false, source: fireworks }
    },
    parts: [
      {
        title: "Models at Fireworks that can do without thinking",
        match: { hosts: ["fireworks.ai"], providers: ["fireworks"] },
        only: /^(?:qwen3(?!.*(?:coder|instruct))|deepseek-v3p[12]|glm-4p[5-7])/,
        facts: { efforts: { is: ["none", "low", "medium", "high"], source: fireworks } }
      },
      {
        title: "DeepSeek V4 at Fireworks",
        match: { hosts: ["fireworks.ai"], providers: ["fireworks"] },
        only: /^deepseek-v4/,
        // `low` and `medium` mean `high`
        facts: { efforts: { is: ["none", "high", "max"], source: fireworks } }
      },
      {
        title: "MiniMax M2 and gpt-oss at Fireworks, which always think",
        match: { hosts: ["fireworks.ai"], providers: ["fireworks"] },
        only: /^(?:minimax-m2|gpt-oss)/,
        facts: { efforts: { is: ["low", "medium", "high"], source: fireworks } }
      }
    ]
  }
]
