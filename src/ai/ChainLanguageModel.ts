/**
 * A language model of `effect/ai` that is a chain of this package's own providers: OpenAI, Anthropic and compatible
 * servers, with their credentials.
 *
 * Nothing else is needed to use `effect/ai` with them. Keys rotate, dead keys and throttled models are benched, and
 * streams fail over until their first content, as in every chain; the request is written for each model it is sent to.
 */

import * as Arr from "effect/Array"
import type * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as EffectModel from "effect/ai/Model"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Chain from "../domain/Chain.ts"
import * as Model from "../domain/Model.ts"
import { Failover, type FailoverOptions, type Runtime } from "../engine/Failover.ts"
import type { RunError, StreamBroken } from "../failure/RunError.ts"
import type { BenchRegistry } from "../health/BenchRegistry.ts"
import * as Commit from "../policy/Commit.ts"
import type { Options as PolicyOptions } from "../policy/Policy.ts"
import { failAsAiError } from "./calls/Call.ts"
import { containedIn } from "./calls/Members.ts"
import { withRuntime } from "./calls/WithRuntime.ts"
import * as Adapter from "./wire/Adapter.ts"
import { Ask, type Parts } from "./wire/Ask.ts"
import * as Draft from "./wire/Draft.ts"
import * as SettingsChecks from "./wire/SettingsChecks.ts"

export { failedRun } from "./calls/AiFailure.ts"
export { servedBy } from "./calls/ServedBy.ts"
export { Rejected, type Validate, Validation } from "./calls/Validation.ts"
export type { ChatProvider } from "./wire/Adapter.ts"
export type { Settings } from "./wire/Draft.ts"

/** Options of a layer. */
export interface Options extends Draft.Settings {
  /** Overrides all other policies for the requests through this layer. */
  readonly policy?: PolicyOptions | undefined
}

/** Options of a layer with its own runtime, for itself and for the runtime. */
export interface LayerOptions extends Options, Pick<FailoverOptions, "observer" | "retryBudget"> {}

/** A `LanguageModel` that is a chain, using the runtime of the context. See `layer`. */
export const layerNoDeps = <P extends Adapter.ChatProvider, R>(
  chain: Chain.Chain<P, R>,
  options: Options = {}
): Layer.Layer<LanguageModel.LanguageModel, never, R | Failover> =>
  Layer.effect(
    LanguageModel.LanguageModel,
    Effect.contextWith((context: Context.Context<R | Failover>) => {
      const { policy, ...settings } = options
      SettingsChecks.check("the settings of ChainLanguageModel", settings)
      const adapted = adapt(Chain.withPolicy(chain, policy ?? {}), context)
      return make(Context.get(context, Failover), adapted, settings)
    }).pipe(Effect.updateContext((context: Context.Context<R | Failover>) => containedIn(context)))
  )

/**
 * A `LanguageModel` that is a chain of providers, with its own runtime and the bench of the process.
 *
 * Supports text, streams, tools, structured output, usage and reasoning. The settings are those of the protocol's
 * newest models; whatever a model does not accept is left out for it (the span's attribute `failover.dropped` names
 * it).
 *
 * **Gotchas**
 *
 * - Tools run after the failover, so they never run twice; a provider's own tools (web search and the like) are not
 *   supported.
 * - Signed reasoning is sent back to Anthropic's models only.
 *
 * @example
 * import { Chain, Credential } from "effect-failover"
 * import { ChainLanguageModel } from "effect-failover/ai"
 * import { Anthropic, OpenAi, UndiciTransport } from "effect-failover/providers"
 * import * as LanguageModel from "effect/ai/LanguageModel"
 * import { Layer, Redacted } from "effect"
 *
 * const model = ChainLanguageModel.layer(
 *   Chain.make(Anthropic.model("claude-sonnet-5"), OpenAi.model("gpt-5.2")),
 *   { maxTokens: 4000, effort: "low" }
 * ).pipe(
 *   Layer.provide(Anthropic.layer({
 *     credentials: [
 *       Credential.make("primary", { apiKey: Redacted.make("sk-ant-1") }),
 *       Credential.make("backup", { apiKey: Redacted.make("sk-ant-2") })
 *     ]
 *   })),
 *   Layer.provide(OpenAi.layer({ apiKey: Redacted.make("sk-3") })),
 *   Layer.provide(UndiciTransport.layer())
 * )
 *
 * const answer = LanguageModel.generateText({ prompt: "hello" }) // Effect.provide(answer, model)
 */
export const layer = <P extends Adapter.ChatProvider, R>(
  chain: Chain.Chain<P, R>,
  options: LayerOptions = {}
): Layer.Layer<LanguageModel.LanguageModel | BenchRegistry, never, R> => {
  const { observer, retryBudget, ...own } = options
  return withRuntime(layerNoDeps(chain, own), { observer, retryBudget })
}

/**
 * The chain as a `Model` of `effect/ai`, with the provider name `effect-failover` and a model name of your own. It has its
 * own runtime and the bench of the process, as with `layer`.
 */
export const model = <const Name extends string, P extends Adapter.ChatProvider, R>(
  name: Name,
  chain: Chain.Chain<P, R>,
  options?: LayerOptions
): EffectModel.Model<"effect-failover", LanguageModel.LanguageModel | BenchRegistry, R> =>
  EffectModel.make("effect-failover", name, layer(chain, options))

/** The chain with its providers adapted to `effect/ai`, including the special chains of a chain. */
const adapt = <P extends Adapter.ChatProvider, R>(
  chain: Chain.Chain<P, R>,
  context: Context.Context<R>
): Chain.Chain<Adapter.Adapter> => {
  const { onContentPolicy, onContextExceeded, policy } = chain
  const adapters = new Map<Adapter.ChatProvider, Adapter.Adapter>()
  const adapterOf = (provider: Adapter.ChatProvider): Adapter.Adapter => {
    const adapter = adapters.get(provider) ?? Adapter.make(provider)
    adapters.set(provider, adapter)
    return adapter
  }
  return {
    ...Chain.mapModels(
      chain,
      (model): Model.Model<Adapter.Adapter> => ({
        ...model,
        backend: adapterOf(Model.backendOf(model, context))
      })
    ),
    onContentPolicy: onContentPolicy && adapt(onContentPolicy, context),
    onContextExceeded: onContextExceeded && adapt(onContextExceeded, context),
    policy
  }
}

const module = "ChainLanguageModel"

const make = (
  failover: Runtime,
  chain: Chain.Chain<Adapter.Adapter>,
  settings: Draft.Settings
): Effect.Effect<LanguageModel.LanguageModel> =>
  LanguageModel.make({
    generateText: (options) =>
      Effect.withFiber((fiber) => {
        const ask = new Ask(options, settings, fiber.context)
        return Effect.matchEffect(failover.answer(chain, ask), {
          onFailure: (error) => failAsAiError(error, { module, method: "generateText" }),
          onSuccess: ({ value }) => Effect.sync(() => ask.sign(value))
        })
      }),
    streamText: (options) =>
      Stream.unwrap(
        Effect.withFiber((fiber) => {
          const ask = new Ask(options, settings, fiber.context)
          // A stream that is buffered whole can be rejected as a whole.
          const pieces = failover.stream(chain, ask, ask.validate && { commit: Commit.complete })
          return Effect.succeed(Stream.transformPull(pieces, (pull) => Effect.succeed(deliver(pull, ask))))
        })
      ),
    codecTransformer: Draft.codecTransformer,
    // Anthropic's models get all system prompts at the beginning.
    supportsSystemMessagesInHistory: Effect.succeed(
      chain.models.every(({ backend }) => !Context.isKey(backend) && backend.protocol === "openai")
    )
  })

/** The parts of the pieces; then the closing parts of the last piece. */
const deliver = (
  pull: Pull.Pull<Arr.NonEmptyReadonlyArray<Adapter.Piece>, RunError | StreamBroken>,
  ask: Ask
): Pull.Pull<Parts, AiError.AiError> => {
  let last: Adapter.Piece | undefined
  const next: Pull.Pull<Parts, AiError.AiError> = Effect.matchCauseEffect(pull, {
    onSuccess: (pieces) => {
      last = pieces[pieces.length - 1]
      const parts = pieces.length === 1 ? pieces[0].parts : pieces.flatMap((piece) => piece.parts)
      return Arr.isReadonlyArrayNonEmpty(parts) ? Effect.succeed(ask.signed(parts)) : next
    },
    onFailure: (cause): Pull.Pull<Parts, AiError.AiError> => {
      const trouble = Pull.filterNoDone(cause)
      if (Result.isFailure(trouble)) {
        const parts = last?.end() ?? []
        last = undefined
        return Arr.isReadonlyArrayNonEmpty(parts) ? Effect.succeed(ask.signed(parts)) : Cause.done()
      }
      return Result.match(Cause.findError(trouble.success), {
        onSuccess: (error) => failAsAiError(error, { module, method: "streamText" }),
        onFailure: Effect.failCause
      })
    }
  })
  return next
}

export { CallSettings, withSettings } from "./wire/CallSettings.ts"
