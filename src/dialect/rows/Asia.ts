/** DeepSeek, Qwen, Kimi, GLM and MiniMax: families of models that are served by their makers and by many others. */
import type { Row } from "../Row.ts"

const deepseek = "https://api-docs.deepseek.com/api/create-chat-completion"
const deepseekThoughts = "https://api-docs.deepseek.com/guides/thinking_mode#tool-calls"
const dashscope = "https://help.aliyun.com/zh/model-studio/use-qwen-by-calling-api"
const moonshot = "https://platform.moonshot.ai/docs/api/chat"
const glm = "https://docs.z.ai/api-reference/llm/chat-completion"
const minimax = "https://platform.minimax.io/docs/api-reference/text-openai-api"

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
      jsonSchema: { is: "tool", source: "https://api-docs.deepseek.com/guides/json_mode" },
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
        title: "DeepSeek's models that see",
        match: { models: /deepseek.*(?:vision|-vl|ocr)/ },
        facts: {
          images: { is: true, source: "https://github.com/langgenius/dify-official-plugins/pull/3857" }
        }
      }
    ]
  },
  {
    name: "qwen",
    title: "Qwen, and DashScope",
    kind: "models",
    protocol: "openai",
    match: {
      hosts: ["dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com", "dashscope-us.aliyuncs.com"],
      providers: ["qwen", "dashscope", "alibaba", "modelstudio"],
      models: /^(?:qwen|qwq|qvq)/
    },
    facts: {
      // `System message must be at the beginning.`
      system: { is: "first", source: "https://github.com/vllm-project/vllm/issues/41114" },
      developerRole: { is: false, source: "https://github.com/can1357/oh-my-pi/issues/958" },
      thoughtFields: { is: ["reasoning_content", "reasoning"], source: dashscope },
      tokenCap: { is: "max_tokens", source: dashscope },
      metadata: { is: false, source: dashscope },
      serviceTier: { is: false, source: dashscope },
      strict: { is: false, source: dashscope }
    }
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
      thoughtsBack: { is: "calls", source: "https://github.com/continuedev/continue/issues/11600" },
      thoughtField: {
        is: "reasoning_content",
        source: "https://github.com/continuedev/continue/issues/11600"
      },
      developerRole: { is: false, source: moonshot },
      tokenCap: { is: "max_tokens", source: moonshot },
      parallelToolCalls: { is: false, source: moonshot },
      metadata: { is: false, source: moonshot },
      serviceTier: { is: false, source: moonshot },
      documents: { is: "no", source: moonshot }
    }
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
      developerRole: { is: false, source: glm },
      tokenCap: { is: "max_tokens", source: glm },
      jsonSchema: { is: "tool", source: "https://docs.z.ai/guides/capabilities/struct-output" },
      strict: { is: false, source: glm },
      serviceTier: { is: false, source: glm },
      parallelToolCalls: { is: false, source: glm }
    }
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
      thoughtsBack: { is: "always", source: "https://platform.minimax.io/docs/guides/text-m2-function-call" },
      messageExtras: {
        is: ["reasoning_details"],
        source: "https://platform.minimax.io/docs/guides/text-m2-function-call"
      },
      system: { is: "first", source: "https://github.com/can1357/oh-my-pi/issues/958" },
      developerRole: { is: false, source: minimax },
      serviceTier: { is: false, source: minimax },
      documents: { is: "no", source: minimax },
      audio: { is: false, source: minimax }
    },
    parts: [
      {
        title: "MiniMax M2 and before",
        match: { models: /^minimax-(?:m[12]|text)/ },
        facts: {
          images: {
            is: false,
            source: "https://docs.getbifrost.ai/providers/supported-providers/minimax"
          }
        }
      }
    ]
  }
]
