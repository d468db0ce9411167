/** Servers that host the models of others. */
import { chats, idLength, noImages, openaiError, system, thoughtsRefused } from "./Refusals.ts"
import type { Strictness } from "./Strictness.ts"

/** The servers, by the names of their rows in the table of dialects. */
export const servers = {
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
      ),
      {
        check: { is: "has", path: "prompt_cache_key" },
        status: 400,
        body: openaiError("property 'prompt_cache_key' is unsupported"),
        source: "https://github.com/zed-industries/zed/issues/36215"
      }
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
      ),
      {
        check: { is: "has", path: "prompt_cache_key" },
        status: 422,
        body: {
          message: "body.prompt_cache_key: property 'body.prompt_cache_key' is unsupported",
          type: "invalid_request_error",
          param: "validation_error",
          code: "wrong_api_format"
        },
        source: "https://github.com/zed-industries/zed/issues/36215"
      }
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
  ])
} as const satisfies Readonly<Record<string, Strictness>>
