/**
 * A language model that fails over: several `LanguageModel`s of `effect/ai` behind one.
 *
 * An application changes one layer and nothing else. The answer (`servedBy`) and the span name the target that
 * answered.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as EffectModel from "effect/ai/Model"
import * as Telemetry from "effect/ai/Telemetry"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { Strategy } from "../domain/Strategy.ts"
import type { Failover, FailoverOptions, Runtime } from "../engine/Failover.ts"
import type { BenchRegistry } from "../health/BenchRegistry.ts"
import type { Options as PolicyOptions } from "../policy/Policy.ts"
import { Histories, type Shared } from "./calls/Call.ts"
import * as Generate from "./calls/Generate.ts"
import * as Members from "./calls/Members.ts"
import { forCallers } from "./calls/ModelMethods.ts"
import * as StreamText from "./calls/StreamText.ts"
import { withRuntime } from "./calls/WithRuntime.ts"

export { failedRun } from "./calls/AiFailure.ts"
export {
  type Link,
  type Member,
  type MemberOptions,
  member,
  type Optional,
  optional
} from "./calls/Members.ts"
export { type Served, servedBy } from "./calls/ServedBy.ts"
export { Rejected, type Validate, Validation } from "./calls/Validation.ts"

/** One of the members of a failover layer: named by `member`, or a `Model`, which has its own name. */
export type LanguageModelLink = Members.Link<LanguageModel.LanguageModel>

/** The members of a failover layer, in the order in which they are tried. */
export type LanguageModelLinks = NonEmptyReadonlyArray<LanguageModelLink>

/** Options of a failover layer. */
export interface Options {
  /** Overrides all other policies for the requests through this layer. */
  readonly policy?: PolicyOptions | undefined
  /** The order in which the credentials of one model are tried. Default `sequential`. */
  readonly strategy?: Strategy | undefined
  /** The timeout for building a member's layer. Default 30 seconds. */
  readonly buildTimeout?: Duration.Input | undefined
}

/** Options of a layer with its own runtime, for itself and for the runtime. */
export interface LayerOptions extends Options, Pick<FailoverOptions, "observer" | "retryBudget"> {}

/**
 * A `LanguageModel` over several models, using the runtime of the context, so that it shares its bench with
 * everything else the runtime serves. See `layer`.
 */
export const layerNoDeps = <const Links extends LanguageModelLinks>(
  members: Links,
  options?: Options
): Layer.Layer<
  LanguageModel.LanguageModel,
  Members.ErrorOf<Links[number]>,
  Members.ServicesOf<Links[number]> | Failover
> =>
  Members.layerOver(LanguageModel.LanguageModel, members, {
    read: (context) => Context.get(context, LanguageModel.LanguageModel),
    buildTimeout: options?.buildTimeout,
    make: (failover, built) =>
      Effect.contextWith((context: Context.Context<never>) =>
        Effect.succeed(
          make(failover, built, options, Context.getOrUndefined(context, Telemetry.CurrentSpanTransformer))
        )
      )
  })

/**
 * A `LanguageModel` over several models: `generateText`, `generateObject` and `streamText` use the first available
 * member. It has its own runtime and uses the bench of the process (`BenchRegistry.layerMemory`).
 *
 * - The layers of the members are built together with this layer and share common dependencies. `optional` members
 *   are built in the background, and again after a failure.
 * - The toolkit is resolved once for each call. Approved tool calls run once, whatever happens to the models; once a
 *   model calls a tool, the rest of the call stays with that model: no failover, and no timeout but the caller's (a
 *   stream keeps its deadline). A tool's own error goes to the caller.
 * - Response ids (`ResponseIdTracker`) and other data of an account are sent only to the account they come from.
 * - A call fails with an `AiError`: the first attempt's, with those of the other attempts in the same cause;
 *   `failedRun` reads the whole run from the cause. An error inside a stream that has begun is passed on as a part.
 * - An unusable answer (a schema that a provider cannot express, an invalid object) falls back to the next model and
 *   benches nothing.
 *
 * **Gotchas**
 *
 * - A model's layer captures `IdGenerator` and `CurrentSpanTransformer` when it is built: provide them to this layer,
 *   not to the calls.
 * - With local tools the commit point of a stream is its first content, whatever the policy sets. The first piece of a
 *   tool call's parameters is content: a call whose parameters stream and do not decode ends the stream.
 * - A transformer of spans that only a member's own layer has is not called for `generateObject`.
 *
 * @example
 * import { BenchRegistry } from "effect-failover"
 * import { FailoverLanguageModel } from "effect-failover/ai"
 * import * as LanguageModel from "effect/ai/LanguageModel"
 * import { Effect, Layer, Stream } from "effect"
 *
 * const model = (text: string) => Layer.effect(LanguageModel.LanguageModel, LanguageModel.make({
 *   generateText: () => Effect.succeed([{ type: "text", text }]),
 *   streamText: () => Stream.empty
 * }))
 *
 * const layer = FailoverLanguageModel.layer([
 *   FailoverLanguageModel.member("openai/gpt-5.2", model("hello")),
 *   FailoverLanguageModel.member("anthropic/claude-sonnet-5", model("good day"))
 * ], { policy: { deadline: "1 minute" } })
 *
 * const program = Effect.gen(function* () {
 *   const { text } = yield* LanguageModel.generateText({ prompt: "greet me" })
 *   const benched = yield* (yield* BenchRegistry.BenchRegistry).list
 *   return { text, benched }
 * })
 * program.pipe(Effect.provide(layer))
 */
export const layer = <const Links extends LanguageModelLinks>(
  members: Links,
  options: LayerOptions = {}
): Layer.Layer<
  LanguageModel.LanguageModel | BenchRegistry,
  Members.ErrorOf<Links[number]>,
  Members.ServicesOf<Links[number]>
> => withRuntime(layerNoDeps(members, options), options)

/** The provider name of a failover model. */
export const provider = "effect-failover"

/**
 * The members as a `Model` of `effect/ai` with a name of your own: outside an attempt `Model.ModelName` is this name, inside it is the name
 * of the attempt's model. The layers of its members must not fail; `optional` members do not.
 */
export const model = <const Name extends string, const Links extends NonEmptyReadonlyArray<Infallible>>(
  name: Name,
  members: Links,
  options?: LayerOptions
): EffectModel.Model<
  typeof provider,
  LanguageModel.LanguageModel | BenchRegistry,
  Members.ServicesOf<Links[number]>
> =>
  // Such members cannot fail, but the compiler does not compute `ErrorOf` of a type parameter.
  EffectModel.make(
    provider,
    name,
    layer(members, options) as Layer.Layer<
      LanguageModel.LanguageModel | BenchRegistry,
      never,
      Members.ServicesOf<Links[number]>
    >
  )

type Infallible =
  | Members.Member<LanguageModel.LanguageModel, never, unknown>
  | Members.Optional<LanguageModel.LanguageModel, unknown>
  | Members.NamedLayer<LanguageModel.LanguageModel, never, unknown>

const make = (
  failover: Runtime,
  members: ReadonlyArray<Members.Built<LanguageModel.LanguageModel>>,
  options: Options = {},
  transformer: Telemetry.SpanTransformer | undefined
): LanguageModel.LanguageModel => {
  const chain = Members.toChain(members, options)
  const shared: Shared = { failover, chain, histories: new Histories(chain), transformer }
  return LanguageModel.LanguageModel.of({
    [LanguageModel.TypeId]: LanguageModel.TypeId,
    supportsSystemMessagesInHistory: supportedByAll(members),
    ...forCallers({
      generateText: Generate.make(shared, "generateText"),
      generateObject: Generate.make(shared, "generateObject"),
      streamText: StreamText.make(shared)
    })
  })
}

/** True only if every member supports it, because callers write their histories for it. */
const supportedByAll = (
  members: ReadonlyArray<Members.Built<LanguageModel.LanguageModel>>
): Effect.Effect<boolean> =>
  Effect.map(
    Effect.forEach(members, ({ handle }) => {
      const ready = handle.current()
      return ready === undefined
        ? Effect.succeed(true)
        : (ready.service.supportsSystemMessagesInHistory ?? Effect.succeed(false))
    }),
    (all) => all.every((supported) => supported)
  )
