/** Strict servers, one for each row of the dialect table: what the real one refuses, with its messages. */
import type { JsonObject } from "./Check.ts"
import type { Refusal, Strictness } from "./Strictness.ts"

const openaiError = (message: string, more: JsonObject = {}): JsonObject => ({
  error: { message, type: "invalid_request_error", param: null, code: null, ...more }
})

const anthropicError = (message: string): JsonObject => ({
  type: "error",
  error: { type: "invalid_request_error", message }
})

/** A result without its call, a call without its result. */
const pairs: Refusal = {
  check: { is: "results" },
  status: 400,
  body: openaiError(
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: {value}"
  ),
  source: "https://github.com/aliasrobotics/cai/issues/111"
}

const idLength: Refusal = {
  check: { is: "callIds", pattern: "^.{1,40}$" },
  status: 400,
  body: openaiError(
    "Invalid 'messages[{index}].tool_calls[0].id': string too long. Expected a string with maximum length 40"
  ),
  source: "https://github.com/agno-agi/agno/issues/5382"
}

const names: Refusal = {
  check: { is: "toolNames", pattern: "^[a-zA-Z0-9_-]{1,64}$" },
  status: 400,
  body: openaiError(
    "Invalid 'tools[{index}].function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
  ),
  source: "https://github.com/brekkylab/ailoy/pull/109"
}

const choice: Refusal = {
  check: { is: "toolChoice" },
  status: 400,
  body: openaiError(
    "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."
  ),
  source: "https://github.com/dapr/dapr-agents/issues/248"
}

const items: Refusal = {
  check: { is: "schemaItems" },
  status: 400,
  body: openaiError(
    "Invalid schema for function '{value}': In context=('properties',), array schema missing items."
  ),
  source:
    "https://community.openai.com/t/function-calling-schema-validation-bug-array-parameters-with-prefixitems-rejected-missing-items-error/1357778"
}

const top: Refusal = {
  check: { is: "schemaTop" },
  status: 400,
  body: openaiError(
    "Invalid schema for function '{value}': schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level."
  ),
  source: "https://github.com/nspady/google-calendar-mcp/issues/39"
}

const system: Refusal = {
  check: { is: "systemFirst" },
  status: 400,
  body: openaiError("System message must be at the beginning.", { type: "BadRequestError", code: 400 }),
  source: "https://github.com/vllm-project/vllm/issues/41114"
}

const roles: Refusal = {
  check: { is: "roles", known: ["system", "user", "assistant", "tool"] },
  status: 400,
  body: openaiError(
    "Failed to deserialize the JSON body into the target type: messages[{index}].role: unknown variant `{value}`, expected one of `system`, `user`, `assistant`, `tool`"
  ),
  source: "https://github.com/earendil-works/pi/issues/1048"
}

const noImages = (message: string, source: string): Refusal => ({
  check: { is: "part", type: "image_url" },
  status: 400,
  body: openaiError(message),
  source
})

const unknown = (path: string, source: string): Refusal => ({
  check: { is: "has", path },
  status: 400,
  body: openaiError(`Unknown parameter: '${path}'.`, { code: "unknown_parameter", param: path }),
  source
})

const chats = (
  name: string,
  refusals: ReadonlyArray<Refusal>,
  more: Partial<Strictness> = {}
): Strictness => ({
  name,
  protocol: "openai",
  callId: "call_{n}",
  ...more,
  refusals: [...refusals, pairs, names, choice]
})

const thoughtsMissing = (message: string, source: string): Refusal => ({
  check: { is: "lacks", field: "reasoning_content", where: "calls" },
  status: 400,
  body: openaiError(message, { code: "invalid_request_error" }),
  source
})

const thoughtsRefused = (message: string, source: string): Refusal => ({
  check: { is: "messageHas", field: "reasoning_content" },
  status: 400,
  body: { message, type: "invalid_request_error", param: "validation_error", code: "wrong_api_format" },
  source
})

/** The servers, by the names of their rows. */
export const servers = {
  openai: chats(
    "openai",
    [
      idLength,
      items,
      top,
      unknown("messages.reasoning_content", "https://platform.openai.com/docs/api-reference/chat/create")
    ],
    {
      callId: "call_{n}AbCdEfGhIjKlMnOpQrSt"
    }
  ),
  azure: chats("azure", [idLength, items]),
  github: chats(
    "github",
    [
      system,
      {
        check: { is: "has", path: "service_tier" },
        status: 400,
        body: openaiError("service_tier is not supported"),
        source: "https://github.com/anomalyco/opencode/issues/30737"
      }
    ],
    {
      thoughts: "reasoning_text"
    }
  ),
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
        source: "https://github.com/decocms/studio/pull/6874"
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
  },
  gemini: chats(
    "gemini",
    [
      {
        check: { is: "callLacks", field: "extra_content" },
        status: 400,
        body: {
          error: {
            code: 400,
            message:
              "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call `default_api:{value}` , position {index}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.",
            status: "INVALID_ARGUMENT"
          }
        },
        source: "https://github.com/securo-finance/securo/issues/884"
      },
      {
        check: { is: "schemaKeyword", keyword: "patternProperties" },
        status: 400,
        body: {
          error: {
            code: 400,
            message:
              "Invalid JSON payload received. Unknown name \"patternProperties\" at 'tools[0].function_declarations[{index}].parameters': Cannot find field.",
            status: "INVALID_ARGUMENT"
          }
        },
        source: "https://github.com/zed-industries/zed/issues/44875"
      },
      {
        check: { is: "resultNames" },
        status: 400,
        body: {
          error: {
            code: 400,
            message: "Request contains an invalid argument.",
            status: "INVALID_ARGUMENT"
          }
        },
        source: "https://github.com/NousResearch/hermes-agent/pull/19728"
      }
    ],
    { onCalls: { extra_content: { google: { thought_signature: "c2lnbmF0dXJlLW9mLWEtdGhvdWdodA==" } } } }
  ),
  deepseek: chats(
    "deepseek",
    [
      thoughtsMissing(
        "The `reasoning_content` in the thinking mode must be passed back to the API.",
        "https://api-docs.deepseek.com/guides/thinking_mode#tool-calls"
      ),
      roles,
      noImages(
        "Failed to deserialize the JSON body into the target type: messages[{index}]: unknown variant `image_url`, expected `text`",
        "https://github.com/rikkahub/rikkahub/issues/1433"
      ),
      {
        check: { is: "forcedCall" },
        status: 400,
        body: openaiError("Thinking mode does not support this tool_choice", {
          code: "invalid_request_error"
        }),
        source: "https://github.com/BerriAI/litellm/pull/37470"
      },
      {
        check: { is: "has", path: "response_format.json_schema" },
        status: 400,
        body: openaiError("This response_format type is unavailable now", {
          code: "invalid_request_error"
        }),
        source: "https://github.com/llm-exe/llm-exe/issues/662"
      }
    ],
    { thoughts: "reasoning_content", callId: "call_00_{n}AbCdEfGhIjKlMnOpQr" }
  ),
  mistral: chats(
    "mistral",
    [
      {
        check: { is: "callIds", pattern: "^[a-zA-Z0-9]{9}$" },
        status: 400,
        body: {
          object: "error",
          message: "Tool call id was {value} but must be a-z, A-Z, 0-9, with a length of 9.",
          type: "invalid_function_call",
          param: null,
          code: "3280"
        },
        source: "https://github.com/nearai/ironclaw/issues/1241"
      },
      {
        check: { is: "follows", role: "user", after: "tool" },
        status: 400,
        body: {
          object: "error",
          message: "Unexpected role 'user' after role 'tool'",
          type: "invalid_request_message_order",
          param: null,
          code: "3230"
        },
        source: "https://github.com/avante-corp/avante.nvim/issues/2562"
      },
      {
        check: { is: "has", path: "metadata" },
        status: 422,
        body: {
          object: "error",
          message: {
            detail: [
              { type: "extra_forbidden", loc: ["body", "metadata"], msg: "Extra inputs are not permitted" }
            ]
          },
          type: "invalid_request_error"
        },
        source: "https://github.com/OpenHands/OpenHands-CLI/issues/83"
      },
      {
        check: { is: "has", path: "stream_options.include_usage" },
        status: 422,
        body: {
          object: "error",
          message: {
            detail: [
              {
                type: "extra_forbidden",
                loc: ["body", "stream_options", "include_usage"],
                msg: "Extra inputs are not permitted",
                input: true
              }
            ]
          },
          type: "invalid_request_error",
          param: null,
          code: null
        },
        source: "https://github.com/avante-corp/avante.nvim/issues/2347"
      },
      system
    ],
    { callId: "aBcDeF{n}z" }
  ),
  qwen: chats("qwen", [system, roles], { thoughts: "reasoning_content" }),
  moonshot: chats(
    "moonshot",
    [
      thoughtsMissing(
        "thinking is enabled but reasoning_content is missing in assistant tool call message at index {index}",
        "https://github.com/continuedev/continue/issues/11527"
      ),
      roles,
      {
        check: { is: "has", path: "temperature" },
        status: 400,
        body: openaiError("invalid temperature: only 1 is allowed for this model"),
        source: "https://github.com/HKUDS/nanobot/pull/4967"
      }
    ],
    { thoughts: "reasoning_content", callId: "weather:{n}" }
  ),
  glm: chats(
    "glm",
    [
      system,
      {
        ...roles,
        body: { error: { code: "1214", message: "Incorrect role information" } },
        source: "https://github.com/openclaw/openclaw/issues/23115"
      }
    ],
    {
      thoughts: "reasoning_content"
    }
  ),
  minimax: chats("minimax", [
    system,
    noImages(
      "invalid params, image is not supported",
      "https://docs.getbifrost.ai/providers/supported-providers/minimax"
    )
  ]),
  xai: chats(
    "xai",
    [
      idLength,
      {
        check: { is: "has", path: "stop" },
        status: 400,
        body: {
          code: "Client specified an invalid argument",
          error: "Argument not supported on this model: stop"
        },
        source: "https://github.com/maximhq/bifrost/pull/1153"
      }
    ],
    { thoughts: "reasoning_content" }
  ),
  groq: chats(
    "groq",
    [
      thoughtsRefused(
        "'messages.{index}' : for 'role:assistant' the following must be satisfied[('messages.{index}' : property 'reasoning_content' is unsupported)]",
        "https://github.com/tashfeenahmed/freellmapi/issues/1070"
      )
    ],
    { thoughts: "reasoning" }
  ),
  cerebras: chats(
    "cerebras",
    [
      thoughtsRefused(
        "messages.{index}.assistant.reasoning_content: property 'messages.{index}.assistant.reasoning_content' is unsupported",
        "https://github.com/QwenLM/qwen-code/issues/11045"
      ),
      noImages(
        "Content type 'image_url' is not supported",
        "https://github.com/Cerebras/cerebras-cloud-sdk-python/blob/main/src/cerebras/cloud/sdk/types/chat/completion_create_params.py"
      )
    ],
    { thoughts: "reasoning" }
  ),
  openrouter: chats("openrouter", [idLength], { thoughts: "reasoning" }),
  together: chats("together", [system]),
  fireworks: chats("fireworks", [
    {
      ...system,
      body: openaiError("jinja template rendering failed. System message must be at the beginning."),
      source: "https://github.com/BerriAI/litellm/pull/39852"
    }
  ]),
  vllm: chats("vllm", [system, roles], {
    thoughts: "reasoning",
    callId: "chatcmpl-tool-{n}a1b2c3d4e5f60718293a4b5c6d7e8f"
  }),
  sglang: chats("sglang", [system], { thoughts: "reasoning_content" }),
  llamacpp: chats(
    "llamacpp",
    [
      {
        ...system,
        body: {
          error: {
            code: 400,
            message: "Jinja Exception: System message must be at the beginning.",
            type: "invalid_request_error"
          }
        },
        source: "https://github.com/ggml-org/llama.cpp/issues/20733"
      }
    ],
    { thoughts: "reasoning_content", callId: "{n}aBcDeFgHiJkLmNoPqRsTuVwXyZ0123" }
  ),
  lmstudio: chats("lmstudio", [system], { callId: "{n}3456789" }),
  ollama: chats("ollama", [system], { thoughts: "reasoning", callId: "call_{n}abcdef" })
} as const satisfies Readonly<Record<string, Strictness>>
