/**
 * From the name of a model to the chain that serves it.
 *
 * A name is a virtual model ("smart") or a spec (`provider/model`). The chain of a request consists of the requested models, the
 * request's own fallbacks, the fallback models of their providers, and the general fallbacks. Names are trimmed, repetitions
 * are dropped, and virtual models inside lists are flattened.
 */
import * as Result from "effect/Result"
import type { Backend } from "../domain/Backend.ts"
import * as Chain from "../domain/Chain.ts"
import * as Model from "../domain/Model.ts"
import * as ModelSpec from "../domain/ModelSpec.ts"
import { EmptyChain, UnknownModel } from "../failure/RunError.ts"
import type { Options as PolicyOptions } from "../policy/Policy.ts"
import * as Checks from "../util/Checks.ts"
import { InvalidCatalog, problemsOf } from "./CatalogProblems.ts"
import type { Link } from "./Links.ts"
import * as Links from "./Links.ts"

export { InvalidCatalog, Problem } from "./CatalogProblems.ts"
export { type Equals, format, type Link, type Member } from "./Links.ts"

/** A provider, with options for its models. */
export interface CatalogProvider<out P extends Backend> {
  readonly backend: P
  /** Options for single models, by name. Requests may name other models too. */
  readonly models?: Readonly<Record<string, Model.ModelOptions>> | undefined
  /** Fallback models of this provider in every chain with one of its models, before the general fallbacks. */
  readonly fallbackModels?: ReadonlyArray<string> | undefined
}

/** A name for a chain. */
export interface VirtualModel {
  readonly chain: ReadonlyArray<Link>
  /** Used instead of the rest of the chain when a prompt was too long for a model. Nothing is added to it. */
  readonly onContextExceeded?: ReadonlyArray<Link> | undefined
  /** Used when a request was refused for its content. Nothing is added to it. */
  readonly onContentPolicy?: ReadonlyArray<Link> | undefined
  readonly policy?: PolicyOptions | undefined
}

/** The options of a catalog. */
export interface Options<P extends Backend> {
  readonly providers: ReadonlyArray<CatalogProvider<P>>
  readonly models?: Readonly<Record<string, VirtualModel>> | undefined
  /** The general fallbacks, at the end of every chain. */
  readonly fallbacks?: ReadonlyArray<Link> | undefined
  /** Whether requests may use only the names of `models`, and no specs. Default false. */
  readonly namedModelsOnly?: boolean | undefined
}

/** The options of a request, besides its model. */
export interface ResolveOptions {
  /** The request's own fallbacks: specs or names. Blank ones are left out. */
  readonly fallbacks?: ReadonlyArray<string> | undefined
  /**
   * What happens with an unknown model or fallback: `"fail"` (default), or `"skip"`, which leaves it out as long as another one
   * remains.
   */
  readonly unknown?: "fail" | "skip" | undefined
  /** Whether the configured fallbacks are added. Default true. */
  readonly configured?: boolean | undefined
}

/**
 * How many chains are cached. Requests may name any list of fallbacks, so the number of chains is unbounded.
 *
 * @internal
 */
export const capacity = 1_000

/**
 * The models of an application by name.
 *
 * @example
 * import { Catalog, Chain, Backend } from "effect-failover"
 * import { Result } from "effect"
 *
 * const catalog = Result.getOrThrow(Catalog.make({
 *   providers: [{ backend: Backend.make("oslo", {}) }, { backend: Backend.make("bergen", {}) }],
 *   models: { forecast: { chain: ["oslo/precise", "bergen/precise"] } },
 *   fallbacks: ["oslo/rough"]
 * }))
 *
 * Chain.specs(Result.getOrThrow(catalog.resolve("forecast")))
 * // => ["oslo/precise", "bergen/precise", "oslo/rough"]
 *
 * @category models
 */
export interface Catalog<P extends Backend> {
  /** The virtual models, in the order they were given. */
  readonly names: ReadonlyArray<string>
  /**
   * The chain of a request. The same name with the same fallbacks returns the same chain object, so that the runtime can reuse
   * what it prepared for it. The latest thousand chains are cached.
   */
  readonly resolve: (model: string, options?: ResolveOptions) => Result.Result<Chain.Chain<P>, UnknownModel>
  /**
   * A chain of exactly these specs and names: a list, or one text with commas. A name stands for the models of its chain. Every
   * call builds a new chain, so keep the result.
   */
  readonly chain: (
    links: string | ReadonlyArray<Link>
  ) => Result.Result<Chain.Chain<P>, UnknownModel | EmptyChain>
  /** A provider by its name; `undefined` if there is none with that name. */
  readonly provider: (name: string) => CatalogProvider<P> | undefined
  /**
   * Whether a request for a model of this provider has another target: another enabled credential, a fallback model of the
   * provider, or a general fallback. False for an unknown provider.
   */
  readonly hasFailover: (provider: string) => boolean
}

/** Builds a catalog. Fails when a name is unknown, when virtual models refer to each other in a circle, or when a chain is empty. */
export const make = <P extends Backend>(options: Options<P>): Result.Result<Catalog<P>, InvalidCatalog> => {
  Checks.fields("Catalog.make", options, {})
  Checks.fields(
    "Catalog.make",
    { ...options, providers: options.providers ?? null },
    {
      providers: lists((provider) => "backend" in provider, "{ backend: provider }"),
      models: (models) => Checks.object(models) ?? wrongModel(models as object),
      fallbacks: Checks.list
    }
  )
  const problems = [...problemsOf(options)]
  return problems.length > 0
    ? Result.fail(new InvalidCatalog({ problems }))
    : Result.succeed(fromValid(options))
}

/** For code without type checks: a list of objects of one form. */
const lists =
  (isOne: (value: object) => boolean, example: string): Checks.Check =>
  (value) =>
    Array.isArray(value) && value.every((one) => Checks.object(one) === undefined && isOne(one))
      ? undefined
      : `is ${Checks.quoted(value)}; it has to be a list of objects such as ${example}`

const wrongModel = (models: object): string | undefined => {
  for (const [name, model] of Object.entries(models)) {
    const chain: unknown = Checks.object(model) === undefined ? model.chain : undefined
    if (!Array.isArray(chain)) {
      return `has ${JSON.stringify(name)}, which has to be an object such as { chain: ["provider/model"] }`
    }
  }
  return undefined
}

/** The links of a list that is written as one text: `"openai/gpt-5-mini, groq/llama-4"`. */
export const split = (text: string): ReadonlyArray<string> =>
  text
    .split(",")
    .map((link) => link.trim())
    .filter((link) => link !== "")

const fromValid = <P extends Backend>(options: Options<P>): Catalog<P> => {
  const providers = new Map(options.providers.map((provider) => [provider.backend.name, provider]))
  const virtual = new Map(Object.entries(options.models ?? {}))
  const names = [...virtual.keys()]
  const cache = new Map<string, Result.Result<Chain.Chain<P>, UnknownModel>>()

  const listed = listedIn(options)

  const modelOf = (spec: ModelSpec.ModelSpec): Model.Model<P> | undefined => {
    const provider = providers.get(spec.provider)
    if (provider === undefined) return undefined
    const known = provider.models
    const model = Model.make(
      provider.backend,
      spec.model,
      known !== undefined && Object.hasOwn(known, spec.model) ? known[spec.model] : undefined
    )
    return listed.has(ModelSpec.format(spec)) ? model : { ...model, unlisted: true }
  }

  /** The tiers behind a name; `inside` are the virtual models that are being flattened. */
  const tiersOfName = (link: string, inside: ReadonlyArray<string>): ReadonlyArray<Chain.Tier<P>> => {
    const name = link.trim()
    const model = inside.includes(name) ? undefined : virtual.get(name)
    if (model !== undefined) return model.chain.flatMap((next) => tiersOf(next, [...inside, name]))
    const spec = ModelSpec.parse(name)
    const found = spec === undefined ? undefined : modelOf(spec)
    return found === undefined ? [] : [{ models: [found] }]
  }

  const tiersOf = (link: Link, inside: ReadonlyArray<string> = []): ReadonlyArray<Chain.Tier<P>> => {
    if (typeof link === "string") return tiersOfName(link, inside)
    const { equals, strategy } = Links.equalsOf(link)
    const models = equals.flatMap((member) => {
      const { model, weight } = typeof member === "string" ? { model: member } : member
      const found = tiersOfName(model, inside).flatMap((tier) => tier.models)
      return weight === undefined ? found : found.map((one) => Model.withWeight(one, weight))
    })
    return [strategy === undefined ? { models } : { models, strategy }]
  }

  const chainOf = (tiers: ReadonlyArray<Chain.Tier<P>>): Chain.Chain<P> =>
    Chain.fromLinks([Chain.fromTiers(tiers)])

  const isKnown = (name: string): boolean => {
    if (virtual.has(name)) return true
    const spec = options.namedModelsOnly === true ? undefined : ModelSpec.parse(name)
    return spec !== undefined && providers.has(spec.provider)
  }

  const fallbackModelsOf = (models: ReadonlyArray<Model.Model<P>>): ReadonlyArray<Model.Model<P>> =>
    [...new Set(models.map((model) => model.spec.provider))].flatMap((provider) =>
      (providers.get(provider)?.fallbackModels ?? []).flatMap(
        (model) => modelOf(ModelSpec.make(provider, model.trim())) ?? []
      )
    )

  const special = (links: ReadonlyArray<Link> | undefined): Chain.Chain<P> | undefined =>
    links === undefined || links.length === 0 ? undefined : chainOf(links.flatMap((link) => tiersOf(link)))

  const build = (
    name: string,
    fallbacks: ReadonlyArray<string>,
    { configured = true, unknown = "fail" }: ResolveOptions
  ): Result.Result<Chain.Chain<P>, UnknownModel> => {
    const links = [name, ...fallbacks]
    const known = links.filter(isKnown)
    if (known.length === 0 || (unknown === "fail" && known.length < links.length)) {
      return Result.fail(
        new UnknownModel({ model: links.find((link) => !isKnown(link)) ?? name, known: names })
      )
    }
    const own = known.flatMap((link) => tiersOf(link))
    const more = configured
      ? [
          ...fallbackModelsOf(own.flatMap(({ models }) => models)).map((model) => ({ models: [model] })),
          ...(options.fallbacks ?? []).flatMap((link) => tiersOf(link))
        ]
      : []
    const { onContentPolicy, onContextExceeded, policy } = virtual.get(name) ?? {}
    return Result.succeed({
      ...chainOf([...own, ...more]),
      onContextExceeded: special(onContextExceeded),
      onContentPolicy: special(onContentPolicy),
      policy
    })
  }

  return {
    names,
    provider: (name) => providers.get(name),
    hasFailover: (name) => {
      const provider = providers.get(name)
      if (provider === undefined) return false
      const enabled = provider.backend.credentials.filter((credential) => credential.enabled)
      return enabled.length > 1 || isSome(provider.fallbackModels) || isSome(options.fallbacks)
    },
    chain: (links) => {
      const list = typeof links === "string" ? split(links) : links
      const blank = list.findIndex((link) => Links.namesIn([link]).some((name) => name === ""))
      if (list.length === 0) return Result.fail(new EmptyChain())
      if (blank >= 0) return Result.fail(new EmptyChain({ index: blank }))
      const stranger = Links.namesIn(list).find((name) => tiersOf(name).length === 0)
      if (stranger !== undefined) return Result.fail(new UnknownModel({ model: stranger, known: names }))
      const chain = chainOf(list.flatMap((link) => tiersOf(link)))
      return chain.models.length === 0
        ? Result.fail(new EmptyChain())
        : Result.succeed(Chain.mapModels(chain, inCode))
    },
    resolve: (model, said = {}) => {
      const { configured = true, fallbacks = none, unknown = "fail" } = said
      const isPlain = fallbacks.length === 0 && configured && unknown === "fail"
      const key = isPlain ? model : JSON.stringify([model, configured, unknown, fallbacks])
      const known = cache.get(key)
      if (known !== undefined) return known
      const own = fallbacks.map((link) => link.trim()).filter((link) => link !== "")
      const built = build(model.trim(), own, said)
      if (Result.isFailure(built)) return built
      if (cache.size >= capacity) cache.delete(cache.keys().next().value!)
      cache.set(key, built)
      return built
    }
  }
}

/** A chain that is built in code counts as configured. */
const inCode = <P extends Backend>(model: Model.Model<P>): Model.Model<P> =>
  model.unlisted === true ? { ...model, unlisted: undefined } : model

/** `provider/model` of every model in the options. Requests may name any number of others. */
const listedIn = ({ fallbacks = [], models = {}, providers }: Options<Backend>): ReadonlySet<string> => {
  const specs = new Set<string>()
  const add = (links: ReadonlyArray<Link>) => {
    for (const name of Links.namesIn(links)) {
      const spec = ModelSpec.parse(name)
      if (spec !== undefined) specs.add(ModelSpec.format(spec))
    }
  }
  for (const { chain, onContentPolicy = [], onContextExceeded = [] } of Object.values(models)) {
    add([...chain, ...onContextExceeded, ...onContentPolicy])
  }
  for (const { fallbackModels = [], models = {}, backend } of providers) {
    for (const model of [...Object.keys(models), ...fallbackModels]) {
      specs.add(ModelSpec.format(ModelSpec.make(backend.name, model.trim())))
    }
  }
  add(fallbacks)
  return specs
}

const none: ReadonlyArray<string> = []

const isSome = (list: ReadonlyArray<unknown> | undefined): boolean => list !== undefined && list.length > 0
