/** The servers of the makers of model families: Gemini, DeepSeek, Mistral, Qwen, Kimi, GLM and MiniMax. */
import { chats, noImages, openaiError, roles, system, thoughtsMissing } from "./Refusals.ts"
import type { Strictness } from "./Strictness.ts"

/** The servers, by the names of their rows in the table of dialects. */
export const servers = {
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
        check: { is: "has", path: "prompt_cache_key" },
        status: 400,
        body: {
          error: {
            code: 400,
            message: 'Invalid JSON payload received. Unknown name "prompt_cache_key": Cannot find field.',
            status: "INVALID_ARGUMENT"
          }
        },
        source: "https://github.com/leookun/cursor-byok/issues/112"
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
  ])
} as const satisfies Readonly<Record<string, Strictness>>
