/**
 * What a run does about failures: the decision table, the maxWait, the budgets, the timeouts.
 *
 * A policy is plain data. `Options` is the partial form people write; options are laid over each other in the order
 * defaults, process, runtime, provider, model, chain, and the last one wins field by field.
 */

import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import type * as Capacity from "../capacity/Capacity.ts"
import * as Ejection from "../choice/Ejection.ts"
import { type FailureClass, TransientReason } from "../failure/Failure.ts"
import { fromNumbers } from "./Backoff.ts"
import { type Commit, firstContent } from "./Commit.ts"
import * as Hedging from "./Hedging.ts"
import * as LearnedLimit from "./LearnedLimit.ts"
import {
  isSchedule,
  type MalformedEvents,
  mergeRetries,
  type Options,
  type RestOptions,
  type RuleOptions,
  type Timeouts,
  type WhenAllBenched
} from "./PolicyOptions.ts"
import { defaults as defaultRules, doubtfulClasses, type Rest, type Rule, type Rules } from "./Rule.ts"

export type { RetryOptions } from "./Backoff.ts"
export type { HedgeOptions, HedgeSettings, HedgeTo, Percentile } from "./Hedging.ts"
export type { LearnedLimitOptions } from "./LearnedLimit.ts"
export {
  type Cooldown,
  combine,
  type MalformedEvents,
  type Options,
  type RestOptions,
  type RuleOptions,
  type Timeouts,
  type WhenAllBenched
} from "./PolicyOptions.ts"
export {
  firstErrorStops,
  modelHealth,
  moveOnBadRequest,
  type PresetName,
  presetNames,
  presets,
  sequentialProfiles,
  threeAttempts
} from "./Presets.ts"

import * as PolicyChecks from "./PolicyChecks.ts"

/** A complete policy. Times are milliseconds. */
export interface Policy {
  /** The decision table. */
  readonly rules: Rules
  /** The longest wait for the same target when leaving it would change the model. Default 3 s. */
  readonly maxWait: number
  /** For the whole request, retries and fallbacks included. Default 10 min. */
  readonly deadline: number
  /**
   * One more than the number of times a request may ask a target again, over all its targets together: 8 allow for 7
   * repetitions. The first attempt at each further target is not counted. Default 8.
   */
  readonly attempts: number
  /** The most targets a request asks. Default: all of its chain. */
  readonly targets: number
  /** The share of the time left that is kept for targets not yet tried. 0 to 1, default 0.5. */
  readonly fallbackReserve: number
  /** What is done when nothing is callable because all targets are benched. Default `"tryAnyway"`. */
  readonly whenAllBenched: WhenAllBenched
  /** When a stream belongs to its target. Default: with its first content. */
  readonly commit: Commit
  readonly timeouts: Timeouts
  /** Default `"fail"`. */
  readonly malformedEvents: MalformedEvents
  /**
   * When a target that has equals is benched because too many of its attempts fail, although retries hide them. `undefined`
   * for never. Default: above 50 % of at least 20 attempts in 30 s, or 20 points above the median of the others.
   */
  readonly ejection: Ejection.Settings | undefined
  /** When a request that gets no content is sent to the next target as well; `undefined`, the default, for never. */
  readonly hedge: Hedging.HedgeSettings | undefined
  /**
   * How the limits of a target are learnt from its refusals (`RateLimit`, `Overloaded`): how many attempts it takes at once
   * or in a time. A target at such a limit is skipped, or waited for when it is the last one. `undefined`, the default, for no limits.
   */
  readonly learnedLimit: Capacity.Settings | undefined
}

/** Options that are laid over each other: the last one wins, field by field. */
export type Layers = ReadonlyArray<Options | undefined>

/** The defaults, as they stand in the decision table. */
export const defaults: Policy = {
  rules: defaultRules,
  maxWait: 3_000,
  deadline: 600_000,
  attempts: 8,
  targets: Number.POSITIVE_INFINITY,
  fallbackReserve: 0.5,
  whenAllBenched: "tryAnyway",
  commit: firstContent,
  timeouts: {
    connect: 5_000,
    headers: 30_000,
    firstContent: 30_000,
    queue: 120_000,
    idle: 30_000,
    answer: 300_000
  },
  malformedEvents: "fail",
  ejection: Ejection.defaults,
  hedge: undefined,
  learnedLimit: undefined
}

/**
 * Options for everything in the process, under those that a runtime is given itself. Said once, at the start; nothing
 * has to say them at all.
 *
 * @category services
 * @example
 * import { Failover, Policy } from "effect-failover"
 * import { Effect, Layer } from "effect"
 *
 * const FailoverLive = Failover.layer({ policy: { deadline: "1 minute" } })
 *
 * // every runtime that is built under it begins with these, and lays its own over them
 * export const main = Effect.void.pipe(
 *   Effect.provide(FailoverLive),
 *   Effect.provide(Layer.succeed(Policy.ProcessDefaults, { attempts: 4, maxWait: "1 second" }))
 * )
 */
export const ProcessDefaults: Context.Reference<Options> = Context.Reference<Options>(
  "effect-failover/Policy/ProcessDefaults",
  { defaultValue: () => ({}) }
)

/**
 * A policy from options, over the defaults.
 *
 * @example
 * import { Policy } from "effect-failover"
 *
 * const policy = Policy.make({ maxWait: 0, rules: { ContentPolicy: { next: "model" } } })
 * policy.rules.ContentPolicy.next // => "model"
 * policy.rules.Invalid.next // => "stop"
 */
export const make = (...layers: Layers): Policy => {
  let policy = defaults
  let retries: Options["retries"]
  for (const options of layers) {
    if (options === undefined) continue
    PolicyChecks.check("Policy.make", options)
    // How often and after which delays may be said by different layers.
    if (options.retries !== undefined) retries = mergeRetries(retries, options.retries)
    policy = extend(policy, options.retries === undefined ? options : { ...options, retries })
  }
  return policy
}

/** Lays options over a policy. */
export const extend = (policy: Policy, options: Options): Policy => ({
  rules: extendRules(policy.rules, options),
  maxWait: millis(options.maxWait, policy.maxWait),
  deadline: millis(options.deadline, policy.deadline),
  attempts: options.attempts ?? policy.attempts,
  targets: options.targets ?? policy.targets,
  fallbackReserve: options.fallbackReserve ?? policy.fallbackReserve,
  whenAllBenched: options.whenAllBenched ?? policy.whenAllBenched,
  commit: options.commit ?? policy.commit,
  timeouts:
    options.timeouts === undefined ? policy.timeouts : extendTimeouts(policy.timeouts, options.timeouts),
  malformedEvents: options.malformedEvents ?? policy.malformedEvents,
  ejection: extendEjection(policy.ejection, options.ejection),
  hedge: Hedging.extend(policy.hedge, options.hedge),
  learnedLimit: LearnedLimit.extend(policy.learnedLimit, options.learnedLimit)
})

const extendEjection = (
  settings: Policy["ejection"],
  options: Options["ejection"]
): Ejection.Settings | undefined => {
  if (options === undefined) return settings
  if (options === false) return undefined
  const from = settings ?? Ejection.defaults
  return {
    window: millis(options.window, from.window),
    attempts: options.attempts ?? from.attempts,
    share: options.share ?? from.share,
    above: options.above ?? from.above,
    mostOut: options.mostOut ?? from.mostOut
  }
}

const millis = (input: Duration.Input | undefined, otherwise: number): number =>
  input === undefined ? otherwise : Duration.toMillis(input)

const extendTimeouts = (timeouts: Timeouts, options: NonNullable<Options["timeouts"]>): Timeouts => ({
  connect: millis(options.connect, timeouts.connect),
  headers: millis(options.headers, timeouts.headers),
  firstContent: millis(options.firstContent, timeouts.firstContent),
  queue: millis(options.queue, timeouts.queue),
  idle: millis(options.idle, timeouts.idle),
  answer: millis(options.answer, timeouts.answer)
})

const extendRules = (rules: Rules, options: Options): Rules => {
  const { cooldown, retries, rules: rows, threshold } = options
  if (cooldown === undefined && retries === undefined && rows === undefined && threshold === undefined)
    return rules
  const next: Record<FailureClass, Rule> = { ...rules }
  const change = (name: FailureClass, row: RuleOptions) => {
    next[name] = extendRule(next[name], row)
  }
  // The short forms change the length of a cooldown. A row that benches nothing stays so.
  const changeRest = (name: FailureClass, rest: RestOptions | undefined) => {
    if (rest !== undefined && next[name].rest !== undefined) change(name, { rest })
  }
  for (const name of TransientReason.literals) {
    if (retries !== undefined && name !== "Timeout") change(name, { retry: toSchedule(retries) })
    changeRest(name, cooldown?.transient)
    changeRest(name, { threshold: doubtfulClasses.has(name) ? threshold?.unknown : threshold?.transient })
  }
  changeRest("RateLimit", cooldown?.rateLimit)
  for (const name of ["InvalidKey", "Forbidden", "Balance"] as const) changeRest(name, cooldown?.authDead)
  changeRest("ModelMissing", cooldown?.modelMissing)
  for (const [name, row] of Object.entries(rows ?? {})) {
    if (row !== undefined) change(name as FailureClass, row)
  }
  return next
}

const toSchedule = (retries: NonNullable<Options["retries"]>): Rule["retry"] =>
  isSchedule(retries) ? retries : fromNumbers(retries)

const extendRule = (rule: Rule, options: RuleOptions): Rule => ({
  retry: options.retry ?? rule.retry,
  rest:
    options.rest === undefined
      ? rule.rest
      : options.rest === null
        ? undefined
        : extendRest(rule.rest, options.rest),
  next: options.next ?? rule.next
})

const noRest: Rest = { scope: "target", threshold: 1, base: 5_000, max: 15_000 }

const extendRest = (rest: Rest | undefined, options: RestOptions): Rest => {
  const from = rest ?? noRest
  return {
    scope: options.scope ?? from.scope,
    threshold: options.threshold ?? from.threshold,
    base: millis(options.base, from.base),
    max: millis(options.max, from.max)
  }
}
