/** The shape of a provider in the config file. */
import * as Schema from "effect/Schema"
import { CredentialName } from "../../domain/Credential.ts"
import { strategies } from "../../domain/Strategy.ts"
import { Dialect } from "./DialectFile.ts"
import { Amount, field, HeaderText, Positive, required, Url } from "./Field.ts"
import { Policy } from "./PolicyFile.ts"

const Credential = Schema.Struct({
  name: required(
    CredentialName,
    "Letters, digits, '.', '_' and '-'. It stands in logs, headers and metrics."
  ),
  apiKey: field(HeaderText, 'The key, best as "env:NAME" or "file:PATH". It is printed nowhere.'),
  baseUrl: field(Url, "Where this credential is used, if not at the provider's base URL."),
  enabled: field(Schema.Boolean, "Whether it is used.", true),
  weight: field(Amount, 'Its share of the requests with the strategy "weighted".', 1),
  rpm: field(Positive, "Requests per minute that it may make.")
})

const ModelOptions = Schema.Struct({
  contextWindow: field(
    Positive,
    "In tokens. A prompt that was too long for one model is not sent to one that holds no more."
  ),
  policy: field(Policy, "For this model, over its provider's."),
  dialect: field(Dialect, "What this model takes, over its provider's dialect: the name of a row, or rules.")
})

/** A provider. */
export const Provider = Schema.Struct({
  protocol: required(
    Schema.Literals(["openai", "anthropic"]),
    'The protocol it speaks; "openai" is also that of Azure, OpenRouter, Groq, vLLM, Ollama and many others.'
  ),
  baseUrl: field(
    Url,
    "What the vendor's own SDK takes: OpenAI's with /v1, Anthropic's without. {model} stands for the model's name. Without it, the vendor's."
  ),
  strategy: field(Schema.Literals(strategies), "The order in which its credentials are tried.", "sequential"),
  credentials: field(
    Schema.Array(Credential),
    "Its keys. Without any there is one that is called default and sends no key, for local servers."
  ),
  fallbackModels: field(
    Schema.Array(Schema.NonEmptyString),
    "Models of this provider that follow in every chain it is part of, before the fallbacks of all."
  ),
  policy: field(Policy, "For this provider, over the policy of all."),
  models: field(Schema.Record(Schema.String, ModelOptions), "What is known of its models, by name."),
  dialect: field(
    Dialect,
    "What it takes and gives differently from others: the name of a row of the table, or rules. Without it, what is recognised."
  ),
  auth: field(
    Schema.Literals(["bearer", "api-key"]),
    'Protocol openai only: "api-key" sends the key in that header, as Azure wants it.',
    "bearer"
  ),
  responses: field(
    Schema.Boolean,
    "Protocol openai only: false where the server has no responses, so that its chats are asked for them.",
    true
  ),
  maxAnswerBytes: field(
    Positive,
    "The largest whole answer, and the most that is held back of a stream before its commit point.",
    64 * 1024 * 1024
  ),
  maxEventBytes: field(Positive, "The largest event of a stream.", 10 * 1024 * 1024),
  headers: field(
    Schema.Record(Schema.String, HeaderText),
    "Sent with every request. No place for keys: a credential is."
  ),
  query: field(
    Schema.Record(Schema.String, Schema.String),
    "Added to every address, as Azure's api-version. No place for keys."
  )
})
