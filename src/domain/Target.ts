/** A target of requests: provider × model × credential. */

import type { Signals } from "../choice/Signals.ts"
import type { TargetKey } from "../failure/TargetKey.ts"
import type { Policy } from "../policy/Policy.ts"
import type { Scope } from "../policy/Rule.ts"
import type { Resting } from "./Admission.ts"
import * as BenchKey from "./BenchKey.ts"
import type { Counted } from "./Counts.ts"
import type { Credential } from "./Credential.ts"

export type { TargetKey } from "../failure/TargetKey.ts"

/**
 * A target of requests. Made once per chain and credential, shared by all requests.
 *
 * @category models
 */
export interface Target {
  readonly provider: string
  readonly model: string
  readonly credential: Credential
  /** `provider/model#credential`, as in the header `x-failover-target`. */
  readonly key: TargetKey
  /** The base URL where there is one, else the provider. A fault of an endpoint hits all targets behind it. */
  readonly endpoint: string
  /** The model's window in tokens, where it is known. */
  readonly contextWindow: number | undefined
  /** True for a model that a caller named and no configuration has: the bench keeps few entries of such models. */
  readonly unlisted: boolean
  /** Whether its tier has other targets. */
  readonly hasEquals: boolean
  /** The policy in force here: the runtime's, the provider's, the model's and the chain's, laid over each other. */
  readonly policy: Policy
  /** The bench keys that concern this target, by what they cover. */
  readonly benchKeys: { readonly [S in Scope]: BenchKey.BenchKey }
  /** The same, as a list. */
  readonly allBenchKeys: ReadonlyArray<BenchKey.BenchKey>
  /**
   * The cached state of the bench; for the bench only.
   *
   * @internal
   */
  readonly glance: Glance
  /**
   * What was looked up for this target once, so that requests need not look it up again; for those who keep it there.
   *
   * @internal
   */
  readonly kept: Kept
}

/**
 * Why a target was last found benched, and what decides whether that is still valid.
 *
 * @internal
 */
export interface Glance {
  mark: object | undefined
  why: Resting | undefined
}

/**
 * What is known of a target elsewhere, and who has given it.
 *
 * @internal
 */
export interface Kept {
  signals: Signals | undefined
  signalsOf: object | undefined
  counts: Counted | undefined
  countsOf: object | undefined
}

/** Builds a target. */
export const make = (options: {
  readonly provider: string
  readonly model: string
  readonly credential: Credential
  readonly policy: Policy
  readonly baseUrl?: string | undefined
  readonly contextWindow?: number | undefined
  readonly unlisted?: boolean | undefined
  readonly hasEquals?: boolean | undefined
}): Target => {
  const { credential, model, policy, provider } = options
  const key = BenchKey.format({ provider, model, credential: credential.name })
  const benchKeys = {
    target: key,
    credential: BenchKey.format({ provider, credential: credential.name }),
    model: BenchKey.format({ provider, model }),
    provider
  }
  return {
    provider,
    model,
    credential,
    key,
    endpoint: credential.baseUrl ?? options.baseUrl ?? provider,
    contextWindow: options.contextWindow,
    unlisted: options.unlisted ?? false,
    hasEquals: options.hasEquals ?? false,
    policy,
    benchKeys,
    allBenchKeys: Object.values(benchKeys),
    glance: { mark: undefined, why: undefined },
    kept: { signals: undefined, signalsOf: undefined, counts: undefined, countsOf: undefined }
  }
}
