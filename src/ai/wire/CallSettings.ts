/** Settings that a caller provides for the calls of an effect. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Draft from "./Draft.ts"

/**
 * Settings for the calls inside an effect; they override those of the layer.
 *
 * @example
 * import { ChainLanguageModel } from "effect-failover/ai"
 * import * as LanguageModel from "effect/ai/LanguageModel"
 * import { Effect } from "effect"
 *
 * const sober = LanguageModel.generateText({ prompt: "hello" }).pipe(
 *   Effect.provideService(ChainLanguageModel.CallSettings, { temperature: 0, maxTokens: 200 })
 * )
 */
export const CallSettings = Context.Reference<Draft.Settings>("effect-failover/ai/CallSettings", {
  defaultValue: () => none
})

/** No settings of the caller. */
export const none: Draft.Settings = {}

/**
 * Provides settings for the calls inside an effect, merged with those provided further out: an outer limit stays in force
 * unless it is overridden. (`Effect.provideService(CallSettings, …)` replaces the outer settings.)
 *
 * @example
 * import { ChainLanguageModel } from "effect-failover/ai"
 * import * as LanguageModel from "effect/ai/LanguageModel"
 *
 * const brief = ChainLanguageModel.withSettings(
 *   ChainLanguageModel.withSettings(LanguageModel.generateText({ prompt: "hello" }), { temperature: 0 }),
 *   { maxTokens: 200 }
 * ) // both hold
 */
export const withSettings = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  settings: Draft.Settings
): Effect.Effect<A, E, R> => Effect.updateService(effect, CallSettings, (outer) => merge(outer, settings))

/** Settings with others that override them. A field that is `undefined` overrides nothing, and bodies are merged member by member. */
export const merge = (outer: Draft.Settings, inner: Draft.Settings): Draft.Settings => {
  const given = Object.fromEntries(Object.entries(inner).filter(([, value]) => value !== undefined))
  if (outer.body === undefined || inner.body === undefined) return { ...outer, ...given }
  const body = {
    openai: { ...outer.body.openai, ...inner.body.openai },
    anthropic: { ...outer.body.anthropic, ...inner.body.anthropic }
  }
  return { ...outer, ...given, body }
}
