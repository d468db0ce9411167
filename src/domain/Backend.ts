/**
 * A named service with the credentials it can be used with: what a chain is made of.
 *
 * A language-model `Provider` is one; `Backend.make` turns any other service into one.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Options } from "../policy/Policy.ts"
import * as PolicyChecks from "../policy/PolicyChecks.ts"
import * as Checks from "../util/Checks.ts"
import * as Credential from "./Credential.ts"
import { type Strategy, strategies } from "./Strategy.ts"

/** A named service with its credentials. */
export interface Backend {
  /** The first part of a model spec and of every bench key. */
  readonly name: string
  readonly credentials: NonEmptyReadonlyArray<Credential.Credential>
  readonly strategy: Strategy
  /** Where credentials without a base URL of their own stand. */
  readonly baseUrl?: string | undefined
  /** Laid over the runtime's policy for all models of this backend. */
  readonly policy?: Options | undefined
}

/**
 * Makes a backend of any service, so that something that has nothing to do with language models can fail over.
 *
 * @example
 * import { Backend } from "effect-failover"
 *
 * const oslo = Backend.make("oslo", { today: (city: string) => `rain in ${city}` })
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
): Backend & { readonly service: Service } => {
  const backend = {
    name,
    service,
    credentials: options.credentials ?? ([Credential.none] as const),
    strategy: options.strategy ?? "sequential",
    baseUrl: options.baseUrl,
    policy: options.policy
  }
  check("Backend.make", backend)
  return backend
}

/** Throws unless something can be a backend: its name, its credentials, its strategy and its policy. */
export const check = (where: string, backend: Backend): void => {
  const at = `${where}(${JSON.stringify(backend.name)})`
  Checks.fields(at, backend, { name: Checks.name, strategy: Checks.oneOf(strategies) })
  Credential.checkAll(at, backend.credentials)
  PolicyChecks.check(`the policy of ${backend.name}`, backend.policy)
}
