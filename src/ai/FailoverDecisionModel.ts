/** A decision model of `effect/ai` that fails over between several. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as DecisionModel from "effect/ai/DecisionModel"
import type * as Layer from "effect/Layer"
import type { Failover } from "../engine/Failover.ts"
import type { BenchRegistry } from "../health/BenchRegistry.ts"
import type * as Members from "./calls/Members.ts"
import * as FailoverService from "./FailoverService.ts"

export { failedRun } from "./calls/AiFailure.ts"
export { member, optional } from "./calls/Members.ts"
export type { LayerOptions, Options } from "./FailoverService.ts"

const make = (through: FailoverService.Through<DecisionModel.DecisionModel>): DecisionModel.DecisionModel =>
  DecisionModel.DecisionModel.of({
    [DecisionModel.TypeId]: DecisionModel.TypeId,
    decide: (definition, options) => through("decide", (model) => model.decide(definition, options), options),
    decideSettled: (definition, options) =>
      through("decideSettled", (model) => model.decideSettled(definition, options), options)
  })

/** A `DecisionModel` over several models, using the runtime of the context. See `layer`. */
export const layerNoDeps = <
  const Links extends NonEmptyReadonlyArray<Members.Link<DecisionModel.DecisionModel>>
>(
  members: Links,
  options?: FailoverService.Options
): Layer.Layer<
  DecisionModel.DecisionModel,
  Members.ErrorOf<Links[number]>,
  Members.ServicesOf<Links[number]> | Failover
> => FailoverService.layerNoDeps(DecisionModel.DecisionModel, members, make, options)

/**
 * A `DecisionModel` over several models: `decide` and `decideSettled` use the first available member. It has its own
 * runtime and uses the bench of the process. If a model leaves a decision open, `decide` falls back to the next
 * model; `decideSettled` reports it, as without failover. A refusal is returned to the caller.
 *
 * @example
 * import { FailoverDecisionModel } from "effect-failover/ai"
 * import * as DecisionModel from "effect/ai/DecisionModel"
 * import { Effect, Layer } from "effect"
 *
 * const model = Layer.effect(DecisionModel.DecisionModel, DecisionModel.make({
 *   decide: () => Effect.succeed({ answers: {}, usage: { inputTokens: 1, outputTokens: 1 } })
 * }))
 *
 * const layer = FailoverDecisionModel.layer([
 *   FailoverDecisionModel.member("openai/gpt-5-mini", model),
 *   FailoverDecisionModel.member("anthropic/claude-haiku-5", model)
 * ])
 */
export const layer = <const Links extends NonEmptyReadonlyArray<Members.Link<DecisionModel.DecisionModel>>>(
  members: Links,
  options?: FailoverService.LayerOptions
): Layer.Layer<
  DecisionModel.DecisionModel | BenchRegistry,
  Members.ErrorOf<Links[number]>,
  Members.ServicesOf<Links[number]>
> => FailoverService.layer(DecisionModel.DecisionModel, members, make, options)
