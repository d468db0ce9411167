/** Qwen, Kimi, GLM and MiniMax: families of models that are served by their makers and by many others. */
import type { Row } from "../rules/Row.ts"

const dashscope = "https://help.aliyun.com/en/model-studio/deep-thinking"
const moonshot =
  "https://github.com/api-evangelist/moonshot-ai/blob/main/openapi/moonshot-ai-chat-completions-api-openapi.yml"
const kimiThoughts = "https://github.com/continuedev/continue/issues/11527"
const glm = "https://java.agentscope.io/v2/en/integration/model/glm"
const minimax = "https://platform.minimax.io/docs/api-reference/text-openai-api"
const minimaxModels = "https://docs.getbifrost.ai/providers/supported-providers/minimax"

/** The rows. */
export const rows: ReadonlyArray<Row> = [
  {
    name: "qwen",
    title: "Qwen, and DashScope",
    kind: "models",
    protocol: "openai",
    match: {
      hosts: [
        "dashscope.aliyuncs.com",
        "dashscope-intl.aliyuncs.com",
        "dashscope-us.aliyuncs.com",
        "maas.aliyuncs.com"
      ],
      providers: ["qwen", "dashscope", "alibaba", "modelstudio"],
      models: /^(?:qwen|qwq|qvq)/
    },
    facts: {
      // `System message must be at the beginning.`
      system: { is: "first", source: "https://github.com/vllm-project/vllm/issues/41114" },
      developerRole: { is: false, source: "https://github.com/can1357/oh-my-pi/issues/958" },
      thoughtFields: { is: ["reasoning_content", "reasoning"], source: dashscope },
      tokenCap: {
        is: "max_tokens",
        source: "https://www.alibabacloud.com/help/en/model-studio/api-compatibility-upgrade-notice"
      }
    },
    parts: [
      {
        title: "DashScope's own API",
        match: {
          hosts: [
            "dashscope.aliyuncs.com",
            "dashscope-intl.aliyuncs.com",
            "dashscope-us.aliyuncs.com",
            "maas.aliyuncs.com"
          ],
          providers: ["dashscope", "alibaba", "modelstudio"]
        },
        // `max_tokens` may limit the answer only, without the thoughts
        facts: {
          tokenCap: {
            is: "max_completion_tokens",
            source:
              "https://www.alibabacloud.com/en/notice/model_studio_notice_of_changes_to_certain_model_fields_724"
          }
        }
      }
    ]
  },
  {
    name: "moonshot",
    title: "Moonshot AI (Kimi)",
    kind: "models",
    protocol: "openai",
    match: {
      hosts: ["moonshot.ai", "moonshot.cn", "kimi.com"],
      providers: ["moonshot", "moonshotai", "kimi"],
      models: /^(?:kimi|moonshot)/
    },
    facts: {
      // `thinking is enabled but reasoning_content is missing in assistant tool call message at index 2`
      thoughtsBack: { is: "calls", source: kimiThoughts },
      thoughtField: { is: "reasoning_content", source: kimiThoughts },
      developerRole: { is: false, source: moonshot },
      tokenCap: { is: "max_tokens", source: moonshot },
      parallelToolCalls: { is: false, source: moonshot },
      metadata: { is: false, source: moonshot },
      serviceTier: { is: false, source: moonshot },
      documents: { is: "no", source: moonshot },
      audio: { is: false, source: moonshot }
    },
    parts: [
      {
        title: "Moonshot's own API",
        match: {
          hosts: ["moonshot.ai", "moonshot.cn", "kimi.com"],
          providers: ["moonshot", "moonshotai", "kimi"]
        },
        // `max_tokens` is deprecated there
        facts: {
          tokenCap: { is: "max_completion_tokens", source: moonshot },
          // "For Coding Agents, this is typically a session id"
          cacheKey: { is: true, source: moonshot }
        }
      },
      {
        title: "Kimi since version 2.5 at Moonshot's own API",
        match: {
          hosts: ["moonshot.ai", "moonshot.cn", "kimi.com"],
          providers: ["moonshot", "moonshotai", "kimi"]
        },
        only: /^kimi-(?:k2\.[5-9]|k[3-9])/,
        // `invalid temperature: only 1 is allowed for this model`; 0.6 without thinking
        facts: { sampling: { is: false, source: "https://github.com/HKUDS/nanobot/pull/4967" } }
      }
    ]
  },
  {
    name: "glm",
    title: "GLM (Zhipu, Z.ai)",
    kind: "models",
    protocol: "openai",
    match: {
      hosts: ["z.ai", "bigmodel.cn"],
      providers: ["zai", "z-ai", "glm", "zhipu", "zhipuai", "bigmodel"],
      models: /^(?:glm|chatglm)/
    },
    facts: {
      thoughtsBack: { is: "calls", source: "https://docs.z.ai/guides/capabilities/thinking-mode" },
      thoughtField: {
        is: "reasoning_content",
        source: "https://docs.z.ai/guides/capabilities/thinking-mode"
      },
      // `角色信息不正确`, `Incorrect role information` (code 1214)
      developerRole: { is: false, source: "https://github.com/openclaw/openclaw/issues/23115" },
      tokenCap: { is: "max_tokens", source: glm },
      // `response_format` is `text` or `json_object`
      jsonSchema: {
        is: "tool",
        source: "https://github.com/Apothic-AI/guidance/blob/main/docs/provider-grammar-research/z-ai.md"
      },
      strict: { is: false, source: glm }
    },
    parts: [
      {
        title: "Z.ai's own API",
        match: {
          hosts: ["z.ai", "bigmodel.cn"],
          providers: ["zai", "z-ai", "glm", "zhipu", "zhipuai", "bigmodel"]
        },
        // `tool_choice` is `auto` only
        facts: { forcedCalls: { is: false, source: glm } }
      }
    ]
  },
  {
    name: "minimax",
    title: "MiniMax",
    kind: "models",
    protocol: "openai",
    match: {
      hosts: ["minimax.io", "minimaxi.com", "minimax.chat"],
      providers: ["minimax"],
      models: /^minimax/
    },
    facts: {
      thoughtFields: { is: ["reasoning_content", "reasoning_details"], source: minimax },
      // The whole message has to come back, with the thoughts in `reasoning_details` or in its text
      thoughtsBack: { is: "always", source: minimax },
      thinkTags: { is: "leading", source: minimax },
      thoughtField: { is: "content.think", source: minimax },
      messageExtras: { is: ["reasoning_details"], source: minimax },
      system: { is: "first", source: "https://github.com/can1357/oh-my-pi/issues/958" },
      documents: { is: "no", source: minimaxModels },
      audio: { is: false, source: minimaxModels }
    },
    parts: [
      {
        title: "MiniMax M2 and before",
        match: { models: /^minimax-(?:m[12]|text)/ },
        facts: {
          images: { is: false, source: minimaxModels }
        }
      }
    ]
  }
]
