/**
 * The rules of a dialect: what a server or a family of models takes and gives differently from the others that speak
 * the same protocol.
 *
 * A rule is plain data, so that a row of the table, an override in a config file and a test can say it in the same way.
 */

/** The word of a dialect for how an answer ended, in words that belong to no protocol. */
export type FinishWord = "stop" | "length" | "calls" | "refusal"

/** Where a server tells a number of its usage: a path such as `prompt_cache_hit_tokens`. */
export interface UsageFields {
  readonly cacheRead?: string | undefined
  readonly cacheWrite?: string | undefined
  readonly thinking?: string | undefined
}

/** What a server or a family of models takes and gives. */
export interface Rules {
  /** `always`: the rules are applied to requests of its own protocol too, which are passed on as they are otherwise. */
  readonly apply: "translated" | "always"
  /** `first`: one system message at most, and it comes first; later ones become text of the user that says so. */
  readonly system: "anywhere" | "first"
  /** Whether the role `developer` is taken; where not, what the developer says is the system's. */
  readonly developerRole: boolean
  /** Whether two turns of the same role may not follow each other, so that they are merged. */
  readonly mergeTurns: boolean
  /** `assistant`: the user may not speak right behind a tool's result; a short answer is put in between. */
  readonly afterToolResult: "any" | "assistant"
  /** Protocol openai: whether a tool's result also says the name of the tool. */
  readonly resultNames: boolean
  /** The characters of a tool call's id, as in a character class: `a-zA-Z0-9`. Empty for any. */
  readonly callIdCharacters: string
  /** The fewest characters of a tool call's id. */
  readonly callIdShortest: number
  /** The most characters of a tool call's id. */
  readonly callIdLongest: number
  /** The characters of a tool's name, as in a character class. Empty for any. */
  readonly toolNameCharacters: string
  /** The most characters of a tool's name. */
  readonly toolNameLongest: number
  /** `object`: a tool's schema is an object, without `anyOf`, `oneOf` and `allOf` at its top. */
  readonly schemaTop: "any" | "object"
  /** `required`: an array in a tool's schema says what its items are. */
  readonly schemaItems: "optional" | "required"
  /** Keywords that a tool's schema may not have; what they say goes into its description. */
  readonly schemaRefused: ReadonlyArray<string>
  /** The characters of a property's name in a tool's schema, as in a character class. Empty for any. */
  readonly propertyNameCharacters: string
  /** The most characters of a property's name. */
  readonly propertyNameLongest: number
  /** `everywhere`: names are looked at in all of a tool's schema, and not only at its top. */
  readonly propertyNames: "top" | "everywhere"
  /** The fields of a message or a delta in which thoughts come as text. */
  readonly thoughtFields: ReadonlyArray<string>
  /**
   * Which of the model's own thoughts go back to it: none, those of turns with tool calls, or all of them. `given`: nothing
   * is known of it, so what it gave goes back as it came.
   */
  readonly thoughtsBack: "given" | "never" | "calls" | "always"
  /** The field in which they go back. */
  readonly thoughtField: string
  /** Protocol anthropic: which thoughts are taken: those it signed itself; any, signed or not; or none. */
  readonly signatures: "own" | "any" | "none"
  /** Fields of a tool call that have to come back with it, such as `extra_content`. */
  readonly callExtras: ReadonlyArray<string>
  /** Fields of an assistant's message that have to come back with it, such as `reasoning_details`. */
  readonly messageExtras: ReadonlyArray<string>
  /** The field for the most tokens of an answer; `model`: as the model's name says. */
  readonly tokenCap: "model" | "max_tokens" | "max_completion_tokens"
  /** Whether `stream_options` are taken. */
  readonly streamOptions: boolean
  /** Whether `parallel_tool_calls` is taken. */
  readonly parallelToolCalls: boolean
  /** Whether `user` and `metadata` are taken. */
  readonly metadata: boolean
  /** Whether `service_tier` is taken. */
  readonly serviceTier: boolean
  /** Whether `strict` is taken in a tool. */
  readonly strict: boolean
  /** Whether a tool call can be forced, any or one by its name; where not, it is left to the model. */
  readonly forcedCalls: boolean
  /** Whether an answer can be asked to keep to a schema; `tool`: a tool that has to be called stands in its place. */
  readonly jsonSchema: "yes" | "tool" | "no"
  /** Whether images are taken. */
  readonly images: boolean
  /** Whether documents are taken: not at all, with their content, or by their address too. */
  readonly documents: "no" | "inline" | "url"
  /** Whether audio is taken. */
  readonly audio: boolean
  /** Whether `cache_control` is taken. */
  readonly cacheControl: boolean
  /** Protocol anthropic: which of the caller's `anthropic-beta` are taken; `any` for all of them. */
  readonly betas: "any" | ReadonlyArray<string>
  /** Its own words for how an answer ended, besides those that everybody uses. */
  readonly finishWords: Readonly<Record<string, FinishWord>>
  /** Where it tells what it used, besides the places that everybody uses. */
  readonly usageFields: UsageFields
  /** What an answer without content is, where its end is none by itself: a failure, or an answer. */
  readonly emptyAnswer: "failure" | "answer"
}

/** The name of a rule. */
export type RuleName = keyof Rules

/** Rules that are laid over others. */
export type Overrides = { readonly [Name in RuleName]?: Rules[Name] | undefined }

/** The dialect of one target: its rules, and the rows of the table they come from. */
export interface Dialect extends Rules {
  /** The rows that were recognised, the most general first: `["qwen", "vllm"]`; the config's word is `config`. */
  readonly rows: ReadonlyArray<string>
}
