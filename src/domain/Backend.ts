/**
 * A named service and its credentials. Chains are made of models of backends.
 *
 * A language-model `Provider` is one; `Backend.make` turns any other service into one.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Options } from "../policy/Policy.ts"
import * as PolicyChecks from "../policy/PolicyChecks.ts"
import * as Checks from "../util/Checks.ts"
import type { Backend } from "./BackendShape.ts"
import * as Credential from "./Credential.ts"
import { type HasModels, models } from "./HasModels.ts"
import { type Strategy, strategies } from "./Strategy.ts"

export type { Backend } from "./BackendShape.ts"

/**
 * Makes a backend of any service, so that calls to it can fail over. The service need not be a language model.
 *
 * @example
 * import { Backend } from "effect-failover"
 *
 * const oslo = Backend.make("oslo", { today: (city: string) => `rain in ${city}` })
 * oslo.service.today("Bergen") // => "rain in Bergen"
 * oslo.model("forecast").spec // => { provider: "oslo", model: "forecast" }
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
): Backend & HasModels & { readonly service: Service } => {
  Checks.fields(
    "Backend.make",
    { name: name ?? null, options },
    { name: Checks.name, options: Checks.object }
  )
  const backend = {
    ...models,
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

/**
 * Throws `InvalidOptions` when the name, the credentials, the strategy or the policy are invalid.
 *
 * @internal
 */
export const check = (where: string, backend: Backend): void => {
  const at = `${where}(${Checks.quoted(backend.name)})`
  Checks.fields(at, backend, {
    name: Checks.name,
    strategy: Checks.oneOf(strategies),
    baseUrl: Checks.text,
    credentials: Checks.list
  })
  Credential.checkAll(at, backend.credentials)
  PolicyChecks.check(`the policy of ${backend.name}`, backend.policy)
}
