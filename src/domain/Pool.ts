/**
 * A named service with the credentials it can be used with: what a chain is made of.
 *
 * A language-model `Provider` is one; `Pool.make` turns any other service into one.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Options } from "../policy/Policy.ts"
import * as PolicyChecks from "../policy/PolicyChecks.ts"
import * as Checks from "../util/Checks.ts"
import * as Credential from "./Credential.ts"
import { type Strategy, strategies } from "./Strategy.ts"

/** A named service with its credentials. */
export interface Pool {
  /** The first part of a model spec and of every bench key. */
  readonly name: string
  readonly credentials: NonEmptyReadonlyArray<Credential.Credential>
  readonly strategy: Strategy
  /** Where credentials without a base URL of their own stand. */
  readonly baseUrl?: string | undefined
  /** Laid over the runtime's policy for all models of this pool. */
  readonly policy?: Options | undefined
}

/**
 * Makes a pool of any service, so that something that has nothing to do with language models can fail over.
 *
 * @example
 * import { Pool } from "effect-failover"
 *
 * const oslo = Pool.make("oslo", { today: (city: string) => `rain in ${city}` })
 * oslo.service.today("Bergen") // => "rain in Bergen"
 */
export const make = <const Name extends string, Service>(
  name: Name,
  service: Service,
  options: {
    readonly credentials?: NonEmptyReadonlyArray<Credential.Credential> | undefined
    readonly strategy?: Strategy | undefined
    readonly baseUrl?: string | undefined
    readonly policy?: Options | undefined
  } = {}
): Pool & { readonly service: Service } => {
  const pool = {
    name,
    service,
    credentials: options.credentials ?? ([Credential.none] as const),
    strategy: options.strategy ?? "sequential",
    baseUrl: options.baseUrl,
    policy: options.policy
  }
  check("Pool.make", pool)
  return pool
}

/** Throws unless something can be a pool: its name, its credentials, its strategy and its policy. */
export const check = (where: string, pool: Pool): void => {
  const at = `${where}(${JSON.stringify(pool.name)})`
  Checks.fields(at, pool, { name: Checks.name, strategy: Checks.oneOf(strategies) })
  Credential.checkAll(at, pool.credentials)
  PolicyChecks.check(`the policy of ${pool.name}`, pool.policy)
}
