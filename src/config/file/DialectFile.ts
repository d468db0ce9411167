/** The schema of a dialect in the config file: the name of a row, or rules over the detected dialect. */
import * as Schema from "effect/Schema"
import { names, type Overrides } from "../../dialect/index.ts"
import { field, Positive } from "./Field.ts"

const Words = Schema.Array(Schema.NonEmptyString)

const Rules = Schema.Struct({
  row: field(
    Schema.String,
    `The row of the table to start from, instead of the detected one: ${names.join(", ")}.`
  ),
  apply: field(
    Schema.Literals(["translated", "always"]),
    "always: the rules also apply to requests in the provider's own protocol, which are otherwise passed on byte for byte.",
    "translated"
  ),
  system: field(
    Schema.Literals(["anywhere", "first", "none"]),
    "first: one system message, at the beginning; later ones become marked text of the user. none: its text begins the user's first message (protocol openai only)."
  ),
  systemTurns: field(
    Schema.Boolean,
    "Protocol anthropic only: whether system turns among the messages are accepted; if not, they become marked text of the user."
  ),
  developerRole: field(
    Schema.Boolean,
    "Whether the role developer is accepted; if not, its messages become system messages."
  ),
  mergeTurns: field(Schema.Boolean, "Whether consecutive turns of the same role are merged."),
  afterToolResult: field(
    Schema.Literals(["any", "assistant"]),
    "assistant: a user message may not follow a tool result directly; a short assistant message is put in between."
  ),
  callIdCharacters: field(
    Schema.String,
    "The characters allowed in the id of a tool call, such as a-zA-Z0-9. Empty for any."
  ),
  callIdShortest: field(Positive, "The fewest characters of a tool call's id."),
  callIdLongest: field(Positive, "The most characters of a tool call's id."),
  toolNameCharacters: field(
    Schema.String,
    "The characters allowed in the name of a tool, such as a-zA-Z0-9_-. Empty for any."
  ),
  toolNameLongest: field(Positive, "The most characters of a tool's name."),
  schemaTop: field(
    Schema.Literals(["any", "object"]),
    "object: no anyOf, oneOf and allOf at the top of a tool's schema; they are merged into one object."
  ),
  schemaItems: field(
    Schema.Literals(["optional", "required"]),
    "required: every array in a tool's schema must have items."
  ),
  schemaEnums: field(
    Schema.Literals(["any", "strings"]),
    "strings: an enum in a tool's schema has strings only; others are moved to its description."
  ),
  schemaRequired: field(
    Schema.Literals(["any", "defined"]),
    "defined: required in a tool's schema names only properties that are defined there."
  ),
  schemaRefused: field(
    Words,
    "Keywords that are not accepted in a tool's schema; they are moved to its description."
  ),
  propertyNameCharacters: field(
    Schema.String,
    "The characters allowed in property names of a tool's schema. Empty for any."
  ),
  propertyNameLongest: field(Positive, "The most characters of a property's name."),
  propertyNames: field(
    Schema.Literals(["top", "everywhere"]),
    "everywhere: property names are checked in the whole schema of a tool, not only at its top."
  ),
  thoughtFields: field(Words, "The fields that have thoughts as text."),
  thinkTags: field(
    Schema.Literals(["no", "leading", "unopened"]),
    "Protocol openai only: leading: a text that begins with <think> begins with thoughts, up to </think>. unopened: every text does, also without the first tag (DeepSeek-R1 on a server without a reasoning parser). no: tags are text."
  ),
  thoughtsBack: field(
    Schema.Literals(["given", "never", "calls", "always"]),
    "Which of the model's own thoughts are sent back to it: none, those of turns with tool calls, or all; given: as they came."
  ),
  thoughtField: field(
    Schema.String,
    "The field in which thoughts are sent back; content.think: in tags at the beginning of the text."
  ),
  signatures: field(
    Schema.Literals(["own", "any", "none"]),
    "Protocol anthropic only: which thoughts are accepted: those it signed itself, any, or none."
  ),
  prefill: field(
    Schema.Literals(["plain", "prefix", "none"]),
    "Protocol openai only: prefix: an assistant message at the end, which the model continues, needs prefix: true. none: the last message has to be the user's, so a short one is added."
  ),
  resultNames: field(
    Schema.Boolean,
    "Protocol openai only: whether a tool result also has the name of the tool."
  ),
  callExtras: field(
    Words,
    "Protocol openai only: fields of a tool call that are sent back with it, such as extra_content."
  ),
  unsignedCalls: field(
    Schema.Literals(["plain", "marked"]),
    "Protocol openai only: calls without a signature, such as those of another model: as they are, or with the mark that Google accepts in its place."
  ),
  messageExtras: field(
    Words,
    "Protocol openai only: fields of an assistant message that are sent back with it, such as reasoning_details."
  ),
  tokenCap: field(
    Schema.Literals(["model", "max_tokens", "max_completion_tokens"]),
    "Protocol openai only: the field for the most tokens of an answer; model: by the name of the model."
  ),
  sampling: field(
    Schema.Boolean,
    "Whether temperature and top_p are accepted; if not, the server's own values apply."
  ),
  stops: field(Schema.Boolean, "Whether stop sequences are accepted."),
  effort: field(Schema.Boolean, "Protocol openai only: whether reasoning_effort is accepted."),
  efforts: field(
    Schema.Union([
      Schema.Literal("model"),
      Schema.Array(Schema.Literals(["none", "minimal", "low", "medium", "high", "xhigh", "max", "default"]))
    ]),
    "Protocol openai only: which values of reasoning_effort are accepted; model: by the name of the model."
  ),
  cacheKey: field(Schema.Boolean, "Protocol openai only: whether prompt_cache_key is accepted."),
  streamOptions: field(Schema.Boolean, "Protocol openai only: whether stream_options is accepted."),
  parallelToolCalls: field(Schema.Boolean, "Protocol openai only: whether parallel_tool_calls is accepted."),
  metadata: field(Schema.Boolean, "Whether user and metadata are accepted."),
  serviceTier: field(Schema.Boolean, "Whether service_tier is accepted."),
  routing: field(
    Schema.Boolean,
    "Protocol openai only: whether fields that choose among the models of one server are passed on (models, route, provider)."
  ),
  strict: field(Schema.Boolean, "Whether strict is accepted in a tool."),
  forcedCalls: field(
    Schema.Boolean,
    "Whether a tool call can be forced, any or a named one; if not, the model decides."
  ),
  jsonSchema: field(
    Schema.Literals(["yes", "tool", "no"]),
    "Whether an answer can be required to match a schema; tool: a forced tool call replaces it."
  ),
  jsonObject: field(
    Schema.Boolean,
    "Protocol openai only: whether JSON without a schema can be requested (json_object)."
  ),
  images: field(Schema.Boolean, "Whether images are accepted."),
  documents: field(
    Schema.Literals(["no", "inline", "url"]),
    "Whether documents are accepted: no, with their content, or also by URL."
  ),
  audio: field(Schema.Boolean, "Whether audio is accepted."),
  cacheControl: field(Schema.Boolean, "Whether cache_control is accepted."),
  requestCache: field(Schema.Boolean, "Whether cache_control of the whole request is accepted."),
  cacheTtl: field(Schema.Boolean, "Protocol anthropic only: whether cache_control may have a ttl."),
  thinking: field(
    Schema.Literals(["model", "adaptive", "budget", "none"]),
    "Protocol anthropic only: how much to think is said by an effort, by a budget, or not at all; model: by the name of the model."
  ),
  betas: field(
    Schema.Union([Schema.Literal("any"), Words]),
    "Protocol anthropic only: which of the caller's anthropic-beta are passed on."
  ),
  finishWords: field(
    Schema.Record(Schema.String, Schema.Literals(["stop", "length", "calls", "refusal"])),
    "Its finish reasons, besides the known ones."
  ),
  usageFields: field(
    Schema.Struct({
      cacheRead: field(Schema.NonEmptyString, "Tokens of the prompt that came from a cache."),
      cacheWrite: field(Schema.NonEmptyString, "Tokens of the prompt that were written to a cache."),
      thinking: field(Schema.NonEmptyString, "Tokens of thoughts.")
    }),
    "The fields of its usage, besides the known ones."
  ),
  emptyAnswer: field(Schema.Literals(["failure", "answer"]), "How an answer without content counts.")
})

/** The name of a row, or rules. */
export const Dialect = Schema.Union([Schema.String, Rules])

/** Every rule has a field; this does not compile if one is missing. */
export type EveryRule = Required<typeof Rules.Type> extends Required<Overrides> ? true : never
