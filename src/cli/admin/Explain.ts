/**
 * `effect-failover explain MODEL`: which targets a request for a model would try now, according to a running
 * gateway.
 */
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ExplainedTarget, Explanation } from "../../gateway/admin/Wire.ts"
import { time } from "../../simulator/report/Units.ts"
import { because, ExitWith } from "../support/Exit.ts"
import { span } from "../support/Span.ts"
import * as Table from "../support/Table.ts"
import { call, type GatewayAddress } from "./AdminCall.ts"

/** Options of the command. */
export interface Options extends GatewayAddress {
  readonly model: string
  /** The fallbacks of the request, separated by commas. */
  readonly fallbacks: Option.Option<string>
  /** Print the answer of the admin API instead of a table. */
  readonly json: boolean
}

/** Prints the targets of the model's chain in order. Ends with code 1 if none of them can be called now. */
export const explain = (options: Options): Effect.Effect<void, ExitWith> =>
  Effect.gen(function* () {
    const model = options.model.trim()
    if (model === "") return yield* because(1, "MODEL: expected a model's name or provider/model")
    const fallbacks = Option.getOrUndefined(options.fallbacks)
    const query = { model, ...(fallbacks !== undefined && { fallbacks }) }
    const explanation = yield* call(options, (admin) => admin.insight.explain({ query }))
    const now = yield* Clock.currentTimeMillis
    yield* Console.log(options.json ? JSON.stringify(explanation, null, 2) : format(explanation, now))
    if (explanation.first === undefined) return yield* Effect.fail(new ExitWith(1))
  })

/** The explanation as text. `now` is in milliseconds since the epoch. */
export const format = (explanation: Explanation, now: number): string => {
  const { attempts, chain, deadline, first, model, onContentPolicy, onContextExceeded, targets } = explanation
  const special = (name: string, specs: ReadonlyArray<string> | undefined) =>
    specs === undefined ? [] : [`${name}: ${specs.join(", ")}`]
  return [
    first === undefined
      ? `${model}: no target can be called now; ${whenNone[explanation.whenAllBenched]}`
      : `${model}: the next request goes to ${oneOf(first, targets)}`,
    "",
    Table.format(
      ["TARGET", "STATE", "BECAUSE OF", "REASON", "UNTIL", "CLEARED BY", "EVIDENCE"],
      targets.map((target) => [
        target.target,
        target.state,
        target.key ?? "",
        target.reason ?? "",
        endOf(target, now),
        target.clears ?? "",
        target.evidence ?? ""
      ])
    ),
    "",
    ...targets.flatMap(learnedOf),
    ...hedgesOf(targets),
    `chain: ${chainOf(chain, targets)}`,
    ...special("if the prompt is too long", onContextExceeded),
    ...special("if a provider refuses the content", onContentPolicy),
    `limits: attempts ${attempts}${deadline === undefined ? "" : `, deadline ${span(deadline)}`}`
  ].join("\n")
}

/** What was learned of a target. */
const learnedOf = ({ learned, target }: ExplainedTarget): ReadonlyArray<string> => {
  if (learned === undefined) return []
  const { inFlight, limit, perSecond, waiting } = learned
  const takes = [
    ...(limit === undefined ? [] : [`${limit} at once`]),
    ...(perSecond === undefined ? [] : [`${perSecond} a second`])
  ]
  return [`learned limit: ${target} takes ${takes.join(" and ")}; ${inFlight} under way, ${waiting} waiting`]
}

/** What hedges would do, or in one line why there are none. */
const hedgesOf = (targets: ReadonlyArray<ExplainedTarget>): ReadonlyArray<string> => {
  const reasons = new Set(targets.flatMap(({ hedge }) => (hedge === undefined ? [] : [hedge.whyNot])))
  const [only] = reasons
  if (reasons.size === 0) return []
  if (reasons.size === 1 && only !== undefined) return [`hedge: none, ${only}`]
  return targets.flatMap(({ hedge, target }) => {
    if (hedge === undefined) return []
    if (hedge.whyNot !== undefined) return [`hedge: none beside ${target}, ${hedge.whyNot}`]
    const { answer, stream } = hedge.afterMs
    const after = [
      ...(stream === undefined ? [] : [`${time(stream)} without content of a stream`]),
      ...(answer === undefined ? [] : [`${time(answer)} without a whole answer`])
    ]
    return [`hedge: beside ${target} after ${after.join(", or ")}, at ${hedge.to.join(" or ")}`]
  })
}

/** The target, or the equal targets that include it. */
const oneOf = (first: string, targets: ReadonlyArray<ExplainedTarget>): string => {
  const { strategy, tier } = targets.find(({ target }) => target === first) ?? {}
  const equals = targets.filter(
    (one) => tier !== undefined && one.tier === tier && (one.state === "callable" || one.state === "probe")
  )
  return equals.length < 2 ? first : `one of ${equals.map(({ target }) => target).join(", ")} (${strategy})`
}

/** The models of the chain; those of a tier are in parentheses, as `check` shows them. */
const chainOf = (chain: ReadonlyArray<string>, targets: ReadonlyArray<ExplainedTarget>): string => {
  const tierOf = (model: string) => targets.find(({ target }) => target.startsWith(`${model}#`))?.tier
  const tiers: Array<{ readonly tier: number | undefined; readonly models: Array<string> }> = []
  for (const model of chain) {
    const tier = tierOf(model)
    const last = tiers.at(-1)
    if (tier !== undefined && last?.tier === tier) last.models.push(model)
    else tiers.push({ tier, models: [model] })
  }
  return tiers.map(({ models }) => (models.length === 1 ? models[0] : `(${models.join(" | ")})`)).join(", ")
}

const whenNone: Readonly<Record<Explanation["whenAllBenched"], string>> = {
  tryAnyway: "a request tries the one with the soonest end of its cooldown (whenAllBenched: tryAnyway)",
  wait: "a request waits until one can be (whenAllBenched: wait)",
  fail: "a request fails at once (whenAllBenched: fail)"
}

const endOf = ({ state, until }: ExplainedTarget, now: number): string => {
  if (until === undefined) return state === "manual" ? "until removed" : ""
  return until <= now ? "" : `in ${span(until - now)}`
}
