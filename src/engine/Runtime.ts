/** The runtime behind the `Failover` service. */

import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { type Explained, explain } from "../candidates/Explain.ts"
import { Namesakes } from "../candidates/Namesakes.ts"
import { type PreparedChain, prepare } from "../candidates/PreparedChain.ts"
import type { Backend } from "../domain/Backend.ts"
import type { Chain } from "../domain/Chain.ts"
import type { AnswerOf, AnyProvider, ChunkOf, Provider, RequestOf } from "../domain/Provider.ts"
import type { Target } from "../domain/Target.ts"
import * as FailoverEvent from "../events/FailoverEvent.ts"
import type { RunError, StreamBroken } from "../failure/RunError.ts"
import type { BenchRegistry } from "../health/BenchRegistry.ts"
import * as EngineBench from "../health/EngineBench.ts"
import type { Limiter } from "../health/Limiter.ts"
import type { Options as PolicyOptions } from "../policy/Policy.ts"
import * as PolicyChecks from "../policy/PolicyChecks.ts"
import * as Flow from "../stream/Flow.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import * as Checks from "../util/Checks.ts"
import type {
  Answered,
  CallOptions,
  Opened,
  Use,
  UseAnswered,
  UseOptions,
  UseStream,
  UseStreamOptions
} from "./CallOptions.ts"
import * as EffectRun from "./EffectRun.ts"
import type { Engine } from "./Engine.ts"
import * as ProviderRun from "./ProviderRun.ts"
import type { Shared } from "./run/RunOptions.ts"
import { defaultRetryBudget, makeSharedState, type SharedState, waitingOf } from "./SharedState.ts"
import * as StreamRun from "./StreamRun.ts"

/** The methods of the `Failover` service. */
export interface Runtime {
  /** One whole answer from a chain of providers. */
  readonly complete: <P extends AnyProvider, R>(
    chain: Chain<P, R>,
    request: RequestOf<P>,
    options?: CallOptions
  ) => Effect.Effect<AnswerOf<P>, RunError, R>
  /** One whole answer, with the target that gave it and the attempts that had failed before. */
  readonly answer: <P extends AnyProvider, R>(
    chain: Chain<P, R>,
    request: RequestOf<P>,
    options?: CallOptions
  ) => Effect.Effect<Answered<AnswerOf<P>>, RunError, R>
  /**
   * A stream from a chain of providers. It fails over until its commit point and never after it; from then on a
   * failure ends it with `StreamBroken`, which holds the failure. A consumer that stops reading cancels the upstream.
   */
  readonly stream: <P extends AnyProvider, R>(
    chain: Chain<P, R>,
    request: RequestOf<P>,
    options?: CallOptions
  ) => Stream.Stream<ChunkOf<P>, RunError | StreamBroken, R>
  /**
   * Opens a stream up to its commit point, for callers that have to send something before the first chunk, such as an HTTP
   * status. The stream is closed with the scope and can be run once.
   */
  readonly open: <P extends AnyProvider, R>(
    chain: Chain<P, R>,
    request: RequestOf<P>,
    options?: CallOptions
  ) => Effect.Effect<Opened<ChunkOf<P>>, RunError, R | Scope.Scope>
  /** The generic form: any effect of any service. */
  readonly use: Use
  /** The generic form, with the target that answered and the attempts that had failed before. */
  readonly useAnswered: UseAnswered
  /** The generic form for streams. */
  readonly useStream: UseStream
  /** The targets that a request would try now, in order, and why others would be skipped. */
  readonly explain: <P extends Backend, R>(
    chain: Chain<P, R>
  ) => Effect.Effect<ReadonlyArray<Explained>, never, R>
  /** How many retries the whole process may make now. */
  readonly retriesLeft: Effect.Effect<number>
}

/** The options of a runtime. */
export interface FailoverOptions {
  /** Policy options for all requests. They override the defaults and those of the process (`Policy.ProcessDefaults`). */
  readonly policy?: PolicyOptions | undefined
  /** Retries per request that the whole process may make in the long run. Default 0.2; infinite for no bound. */
  readonly retryBudget?: number | undefined
  /** Counts the requests of credentials with an `rpm` limit. Default: `Limiter.memory()`. */
  readonly limiter?: Limiter | undefined
  /** Receives the events of all requests. */
  readonly observer?: FailoverEvent.Observer | undefined
}

/**
 * Builds a runtime over a bench. `process` are options that the runtime's own override. Runtimes with the same `kept` share one
 * retry budget, with the share of the latest runtime.
 */
export const makeRuntime = (
  registry: BenchRegistry["Service"],
  options: FailoverOptions = {},
  process: PolicyOptions = {},
  kept: SharedState = makeSharedState(options.limiter)
): Runtime => {
  checkOptions(options, process)
  const bench = EngineBench.of(registry)
  const layers = [process, options.policy]
  const preparedChains = new WeakMap<object, PreparedChain<Backend, unknown>>()
  const namesakes = new Namesakes()

  const prepareOnce = <P extends Backend, R>(
    chain: Chain<P, R>,
    context?: Context.Context<R>
  ): PreparedChain<P, R> => {
    const known = preparedChains.get(chain) as PreparedChain<P, R> | undefined
    const prepared = known ?? prepareNew(chain)
    if (context !== undefined) namesakes.begins(prepared, context)
    return prepared
  }

  const prepareNew = <P extends Backend, R>(chain: Chain<P, R>): PreparedChain<P, R> => {
    checkChain(chain)
    const made = prepare(chain, layers, kept.signals, namesakes.uses)
    preparedChains.set(chain, made)
    return made
  }

  kept.budget.setShare(options.retryBudget ?? defaultRetryBudget)
  const { queues, room } = waitingOf(kept, bench)
  const shared: Shared = { ...kept, queues, room, registry: bench, prepare: prepareOnce }

  const observer = options.observer && FailoverEvent.contained(options.observer, shared)
  const engine: Engine = { shared, observer }

  const answer = <Request, Answer, Chunk, R>(
    chain: Chain<Provider<Request, Answer, Chunk>, R>,
    request: Request,
    call: CallOptions | undefined
  ) => ProviderRun.answer(engine, chain, request, call)

  const complete = <Request, Answer, Chunk, R>(
    chain: Chain<Provider<Request, Answer, Chunk>, R>,
    request: Request,
    call: CallOptions | undefined
  ) => Effect.map(answer(chain, request, call), valueOf)

  const stream = <Request, Answer, Chunk, R>(
    chain: Chain<Provider<Request, Answer, Chunk>, R>,
    request: Request,
    call: CallOptions | undefined
  ) => StreamRun.streamFrom((scope) => ProviderRun.open(engine, chain, request, call, scope))

  const openScoped = <Request, Answer, Chunk, R>(
    chain: Chain<Provider<Request, Answer, Chunk>, R>,
    request: Request,
    call: CallOptions | undefined
  ) =>
    Effect.flatMap(Effect.scope, (scope) =>
      Effect.map(ProviderRun.open(engine, chain, request, call, scope), (opened) => ({
        ...opened,
        value: Flow.toStream(() => opened.value)
      }))
    )

  return {
    // The compiler cannot see that all providers of the chain accept a `RequestOf`.
    complete: complete as Runtime["complete"],
    answer: answer as Runtime["answer"],
    stream: stream as Runtime["stream"],
    open: openScoped as Runtime["open"],
    use: (<P extends Backend, RP, A, E, R>(
      chain: Chain<P, RP>,
      effect: (backend: P, target: Target) => Effect.Effect<A, E, R>,
      call?: UseOptions<E>
    ) =>
      Effect.map(EffectRun.use(engine, chain, effect, call, call?.request, never, always), valueOf)) as Use,
    useAnswered: (<P extends Backend, RP, A, E, R>(
      chain: Chain<P, RP>,
      effect: (backend: P, target: Target) => Effect.Effect<A, E, R>,
      call?: UseOptions<E>
    ) => EffectRun.use(engine, chain, effect, call, call?.request, never, always)) as UseAnswered,
    useStream: (<P extends Backend, RP, C, E, R>(
      chain: Chain<P, RP>,
      stream: (backend: P, target: Target) => Stream.Stream<C, E, R>,
      call?: UseStreamOptions<E, C>
    ) =>
      StreamRun.streamFrom((scope) =>
        StreamRun.open(
          engine,
          chain,
          stream,
          () => ({ phase: call?.phase }),
          call,
          call?.request,
          never,
          always,
          scope
        )
      )) as UseStream,
    explain: <P extends Backend, R>(chain: Chain<P, R>) =>
      Effect.flatMap(Effect.context<R>(), (context) =>
        Effect.map(MonotonicClock.currentTimeMillis, (now) =>
          explain(
            prepareOnce(chain),
            context,
            { state: bench.stateUnsafe(), limits: shared.limits, room },
            now
          )
        )
      ),
    retriesLeft: Effect.map(MonotonicClock.currentTimeMillis, (now) => shared.budget.left(now))
  }
}

/** For code without type checks: the error names the argument. */
const checkChain = (chain: unknown): void => {
  if (!Array.isArray((chain as Chain<Backend> | undefined)?.models)) {
    Checks.refuse("Failover", ["the chain is not a chain; it has to be one such as Chain.make(model)"])
  }
}

const checkOptions = (options: FailoverOptions, process: PolicyOptions): void => {
  PolicyChecks.check("Policy.ProcessDefaults", process)
  Checks.fields("the options of the Failover layer", options, {})
  PolicyChecks.check("the policy of the Failover layer", options.policy)
  Checks.fields("the options of the Failover layer", options, {
    retryBudget: Checks.number("a number of retries per request, at least 0, or infinite", {
      least: 0,
      most: Number.POSITIVE_INFINITY
    }),
    limiter: (limiter) =>
      Checks.callable((limiter as Partial<Limiter> | null)?.take)?.replace(/^/, "has a take that "),
    observer: Checks.callable
  })
}

const never = () => false

const always = () => true

const valueOf = <A>(served: Answered<A>): A => served.value
