/**
 * Notices two providers with one name that requests of one runtime use alternately. They share benches and limits by
 * mistake: a throttle or an outage of one keeps requests from the other.
 *
 * A provider may replace another one of its name, with a new key for example. So nothing is wrong until a new request uses
 * the earlier one again. Even then it may be a return to an old key, so it is logged and not refused.
 */
import type * as Context from "effect/Context"
import type { Backend } from "../domain/Backend.ts"
import type { Credential } from "../domain/Credential.ts"
import * as Fingerprint from "../health/state/Fingerprint.ts"
import { LatestKeys } from "../util/LatestKeys.ts"
import * as UserCode from "../util/UserCode.ts"
import type { PreparedChain } from "./PreparedChain.ts"

/** How many names, and how many earlier credentials, are kept. The oldest are dropped. */
const capacity = 1_000

/** How many models of a chain are checked if services provide them, so that a long chain costs little. */
const most = 32

/** The providers that the requests of one runtime use, by name. */
export class Namesakes {
  readonly #latest = new LatestKeys<Backend>(capacity)
  /** Credentials of providers that another provider of the same name has replaced. */
  readonly #earlier = new LatestKeys<true>(capacity)
  /** How many times a provider has replaced another one. */
  #changes = 0
  /** The names that were logged. */
  readonly #named = new Set<string>()
  /** The value of `#changes` when a chain was last checked. Absent for 0. */
  readonly #lookedAt = new WeakMap<object, number>()
  /** What was found since the last request began. The next request logs it. */
  #found: { readonly name: string; readonly credential: string } | undefined

  /** A request begins. While no provider has replaced another one, this is one comparison. */
  begins<P extends Backend, R>(chain: PreparedChain<P, R>, context: Context.Context<R>): void {
    if (this.#changes === 0) return
    if (this.#lookedAt.get(chain) !== this.#changes) {
      const models = chain.isFixed ? chain.models : chain.models.slice(0, most)
      for (const model of models) this.uses(model.model.spec.provider, model.backendIn(context))
      this.#lookedAt.set(chain, this.#changes)
    }
    if (this.#found !== undefined) this.#log(this.#found, context)
  }

  /** A model of a chain is used with a backend for the first time, or with another one than before. */
  readonly uses = (name: string, backend: Backend): void => {
    const before = this.#latest.get(name)
    if (before === backend) return
    this.#latest.add(name, backend)
    if (before === undefined || this.#named.has(name)) return
    const others = before.credentials.filter((credential) => isOther(credential, before, backend))
    if (others.length === 0) return
    this.#changes++
    for (const credential of others) this.#earlier.add(markOf(name, credential, before), true)
    const back = backend.credentials.find(
      (credential) => this.#earlier.get(markOf(name, credential, backend)) === true
    )
    if (back === undefined) return
    this.#named.add(name)
    this.#found = { name, credential: back.name }
  }

  #log(
    { credential, name }: { readonly name: string; readonly credential: string },
    context: Context.Context<never>
  ) {
    this.#found = undefined
    UserCode.name(
      this,
      `the provider ${JSON.stringify(name)}`,
      `is in use twice, with different keys or base URLs for the credential ${JSON.stringify(credential)}`,
      "both share benches and limits: give each a name of its own",
      context
    )
  }
}

/** Whether another provider has a credential of the same name with another secret or base URL. */
const isOther = (credential: Credential, own: Backend, other: Backend): boolean => {
  const same = other.credentials.find(({ name }) => name === credential.name)
  return same !== undefined && whatOf(credential, own) !== whatOf(same, other)
}

const markOf = (name: string, credential: Credential, backend: Backend): string =>
  `${name}#${credential.name} ${whatOf(credential, backend)}`

const whatOf = (credential: Credential, { baseUrl }: Backend): string =>
  `${Fingerprint.of(credential)} ${credential.baseUrl ?? baseUrl ?? ""}`
