/**
 * The members of a failover layer: a name and a layer each.
 *
 * Their layers are built together (see `Build`) with the memo map of the application, so that members may share a
 * client with each other and with everything else, and are released with the layer they are part of.
 */
import * as EffectModel from "effect/ai/Model"
import * as Telemetry from "effect/ai/Telemetry"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Backend from "../../domain/Backend.ts"
import * as BenchKey from "../../domain/BenchKey.ts"
import * as Chain from "../../domain/Chain.ts"
import * as Credential from "../../domain/Credential.ts"
import * as Model from "../../domain/Model.ts"
import * as ModelSpec from "../../domain/ModelSpec.ts"
import type { Strategy } from "../../domain/Strategy.ts"
import type { Target } from "../../domain/Target.ts"
import { Failover, type Runtime } from "../../engine/Failover.ts"
import type { Failure } from "../../failure/Failure.ts"
import { combine, type Options as PolicyOptions } from "../../policy/PolicyOptions.ts"
import * as Checks from "../../util/Checks.ts"
import * as UserCode from "../../util/UserCode.ts"
import * as Build from "./Build.ts"

/** Options of a member. */
export interface MemberOptions extends Model.ModelOptions {
  /**
   * The base URL. Members of one model with the same base URL fail together: after a fault of one the others are
   * skipped. Default: the provider's name.
   */
  readonly baseUrl?: string | undefined
  /** Its share under the `weighted` strategy. Default 1. */
  readonly weight?: number | undefined
}

/**
 * A member of a failover layer.
 *
 * @category models
 */
export interface Member<in Service, out E = never, out R = never> extends MemberOptions {
  /** `provider/model` or `provider/model#credential`. */
  readonly name: string
  readonly layer: Layer.Layer<Service, E, R>
}

/**
 * A member that is not required for the application to start.
 *
 * @category models
 */
export interface Optional<in Service, out R = never> {
  readonly member: Member<Service, unknown, R>
}

/** A layer with its own name: a `Model` of `effect/ai`. */
export type NamedLayer<Service, E = never, R = never> = Layer.Layer<
  Service | EffectModel.ProviderName | EffectModel.ModelName,
  E,
  R
>

/** A member of a failover layer in any form. */
export type Link<Service> =
  | Member<Service, unknown, unknown>
  | Optional<Service, unknown>
  | NamedLayer<Service, unknown, unknown>

/** The errors of the layers of some members. */
export type ErrorOf<L> =
  L extends Member<never, infer E, infer _R> ? E : L extends Layer.Layer<never, infer E, infer _R> ? E : never

/** The requirements of the layers of some members. */
export type ServicesOf<L> = Exclude<
  L extends Member<never, infer _E, infer R>
    ? R
    : L extends Optional<never, infer R>
      ? R
      : L extends Layer.Layer<never, infer _E, infer R>
        ? R
        : never,
  Scope.Scope
>

/**
 * A named member. Members with the same `provider/model` and different credentials are the keys of one model: they
 * are tried one after another before the next model. `policy` and `contextWindow` are those of the first of them.
 *
 * @example
 * import { FailoverLanguageModel } from "effect-failover/ai"
 * import * as LanguageModel from "effect/ai/LanguageModel"
 * import { Effect, Layer, Stream } from "effect"
 *
 * const model = (text: string) => Layer.effect(LanguageModel.LanguageModel, LanguageModel.make({
 *   generateText: () => Effect.succeed([{ type: "text", text }]),
 *   streamText: () => Stream.empty
 * }))
 * const layer = FailoverLanguageModel.layer([
 *   FailoverLanguageModel.member("openai/gpt-5.2#primary", model("hello")),
 *   FailoverLanguageModel.member("openai/gpt-5.2#backup", model("hello")),
 *   FailoverLanguageModel.optional(FailoverLanguageModel.member("local/llama-4", model("hi")))
 * ])
 */
export const member = <Service, E, R>(
  name: `${string}/${string}`,
  layer: Layer.Layer<Service, E, R>,
  options?: MemberOptions
): Member<Service, E, R> => ({ ...options, name, layer })

/**
 * A member that is not required for the application to start. Its layer is built in the background; while it cannot
 * be built, a warning is logged, the member counts as a missing model, and the others serve. It is benched for 5
 * seconds at first, later for at most 5 minutes, and every probe of it builds the layer again.
 */
export const optional = <Service, R>(member: Member<Service, unknown, R>): Optional<Service, R> => ({
  member
})

/** The names of a member in the services of `effect/ai`. */
export interface Names {
  readonly provider: string
  readonly model: string
}

/** A member with its layer built. */
export interface Built<out A> extends MemberOptions {
  readonly provider: string
  readonly model: string
  readonly credential: string | undefined
  readonly handle: Build.Handle<Ready<A>>
}

/** The service of a member. */
export interface Ready<out A> {
  readonly service: A
  /** The member's names in the services of `effect/ai`, for code that runs on its behalf. */
  readonly names: Names
}

/** Uses a member; builds its layer first if needed. */
export const using = <A, B, E, R>(
  { handle }: Built<A>,
  f: (ready: Ready<A>) => Effect.Effect<B, E, R>
): Effect.Effect<B, E | Failure, R> => {
  const ready = handle.current()
  return ready === undefined ? Effect.flatMap(handle.get, f) : f(ready)
}

/** A model with the members that serve it, one for each credential. */
export type MemberBackend<A> = Backend.Backend & {
  readonly service: { readonly at: (target: Target) => Built<A> }
}

/**
 * A service over members, using the runtime of the context. Their layers are built together; `read` takes from each
 * what `make` builds the service from. An invalid name is a defect.
 */
export const layerOver = <I, S, A, Links extends ReadonlyArray<Link<I>>>(
  key: Context.Key<I, S>,
  links: Links,
  options: {
    /** Renames members before they are built. Default: their own names. */
    readonly named?: ((link: Links[number]) => Link<I>) | undefined
    readonly read: (context: Context.Context<I>) => A
    readonly buildTimeout?: Duration.Input | undefined
    readonly make: (failover: Runtime, members: ReadonlyArray<Built<A>>) => Effect.Effect<S>
  }
): Layer.Layer<I, ErrorOf<Links[number]>, ServicesOf<Links[number]> | Failover> =>
  // The errors and requirements of a link are in the types of the links, not in those of `build`.
  Layer.fromBuildMemo((memoMap, scope) =>
    Effect.gen(function* () {
      const failover = yield* Failover
      Checks.fields("the options of the layer", options, { buildTimeout: Checks.duration })
      const { buildTimeout = Build.defaultBuildTimeout, make, named = (link) => link, read } = options
      const site: Site<I, A> = { read, memoMap, scope, timeout: buildTimeout }
      const members = yield* Effect.forEach(links, (link) => build(named(link), site), {
        concurrency: "unbounded"
      })
      return Context.make(key, yield* make(failover, members))
      // Members keep the transformer of spans that they are built with.
    }).pipe(Effect.updateContext((context: Context.Context<unknown>) => containedIn(context)))
  ) as Layer.Layer<I, ErrorOf<Links[number]>, ServicesOf<Links[number]> | Failover>

type Site<I, A> = Omit<Build.Plan<I, A>, "name" | "layer">

const build = <I, A>(link: Link<I>, site: Site<I, A>): Effect.Effect<Built<A>, unknown, unknown> => {
  if (isLayer(link)) {
    const plan = {
      ...site,
      name: "a Model",
      layer: link,
      read: reading(site.read, { provider: "", model: "" })
    }
    return Effect.map(Build.required(plan), (handle) => ({
      ...(handle.current()?.names ?? { provider: "", model: "" }),
      credential: undefined,
      handle
    }))
  }
  const { layer, name, ...options } = "member" in link ? link.member : link
  const { credential, model, provider } = BenchKey.parse(name) ?? {}
  if (provider === undefined || model === undefined) {
    return Effect.die(
      new Error(`${JSON.stringify(name)} is not a valid member name: "provider/model#credential"`)
    )
  }
  const plan = { ...site, name, layer, read: reading(site.read, { provider, model }) }
  const shared = { ...options, provider, model, credential }
  return "member" in link
    ? Effect.map(Build.optional(plan), (handle) => ({
        ...shared,
        policy: combine(soonAgain, shared.policy ?? {}),
        handle
      }))
    : Effect.map(Build.required(plan), (handle) => ({ ...shared, handle }))
}

/** A missing member may become available soon. */
const soonAgain: PolicyOptions = { cooldown: { modelMissing: { base: "5 seconds", max: "5 minutes" } } }

const reading =
  <I, A>(read: (context: Context.Context<I>) => A, names: Names) =>
  (context: Context.Context<I>): Ready<A> => ({ service: read(context), names: namesIn(context, names) })

const namesIn = (context: Context.Context<never>, { model, provider }: Names): Names => ({
  provider: Option.getOrElse(Context.getOption(context, EffectModel.ProviderName), () => provider),
  model: Option.getOrElse(Context.getOption(context, EffectModel.ModelName), () => model)
})

const isLayer = <I>(link: Link<I>): link is NamedLayer<I, unknown, unknown> => Layer.isLayer(link)

/**
 * The members as a chain of backends, one for each model: a backend's service finds a member by the name of its
 * credential. Members of the same model without a credential are called `default`, `2`, `3`, …
 */
export const toChain = <A>(
  members: ReadonlyArray<Built<A>>,
  options: {
    readonly strategy?: Strategy | undefined
    readonly policy?: PolicyOptions | undefined
  }
): Chain.Chain<MemberBackend<A>> => {
  const models = new Map<string, Array<Built<A>>>()
  for (const built of members) {
    const spec = ModelSpec.format(built)
    models.set(spec, [...(models.get(spec) ?? []), built])
  }
  const links = [...models.values()].map(([first, ...others]) => {
    const { contextWindow, model, policy, provider } = first!
    const byCredential = new Map<string, Built<A>>()
    for (const built of [first!, ...others]) byCredential.set(credentialOf(built, byCredential), built)
    const [one, ...rest] = [...byCredential].map(([name, { baseUrl, weight }]) =>
      Credential.make(name, { baseUrl, weight })
    )
    const backend: MemberBackend<A> = Backend.make(
      provider,
      { at: (target: Target) => byCredential.get(target.credential.name)! },
      { credentials: [one!, ...rest], strategy: options.strategy }
    )
    return Model.make(backend, model, { contextWindow, policy })
  })
  // Each model has its own backend; those of one provider share its name, and so the benches of its keys.
  return Chain.withPolicy({ models: links }, options.policy ?? {})
}

const credentialOf = ({ credential }: Built<unknown>, taken: ReadonlyMap<string, unknown>): string => {
  const name = credential ?? (taken.size === 0 ? Credential.none.name : String(taken.size + 1))
  if (taken.has(name)) throw new Error(`two members of one model have the credential ${JSON.stringify(name)}`)
  return name
}

// -- transformers of spans ----------------------------------------------------------------------------------------

/**
 * A transformer of spans is code of the application: one that throws changes neither an answer nor the bench. The span stays as it
 * is, and a warning is logged once.
 */
export const contained =
  (transformer: Telemetry.SpanTransformer, context: Context.Context<never>): Telemetry.SpanTransformer =>
  (options) => {
    try {
      transformer(options)
    } catch (error) {
      const did = UserCode.threw(error)
      UserCode.name(transformer, "the transformer of spans", did, "the span stays as it is", context)
    }
  }

/** The context with its transformer contained; the same one without a transformer. */
export const containedIn = <R>(context: Context.Context<R>): Context.Context<R> => {
  const own = Context.getOrUndefined(context as Context.Context<never>, Telemetry.CurrentSpanTransformer)
  return own === undefined
    ? context
    : Context.add(
        context,
        Telemetry.CurrentSpanTransformer,
        contained(own, context as Context.Context<never>)
      )
}
