/** A chain: the models that a request may use, in order. */

import { combine, type Options } from "../policy/Policy.ts"
import * as PolicyChecks from "../policy/PolicyChecks.ts"
import * as Checks from "../util/Checks.ts"
import type { Backend } from "./Backend.ts"
import type * as Model from "./Model.ts"
import * as ModelSpec from "./ModelSpec.ts"
import { isStrategy, type Strategy, strategies } from "./Strategy.ts"

/**
 * The models that a request may use, in order: the preferred model first, then the fallbacks. `R` are the services that
 * provide its backends.
 *
 * A chain is a value. Build it once and share it between all requests: the runtime caches what it prepares for a chain.
 *
 * @category models
 */
export interface Chain<out P extends Backend, out R = never> {
  /** At least one model, none twice, in the order of the tiers. */
  readonly models: ReadonlyArray<Model.Model<P, R>>
  /** The same models in tiers. Absent when every tier has one model. */
  readonly tiers?: ReadonlyArray<Tier<P, R>> | undefined
  /** Used instead of the rest of the chain when a prompt was too long for a model. */
  readonly onContextExceeded?: Chain<P, R> | undefined
  /** Used when a model refused a request for its content. Without it the caller gets that refusal. */
  readonly onContentPolicy?: Chain<P, R> | undefined
  /** Policy options for requests to this chain. They override all others. */
  readonly policy?: Options | undefined
}

/**
 * One step of a chain: one model, or several that are equally good. A request goes on to the next tier when no target of this
 * tier can answer it.
 *
 * @category models
 */
export interface Tier<out P extends Backend, out R = never> {
  /** At least one. Their targets (models × credentials) are ordered together. */
  readonly models: ReadonlyArray<Model.Model<P, R>>
  /** The order of the targets of a tier with several models. Default `leastLoaded`. A tier of one model uses its backend's strategy. */
  readonly strategy?: Strategy | undefined
}

/** What a chain can be built from. Nested chains are flattened. */
export type Link<P extends Backend, R> = Model.Model<P, R> | Chain<P, R>

/** The backend of a link. */
type BackendOf<L> =
  L extends Model.Model<infer P, infer _R> ? P : L extends Chain<infer P, infer _R> ? P : never

/** The requirements of a link. */
type RequirementsOf<L> =
  L extends Model.Model<infer _P, infer R> ? R : L extends Chain<infer _P, infer R> ? R : never

/**
 * Builds a chain. Nested chains are flattened (their own policies and special chains are dropped), and a model that
 * occurs twice keeps its first place. Throws `InvalidOptions` when two different providers have one name.
 *
 * @example
 * import { Backend, Chain } from "effect-failover"
 *
 * const weather = Backend.make("weather", { today: () => "rain" })
 * const precise = Chain.make(weather.model("precise"), weather.model("rough"))
 * Chain.specs(Chain.make(precise, weather.model("rough"))) // => ["weather/precise", "weather/rough"]
 */
export function make<
  const Links extends readonly [Link<Backend, unknown>, ...ReadonlyArray<Link<Backend, unknown>>]
>(...links: Links): Chain<BackendOf<Links[number]>, RequirementsOf<Links[number]>>
export function make(...links: ReadonlyArray<Link<never, never>>): Chain<never, never> {
  if (links.length === 0) Checks.refuse("Chain.make", ["the chain is empty; at least one model is needed"])
  return fromLinks(links)
}

/**
 * Models that are equally good: a chain of one tier, to be passed to `make`. Their targets are ordered together (see
 * `withStrategy`), and `Model.withWeight` gives one of them a share, for a canary. A chain that is passed here with several
 * tiers becomes part of the one tier.
 *
 * @example
 * import { Backend, Chain, Model } from "effect-failover"
 *
 * const [oslo, bergen] = [Backend.make("oslo", {}), Backend.make("bergen", {})]
 * const same = Chain.equals(oslo.model("rain"), bergen.model("rain"))
 * const chain = Chain.make(same, oslo.model("guess"))
 * chain.tiers?.map(({ models }) => models.length) // => [2, 1]
 */
export function equals<
  const Links extends readonly [Link<Backend, unknown>, ...ReadonlyArray<Link<Backend, unknown>>]
>(...links: Links): Chain<BackendOf<Links[number]>, RequirementsOf<Links[number]>>
export function equals(...links: ReadonlyArray<Link<never, never>>): Chain<never, never> {
  if (links.length === 0) Checks.refuse("Chain.equals", ["there is no model; at least one is needed"])
  return equalsOf(links)
}

/** Models that are equally good, from a list: a chain of one tier. See `equals` for models as arguments. */
export const equalsOf = <P extends Backend, R>(links: ReadonlyArray<Link<P, R>>): Chain<P, R> =>
  ofTiers([{ models: fromLinks(links).models }])

/** Builds a chain from a list of models and chains. See `make` for models as arguments, and for what it rejects. */
export const fromLinks = <P extends Backend, R>(links: ReadonlyArray<Link<P, R>>): Chain<P, R> => {
  Checks.fields("Chain.make", { links }, { links: Checks.list })
  Checks.refuse("Chain.make", linkProblems(links))
  return fromTiers(links.flatMap((link) => ("models" in link ? tiersOf(link) : [{ models: [link] }])))
}

/**
 * Builds a chain from tiers. Tiers without models are left out, and a model that occurs twice keeps its first place. Throws
 * `InvalidOptions` when two different providers have one name.
 *
 * @internal
 */
export const fromTiers = <P extends Backend, R>(tiers: ReadonlyArray<Tier<P, R>>): Chain<P, R> => {
  const seen = new Set<string>()
  const services = new Map<string, Backend | object>()
  const isFirst = (model: Model.Model<P, R>) => {
    const spec = ModelSpec.format(model.spec)
    check(model, services)
    if (seen.has(spec)) return false
    seen.add(spec)
    return true
  }
  for (const { strategy } of tiers) if (strategy !== undefined) checkStrategy("Chain.fromTiers", strategy)
  return ofTiers(tiers.map((tier) => ({ ...tier, models: tier.models.filter(isFirst) })))
}

/** The chain of tiers that have been checked. */
const ofTiers = <P extends Backend, R>(tiers: ReadonlyArray<Tier<P, R>>): Chain<P, R> => {
  const filled = tiers.filter(({ models }) => models.length > 0)
  const models = filled.flatMap((tier) => tier.models)
  return models.length > filled.length ? { models, tiers: filled } : { models }
}

function* linkProblems(links: ReadonlyArray<unknown>): Iterable<string> {
  for (const [index, link] of links.entries()) {
    if (!isChain(link) && !isModel(link)) {
      yield `link ${index + 1} is neither a model nor a chain; it has to be one such as provider.model("name")`
    }
  }
}

const isObject = (u: unknown): u is object => typeof u === "object" && u !== null

const isModel = (u: unknown): boolean => isObject(u) && "spec" in u && "backend" in u

const isChain = (u: unknown): boolean => isObject(u) && "models" in u && Array.isArray(u.models)

/**
 * The tiers of a chain, in order.
 *
 * @internal
 */
export const tiersOf = <P extends Backend, R>(chain: Chain<P, R>): ReadonlyArray<Tier<P, R>> =>
  chain.tiers ?? chain.models.map((model) => ({ models: [model] }))

/**
 * The chain with each model replaced by what `f` returns for it. A model is left out when `f` returns `undefined`.
 *
 * @internal
 */
export const mapModels = <P extends Backend, R, P2 extends Backend, R2>(
  chain: Chain<P, R>,
  f: (model: Model.Model<P, R>) => Model.Model<P2, R2> | undefined
): Pick<Chain<P2, R2>, "models" | "tiers"> =>
  ofTiers(tiersOf(chain).map((tier) => ({ ...tier, models: tier.models.flatMap((model) => f(model) ?? []) })))

/** Sets the strategy of every tier that has several models; see `Strategy`. */
export const withStrategy = <P extends Backend, R>(chain: Chain<P, R>, strategy: Strategy): Chain<P, R> => {
  checkStrategy("Chain.withStrategy", strategy)
  return chain.tiers === undefined
    ? chain
    : {
        ...chain,
        tiers: chain.tiers.map((tier) => (tier.models.length === 1 ? tier : { ...tier, strategy }))
      }
}

const checkStrategy = (where: string, strategy: Strategy): void => {
  if (!isStrategy(strategy)) Checks.refuse(where, [`the strategy is one of ${strategies.join(", ")}`])
}

/** Throws when two different providers have the same name: they would share one bench, and one of them would never be called. */
const check = <P extends Backend, R>(
  { backend, spec }: Model.Model<P, R>,
  services: Map<string, Backend | object>,
  where = "Chain.make"
) => {
  const before = services.get(spec.provider)
  if (before === undefined) services.set(spec.provider, backend)
  else if (before !== backend && !isCopy(before, backend)) {
    Checks.refuse(where, [
      `two different providers are called ${JSON.stringify(spec.provider)}; each needs a name of its own, because benches and limits are kept by name`
    ])
  }
}

/** Whether both are the same service, perhaps with another policy. */
const isCopy = (one: object, other: object): boolean => {
  const [a, b] = [one as Partial<Backend>, other as Partial<Backend>]
  return a.credentials !== undefined && a.credentials === b.credentials && a.baseUrl === b.baseUrl
}

/** Adds policy options to a chain. They override the chain's present ones. */
export const withPolicy = <P extends Backend, R>(chain: Chain<P, R>, policy: Options): Chain<P, R> => {
  PolicyChecks.check("Chain.withPolicy", policy)
  return {
    ...chain,
    policy: chain.policy === undefined ? policy : combine(chain.policy, policy)
  }
}

/** Sets the chain to use when a prompt was too long for a model of this chain. Throws `InvalidOptions` as `make` does. */
export const onContextExceeded = <P extends Backend, R, P2 extends Backend, R2>(
  chain: Chain<P, R>,
  other: Chain<P2, R2>
): Chain<P | P2, R | R2> => special("Chain.onContextExceeded", { ...chain, onContextExceeded: other }, other)

/**
 * Sets the chain to use when a model of this chain refused a request for its content. Throws `InvalidOptions` as `make`
 * does.
 */
export const onContentPolicy = <P extends Backend, R, P2 extends Backend, R2>(
  chain: Chain<P, R>,
  other: Chain<P2, R2>
): Chain<P | P2, R | R2> => special("Chain.onContentPolicy", { ...chain, onContentPolicy: other }, other)

/** A request may go through all of these chains, so the names of all their providers have to differ. */
const special = <C extends Chain<Backend, unknown>>(where: string, chain: C, other: unknown): C => {
  if (!isChain(other))
    Checks.refuse(where, ["the other chain is not a chain; it has to be one such as Chain.make(model)"])
  const services = new Map<string, Backend | object>()
  for (const part of [chain, chain.onContextExceeded, chain.onContentPolicy]) {
    for (const model of part?.models ?? []) check(model, services, where)
  }
  return chain
}

/** The specs of a chain's models, in order. */
export const specs = (chain: Chain<Backend, unknown>): ReadonlyArray<string> =>
  chain.models.map((model) => ModelSpec.format(model.spec))
