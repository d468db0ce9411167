/**
 * Whole behaviours in one line: options for a policy that have a name.
 *
 * Each is plain data, to be laid over the defaults of a runtime, a provider, a model or a chain like any other
 * options, and changed like them: `Policy.combine(Policy.moveOnBadRequest, { attempts: 3 })`. As in any options,
 * single rows of a preset win over `retries`, `threshold` and `cooldown` that are said beside it.
 */

import type { FailureClass } from "../failure/Failure.ts"
import { doubling } from "./Backoff.ts"
import type { Cooldown, Options, RuleOptions } from "./PolicyOptions.ts"
import { transientClasses } from "./Rule.ts"

type Rows = NonNullable<Options["rules"]>

/** The same row for several classes. */
const rows = (classes: ReadonlyArray<FailureClass>, row: RuleOptions): Rows =>
  Object.fromEntries(classes.map((name) => [name, row]))

/** The same cooldown for every reason. */
const always = (cooldown: Cooldown): NonNullable<Options["cooldown"]> => ({
  transient: cooldown,
  rateLimit: cooldown,
  authDead: cooldown,
  modelMissing: cooldown
})

/** What belongs to the key of an account, with all its models. */
const ofTheKey = ["RateLimit", "InvalidKey", "Forbidden", "Balance", "ModelMissing"] as const

/** Up the ladder of a throttle, 5 s doubling to 300 s, where a person would have to act as well. */
const soon: Cooldown = { base: "5 seconds", max: "300 seconds" }

/**
 * Credentials as profiles with a circuit each: a failed request goes to the next credential at once, at most three
 * times; three failures in a row open a credential's circuit for all its models, 60 s later one probe may close it.
 * An answer closes it and resets the count of failures. The order of the credentials is their provider's `strategy`.
 *
 * @category presets
 * @example
 * import { Failover, Policy } from "effect-failover"
 *
 * Policy.make(Policy.sequentialProfiles).rules.ServerError.rest
 * // => { scope: "credential", threshold: 3, base: 60_000, max: 60_000 }
 *
 * Failover.layer({ policy: Policy.sequentialProfiles })
 */
export const sequentialProfiles: Options = {
  targets: 4,
  learnedLimit: false,
  retries: { times: 0 },
  threshold: { transient: 3, unknown: 3 },
  cooldown: always({ base: "60 seconds", max: "60 seconds" }),
  rules: {
    ...rows(transientClasses, { rest: { scope: "credential" }, next: "credential" }),
    ...rows(ofTheKey, { retry: "never", rest: { scope: "credential", threshold: 3 } })
  }
}

/**
 * Health marks on credentials and models: a throttle benches its credential for all models and the next credential is tried,
 * a dead key is probed 5 s to 300 s later, a fault falls back to the next model after two retries, an unknown failure
 * benches nothing, and a prompt that is too long goes to the caller. When all targets are benched, a request fails with
 * `AllBenched` without a call.
 *
 * @category presets
 * @example
 * import { Policy } from "effect-failover"
 *
 * const { rules, whenAllBenched } = Policy.make(Policy.modelHealth)
 * rules.RateLimit.rest // => { scope: "credential", threshold: 1, base: 5_000, max: 300_000 }
 * rules.Unknown.rest // => undefined
 * whenAllBenched // => "fail"
 */
export const modelHealth: Options = {
  whenAllBenched: "fail",
  learnedLimit: false,
  cooldown: { rateLimit: soon, authDead: soon },
  rules: {
    ...rows(transientClasses, { next: "model" }),
    Unknown: { rest: null, next: "model" },
    RateLimit: { retry: "never", rest: { scope: "credential" } },
    ContextExceeded: { next: "stop" }
  }
}

/**
 * Failover in its simplest form: a throttle or a dead key benches its credential and the run goes on, to the next
 * credential and then to the next model; any other failure ends the run at once and benches nothing.
 *
 * @category presets
 * @example
 * import { Policy } from "effect-failover"
 *
 * const { rules } = Policy.make(Policy.firstErrorStops)
 * rules.RateLimit.next // => "credential"
 * rules.ServerError // => { retry: "never", rest: undefined, next: "stop" }
 */
export const firstErrorStops: Options = {
  learnedLimit: false,
  cooldown: { rateLimit: soon, authDead: soon },
  rules: {
    ...rows(transientClasses, { retry: "never", rest: null, next: "stop" }),
    RateLimit: { retry: "never", rest: { scope: "credential" } },
    ModelMissing: { rest: null, next: "stop" },
    Blocked: { next: "stop" },
    Local: { retry: "never", next: "stop" },
    MaxTokens: { retry: "never" },
    Unsupported: { next: "stop" },
    ContextExceeded: { next: "stop" }
  }
}

/**
 * A request that a model refuses goes on to the next model and benches nothing, whatever the reason. When all
 * refuse it, the run fails with `ChainExhausted`, which holds every refusal.
 *
 * @category presets
 * @example
 * import { Policy } from "effect-failover"
 *
 * Policy.make(Policy.moveOnBadRequest).rules.Invalid // => { retry: "never", rest: undefined, next: "model" }
 */
export const moveOnBadRequest: Options = {
  rules: rows(["Invalid", "ContentPolicy", "MaxTokens", "TooLarge", "Unsupported", "ContextExceeded"], {
    rest: null,
    next: "model"
  })
}

/**
 * Three attempts at every target, with full jitter over a backoff of 200 ms that doubles to 10 s, then a cooldown of
 * five minutes; a dead key is benched at once; what the request is at fault for moves on as in `moveOnBadRequest`. No time is
 * kept for the targets behind.
 *
 * @category presets
 * @example
 * import { Policy } from "effect-failover"
 *
 * const { rules } = Policy.make(Policy.threeAttempts)
 * rules.Unknown.rest // => { scope: "target", threshold: 1, base: 300_000, max: 300_000 }
 */
export const threeAttempts: Options = {
  attempts: 100,
  learnedLimit: false,
  fallbackReserve: 0,
  retries: { times: 2, backoff: doubling("200 millis", "10 seconds") },
  threshold: { transient: 1, unknown: 1 },
  cooldown: always({ base: "5 minutes", max: "5 minutes" }),
  rules: { ...moveOnBadRequest.rules }
}

/** The presets by name, as the config file knows them. */
export const presets = {
  sequentialProfiles,
  modelHealth,
  firstErrorStops,
  moveOnBadRequest,
  threeAttempts
} as const satisfies Readonly<Record<string, Options>>

/** The name of a preset. */
export type PresetName = keyof typeof presets

/** The names of all presets. */
export const presetNames: ReadonlyArray<PresetName> = Object.keys(presets) as ReadonlyArray<PresetName>
