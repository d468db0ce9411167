/**
 * What a run does about failures: the decision table, the patience, the budgets, the timeouts.
 *
 * A policy is plain data. `Options` is the partial form people write; options are laid over each other in the order
 * defaults, runtime, provider, model, chain, and the last word wins field by field.
 */
import * as Duration from "effect/Duration"
import type * as Schedule from "effect/Schedule"
import { fullJitter } from "./Backoff.ts"
import { type Commit, firstContent } from "./Commit.ts"
import type { Failure, FailureClass } from "./Failure.ts"
import {
  defaults as defaultRules,
  type Rest,
  type Rule,
  type Rules,
  type Scope,
  transientClasses
} from "./Rule.ts"

/** Every wait has a bound. All in milliseconds; infinite for none. */
export interface Timeouts {
  /** Until the connection stands. Default 5 s. */
  readonly connect: number
  /** Streams: until the response headers. Default 30 s. */
  readonly headers: number
  /** Streams: from the start of the attempt until the commit point. Held-back chunks do not stop this clock. 30 s. */
  readonly firstContent: number
  /** Streams: between two chunks, once committed. The consumer's own time does not count. 30 s. */
  readonly idle: number
  /** Whole answers, whose headers come only when the model has finished. Default 5 min. */
  readonly answer: number
}

/**
 * When nothing is callable because everything rests:
 *
 * - `"tryAnyway"` (default): the rest that ends soonest and was not put by hand is tried once
 * - `"wait"`: until the soonest end, if the deadline allows
 * - `"fail"`: at once, with `AllBenched`
 */
export type WhenAllBenched = "tryAnyway" | "wait" | "fail"

/** A malformed event inside a running stream: `"fail"` ends it (content may be lost), `"drop"` drops and counts it. */
export type MalformedEvents = "fail" | "drop"

/** A complete policy. Times are milliseconds. */
export interface Policy {
  readonly rules: Rules
  /** The longest wait for the same target when leaving it would change the model. Default 3 s. */
  readonly patience: number
  /** For the whole request, retries and fallbacks included. Default 10 min. */
  readonly deadline: number
  /** Attempts for the whole request. Default 8. */
  readonly attempts: number
  /** The share of the time and the attempts left that is kept for targets not yet tried. 0 to 1, default 0.5. */
  readonly reserve: number
  readonly whenAllBenched: WhenAllBenched
  readonly commit: Commit
  readonly timeouts: Timeouts
  readonly malformedEvents: MalformedEvents
}

/** How long something rests: the first time, and at most. */
export interface Cooldown {
  readonly base?: Duration.Input | undefined
  readonly max?: Duration.Input | undefined
}

/** A rest as people write it. */
export interface RestOptions extends Cooldown {
  readonly scope?: Scope | undefined
  readonly threshold?: number | undefined
}

/** A row as people write it: what is left out stays as it was. */
export interface RuleOptions {
  readonly retry?: Rule["retry"] | undefined
  /** `null` for no rest at all. */
  readonly rest?: RestOptions | null | undefined
  readonly next?: Rule["next"] | undefined
}

/** The retries of faults: how many and after which delays (full jitter), or any schedule. */
export interface RetryOptions {
  /** Retries, not attempts: 2 retries are 3 attempts. */
  readonly times?: number | undefined
  readonly backoff?: readonly [Duration.Input, ...ReadonlyArray<Duration.Input>] | undefined
}

/** The partial form of a policy. Every field is optional; the meaning and the default of each stand at `Policy`. */
export interface Options {
  readonly patience?: Duration.Input | undefined
  readonly deadline?: Duration.Input | undefined
  readonly attempts?: number | undefined
  readonly reserve?: number | undefined
  readonly whenAllBenched?: WhenAllBenched | undefined
  readonly commit?: Commit | undefined
  readonly timeouts?: { readonly [K in keyof Timeouts]?: Duration.Input | undefined } | undefined
  readonly malformedEvents?: MalformedEvents | undefined
  /** The retries of all `Transient` failures but `Silent`. */
  readonly retries?: RetryOptions | Schedule.Schedule<unknown, Failure, never, never> | undefined
  /** Exhausted visits in a row before a target rests: for faults (default 1) and for unknown ones (3). */
  readonly threshold?:
    | { readonly transient?: number | undefined; readonly unknown?: number | undefined }
    | undefined
  readonly cooldown?:
    | {
        readonly transient?: Cooldown | undefined
        readonly rateLimit?: Cooldown | undefined
        readonly authDead?: Cooldown | undefined
        readonly modelMissing?: Cooldown | undefined
      }
    | undefined
  /** Single rows of the decision table; these win over `retries`, `threshold` and `cooldown`. */
  readonly rules?: { readonly [C in FailureClass]?: RuleOptions | undefined } | undefined
}

/** The defaults, as they stand in the decision table. */
export const defaults: Policy = {
  rules: defaultRules,
  patience: 3_000,
  deadline: 600_000,
  attempts: 8,
  reserve: 0.5,
  whenAllBenched: "tryAnyway",
  commit: firstContent,
  timeouts: { connect: 5_000, headers: 30_000, firstContent: 30_000, idle: 30_000, answer: 300_000 },
  malformedEvents: "fail"
}

/**
 * A policy from options, over the defaults.
 *
 * @example
 * import { Policy } from "effect-failover"
 *
 * const policy = Policy.make({ patience: 0, rules: { ContentPolicy: { next: "model" } } })
 * policy.rules.ContentPolicy.next // => "model"
 * policy.rules.Invalid.next // => "stop"
 */
export const make = (...layers: ReadonlyArray<Options | undefined>): Policy =>
  layers.reduce<Policy>(
    (policy, options) => (options === undefined ? policy : extend(policy, options)),
    defaults
  )

/** Lays options over a policy. */
export const extend = (policy: Policy, options: Options): Policy => ({
  rules: extendRules(policy.rules, options),
  patience: millis(options.patience, policy.patience),
  deadline: millis(options.deadline, policy.deadline),
  attempts: options.attempts ?? policy.attempts,
  reserve: options.reserve ?? policy.reserve,
  whenAllBenched: options.whenAllBenched ?? policy.whenAllBenched,
  commit: options.commit ?? policy.commit,
  timeouts:
    options.timeouts === undefined ? policy.timeouts : extendTimeouts(policy.timeouts, options.timeouts),
  malformedEvents: options.malformedEvents ?? policy.malformedEvents
})

const millis = (input: Duration.Input | undefined, otherwise: number): number =>
  input === undefined ? otherwise : Duration.toMillis(input)

const extendTimeouts = (timeouts: Timeouts, options: NonNullable<Options["timeouts"]>): Timeouts => ({
  connect: millis(options.connect, timeouts.connect),
  headers: millis(options.headers, timeouts.headers),
  firstContent: millis(options.firstContent, timeouts.firstContent),
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
  // The short forms change the length of a rest. Where a row has none, they do not make one.
  const changeRest = (name: FailureClass, rest: RestOptions | undefined) => {
    if (rest !== undefined && next[name].rest !== undefined) change(name, { rest })
  }
  for (const name of transientClasses) {
    if (retries !== undefined && name !== "Silent") change(name, { retry: toSchedule(retries) })
    changeRest(name, cooldown?.transient)
    changeRest(name, { threshold: name === "Unknown" ? threshold?.unknown : threshold?.transient })
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
  "times" in retries || "backoff" in retries
    ? fullJitter(retries.backoff ?? ["500 millis", "2 seconds"], retries.times)
    : (retries as Rule["retry"])

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

const noRest: Rest = { scope: "target", threshold: 1, base: 5_000, max: 30_000 }

const extendRest = (rest: Rest | undefined, options: RestOptions): Rest => {
  const from = rest ?? noRest
  return {
    scope: options.scope ?? from.scope,
    threshold: options.threshold ?? from.threshold,
    base: millis(options.base, from.base),
    max: millis(options.max, from.max)
  }
}
