/** The schema of a provider in the config file. */
import * as Schema from "effect/Schema"
import { CredentialName } from "../../domain/Credential.ts"
import { strategies } from "../../domain/Strategy.ts"
import { Dialect } from "./DialectFile.ts"
import { Amount, field, HeaderText, Positive, required, Url } from "./Field.ts"
import { Policy } from "./PolicyFile.ts"

const Credential = Schema.Struct({
  name: required(
    CredentialName,
    "Letters, digits, '.', '_' and '-'. It appears in logs, headers and metrics."
  ),
  apiKey: field(HeaderText, 'The key, best as "env:NAME" or "file:PATH". It is never printed.'),
  baseUrl: field(Url, "The base URL of this credential, if it is not the provider's."),
  enabled: field(Schema.Boolean, "Whether it is used.", true),
  weight: field(Amount, 'Its share of the requests with the strategy "weighted".', 1),
  rpm: field(Positive, "The most requests per minute with this credential.")
})

const ModelOptions = Schema.Struct({
  contextWindow: field(
    Positive,
    "In tokens. A prompt that was too long for one model is not sent to models with the same or a smaller window."
  ),
  policy: field(Policy, "For this model; overrides the provider's policy."),
  dialect: field(
    Dialect,
    "What this model accepts; overrides the provider's dialect: the name of a row, or rules."
  )
})

/** A provider. */
export const Provider = Schema.Struct({
  protocol: required(
    Schema.Literals(["openai", "anthropic"]),
    'Its wire protocol; Azure, OpenRouter, Groq, vLLM, Ollama and many others have "openai".'
  ),
  baseUrl: field(
    Url,
    "The base URL as in the vendor's SDK: OpenAI's with /v1, Anthropic's without. {model} is replaced by the name of the model. Default: the vendor's."
  ),
  strategy: field(Schema.Literals(strategies), "The order in which its credentials are tried.", "sequential"),
  credentials: field(
    Schema.Array(Credential),
    "Its keys. Without any there is one named default that sends no key, for local servers."
  ),
  fallbackModels: field(
    Schema.Array(Schema.NonEmptyString),
    "Models of this provider that are added to every chain it is in, before the global fallbacks."
  ),
  policy: field(Policy, "For this provider; overrides the global policy."),
  models: field(Schema.Record(Schema.String, ModelOptions), "Options of its models, by name."),
  dialect: field(
    Dialect,
    "What it accepts and returns differently from others: the name of a row of the table, or rules. Default: detected."
  ),
  auth: field(
    Schema.Literals(["bearer", "api-key"]),
    'Protocol openai only: "api-key" sends the key in that header, as Azure requires.',
    "bearer"
  ),
  responses: field(
    Schema.Boolean,
    "Protocol openai only: false if the server has no Responses API; requests are then translated to chats.",
    true
  ),
  maxAnswerBytes: field(
    Positive,
    "The largest complete answer, and the most that is buffered of a stream before its commit point, in bytes.",
    64 * 1024 * 1024
  ),
  maxEventBytes: field(Positive, "The largest event of a stream, in bytes.", 10 * 1024 * 1024),
  headers: field(
    Schema.Record(Schema.String, HeaderText),
    "Sent with every request. Put keys into credentials, not here."
  ),
  query: field(
    Schema.Record(Schema.String, Schema.String),
    "Added to every URL, such as Azure's api-version. Put keys into credentials, not here."
  )
})
