/**
 * The cheapest request that proves something: about a model, that it answers with this key; about a key alone, that it
 * is one.
 *
 * A model of OpenAI's protocol may be one for chats, for responses only, for embeddings or for completions, and its
 * server may know the newer name of the token cap or the older one only; a config says none of this. So a model that
 * refuses one form is asked in the next one, until it answers in one of them. Refusals cost nothing.
 */
import * as Effect from "effect/Effect"
import type { ProviderConfig } from "../../config/GatewayConfig.ts"
import type { Target } from "../../domain/Target.ts"
import { classOf, type Failure } from "../../failure/Failure.ts"
import type { GatewayProvider } from "../../gateway/providers/GatewayProvider.ts"
import type { JsonObject } from "../../providers/wire/Wire.ts"

/** One form of the question. */
interface Form {
  readonly operation: string
  readonly body: JsonObject
}

/**
 * The most tokens an answer may have: the least that OpenAI's responses take, which has the largest minimum.
 * https://platform.openai.com/docs/api-reference/responses/create#responses-create-max_output_tokens
 */
export const maxTokens = 16

const prompt = "Answer with the one word ok."
const messages = [{ role: "user", content: prompt }]

const formsOf = ({ protocol, responses }: ProviderConfig): readonly [Form, ...ReadonlyArray<Form>] =>
  protocol === "anthropic"
    ? [{ operation: "messages", body: { messages, max_tokens: maxTokens } }]
    : [
        { operation: "chat/completions", body: { messages, max_completion_tokens: maxTokens } },
        // Mistral's, for one, refuses the newer name: https://docs.mistral.ai/api/#tag/chat
        { operation: "chat/completions", body: { messages, max_tokens: maxTokens } },
        ...(responses
          ? [
              {
                operation: "responses",
                body: { input: prompt, max_output_tokens: maxTokens, store: false }
              }
            ]
          : []),
        { operation: "embeddings", body: { input: prompt } },
        { operation: "completions", body: { prompt, max_tokens: maxTokens } }
      ]

/**
 * Asks a model for a few tokens. Gives the operation in which it answered. Fails with what it said in its main
 * operation: that it is no embedding model, say, tells nothing.
 */
export const model = Effect.fnUntraced(function* (
  config: ProviderConfig,
  provider: GatewayProvider,
  target: Target
): Effect.fn.Return<string, Failure> {
  const [main, ...others] = formsOf(config)
  let told = yield* ask(provider, target, main)
  if (told === undefined) return main.operation
  for (const form of others) {
    if (!isRefusal(told)) break
    const failure = yield* ask(provider, target, form)
    if (failure === undefined) return form.operation
    if (form.operation === main.operation ? tellsMore(failure, told) : isBusy(failure)) told = failure
  }
  return yield* Effect.fail(told)
})

/** How one form was refused; `undefined` if it was answered. */
const ask = (provider: GatewayProvider, target: Target, form: Form): Effect.Effect<Failure | undefined> =>
  Effect.match(provider.complete(form, target), {
    onSuccess: () => undefined,
    onFailure: (failure) => (isCutShort(failure) ? undefined : failure)
  })

/** Asks for the list of models, which says nothing of credit or of any model. */
export const key = (provider: GatewayProvider, target: Target): Effect.Effect<string, Failure> =>
  Effect.as(provider.complete({ operation: "models", body: {} }, target), "models")

/** The model or its server does not take the request in this form; nothing is said of the key. */
export const isRefusal = (failure: Failure): boolean =>
  failure._tag === "BadRequest" || classOf(failure) === "ModelMissing"

/**
 * OpenAI's word for a model that has thought, and used up all its tokens by that: it is there, and its key is good.
 * https://github.com/nextlevelbuilder/goclaw/issues/245
 */
const isCutShort = (failure: Failure): boolean =>
  failure._tag === "BadRequest" && /max_tokens or model output limit was reached/i.test(failure.message)

/** The newer form was not understood, and the older one has found out more. */
const tellsMore = (failure: Failure, before: Failure): boolean =>
  !isRefusal(failure) || (before._tag === "BadRequest" && failure._tag !== "BadRequest")

/** It takes the request in this form, though not now. */
const isBusy = (failure: Failure): boolean => failure._tag === "RateLimit" || classOf(failure) === "Balance"
