/**
 * The `Failover` service: a request gets its answer from the best target that can give one now.
 *
 * One service per process holds what requests share: the bench, the retry budget, the turns of strategies.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Explained } from "../candidates/Explain.ts"
import type { Backend } from "../domain/Backend.ts"
import type { Chain } from "../domain/Chain.ts"
import type { AnswerOf, AnyProvider, ChunkOf, RequestOf } from "../domain/Provider.ts"
import type { Target } from "../domain/Target.ts"
import type * as Failure from "../failure/Failure.ts"
import type { RunError, StreamBroken } from "../failure/RunError.ts"
import * as BenchRegistry from "../health/BenchRegistry.ts"
import { ProcessDefaults } from "../policy/Policy.ts"
import type {
  Answered,
  CallOptions,
  Classified,
  Opened,
  Own,
  Use,
  UseAnswered,
  UseOptions,
  UseStream,
  UseStreamOptions
} from "./CallOptions.ts"
import type { CommittedStreamError } from "./CommittedStream.ts"
import { type NotMine, notMine } from "./failures/Classify.ts"
import { type FailoverOptions, makeRuntime, type Runtime } from "./Runtime.ts"

export type {
  Answered,
  CallOptions,
  Classified,
  CommittedStreamError,
  Explained,
  FailoverOptions,
  NotMine,
  Opened,
  Own,
  Runtime,
  Use,
  UseAnswered,
  UseOptions,
  UseStream,
  UseStreamOptions
}
export { notMine }

/**
 * The failover runtime.
 *
 * All methods fail with a `RunError` when no target could answer: `BadRequest` or `ContextExceeded` as
 * received, `ChainExhausted` with every attempt's failure, `AllBenched`, or `DeadlineExceeded`. Interrupting a call stops the
 * attempt under way, does not count as a failure of a target, and releases a probe's slot.
 *
 * @category services
 */
export class Failover extends Context.Service<Failover, Runtime>()("effect-failover/Failover") {}

/** Builds the runtime over the bench in the context. */
export const make = (options?: FailoverOptions): Effect.Effect<Runtime, never, BenchRegistry.BenchRegistry> =>
  Effect.flatMap(BenchRegistry.BenchRegistry, (registry) =>
    Effect.map(ProcessDefaults, (process) => makeRuntime(registry, options, process))
  )

/** Provides the runtime over the bench registry in the context. */
export const layerNoDeps = (
  options?: FailoverOptions
): Layer.Layer<Failover, never, BenchRegistry.BenchRegistry> =>
  Layer.effect(
    Failover,
    Effect.suspend(() => make(options))
  )

/**
 * Provides the runtime and a bench registry in memory.
 *
 * @example
 * import { Failover } from "effect-failover"
 *
 * Failover.layer({ policy: { maxWait: "1 second", whenAllBenched: "fail" } })
 */
export const layer = (options?: FailoverOptions): Layer.Layer<Failover | BenchRegistry.BenchRegistry> =>
  Layer.provideMerge(layerNoDeps(options), BenchRegistry.layerMemory)

/**
 * One whole answer from a chain of providers, through the `Failover` in the context.
 *
 * @example
 * import { Chain, Failover, Failure } from "effect-failover"
 * import { Scripted } from "effect-failover/testing"
 * import { Effect } from "effect"
 *
 * const throttled = Scripted.make("throttled", [[new Failure.RateLimit({ message: "slow down" })]])
 * const healthy = Scripted.make("healthy", [["hello"]])
 * const chain = Chain.make(throttled.model("large"), healthy.model("small"))
 *
 * const program = Failover.complete(chain, "a prompt") // answers "hello"
 * program.pipe(Effect.provide(Failover.layer()))
 */
export const complete = <P extends AnyProvider, R>(
  chain: Chain<P, R>,
  request: RequestOf<P>,
  options?: CallOptions
): Effect.Effect<AnswerOf<P>, RunError, R | Failover> =>
  Effect.flatMap(Failover, (failover) => failover.complete(chain, request, options))

/**
 * One whole answer from a chain of providers, with the target that gave it and the attempts that had failed before; through
 * the `Failover` in the context.
 */
export const answer = <P extends AnyProvider, R>(
  chain: Chain<P, R>,
  request: RequestOf<P>,
  options?: CallOptions
): Effect.Effect<Answered<AnswerOf<P>>, RunError, R | Failover> =>
  Effect.flatMap(Failover, (failover) => failover.answer(chain, request, options))

/**
 * A stream from a chain of providers, through the `Failover` in the context. It fails over until its commit point
 * and never after it.
 */
export const stream = <P extends AnyProvider, R>(
  chain: Chain<P, R>,
  request: RequestOf<P>,
  options?: CallOptions
): Stream.Stream<ChunkOf<P>, RunError | StreamBroken, R | Failover> =>
  Stream.unwrap(Effect.map(Failover, (failover) => failover.stream(chain, request, options)))

/**
 * Opens a stream from a chain of providers up to its commit point, for callers that have to send something before the first
 * chunk, such as an HTTP status; through the `Failover` in the context. The stream is closed with the scope and can be run
 * once.
 */
export const open = <P extends AnyProvider, R>(
  chain: Chain<P, R>,
  request: RequestOf<P>,
  options?: CallOptions
): Effect.Effect<Opened<ChunkOf<P>>, RunError, R | Failover | Scope.Scope> =>
  Effect.flatMap(Failover, (failover) => failover.open(chain, request, options))

/**
 * The generic form: any effect of any service fails over, through the `Failover` in the context.
 *
 * @example
 * import { Chain, Failover, Failure, Backend } from "effect-failover"
 * import { Effect } from "effect"
 *
 * const oslo = Backend.make("oslo", { today: Effect.fail("closed") })
 * const bergen = Backend.make("bergen", { today: Effect.succeed("rain") })
 * const chain = Chain.make(oslo.model("forecast"), bergen.model("forecast"))
 *
 * const today = Failover.use(chain, (backend) => backend.service.today, {
 *   // an error that says nothing about the target is `Failover.notMine`: the caller gets it as it is
 *   classify: (error) => new Failure.Transient({ reason: "ServerError", message: error })
 * })
 */
export const use: Use<Failover> = <P extends Backend, RP, A, E, R, K extends Failure.Failure | NotMine>(
  chain: Chain<P, RP>,
  effect: (backend: P, target: Target) => Effect.Effect<A, E, R>,
  options?: UseOptions<E, K>
): Effect.Effect<A, RunError | Own<E, K>, RP | R | Failover> =>
  Effect.flatMap(Failover, (failover) =>
    // Without `classify` all errors are failures, as the type demands.
    failover.use(chain, effect, options as Classified<UseOptions<E, K>>)
  )

/**
 * The generic form for any effect of any service, with the target that answered and the attempts that had failed before;
 * through the `Failover` in the context.
 */
export const useAnswered: UseAnswered<Failover> = <
  P extends Backend,
  RP,
  A,
  E,
  R,
  K extends Failure.Failure | NotMine
>(
  chain: Chain<P, RP>,
  effect: (backend: P, target: Target) => Effect.Effect<A, E, R>,
  options?: UseOptions<E, K>
): Effect.Effect<Answered<A>, RunError | Own<E, K>, RP | R | Failover> =>
  Effect.flatMap(Failover, (failover) =>
    failover.useAnswered(chain, effect, options as Classified<UseOptions<E, K>>)
  )

/**
 * The generic form for streams: any stream of any service fails over until its commit point, through the `Failover` in the
 * context. The options say what a chunk means.
 */
export const useStream: UseStream<Failover> = <
  P extends Backend,
  RP,
  C,
  E,
  R,
  K extends Failure.Failure | NotMine
>(
  chain: Chain<P, RP>,
  stream: (backend: P, target: Target) => Stream.Stream<C, E, R>,
  options?: UseStreamOptions<E, C, K>
): Stream.Stream<C, RunError | StreamBroken | Own<E, K>, RP | R | Failover> =>
  Stream.unwrap(
    Effect.map(Failover, (failover) =>
      failover.useStream(chain, stream, options as Classified<UseStreamOptions<E, C, K>>)
    )
  )
