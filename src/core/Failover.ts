/**
 * The failover runtime: a request gets its answer from the best target that can give one now.
 *
 * One service per process holds what requests share (the bench, the retry budget, the turns of the strategies); what
 * belongs to one request lives in its `Run`.
 */
import type * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Attempt from "./Attempt.ts"
import { BenchRegistry } from "./BenchRegistry.ts"
import type { Chain } from "./Chain.ts"
import type { Commit } from "./Commit.ts"
import { combine, type Observer } from "./FailoverEvent.ts"
import * as Failure from "./Failure.ts"
import { OpenStream, type PhaseOf } from "./OpenStream.ts"
import type { Options as PolicyOptions, WhenAllBenched } from "./Policy.ts"
import type { Pool } from "./Pool.ts"
import { type Prepared, prepare } from "./Prepared.ts"
import type { Provider } from "./Provider.ts"
import { RetryBudget } from "./RetryBudget.ts"
import { Run, type RunOptions, type Served, type Shared } from "./Run.ts"
import type { FailedAttempt, RunError } from "./RunError.ts"
import { Tail, type TailError } from "./Tail.ts"
import type { Target } from "./Target.ts"

/** What one request may set for itself. */
export interface CallOptions {
  /** For the whole request; see `Policy`. */
  readonly deadline?: Duration.Input | undefined
  readonly attempts?: number | undefined
  readonly whenAllBenched?: WhenAllBenched | undefined
  readonly commit?: Commit | undefined
  /** Hears the events of this request, besides the runtime's own observer. */
  readonly observer?: Observer | undefined
}

/** An answer, and where it came from. */
export interface Answered<out A> {
  readonly value: A
  readonly target: Target
  /** Attempts made, the successful one included. */
  readonly attempts: number
  /** The attempts that failed before, in order. */
  readonly failed: ReadonlyArray<FailedAttempt>
}

/** How the generic form reads its errors. */
export interface UseOptions<in E> extends CallOptions {
  /** What an error of the effect means. Errors that are failures already, and defects, need no reading. */
  readonly classify?: ((error: E, target: Target) => Failure.Failure) | undefined
  /** For observers: what was asked. */
  readonly request?: unknown
}

/** How the generic form reads a stream. */
export interface UseStreamOptions<in E, in C> extends UseOptions<E> {
  /**
   * What a chunk means. Without it every chunk is content, and the end of the stream completes it; with it a stream
   * that ends without having said that it is complete is `Truncated`.
   */
  readonly phase?: PhaseOf<C>
}

/**
 * The failover runtime.
 *
 * All methods fail with a `RunError` when no target could answer: `BadRequest` and `ContextExceeded` as they came,
 * `ChainExhausted` with every attempt's failure, `AllBenched`, or `DeadlineExceeded`. Interrupting a call stops what
 * is under way, counts against nobody and frees a probe's slot.
 *
 * @category services
 */
export class Failover extends Context.Service<
  Failover,
  {
    /** One whole answer from a chain of providers. */
    readonly complete: <Request, Answer, Chunk, R>(
      chain: Chain<Provider<Request, Answer, Chunk>, R>,
      request: Request,
      options?: CallOptions
    ) => Effect.Effect<Answer, RunError, R>
    /** The same, with the target that answered and the attempts before. */
    readonly answer: <Request, Answer, Chunk, R>(
      chain: Chain<Provider<Request, Answer, Chunk>, R>,
      request: Request,
      options?: CallOptions
    ) => Effect.Effect<Answered<Answer>, RunError, R>
    /**
     * A stream from a chain of providers. It fails over until its commit point and never after it; from then on a
     * failure ends it with the typed failure. A consumer that stops reading lets the upstream go.
     */
    readonly stream: <Request, Answer, Chunk, R>(
      chain: Chain<Provider<Request, Answer, Chunk>, R>,
      request: Request,
      options?: CallOptions
    ) => Stream.Stream<Chunk, RunError | Failure.Failure, R>
    /**
     * Opens a stream up to its commit point, for those who have to say something before the first chunk, such as
     * an HTTP status. The stream lives in the scope and can be run once.
     */
    readonly open: <Request, Answer, Chunk, R>(
      chain: Chain<Provider<Request, Answer, Chunk>, R>,
      request: Request,
      options?: CallOptions
    ) => Effect.Effect<Answered<Stream.Stream<Chunk, TailError>>, RunError, R | Scope.Scope>
    /** The generic form: any effect per target, of any service. */
    readonly use: <P extends Pool, RP, A, E, R>(
      chain: Chain<P, RP>,
      effect: (pool: P, target: Target) => Effect.Effect<A, E, R>,
      options?: UseOptions<E>
    ) => Effect.Effect<Answered<A>, RunError, RP | R>
    /** The generic form for streams. */
    readonly useStream: <P extends Pool, RP, C, E, R>(
      chain: Chain<P, RP>,
      stream: (pool: P, target: Target) => Stream.Stream<C, E, R>,
      options?: UseStreamOptions<E, C>
    ) => Stream.Stream<C, RunError | Failure.Failure, RP | R>
  }
>()("effect-failover/Failover") {
  /** The runtime over a bench that is there already. */
  static readonly layerNoDeps = (options?: FailoverOptions): Layer.Layer<Failover, never, BenchRegistry> =>
    Layer.effect(
      Failover,
      Effect.suspend(() => make(options))
    )

  /**
   * The runtime with a bench in memory.
   *
   * @example
   * import { Failover } from "effect-failover"
   *
   * Failover.Failover.layer({ policy: { patience: "1 second", whenAllBenched: "fail" } })
   */
  static readonly layer = (options?: FailoverOptions): Layer.Layer<Failover | BenchRegistry> =>
    Layer.provideMerge(Failover.layerNoDeps(options), BenchRegistry.layerMemory)
}

/**
 * One whole answer from a chain of providers, through the `Failover` of the context.
 *
 * @example
 * import { Chain, Failover } from "effect-failover"
 * import { Scripted } from "effect-failover/testing"
 * import { Effect } from "effect"
 *
 * const chain = Chain.make(Scripted.model("hello"))
 * Failover.complete(chain, "a prompt").pipe(Effect.provide(Failover.Failover.layer()))
 */
export const complete = <Request, Answer, Chunk, R>(
  chain: Chain<Provider<Request, Answer, Chunk>, R>,
  request: Request,
  options?: CallOptions
): Effect.Effect<Answer, RunError, R | Failover> => Effect.map(answer(chain, request, options), valueOf)

/** The same, with the target that answered and the attempts that had failed before. */
export const answer = <Request, Answer, Chunk, R>(
  chain: Chain<Provider<Request, Answer, Chunk>, R>,
  request: Request,
  options?: CallOptions
): Effect.Effect<Answered<Answer>, RunError, R | Failover> =>
  Effect.flatMap(Failover, (failover) => failover.answer(chain, request, options))

/**
 * A stream from a chain of providers, through the `Failover` of the context. It fails over until its commit point
 * and never after it.
 */
export const stream = <Request, Answer, Chunk, R>(
  chain: Chain<Provider<Request, Answer, Chunk>, R>,
  request: Request,
  options?: CallOptions
): Stream.Stream<Chunk, RunError | Failure.Failure, R | Failover> =>
  Stream.unwrap(Effect.map(Failover, (failover) => failover.stream(chain, request, options)))

/** Opens a stream up to its commit point, through the `Failover` of the context; see its `open`. */
export const open = <Request, Answer, Chunk, R>(
  chain: Chain<Provider<Request, Answer, Chunk>, R>,
  request: Request,
  options?: CallOptions
): Effect.Effect<Answered<Stream.Stream<Chunk, TailError>>, RunError, R | Failover | Scope.Scope> =>
  Effect.flatMap(Failover, (failover) => failover.open(chain, request, options))

/**
 * The generic form: any effect of any service fails over, through the `Failover` of the context.
 *
 * @example
 * import { Chain, Failover, Failure, Model, Pool } from "effect-failover"
 * import { Effect } from "effect"
 *
 * const oslo = Pool.make("oslo", { today: Effect.fail("closed") })
 * const bergen = Pool.make("bergen", { today: Effect.succeed("rain") })
 * const chain = Chain.make(Model.make(oslo, "forecast"), Model.make(bergen, "forecast"))
 *
 * const today = Failover.use(chain, (pool) => pool.service.today, {
 *   classify: (error) => new Failure.Transient({ reason: "ServerError", message: error })
 * })
 */
export const use = <P extends Pool, RP, A, E, R>(
  chain: Chain<P, RP>,
  effect: (pool: P, target: Target) => Effect.Effect<A, E, R>,
  options?: UseOptions<E>
): Effect.Effect<A, RunError, RP | R | Failover> =>
  Effect.flatMap(Failover, (failover) => Effect.map(failover.use(chain, effect, options), valueOf))

/** The generic form for streams, through the `Failover` of the context. */
export const useStream = <P extends Pool, RP, C, E, R>(
  chain: Chain<P, RP>,
  stream: (pool: P, target: Target) => Stream.Stream<C, E, R>,
  options?: UseStreamOptions<E, C>
): Stream.Stream<C, RunError | Failure.Failure, RP | R | Failover> =>
  Stream.unwrap(Effect.map(Failover, (failover) => failover.useStream(chain, stream, options)))

/** What a runtime can be told. */
export interface FailoverOptions {
  /** Laid over the defaults, for everything. */
  readonly policy?: PolicyOptions | undefined
  /** Retries per request that the whole process may make in the long run. Default 0.2; infinite for no bound. */
  readonly retryBudget?: number | undefined
  /** Hears the events of all requests. */
  readonly observer?: Observer | undefined
}

/** Retries per request that a process may make in the long run, when nothing else is said (Finagle's default too). */
export const defaultRetryBudget = 0.2

/** Builds the runtime over the bench in the context. */
export const make = (
  options: FailoverOptions = {}
): Effect.Effect<Failover["Service"], never, BenchRegistry> =>
  Effect.map(BenchRegistry, (registry) => {
    const shared: Shared = {
      registry,
      budget: new RetryBudget(options.retryBudget ?? defaultRetryBudget),
      turns: new Map()
    }
    const preparedChains = new WeakMap<object, Prepared<Pool, unknown>>()

    const prepared = <P extends Pool, R>(chain: Chain<P, R>): Prepared<P, R> => {
      const known = preparedChains.get(chain)
      if (known !== undefined) return known as Prepared<P, R>
      const made = prepare(chain, options.policy)
      preparedChains.set(chain, made)
      return made
    }

    const newRun = <P extends Pool, R, A>(
      how: How<P, A>,
      chain: Chain<P, R>,
      call: CallOptions | undefined,
      context: Context.Context<R>
    ): Run<P, R, A> => {
      const ready = prepared(chain)
      return new Run<P, R, A>(
        shared,
        {
          ...how,
          prepared: ready,
          policy: call === undefined ? ready.policy : forCall(ready.policy, call),
          observer:
            call?.observer === undefined ? options.observer : combine(options.observer, call.observer),
          specialChain: (name) => {
            const special = chain[name]
            return special === undefined || special.models.length === 0 ? undefined : prepared(special)
          }
        },
        context
      )
    }

    /** Runs an effect per target. */
    const use = <P extends Pool, RP, A, E, R>(
      chain: Chain<P, RP>,
      effect: (pool: P, target: Target, capped: Failure.BadRequest | undefined) => Effect.Effect<A, E, R>,
      call: UseOptions<E> | undefined,
      request: unknown,
      canUncap: (pool: P, failure: Failure.BadRequest) => boolean
    ): Effect.Effect<Served<A>, RunError, RP | R> =>
      Effect.withFiber((fiber) => {
        const context = fiber.context as Context.Context<RP | R>
        return newRun(
          {
            kind: "effect",
            request,
            start: (pool, target, capped) =>
              Attempt.start(
                guarded(() => effect(pool, target, capped)),
                context
              ),
            canUncap,
            classify: (cause, target) => failureOf(cause, target, call?.classify)
          },
          chain,
          call,
          context
        ).next()
      })

    /** Opens a stream per target; whatever happens, nothing stays open beyond the scope. */
    const open = <P extends Pool, RP, C, E, R>(
      chain: Chain<P, RP>,
      stream: (pool: P, target: Target, capped: Failure.BadRequest | undefined) => Stream.Stream<C, E, R>,
      phaseOf: (pool: P) => PhaseOf<C>,
      call: UseOptions<E> | undefined,
      request: unknown,
      canUncap: (pool: P, failure: Failure.BadRequest) => boolean,
      scope: Scope.Scope
    ): Effect.Effect<Answered<Tail<C>>, RunError, RP | R> =>
      Effect.withFiber((fiber) => {
        const context = fiber.context as Context.Context<RP | R>
        const ready = prepared(chain)
        const commit = call?.commit ?? ready.policy.commit
        let opening: OpenStream<C> | undefined
        let tail: Tail<C> | undefined
        const run: Run<P, RP, OpenStream<C>> = newRun(
          {
            kind: "stream",
            request,
            start: (pool, target, capped) => {
              const upstream = Stream.suspend(() => stream(pool, target, capped))
              const waits = target.policy.timeouts
              opening = OpenStream.start(upstream, { phaseOf: phaseOf(pool), commit, waits, context })
              return opening
            },
            canUncap,
            classify: (cause, target) => failureOf(cause, target, call?.classify)
          },
          chain,
          call,
          context
        )
        const close = Effect.suspend(() =>
          tail === undefined ? (opening?.close() ?? Effect.void) : tail.close
        )
        return Effect.andThen(
          Scope.addFinalizer(scope, close),
          Effect.map(
            Effect.suspend(() => run.next()),
            (served) => {
              tail = new Tail({
                served,
                registry,
                classify: (cause) => failureOf(cause, served.target, call?.classify),
                context,
                deadlineAt: run.deadlineAt,
                deadline: run.deadline,
                observer: run.observer,
                info: run.info
              })
              return { value: tail, target: served.target, attempts: served.attempts, failed: served.failed }
            }
          )
        )
      })

    const answer: Failover["Service"]["answer"] = (chain, request, call) =>
      use(
        chain,
        (provider, target, capped) => provider.complete(uncapped(provider, request, capped), target),
        call,
        request,
        (provider, failure) => provider.withoutTokenCap?.(request, failure) !== undefined
      )

    const openIn = <Request, Answer, Chunk, R>(
      chain: Chain<Provider<Request, Answer, Chunk>, R>,
      request: Request,
      call: CallOptions | undefined,
      scope: Scope.Scope
    ) =>
      open(
        chain,
        (provider, target, capped) => provider.stream(uncapped(provider, request, capped), target),
        (provider) => provider.phase,
        call,
        request,
        (provider, failure) => provider.withoutTokenCap?.(request, failure) !== undefined,
        scope
      )

    return {
      complete: (chain, request, call) => Effect.map(answer(chain, request, call), valueOf),
      answer,
      stream: (chain, request, call) => streamFrom((scope) => openIn(chain, request, call, scope)),
      open: (chain, request, call) =>
        Effect.flatMap(Effect.scope, (scope) =>
          Effect.map(openIn(chain, request, call, scope), (opened) => ({
            ...opened,
            value: Stream.fromPull(Effect.succeed(opened.value.pull))
          }))
        ),
      use: (chain, effect, call) => use(chain, effect, call, call?.request, never),
      useStream: (chain, stream, call) =>
        streamFrom((scope) => open(chain, stream, () => call?.phase, call, call?.request, never, scope))
    }
  })

type How<P extends Pool, A> = Pick<
  RunOptions<P, never, A>,
  "kind" | "request" | "start" | "canUncap" | "classify"
>

const never = () => false

const valueOf = <A>(served: Answered<A>): A => served.value

const uncapped = <Request, Answer, Chunk>(
  provider: Provider<Request, Answer, Chunk>,
  request: Request,
  capped: Failure.BadRequest | undefined
): Request => (capped === undefined ? request : (provider.withoutTokenCap?.(request, capped) ?? request))

/** A function that throws instead of returning its effect is a defect of the attempt, not of the run. */
const guarded = <A, E, R>(f: () => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  try {
    return f()
  } catch (defect) {
    return Effect.die(defect)
  }
}

const forCall = (policy: Prepared<Pool, unknown>["policy"], call: CallOptions) => ({
  ...policy,
  deadline: call.deadline === undefined ? policy.deadline : Duration.toMillis(call.deadline),
  attempts: call.attempts ?? policy.attempts,
  whenAllBenched: call.whenAllBenched ?? policy.whenAllBenched,
  commit: call.commit ?? policy.commit
})

const streamFrom = <C, E, R>(
  open: (scope: Scope.Scope) => Effect.Effect<Answered<Tail<C>>, E, R>
): Stream.Stream<C, E | TailError, R> =>
  Stream.fromChannel(
    Channel.fromTransform((_, scope) => Effect.map(open(scope), (opened) => opened.value.pull))
  )

/**
 * Turns whatever an attempt failed with into exactly one failure. A failure that a broken finalizer turned into a
 * defect is still found; what nobody can place is `Transient` with the reason `Unknown`.
 */
export const failureOf = <E>(
  cause: Cause.Cause<unknown>,
  target: Target,
  classify: ((error: E, target: Target) => Failure.Failure) | undefined
): Failure.Failure => {
  for (const reason of cause.reasons) {
    const error = reason._tag === "Fail" ? reason.error : reason._tag === "Die" ? reason.defect : undefined
    if (Failure.isFailure(error)) return error
  }
  const failed = cause.reasons.find((reason) => reason._tag === "Fail")
  if (failed !== undefined && classify !== undefined) return classify(failed.error as E, target)
  const died = cause.reasons.find((reason) => reason._tag === "Die")
  return new Failure.Transient({
    target: target.key,
    reason: "Unknown",
    message:
      failed !== undefined
        ? "an error nobody classified"
        : died !== undefined
          ? "a defect"
          : "interrupted by itself",
    cause: failed?.error ?? died?.defect ?? cause
  })
}
