/** The ordered models a request may use. */

import { combine, type Options } from "../policy/Policy.ts"
import * as PolicyChecks from "../policy/PolicyChecks.ts"
import * as Checks from "../util/Checks.ts"
import type { Backend } from "./Backend.ts"
import type * as Model from "./Model.ts"
import * as ModelSpec from "./ModelSpec.ts"

/**
 * The ordered models a request may use: its own model first, then the fallbacks. `R` are the services its backends are
 * taken from.
 *
 * A chain is a value: build it once, share it between all requests. What the runtime prepares for it is kept with it.
 *
 * @category models
 */
export interface Chain<out P extends Backend, out R = never> {
  /** At least one, none twice. */
  readonly models: ReadonlyArray<Model.Model<P, R>>
  /** Used instead of the rest of the chain when a prompt was too long for a model. */
  readonly onContextExceeded?: Chain<P, R> | undefined
  /** Used when a request was refused for its content; without it such a refusal goes to the caller. */
  readonly onContentPolicy?: Chain<P, R> | undefined
  /** Laid over every other policy, for requests to this chain. */
  readonly policy?: Options | undefined
}

/** What a chain can be built from. Nested chains are flattened. */
export type Link<P extends Backend, R> = Model.Model<P, R> | Chain<P, R>

/** The backend of a link. */
type PoolOf<L> = L extends Model.Model<infer P, infer _R> ? P : L extends Chain<infer P, infer _R> ? P : never

/** The requirements of a link. */
type RequirementsOf<L> =
  L extends Model.Model<infer _P, infer R> ? R : L extends Chain<infer _P, infer R> ? R : never

/**
 * Builds a chain. Nested chains are flattened (their own policies and special chains stay behind), and a model that
 * is named twice keeps its first place. Throws `InvalidOptions` when two different providers have one name.
 *
 * @example
 * import { Chain, Model, Backend } from "effect-failover"
 *
 * const weather = Backend.make("weather", { today: () => "rain" })
 * const precise = Chain.make(Model.make(weather, "precise"), Model.make(weather, "rough"))
 * Chain.specs(Chain.make(precise, Model.make(weather, "rough"))) // => ["weather/precise", "weather/rough"]
 */
export function make<
  const Links extends readonly [Link<Backend, unknown>, ...ReadonlyArray<Link<Backend, unknown>>]
>(...links: Links): Chain<PoolOf<Links[number]>, RequirementsOf<Links[number]>>
export function make(...links: ReadonlyArray<Link<never, never>>): Chain<never, never> {
  if (links.length === 0) Checks.refuse("Chain.make", ["the chain is empty; at least one model is needed"])
  return fromLinks(links)
}

/** Builds a chain from links of one kind, for lists whose length is not known; see `make`. */
export const fromLinks = <P extends Backend, R>(links: ReadonlyArray<Link<P, R>>): Chain<P, R> => {
  const models = new Map<string, Model.Model<P, R>>()
  const services = new Map<string, Backend | object>()
  for (const link of links) {
    for (const model of "models" in link ? link.models : [link]) {
      const spec = ModelSpec.format(model.spec)
      if (!models.has(spec)) models.set(spec, model)
      check(model, services)
    }
  }
  return { models: [...models.values()] }
}

/** Throws when two different services have one name: what rests of one would rest of the other, and one would be lost. */
const check = <P extends Backend, R>(
  { backend, spec }: Model.Model<P, R>,
  services: Map<string, Backend | object>
) => {
  const before = services.get(spec.provider)
  if (before === undefined) services.set(spec.provider, backend)
  else if (before !== backend && !isCopy(before, backend)) {
    Checks.refuse("Chain.make", [
      `two different providers are called ${JSON.stringify(spec.provider)}; each needs a name of its own, because rests and limits are kept by it`
    ])
  }
}

/** The same service with another policy or another coat. */
const isCopy = (one: object, other: object): boolean => {
  const [a, b] = [one as Partial<Backend>, other as Partial<Backend>]
  return a.credentials !== undefined && a.credentials === b.credentials && a.baseUrl === b.baseUrl
}

/** Lays a policy over a chain, on top of one it has. */
export const withPolicy = <P extends Backend, R>(chain: Chain<P, R>, policy: Options): Chain<P, R> => {
  PolicyChecks.check("Chain.withPolicy", policy)
  return { ...chain, policy: chain.policy === undefined ? policy : combine(chain.policy, policy) }
}

/** The chain to use when a prompt was too long for a model of this one. */
export const onContextExceeded = <P extends Backend, R, P2 extends Backend, R2>(
  chain: Chain<P, R>,
  other: Chain<P2, R2>
): Chain<P | P2, R | R2> => ({ ...chain, onContextExceeded: other })

/** The chain to use when a request was refused for its content by a model of this one. */
export const onContentPolicy = <P extends Backend, R, P2 extends Backend, R2>(
  chain: Chain<P, R>,
  other: Chain<P2, R2>
): Chain<P | P2, R | R2> => ({ ...chain, onContentPolicy: other })

/** The specs of a chain's models, in order. */
export const specs = (chain: Chain<Backend, unknown>): ReadonlyArray<string> =>
  chain.models.map((model) => ModelSpec.format(model.spec))
