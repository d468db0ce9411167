/**
 * Presets: named options for a policy.
 *
 * Each preset is plain data, to be used for a runtime, a provider, a model or a chain like any other options, and to be changed
 * like them: `Policy.combine(Policy.moveOnBadRequest, { attempts: 3 })`. As in any options, single rows of a preset override
 * `retries`, `threshold` and `cooldown` that are merged with it.
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

/** Failures that concern a credential with all its models. */
const ofTheKey = ["RateLimit", "InvalidKey", "Forbidden", "Balance", "ModelMissing"] as const

/** The cooldowns of a throttle, 5 s doubling to 300 s, for failures of keys as well. */
const soon: Cooldown = { base: "5 seconds", max: "300 seconds" }

/**
 * Credentials as profiles, each with a circuit breaker. A failed request goes to the next credential at once, at most three
 * times. Three failures in a row open a credential's circuit for all its models; 60 s later one probe may close it. An answer
 * closes it and resets the count of failures. The provider's `strategy` sets the order of the credentials.
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
 * Health per credential and model. A throttle benches its credential for all models, and the next credential is tried. A dead
 * key is probed after 5 s to 300 s. A fault falls back to the next model after two retries. An unknown failure benches nothing.
 * A prompt that is too long is an error for the caller. When all targets are benched, a request fails with `AllBenched`
 * without a call.
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
 * Simple failover: a throttle or a dead key benches its credential, and the run goes on to the next credential and then to the
 * next model. Any other failure ends the run at once and benches nothing.
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
 * A request that a model refuses goes on to the next model, whatever the reason, and benches nothing. When all models refuse
 * it, the run fails with `ChainExhausted`, which contains every refusal.
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
 * five minutes. A dead key is benched at once. A refused request goes on to the next model as in `moveOnBadRequest`. No time is
 * kept for later targets.
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

/** The presets by name, as in the config file. */
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
