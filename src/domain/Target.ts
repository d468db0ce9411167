/** A target of requests: provider × model × credential. */

import type { Group, Signals } from "../choice/Signals.ts"
import type { TargetKey } from "../failure/TargetKey.ts"
import type { Policy } from "../policy/Policy.ts"
import type { Scope } from "../policy/Rule.ts"
import type { Benched } from "./Admission.ts"
import * as BenchKey from "./BenchKey.ts"
import type { Counted } from "./Counts.ts"
import type { Credential } from "./Credential.ts"

export type { TargetKey } from "../failure/TargetKey.ts"

/**
 * A target of requests. It is made once for each chain and credential and shared by all requests.
 *
 * @category models
 */
export interface Target {
  readonly provider: string
  readonly model: string
  readonly credential: Credential
  /** `provider/model#credential`, as in the header `x-failover-target`. */
  readonly key: TargetKey
  /** The base URL, or the provider's name without one. A fault of an endpoint affects all targets behind it. */
  readonly endpoint: string
  /** The model's context window in tokens, if known. */
  readonly contextWindow: number | undefined
  /** True for a model that a caller named and no configuration lists. The bench keeps a bounded number of entries for such models. */
  readonly unlisted: boolean
  /** Whether its tier has other targets. */
  readonly hasEquals: boolean
  /** The policy in force: the runtime's, with the options of provider, model and chain merged in. */
  readonly policy: Policy
  /** The bench keys that concern this target, by what they cover. */
  readonly benchKeys: { readonly [S in Scope]: BenchKey.BenchKey }
  /** The four bench keys as a list. */
  readonly allBenchKeys: ReadonlyArray<BenchKey.BenchKey>
  /**
   * Internal: the cached state of the bench.
   *
   * @internal
   */
  readonly glance: Glance
  /**
   * Internal: values that were looked up for this target, so that requests need not look them up again.
   *
   * @internal
   */
  readonly kept: Kept
}

/**
 * Why a target was last found benched, and the epoch in which that is valid.
 *
 * @internal
 */
export interface Glance {
  mark: object | undefined
  why: Benched | undefined
  /** The version of the bench that has no entry for the target. */
  unknownIn: object | undefined
}

/**
 * A value that is kept for a target, and its owner.
 *
 * @internal
 */
export interface Kept {
  /** The backend that it was made for. */
  backend: object | undefined
  signals: Signals | undefined
  signalsOf: object | undefined
  group: Group | undefined
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
  readonly backend?: object | undefined
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
    glance: { mark: undefined, why: undefined, unknownIn: undefined },
    kept: {
      backend: options.backend,
      signals: undefined,
      signalsOf: undefined,
      group: undefined,
      counts: undefined,
      countsOf: undefined
    }
  }
}
