/**
 * Maps a refusal to dialect rules: a feature that the refusal names is left out, and the request is tried
 * once more. Dialects cover known servers; this covers unknown ones.
 */

import type { Dialect, Overrides } from "../../dialect/index.ts"
import type { BadRequest } from "../../failure/Failure.ts"
import { isProviderResponse } from "../../providers/wire/ProviderResponse.ts"

/** Patterns of refusals, and the rules they imply. */
const rows: ReadonlyArray<readonly [pattern: RegExp, overrides: Overrides]> = [
  // `messages.1.content.0: Invalid `signature` in `thinking` block`: https://github.com/anthropics/claude-code/issues/10627
  [/invalid .{0,3}signature.{0,3} in .{0,3}thinking/i, { signatures: "none" }],
  [
    /output_config\.format|output[ _]format|response_format|json_schema|structured[ _-]outputs?|guided[ _-](?:decoding|json)/i,
    { jsonSchema: "tool", jsonObject: false }
  ],
  [/\bstrict\b/i, { strict: false }],
  [/stream_options/i, { streamOptions: false }],
  [/parallel_tool_calls/i, { parallelToolCalls: false }],
  [/service_tier/i, { serviceTier: false }],
  // Where Claude is served by others: `cache_control: Extra inputs are not permitted`
  [/(?:^|[^.\w])cache_control.{0,40}not permitted/i, { requestCache: false }],
  // `Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.`
  [/'max_tokens' is not supported.{0,80}max_completion_tokens/i, { tokenCap: "max_completion_tokens" }],
  [/max_completion_tokens/i, { tokenCap: "max_tokens" }],
  // `messages: Unexpected role "system".`; `role 'system' is not supported on this model`
  [/\brole\W{1,4}system\b/i, { systemTurns: false }],
  [/system message must be (?:at the beginning|first)/i, { system: "first" }],
  // DeepSeek: `Thinking mode does not support this tool_choice`; Qwen: `The tool_choice parameter does not support being
  // set to required or object in thinking mode`: https://github.com/cloudwego/eino/issues/994
  [/thinking.{0,80}tool_choice|tool_choice.{0,120}thinking/i, { forcedCalls: false }],
  // `Unsupported parameter: reasoning_effort`: https://github.com/decolua/9router/issues/3008
  [/reasoning_effort/i, { effort: false }],
  [/prompt_cache_key/i, { cacheKey: false }],
  // Moonshot: `invalid temperature: only 1 is allowed for this model`; Claude: `temperature is deprecated for this model`
  [
    /\b(?:temperature|top_p)\b.{0,80}\b(?:only|support\w*|unsupported|allowed|deprecated)\b|\b(?:unsupported|not support\w*)\b.{0,60}\b(?:temperature|top_p)\b/i,
    { sampling: false }
  ],
  // xAI: `Argument not supported on this model: stop`
  [
    /\b(?:unsupported|not support\w*)\b.{0,60}\bstop\b|\bstop(?:_sequences)?\b.{0,60}\b(?:unsupported|not support\w*)\b/i,
    { stops: false }
  ],
  [/after role .?tool/i, { afterToolResult: "assistant" }]
]

/** The rules that a refusal implies, if they differ from the dialect's; `undefined` if it implies none. */
export const overridesOf = (refusal: BadRequest, dialect: Dialect): Overrides | undefined => {
  const text = isProviderResponse(refusal.cause)
    ? `${refusal.message} ${refusal.cause.body}`
    : refusal.message
  const found = rows.find(([pattern]) => pattern.test(text))?.[1]
  if (found === undefined) return undefined
  return Object.entries(found).some(([rule, value]) => Reflect.get(dialect, rule) !== value)
    ? found
    : undefined
}
