/**
 * The cheapest request that verifies a model with a key, or a key alone.
 *
 * A model with OpenAI's protocol may accept chats, only responses, embeddings or completions, and its server
 * may accept only the newer or the older name of the output limit. A config has none of this. So a model that
 * refuses one form is called with the next form, until one is answered. Refusals cost nothing.
 */
import * as Effect from "effect/Effect"
import type { ProviderConfig } from "../../config/GatewayConfig.ts"
import type { Target } from "../../domain/Target.ts"
import { classOf, type Failure } from "../../failure/Failure.ts"
import type { GatewayProvider } from "../../gateway/providers/GatewayProvider.ts"
import type { JsonObject } from "../../providers/wire/Wire.ts"

/** One form of the request. */
interface Form {
  readonly operation: string
  readonly body: JsonObject
}

/**
 * The output limit: the minimum of OpenAI's Responses API, which is the largest minimum.
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
 * Requests a few tokens from a model. Returns the operation that was answered. Fails with the failure of its
 * main operation: that it is not an embedding model, for example, means nothing.
 */
export const model = Effect.fnUntraced(function* (
  config: ProviderConfig,
  provider: GatewayProvider,
  target: Target
): Effect.fn.Return<string, Failure> {
  const [main, ...others] = formsOf(config)
  let reported = yield* send(provider, target, main)
  if (reported === undefined) return main.operation
  for (const form of others) {
    if (!isRefusal(reported)) break
    const failure = yield* send(provider, target, form)
    if (failure === undefined) return form.operation
    if (form.operation === main.operation ? revealsMore(failure, reported) : isBusy(failure))
      reported = failure
  }
  return yield* Effect.fail(reported)
})

/** The failure of one form; `undefined` if it was answered. */
const send = (provider: GatewayProvider, target: Target, form: Form): Effect.Effect<Failure | undefined> =>
  Effect.match(provider.complete(form, target), {
    onSuccess: () => undefined,
    onFailure: (failure) => (isCutShort(failure) ? undefined : failure)
  })

/** Requests the list of models, which verifies neither credit nor models. */
export const key = (provider: GatewayProvider, target: Target): Effect.Effect<string, Failure> =>
  Effect.as(provider.complete({ operation: "models", body: {} }, target), "models")

/** Whether the model or its server does not accept this form; the key may be good. */
export const isRefusal = (failure: Failure): boolean =>
  failure._tag === "BadRequest" || classOf(failure) === "ModelMissing"

/**
 * OpenAI's error for a model that used up all its tokens by thinking: the model exists, and its key is good.
 * https://github.com/nextlevelbuilder/goclaw/issues/245
 */
const isCutShort = (failure: Failure): boolean =>
  failure._tag === "BadRequest" && /max_tokens or model output limit was reached/i.test(failure.message)

/** Whether the failure of the older form says more than the refusal of the newer one. */
const revealsMore = (failure: Failure, before: Failure): boolean =>
  !isRefusal(failure) || (before._tag === "BadRequest" && failure._tag !== "BadRequest")

/** Whether the model accepts this form, but not now. */
const isBusy = (failure: Failure): boolean => failure._tag === "RateLimit" || classOf(failure) === "Balance"
