/**
 * The rules of an unknown server: what nearly every server accepts.
 *
 * If it loses no meaning, the stricter form is the default (one system message, plain characters in names and
 * ids): servers that do not need it accept it too.
 */
import type { ProtocolName } from "./rules/Row.ts"
import type { Rules } from "./rules/Rules.ts"

const openai: Rules = {
  apply: "translated",
  // The chat templates of many models reject a second one: https://github.com/vllm-project/vllm/issues/41114
  system: "first",
  systemTurns: false,
  developerRole: false,
  mergeTurns: true,
  afterToolResult: "any",
  prefill: "plain",
  resultNames: false,
  // `string too long. Expected a string with maximum length 40`: https://github.com/agno-agi/agno/issues/5382
  callIdCharacters: "",
  callIdShortest: 1,
  callIdLongest: 40,
  // `Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'`: https://github.com/hackers365/xiaozhi-esp32-server-golang/issues/268
  toolNameCharacters: "a-zA-Z0-9_-",
  toolNameLongest: 64,
  schemaTop: "object",
  schemaItems: "required",
  schemaEnums: "any",
  schemaRequired: "any",
  schemaRefused: [],
  propertyNameCharacters: "",
  propertyNameLongest: 256,
  propertyNames: "top",
  thoughtFields: ["reasoning_content", "reasoning", "reasoning_text"],
  thinkTags: "no",
  thoughtsBack: "given",
  thoughtField: "reasoning_content",
  signatures: "any",
  callExtras: [],
  unsignedCalls: "plain",
  messageExtras: [],
  tokenCap: "model",
  sampling: true,
  stops: true,
  effort: true,
  efforts: "model",
  // Strict servers refuse it: `property 'prompt_cache_key' is unsupported`: https://github.com/zed-industries/zed/issues/36215
  cacheKey: false,
  streamOptions: true,
  parallelToolCalls: true,
  metadata: true,
  serviceTier: true,
  routing: true,
  strict: true,
  forcedCalls: true,
  jsonSchema: "yes",
  jsonObject: true,
  images: true,
  documents: "inline",
  audio: true,
  cacheControl: false,
  requestCache: false,
  cacheTtl: true,
  thinking: "model",
  betas: "any",
  finishWords: {},
  usageFields: {},
  emptyAnswer: "failure"
}

const anthropic: Rules = {
  ...openai,
  // Anthropic has a separate field for it: https://platform.claude.com/docs/en/api/messages
  system: "first",
  // Claude Code sends them to any server: https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
  systemTurns: true,
  // `tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`: https://github.com/maximhq/bifrost/issues/5097
  callIdCharacters: "a-zA-Z0-9_-",
  callIdLongest: 128,
  // `String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`: https://github.com/home-assistant/core/issues/147760
  toolNameCharacters: "a-zA-Z0-9_-",
  toolNameLongest: 128,
  // `tools.0.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level`:
  // https://github.com/anthropics/claude-code/issues/5973
  schemaTop: "object",
  schemaItems: "optional",
  // `Property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'`: https://github.com/erikmaday/unusual-whales-mcp/pull/57
  propertyNameCharacters: "a-zA-Z0-9_.-",
  propertyNameLongest: 64,
  thoughtFields: ["thinking"],
  thoughtField: "thinking",
  thoughtsBack: "always",
  tokenCap: "max_tokens",
  documents: "url",
  audio: false,
  cacheControl: true,
  // Features of Claude 4.5; other servers with the protocol do not have them.
  strict: false,
  jsonSchema: "tool",
  jsonObject: false
}

/** The rules of a server of which only the protocol is known. */
export const defaults: Readonly<Record<ProtocolName, Rules>> = { openai, anthropic }
