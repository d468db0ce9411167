/**
 * The rules of a dialect: how a server or a model family differs from others with the same protocol.
 *
 * A rule is plain data, so that a table row, an override in a config file and a test write it in the same way.
 */

/** A finish reason in protocol-independent words. */
export type FinishWord = "stop" | "length" | "calls" | "refusal"

/** A value of `reasoning_effort`. `default` is reasoning at a server that has no levels of it. */
export type EffortWord = "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max" | "default"

/** Where a server reports a token count in its usage: a path such as `prompt_cache_hit_tokens`. */
export interface UsageFields {
  readonly cacheRead?: string | undefined
  readonly cacheWrite?: string | undefined
  readonly thinking?: string | undefined
}

/** What a server or a model family accepts and returns. */
export interface Rules {
  /** `always`: the rules also apply to requests of its own protocol, which are otherwise passed on unchanged. */
  readonly apply: "translated" | "always"
  /**
   * `first`: at most one system message, at the beginning; later ones become user text marked as such. `none`: protocol openai:
   * no system message at all; its text begins the user's first one.
   */
  readonly system: "anywhere" | "first" | "none"
  /**
   * Protocol anthropic: whether a turn of the role `system` is accepted among the messages; if not, it becomes user text
   * marked as such.
   */
  readonly systemTurns: boolean
  /** Whether the role `developer` is accepted; if not, developer messages become system messages. */
  readonly developerRole: boolean
  /** Whether two consecutive turns of the same role must be merged. */
  readonly mergeTurns: boolean
  /** `assistant`: a user message may not directly follow a tool result; a short assistant message is inserted. */
  readonly afterToolResult: "any" | "assistant"
  /**
   * Protocol openai: `prefix`: an assistant message that the model continues, as the last one, needs `prefix: true`; `none`: the
   * last message has to be the user's, so a short one is added.
   */
  readonly prefill: "plain" | "prefix" | "none"
  /** Protocol openai: whether a tool result also needs the name of the tool. */
  readonly resultNames: boolean
  /** The allowed characters of a tool call's id, as in a character class: `a-zA-Z0-9`. Empty for any. */
  readonly callIdCharacters: string
  /** The shortest id of a tool call, in characters. */
  readonly callIdShortest: number
  /** The longest id of a tool call, in characters. */
  readonly callIdLongest: number
  /** The allowed characters of a tool's name, as in a character class. Empty for any. */
  readonly toolNameCharacters: string
  /** The longest name of a tool, in characters. */
  readonly toolNameLongest: number
  /** `object`: a tool's schema must be an object, without `anyOf`, `oneOf` and `allOf` at its top. */
  readonly schemaTop: "any" | "object"
  /** `required`: an array in a tool's schema must define its items. */
  readonly schemaItems: "optional" | "required"
  /** `strings`: an enum in a tool's schema may have strings only; others are added to the description. */
  readonly schemaEnums: "any" | "strings"
  /** `defined`: `required` in a tool's schema may name only properties that the schema defines. */
  readonly schemaRequired: "any" | "defined"
  /** Keywords that a tool's schema may not have; their meaning is added to its description. */
  readonly schemaRefused: ReadonlyArray<string>
  /** The allowed characters of a property's name in a tool's schema, as in a character class. Empty for any. */
  readonly propertyNameCharacters: string
  /** The longest name of a property, in characters. */
  readonly propertyNameLongest: number
  /** `everywhere`: names are checked in the whole schema of a tool, not only at its top. */
  readonly propertyNames: "top" | "everywhere"
  /** The fields of a message or a delta that hold reasoning as text. */
  readonly thoughtFields: ReadonlyArray<string>
  /**
   * Protocol openai: whether a text may begin with reasoning in tags (`<think>…</think>`): `leading`: if it begins with the tag;
   * `unopened`: every text begins with reasoning, because the model's template has opened the tag. `no`: tags are text.
   */
  readonly thinkTags: "no" | "leading" | "unopened"
  /**
   * Which of the model's own reasoning is sent back: none, only that of turns with tool calls, or all of it. `given`:
   * unknown, so it is sent back as it was received.
   */
  readonly thoughtsBack: "given" | "never" | "calls" | "always"
  /** The field in which reasoning is sent back. */
  readonly thoughtField: string
  /**
   * Protocol anthropic: which reasoning is accepted: only what the server signed itself; any, signed or not; or none.
   */
  readonly signatures: "own" | "any" | "none"
  /** Fields of a tool call that must be sent back with it, such as `extra_content`. */
  readonly callExtras: ReadonlyArray<string>
  /**
   * Protocol openai: calls without a signature, such as those of another model: `plain`, or `marked` with the text that
   * Google accepts in its place.
   */
  readonly unsignedCalls: "plain" | "marked"
  /** Fields of an assistant message that must be sent back with it, such as `reasoning_details`. */
  readonly messageExtras: ReadonlyArray<string>
  /** The field for the output limit; `model`: depends on the model's name. */
  readonly tokenCap: "model" | "max_tokens" | "max_completion_tokens"
  /** Whether `temperature` and `top_p` are accepted; if not, the server's own values apply. */
  readonly sampling: boolean
  /** Whether stop sequences are accepted. */
  readonly stops: boolean
  /** Protocol openai: whether `reasoning_effort` is accepted. */
  readonly effort: boolean
  /** Protocol openai: the values of `reasoning_effort` that are accepted; `model`: depends on the model's name. */
  readonly efforts: "model" | ReadonlyArray<EffortWord>
  /** Protocol openai: whether `prompt_cache_key` is accepted. */
  readonly cacheKey: boolean
  /** Whether `stream_options` is accepted. */
  readonly streamOptions: boolean
  /** Whether `parallel_tool_calls` is accepted. */
  readonly parallelToolCalls: boolean
  /** Whether `user` and `metadata` are accepted. */
  readonly metadata: boolean
  /** Whether `service_tier` is accepted. */
  readonly serviceTier: boolean
  /** Protocol openai: whether fields that choose among the models of one server are passed on (`models`, `route`, `provider`). */
  readonly routing: boolean
  /** Whether `strict` is accepted in a tool. */
  readonly strict: boolean
  /** Whether a tool call can be forced, any or a named one; if not, the model decides. */
  readonly forcedCalls: boolean
  /** Whether an answer can be constrained to a schema; `tool`: by a tool that must be called. */
  readonly jsonSchema: "yes" | "tool" | "no"
  /** Protocol openai: whether JSON without a schema can be requested (`json_object`). */
  readonly jsonObject: boolean
  /** Whether images are accepted. */
  readonly images: boolean
  /** Whether documents are accepted: not at all, with their content, or by URL too. */
  readonly documents: "no" | "inline" | "url"
  /** Whether audio is accepted. */
  readonly audio: boolean
  /** Whether `cache_control` is accepted. */
  readonly cacheControl: boolean
  /** Whether `cache_control` of the whole request is accepted. */
  readonly requestCache: boolean
  /** Protocol anthropic: whether `cache_control` may have a `ttl`. */
  readonly cacheTtl: boolean
  /**
   * Protocol anthropic: how much a model is to think: by an effort (`adaptive`), by a budget of tokens, or not at all (`none`);
   * `model`: depends on the model's name.
   */
  readonly thinking: "model" | "adaptive" | "budget" | "none"
  /** Protocol anthropic: which of the caller's `anthropic-beta` values are accepted; `any` for all. */
  readonly betas: "any" | ReadonlyArray<string>
  /** Its own finish reasons, in addition to the standard ones. */
  readonly finishWords: Readonly<Record<string, FinishWord>>
  /** Its own usage fields, in addition to the standard ones. */
  readonly usageFields: UsageFields
  /** Whether an answer without content and with an ordinary end is a failure or an answer. */
  readonly emptyAnswer: "failure" | "answer"
}

/** The name of a rule. */
export type RuleName = keyof Rules

/** Rules that override others. */
export type Overrides = { readonly [Name in RuleName]?: Rules[Name] | undefined }

/** The dialect of one target: its rules, and the table rows they come from. */
export interface Dialect extends Rules {
  /** The matched rows, the most general first: `["qwen", "vllm"]`; overrides of the config are `config`. */
  readonly rows: ReadonlyArray<string>
}
