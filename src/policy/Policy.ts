/**
 * What a run does about failures: the decision table, the longest waits, the budgets and the timeouts.
 *
 * A policy is plain data. `Options` is the partial form. Options are merged in the order defaults, process, runtime, provider,
 * model, chain; for each field the last one wins.
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
   * The attempt budget: one more than the number of retries that a request may make, over all its targets together. 8 allows
   * 7 retries. The first attempt at each further target is not counted. Default 8.
   */
  readonly attempts: number
  /** The most targets that a request calls. Default: all of its chain. */
  readonly targets: number
  /** The share of the remaining time that is kept for targets not tried yet. 0 to 1, default 0.5. */
  readonly fallbackReserve: number
  /** What a request does when all targets are benched. Default `"tryAnyway"`. */
  readonly whenAllBenched: WhenAllBenched
  /** The commit point of streams. Default: the first content. */
  readonly commit: Commit
  readonly timeouts: Timeouts
  /** Default `"fail"`. */
  readonly malformedEvents: MalformedEvents
  /**
   * When one of several equal targets is benched because too many of its attempts fail, although its visits succeed in the end.
   * `undefined`: never. Default: above 50 % of at least 20 attempts in 30 s, or 20 points above the median of the others.
   */
  readonly ejection: Ejection.Settings | undefined
  /** When a request without content is sent to the next target as well. `undefined` (default): never. */
  readonly hedge: Hedging.HedgeSettings | undefined
  /**
   * How the limits of a target are learned from its refusals (`RateLimit`, `Overloaded`): how many attempts it takes at once or
   * in a second. A target at such a limit is skipped; a request with no other target waits for it. `undefined` (default): no
   * limits are learned.
   */
  readonly learnedLimit: Capacity.Settings | undefined
}

/** Options to be merged: for each field the last one wins. */
export type Layers = ReadonlyArray<Options | undefined>

/** The defaults. */
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
 * Options for all runtimes of the process. A runtime's own options override them. Provide them once at the start, or not at all.
 *
 * @category services
 * @example
 * import { Failover, Policy } from "effect-failover"
 * import { Effect, Layer } from "effect"
 *
 * const FailoverLive = Failover.layer({ policy: { deadline: "1 minute" } })
 *
 * // every runtime that is built with it starts from these options, and overrides them with its own
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
 * Builds a policy: the defaults with options merged in.
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
    // Different layers may set the number of retries and their delays.
    if (options.retries !== undefined) retries = mergeRetries(retries, options.retries)
    policy = extend(policy, options.retries === undefined ? options : { ...options, retries })
  }
  return policy
}

/** Merges options into a policy. */
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
  // The short forms change the length of a cooldown. A row that benches nothing still benches nothing.
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
  const { base, max } = lengthsOf(from, options)
  return {
    scope: options.scope ?? from.scope,
    threshold: options.threshold ?? from.threshold,
    base,
    max
  }
}

/** If only one of `base` and `max` is set, the other one follows, so that the first cooldown is not longer than the longest. */
const lengthsOf = (from: Rest, options: RestOptions): { readonly base: number; readonly max: number } => {
  const base = millis(options.base, from.base)
  const max = millis(options.max, from.max)
  if (options.base === undefined) return { base: options.max === undefined ? base : Math.min(base, max), max }
  return { base, max: options.max === undefined ? Math.max(base, max) : max }
}
