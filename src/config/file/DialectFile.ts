/** The shape of a dialect in the config file: the name of a row, or rules that are laid over what is recognised. */
import * as Schema from "effect/Schema"
import { names, type Overrides } from "../../dialect/index.ts"
import { field, Positive } from "./Field.ts"

const Words = Schema.Array(Schema.NonEmptyString)

const Rules = Schema.Struct({
  row: field(
    Schema.String,
    `The row of the table to begin with, instead of what is recognised: ${names.join(", ")}.`
  ),
  apply: field(
    Schema.Literals(["translated", "always"]),
    "always: the rules are applied to requests of the provider's own protocol too, which are passed on byte for byte otherwise.",
    "translated"
  ),
  system: field(
    Schema.Literals(["anywhere", "first"]),
    "first: one system message, at the beginning; later ones become text of the user that says so."
  ),
  developerRole: field(
    Schema.Boolean,
    "Whether the role developer is taken; where not, what the developer says is the system's."
  ),
  mergeTurns: field(Schema.Boolean, "Whether turns of the same role that follow each other are merged."),
  afterToolResult: field(
    Schema.Literals(["any", "assistant"]),
    "assistant: the user may not speak right behind a tool's result; a short answer is put in between."
  ),
  callIdCharacters: field(Schema.String, "The characters of a tool call's id: a-zA-Z0-9. Empty for any."),
  callIdShortest: field(Positive, "The fewest characters of a tool call's id."),
  callIdLongest: field(Positive, "The most characters of a tool call's id."),
  toolNameCharacters: field(Schema.String, "The characters of a tool's name: a-zA-Z0-9_-. Empty for any."),
  toolNameLongest: field(Positive, "The most characters of a tool's name."),
  schemaTop: field(
    Schema.Literals(["any", "object"]),
    "object: no anyOf, oneOf and allOf at the top of a tool's schema; they are merged into one object."
  ),
  schemaItems: field(
    Schema.Literals(["optional", "required"]),
    "required: an array in a tool's schema says what its items are."
  ),
  schemaRefused: field(
    Words,
    "Keywords that a tool's schema may not have; what they say goes into its description."
  ),
  propertyNameCharacters: field(
    Schema.String,
    "The characters of a property's name in a tool's schema. Empty for any."
  ),
  propertyNameLongest: field(Positive, "The most characters of a property's name."),
  propertyNames: field(
    Schema.Literals(["top", "everywhere"]),
    "everywhere: names of properties are looked at in all of a tool's schema, not only at its top."
  ),
  thoughtFields: field(Words, "The fields in which thoughts come as text."),
  thoughtsBack: field(
    Schema.Literals(["given", "never", "calls", "always"]),
    "Which of the model's own thoughts go back to it: none, those of turns with tool calls, or all; given: as they came."
  ),
  thoughtField: field(Schema.String, "The field in which they go back."),
  signatures: field(
    Schema.Literals(["own", "any", "none"]),
    "Protocol anthropic only: which thoughts are taken, those it signed itself, any, or none."
  ),
  resultNames: field(
    Schema.Boolean,
    "Protocol openai only: whether a tool's result also says the name of the tool."
  ),
  callExtras: field(
    Words,
    "Protocol openai only: fields of a tool call that come back with it, as extra_content."
  ),
  messageExtras: field(
    Words,
    "Protocol openai only: fields of an assistant's message that come back with it, as reasoning_details."
  ),
  tokenCap: field(
    Schema.Literals(["model", "max_tokens", "max_completion_tokens"]),
    "Protocol openai only: the field for the most tokens of an answer; model: as the model's name says."
  ),
  streamOptions: field(Schema.Boolean, "Protocol openai only: whether stream_options are taken."),
  parallelToolCalls: field(Schema.Boolean, "Protocol openai only: whether parallel_tool_calls is taken."),
  metadata: field(Schema.Boolean, "Whether user and metadata are taken."),
  serviceTier: field(Schema.Boolean, "Whether service_tier is taken."),
  strict: field(Schema.Boolean, "Whether strict is taken in a tool."),
  forcedCalls: field(
    Schema.Boolean,
    "Whether a tool call can be forced, any or one by its name; where not, it is left to the model."
  ),
  jsonSchema: field(
    Schema.Literals(["yes", "tool", "no"]),
    "Whether an answer can be asked to keep to a schema; tool: a tool that has to be called stands in its place."
  ),
  images: field(Schema.Boolean, "Whether images are taken."),
  documents: field(
    Schema.Literals(["no", "inline", "url"]),
    "Whether documents are taken: not at all, with their content, or by their address too."
  ),
  audio: field(Schema.Boolean, "Whether audio is taken."),
  cacheControl: field(Schema.Boolean, "Whether cache_control is taken."),
  betas: field(
    Schema.Union([Schema.Literal("any"), Words]),
    "Protocol anthropic only: which of the caller's anthropic-beta are passed on."
  ),
  finishWords: field(
    Schema.Record(Schema.String, Schema.Literals(["stop", "length", "calls", "refusal"])),
    "Its own words for how an answer ended, besides those that are known."
  ),
  usageFields: field(
    Schema.Struct({
      cacheRead: field(Schema.NonEmptyString, "Tokens of the prompt that came from a cache."),
      cacheWrite: field(Schema.NonEmptyString, "Tokens of the prompt that were written to a cache."),
      thinking: field(Schema.NonEmptyString, "Tokens of thoughts.")
    }),
    "Where its usage tells them, besides the places that are known."
  ),
  emptyAnswer: field(Schema.Literals(["failure", "answer"]), "What an answer without content is.")
})

/** The name of a row, or rules. */
export const Dialect = Schema.Union([Schema.String, Rules])

/** Every rule has a field: this does not compile when one is missing. */
export type EveryRule = Required<typeof Rules.Type> extends Required<Overrides> ? true : never
