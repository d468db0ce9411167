/**
 * Maps a refusal to dialect rules: a feature that the refusal names is left out, and the request is tried
 * once more. Dialects cover known servers; this covers unknown ones.
 */

import {
  type Dialect,
  hasEffect,
  type Overrides,
  type ProtocolName,
  type RuleName
} from "../../dialect/index.ts"
import type { BadRequest } from "../../failure/Failure.ts"
import { isProviderResponse } from "../../providers/wire/ProviderResponse.ts"

/** In `lasting`: every refusal with the pattern. */
const always = "always"

/** A field or its value is refused. */
const refused =
  /\b(?:unsupported (?:parameter|argument|field)|unknown|unrecogni[sz]ed|unexpected|extra (?:inputs|fields)|not permitted)\b|\bnot support\w*(?:\s+(?:with|by|for|on|in|here)\b|\W*$|[.,;"])/i

/** A value is refused, or something in it: another caller's value may be accepted. */
const itsValue = /\b(?:values?|input should be|one of|enum|literal|keys?(?:\(s\))? in object)\b/i

/** The field itself is refused, and not its value. */
const field = (text: string): boolean => refused.test(text) && !itsValue.test(text)

const onlyDefault = /\bdeprecated\b|\bonly (?:the default|\d+(?:\.\d+)? is)\b/i

/** Another value than the default is refused, or the field itself. */
const anyValue = (text: string): boolean => field(text) || onlyDefault.test(text)

/**
 * Patterns of refusals, and the rules they imply. `lasting`: whether the rules hold for all requests to that target, or
 * which refusals say so. The others concern a single request: its schema, its signatures, one value of a field.
 */
const rows: ReadonlyArray<
  readonly [pattern: RegExp, overrides: Overrides, lasting?: typeof always | ((text: string) => boolean)]
> = [
  // `messages.1.content.0: Invalid `signature` in `thinking` block`: https://github.com/anthropics/claude-code/issues/10627
  [/invalid .{0,3}signature.{0,3} in .{0,3}thinking/i, { signatures: "none" }],
  // Another model has answered in between, without thoughts: `Expected `thinking` or `redacted_thinking`, but found
  // `tool_use`. When `thinking` is enabled, …`; `thinking … blocks in the latest assistant message cannot be modified`
  [
    /expected .{0,3}thinking.{0,40}but found|must start with a thinking block|thinking.{0,60}latest assistant message cannot be modified/i,
    { signatures: "none" }
  ],
  // Claude since 4.7: `"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" …`
  [
    /thinking\.type\.enabled.{0,40}not support|budget_tokens.{0,60}(?:not support|not permitted)/i,
    { thinking: "adaptive" },
    always
  ],
  // Bedrock: https://github.com/anthropics/claude-code-action/issues/1005
  [
    /output_config\.effort|effort parameter|(?:^|[^.\w])adaptive\W.{0,40}\bnot support/i,
    { thinking: "budget" },
    always
  ],
  [/(?:^|[^.\w])output_config\W{1,3}extra inputs/i, { thinking: "budget", jsonSchema: "tool" }, always],
  [/(?:^|[^.\w])thinking\W{1,3}extra inputs/i, { thinking: "none" }, always],
  // `Schemas contains too many optional parameters (31), which would make grammar compilation inefficient`:
  // https://platform.claude.com/docs/en/build-with-claude/structured-outputs
  [
    /grammar compilation|compiled grammar|schema is too complex|exponential compilation/i,
    { jsonSchema: "tool", strict: false }
  ],
  // https://github.com/BerriAI/litellm/issues/15880
  [/cache_control\.ephemeral\.ttl/i, { cacheTtl: false }, always],
  [
    /output_config\.format|output[ _]format|response_format|json_schema|structured[ _-]outputs?|guided[ _-](?:decoding|json)/i,
    { jsonSchema: "tool", jsonObject: false }
  ],
  [/\bstrict\b/i, { strict: false }],
  [/stream_options/i, { streamOptions: false }, field],
  [/parallel_tool_calls/i, { parallelToolCalls: false }, field],
  [/service_tier/i, { serviceTier: false }, field],
  // Where Claude is served by others: `cache_control: Extra inputs are not permitted`
  [/(?:^|[^.\w])cache_control.{0,40}not permitted/i, { requestCache: false }, always],
  // `Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.`
  [
    /'max_tokens' is not supported.{0,80}max_completion_tokens/i,
    { tokenCap: "max_completion_tokens" },
    always
  ],
  [/max_completion_tokens/i, { tokenCap: "max_tokens" }, field],
  // `messages: Unexpected role "system".`; `role 'system' is not supported on this model`
  [/\brole\W{1,4}system\b/i, { systemTurns: false }, always],
  [/system message must be (?:at the beginning|first)/i, { system: "first" }, always],
  // Chat templates without a place for it: https://github.com/stanfordnlp/dspy/issues/1627 (Gemma),
  // https://github.com/anomalyco/opencode/issues/5034 (Ministral), https://github.com/microsoft/autogen/issues/1037 (Mistral 7B)
  [
    /system role (?:is )?not supported|roles are supported, got system|(?<!optional system message, )conversation roles must alternate/i,
    { system: "none" },
    always
  ],
  // Claude since 4.6 behind a relay: https://platform.claude.com/docs/en/api/errors#prefill-not-supported
  [
    /\bprefill\b.{0,60}(?:must end with a user message|not support)|not support.{0,40}\bprefill\b|must end with a user message/i,
    { prefill: "none" },
    always
  ],
  // DeepSeek: `Thinking mode does not support this tool_choice`; Qwen: `The tool_choice parameter does not support being
  // set to required or object in thinking mode`: https://github.com/cloudwego/eino/issues/994
  [/thinking.{0,80}tool_choice|tool_choice.{0,120}thinking/i, { forcedCalls: false }],
  // vLLM, SGLang: `tool_choice='required' is not supported`
  [
    /\btool_choice\b.{0,40}\b(?:required|function|any)\b.{0,40}\b(?:not support\w*|unsupported|only)\b/i,
    { forcedCalls: false },
    always
  ],
  // Mistral's models at other servers, under any name: see the row `mistral`
  [
    /tool call id was .{1,80} but must be a-z, A-Z, 0-9, with a length of 9/i,
    { callIdCharacters: "a-zA-Z0-9", callIdShortest: 9, callIdLongest: 9, afterToolResult: "assistant" },
    always
  ],
  [/assistant with prefix true/i, { prefill: "prefix" }, always],
  // Gemini behind a relay: `function_response.name: Name cannot be empty`
  [/function_response\.name/i, { resultNames: true }, always],
  // The same: `Function call is missing a thought_signature in functionCall parts`
  [/missing an? .?thought_?signature/i, { unsignedCalls: "marked" }, always],
  // `Unsupported parameter: reasoning_effort`: https://github.com/decolua/9router/issues/3008
  [/reasoning_effort/i, { effort: false }, field],
  [/prompt_cache_key/i, { cacheKey: false }, field],
  // Moonshot: `invalid temperature: only 1 is allowed for this model`; Claude: `temperature is deprecated for this model`
  [
    /\b(?:temperature|top_p)\b.{0,80}\b(?:only|support\w*|unsupported|allowed|deprecated)\b|\b(?:unsupported|not support\w*)\b.{0,60}\b(?:temperature|top_p)\b/i,
    { sampling: false },
    anyValue
  ],
  // xAI: `Argument not supported on this model: stop`; OpenAI's words for too many: `Invalid 'stop': array too long`
  [
    /\bstop(?:_sequences)?\b.{0,40}\b(?:too long|too many|at most|maximum)\b|\b(?:unsupported|not support\w*)\b.{0,60}\bstop\b|\bstop(?:_sequences)?\b.{0,60}\b(?:unsupported|not support\w*)\b/i,
    { stops: false }
  ],
  // `user: Extra inputs are not permitted`; `Unrecognized request argument supplied: user`
  [
    /\b(?:user|metadata|safety_identifier)\b.{0,40}\bnot permitted\b|\b(?:unrecognized|unsupported|unknown)\b.{0,40}:\s*\W?(?:user|metadata)\b/i,
    { metadata: false },
    field
  ],
  [/after role .?tool/i, { afterToolResult: "assistant" }, always]
]

/** The rules for a second try. */
export interface SecondTry {
  readonly overrides: Overrides
  /** Whether they hold for all requests to the target. */
  readonly isLasting: boolean
}

/**
 * The rules of the first row that would change the request: the refusal implies them, and they differ from the dialect's.
 * `undefined` if there is none.
 */
export const of = (refusal: BadRequest, dialect: Dialect, protocol: ProtocolName): SecondTry | undefined => {
  const text = textOf(refusal)
  const isNew = ([rule, value]: [string, unknown]) =>
    hasEffect(rule as RuleName, protocol) && Reflect.get(dialect, rule) !== value
  const row = rows.find(([pattern, overrides]) => Object.entries(overrides).some(isNew) && pattern.test(text))
  if (row === undefined) return undefined
  const [, overrides, lasting] = row
  return { overrides, isLasting: lasting === always || (lasting?.(text) ?? false) }
}

/** Whether a refusal is about one of these fields of a request: about the field itself, or its value too. */
export const refuses = (
  refusal: BadRequest,
  fields: ReadonlyArray<string>
): "field" | "value" | undefined => {
  const text = textOf(refusal)
  const name = new RegExp(`(?:^|[^\\w/.-])(?:${fields.join("|")})(?:$|[^\\w/-])`)
  if (!refused.test(text) || !name.test(text)) return undefined
  return field(text) ? "field" : "value"
}

const textOf = ({ cause, message }: BadRequest): string =>
  isProviderResponse(cause) ? `${message} ${cause.body}` : message

/** The rules alone. */
export const overridesOf = (
  refusal: BadRequest,
  dialect: Dialect,
  protocol: ProtocolName
): Overrides | undefined => of(refusal, dialect, protocol)?.overrides
