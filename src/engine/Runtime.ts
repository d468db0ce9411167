/** The engine behind the `Failover` service: what requests share, and how one becomes a run. */

import * as Channel from "effect/Channel"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type Explained, explain } from "../candidates/Explain.ts"
import { type PreparedChain, prepare } from "../candidates/PreparedChain.ts"
import { Room } from "../candidates/queue/Room.ts"
import { WaitQueues } from "../candidates/queue/WaitQueues.ts"
import { SignalsOf } from "../choice/Signals.ts"
import type { Backend } from "../domain/Backend.ts"
import type { Chain } from "../domain/Chain.ts"
import * as Phase from "../domain/Phase.ts"
import type { AnswerOf, AnyProvider, ChunkOf, Holding, Provider, RequestOf } from "../domain/Provider.ts"
import type { Target } from "../domain/Target.ts"
import * as FailoverEvent from "../events/FailoverEvent.ts"
import type * as Failure from "../failure/Failure.ts"
import type { RunError, StreamBroken } from "../failure/RunError.ts"
import * as Bench from "../health/Bench.ts"
import type { BenchRegistry } from "../health/BenchRegistry.ts"
import { CredentialLimits } from "../health/CredentialLimits.ts"
import { CutOffs } from "../health/CutOffs.ts"
import * as EngineBench from "../health/EngineBench.ts"
import { FailureStreaks } from "../health/FailureStreaks.ts"
import { type Limiter, memory } from "../health/Limiter.ts"
import { RetryBudget } from "../health/RetryBudget.ts"
import type { Options as PolicyOptions } from "../policy/Policy.ts"
import * as PolicyChecks from "../policy/PolicyChecks.ts"
import type { PhaseOf } from "../stream/CommitPoint.ts"
import * as Flow from "../stream/Flow.ts"
import { OpenStream } from "../stream/OpenStream.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import * as Checks from "../util/Checks.ts"
import * as Running from "../util/Running.ts"
import * as UserCode from "../util/UserCode.ts"
import * as Amendment from "./Amendment.ts"
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
import { CommittedStream, type TailError } from "./CommittedStream.ts"
import { contained, failureOf } from "./failures/FailureOf.ts"
import * as Run from "./run/Run.ts"
import type { Served, Shared } from "./run/RunOptions.ts"
import { RunState } from "./run/RunState.ts"
import * as Watched from "./Watched.ts"

/** What the `Failover` service can do. */
export interface Runtime {
  /** One whole answer from a chain of providers. */
  readonly complete: <P extends AnyProvider, R>(
    chain: Chain<P, R>,
    request: RequestOf<P>,
    options?: CallOptions
  ) => Effect.Effect<AnswerOf<P>, RunError, R>
  /** The same, with the target that answered and the attempts before. */
  readonly answer: <P extends AnyProvider, R>(
    chain: Chain<P, R>,
    request: RequestOf<P>,
    options?: CallOptions
  ) => Effect.Effect<Answered<AnswerOf<P>>, RunError, R>
  /**
   * A stream from a chain of providers. It fails over until its commit point and never after it; from then on a
   * failure ends it with `StreamBroken`, which holds the failure. A consumer that stops reading lets the upstream go.
   */
  readonly stream: <P extends AnyProvider, R>(
    chain: Chain<P, R>,
    request: RequestOf<P>,
    options?: CallOptions
  ) => Stream.Stream<ChunkOf<P>, RunError | StreamBroken, R>
  /**
   * Opens a stream up to its commit point, for callers that have to send something before the first chunk, such as
   * an HTTP status. The stream lives in the scope and can be run once.
   */
  readonly open: <P extends AnyProvider, R>(
    chain: Chain<P, R>,
    request: RequestOf<P>,
    options?: CallOptions
  ) => Effect.Effect<Opened<ChunkOf<P>>, RunError, R | Scope.Scope>
  /** The generic form: any effect per target, of any service. */
  readonly use: Use
  /** The same, with the target that answered and the attempts before. */
  readonly useAnswered: UseAnswered
  /** The generic form for streams. */
  readonly useStream: UseStream
  /** The targets a request would try now, in order, and why others would be skipped. */
  readonly explain: <P extends Backend, R>(
    chain: Chain<P, R>
  ) => Effect.Effect<ReadonlyArray<Explained>, never, R>
  /** Retries that the whole process could make now. */
  readonly retriesLeft: Effect.Effect<number>
}

/** The options of a runtime. */
export interface FailoverOptions {
  /** Laid over the defaults and those of the process (`Policy.ProcessDefaults`), for everything. */
  readonly policy?: PolicyOptions | undefined
  /** Retries per request that the whole process may make in the long run. Default 0.2; infinite for no bound. */
  readonly retryBudget?: number | undefined
  /** Counts the requests of credentials with a limit of their own (`rpm`). Default: `Limiter.memory()`. */
  readonly limiter?: Limiter | undefined
  /** Receives the events of all requests. */
  readonly observer?: FailoverEvent.Observer | undefined
}

/** Retries per request that a process may make in the long run, by default (as in Finagle). */
export const defaultRetryBudget = 0.2

/**
 * What is kept when one runtime replaces another: the retry budget, the turns of strategies, the credentials' own limits,
 * and the queues of the requests that wait, by the bench they wait for.
 */
export interface Kept
  extends Pick<Shared, "budget" | "turns" | "limits" | "streaks" | "cutOffs" | "signals"> {
  readonly waiting: WeakMap<EngineBench.EngineBench, Waiting>
}

/** What the first runtime of a process begins with. */
export const makeKept = (limiter: Limiter = memory()): Kept => ({
  budget: new RetryBudget(defaultRetryBudget),
  turns: new Map(),
  signals: new SignalsOf(),
  streaks: new FailureStreaks(),
  cutOffs: new CutOffs(),
  limits: new CredentialLimits(limiter),
  waiting: new WeakMap()
})

/** Where requests wait: for a bench, and for room at a target with a learned limit. */
interface Waiting {
  readonly queues: WaitQueues
  readonly room: Room
}

/** Requests of all runtimes over one bench wait in the same queues, so that a reload changes no request's place. */
const waitingOf = (kept: Kept, bench: EngineBench.EngineBench): Waiting => {
  const known = kept.waiting.get(bench)
  if (known !== undefined) return known
  const room = new Room(kept.signals)
  const queues = new WaitQueues(
    (target, now) =>
      Bench.weightier(Bench.peek(bench.stateUnsafe(), target, now), kept.limits.why(target, now)),
    room
  )
  const made = { queues, room }
  kept.waiting.set(bench, made)
  return made
}

/**
 * Builds the engine over a bench. `process` are the options that the runtime's own are laid over. Runtimes that are made
 * with the same `kept` have one retry budget, with the share of the last one made.
 */
export const makeRuntime = (
  registry: BenchRegistry["Service"],
  options: FailoverOptions = {},
  process: PolicyOptions = {},
  kept: Kept = makeKept(options.limiter)
): Runtime => {
  checkOptions(options, process)
  const bench = EngineBench.of(registry)
  const layers = [process, options.policy]
  const preparedChains = new WeakMap<object, PreparedChain<Backend, unknown>>()

  const prepareOnce = <P extends Backend, R>(chain: Chain<P, R>): PreparedChain<P, R> => {
    const known = preparedChains.get(chain)
    if (known !== undefined) return known as PreparedChain<P, R>
    checkChain(chain)
    const made = prepare(chain, layers, kept.signals)
    preparedChains.set(chain, made)
    return made
  }

  kept.budget.setShare(options.retryBudget ?? defaultRetryBudget)
  const { queues, room } = waitingOf(kept, bench)
  const shared: Shared = { ...kept, queues, room, registry: bench, prepare: prepareOnce }

  const ownObserver = options.observer && FailoverEvent.contained(options.observer, shared)
  const observerOf = (call: CallOptions | undefined): FailoverEvent.Observer | undefined =>
    call?.observer === undefined
      ? ownObserver
      : FailoverEvent.combine(ownObserver, FailoverEvent.contained(call.observer, shared))

  const classifierOf = <E>(call: UseOptions<E> | undefined, context: Context.Context<never>) =>
    call?.classify && contained(call.classify, shared, context)

  const whileBusy = (isBusy: () => boolean, context: Context.Context<never>) => (): boolean => {
    let did = "gave neither true nor false"
    try {
      const busy: unknown = isBusy()
      if (typeof busy === "boolean") return busy
      UserCode.isPromise(busy)
    } catch (error) {
      did = UserCode.threw(error)
    }
    UserCode.name(shared, "isBusy", did, "the stream counts as not busy", context)
    return false
  }

  const affinityOf = (
    key: CallOptions["affinity"],
    context: Context.Context<never>
  ): CallOptions["affinity"] => {
    if (typeof key !== "function") return key
    return () => {
      let did = "gave no text"
      try {
        const said: unknown = key()
        if (said === undefined || typeof said === "string") return said
        UserCode.isPromise(said)
      } catch (error) {
        did = UserCode.threw(error)
      }
      UserCode.name(
        shared,
        "the key of a conversation",
        did,
        "the request counts as one without a key",
        context
      )
      return undefined
    }
  }

  /** Runs an effect per target. */
  const use = <P extends Backend, RP, A, E, R>(
    chain: Chain<P, RP>,
    effect: (
      backend: P,
      target: Target,
      amendedFor: Failure.BadRequest | undefined
    ) => Effect.Effect<A, E, R>,
    call: UseOptions<E> | undefined,
    request: unknown,
    canAmend: (backend: P, failure: Failure.BadRequest) => boolean,
    mayHedge: (backend: P, request: unknown) => boolean
  ): Effect.Effect<Served<A>, RunError, RP | R> =>
    Effect.callback((resume) => {
      const context = contextOfCaller<RP | R>()
      const ready = prepareOnce(chain)
      const policy = call === undefined ? ready.policy : forCall(ready.policy, call)
      if (typeof effect !== "function") refuseCallee("the effect of Failover.use")
      const run = new RunState<P, RP, A>(
        shared,
        {
          prepared: ready,
          policy,
          observer: observerOf(call),
          about: call?.about,
          since: call?.since,
          affinity: affinityOf(call?.affinity, context),
          kind: "effect",
          request,
          start: (backend, target, amendedFor) => {
            const running = Running.start(guarded(effect, backend, target, amendedFor), context)
            return Watched.effect(running, target, shared, context)
          },
          canAmend,
          hedge: call?.hedge,
          mayHedge,
          classify: classifierOf(call, context)
        },
        context
      )
      return Run.begin(run, resume)
    })

  /** Opens a stream per target; whatever happens, nothing stays open beyond the scope. */
  const open = <P extends Backend, RP, C, E, R>(
    chain: Chain<P, RP>,
    stream: (
      backend: P,
      target: Target,
      amendedFor: Failure.BadRequest | undefined
    ) => Stream.Stream<C, E, R>,
    meaning: (backend: P) => Meaning<C>,
    call: UseStreamOptions<E, C> | undefined,
    request: unknown,
    canAmend: (backend: P, failure: Failure.BadRequest) => boolean,
    mayHedge: (backend: P, request: unknown) => boolean,
    scope: Scope.Scope
  ): Effect.Effect<Answered<CommittedStream<C>>, RunError, RP | R> =>
    Effect.withFiber((fiber) => {
      const context = fiber.context as Context.Context<RP | R>
      const ready = prepareOnce(chain)
      const policy = call === undefined ? ready.policy : forCall(ready.policy, call)
      if (typeof stream !== "function") refuseCallee("the stream of Failover.useStream")
      const commit = policy.commit
      const classify = classifierOf(call, context)
      // The stream of the latest attempt, and the one before, which may be under way beside a hedge.
      let opening: OpenStream<C> | undefined
      let beside: OpenStream<C> | undefined
      let tail: CommittedStream<C> | undefined
      const run = new RunState<P, RP, OpenStream<C>>(
        shared,
        {
          prepared: ready,
          policy,
          observer: observerOf(call),
          about: call?.about,
          since: call?.since,
          affinity: affinityOf(call?.affinity, context),
          kind: "stream",
          request,
          start: (backend, target, amendedFor) => {
            const upstream = attempted(() => stream(backend, target, amendedFor))
            const waits = target.policy.timeouts
            const { holding, phase } = meaning(backend)
            const owner = shared
            beside = opening
            opening = OpenStream.start(upstream, {
              phaseOf: phase,
              holding,
              commit,
              waits,
              context,
              owner
            })
            Watched.stream(opening, target, shared, context)
            return opening
          },
          canAmend,
          hedge: call?.hedge,
          mayHedge,
          classify
        },
        context
      )
      const close = Effect.suspend(() => {
        // The run was interrupted before its caller got the stream.
        if (tail === undefined) run.reporter?.closed(Exit.interrupt())
        const opened = tail ?? (hasCommitted(beside) ? beside : opening)
        return opened === undefined ? Effect.void : Flow.close(opened)
      })
      return Effect.andThen(
        Scope.addFinalizer(scope, close),
        Effect.map(
          Effect.callback<Served<OpenStream<C>>, RunError>((resume) => Run.begin(run, resume)),
          (served) => {
            tail = new CommittedStream({
              served,
              registry: bench,
              signals: shared.signals,
              classify: (cause) => failureOf(cause, served.target, classify),
              context,
              isBusy: call?.isBusy && whileBusy(call.isBusy, context),
              now: run.clock,
              deadlineAt: run.deadlineAt,
              deadline: run.deadline,
              reporter: run.reporter
            })
            const { attempts, dropped, failed, target } = served
            return { value: tail, target, attempts, failed, dropped }
          }
        )
      )
    })

  const answer = <Request, Answer, Chunk, R>(
    chain: Chain<Provider<Request, Answer, Chunk>, R>,
    request: Request,
    call: CallOptions | undefined
  ) =>
    use(
      chain,
      (provider, target, amendedFor) =>
        provider.complete(Amendment.apply(provider, request, amendedFor), target),
      call,
      request,
      (provider, failure) => Amendment.amend(provider, request, failure) !== undefined,
      providerMayHedge
    )

  const openIn = <Request, Answer, Chunk, R>(
    chain: Chain<Provider<Request, Answer, Chunk>, R>,
    request: Request,
    call: CallOptions | undefined,
    scope: Scope.Scope
  ) =>
    open(
      chain,
      (provider, target, amendedFor) =>
        provider.stream(Amendment.apply(provider, request, amendedFor), target),
      (provider) => ({
        phase: provider.phase === undefined ? undefined : (chunk) => provider.phase?.(chunk) ?? Phase.content,
        holding: provider.holding
      }),
      call,
      request,
      (provider, failure) => Amendment.amend(provider, request, failure) !== undefined,
      providerMayHedge,
      scope
    )

  const complete = <Request, Answer, Chunk, R>(
    chain: Chain<Provider<Request, Answer, Chunk>, R>,
    request: Request,
    call: CallOptions | undefined
  ) => Effect.map(answer(chain, request, call), valueOf)

  const stream = <Request, Answer, Chunk, R>(
    chain: Chain<Provider<Request, Answer, Chunk>, R>,
    request: Request,
    call: CallOptions | undefined
  ) => streamFrom((scope) => openIn(chain, request, call, scope))

  const openScoped = <Request, Answer, Chunk, R>(
    chain: Chain<Provider<Request, Answer, Chunk>, R>,
    request: Request,
    call: CallOptions | undefined
  ) =>
    Effect.flatMap(Effect.scope, (scope) =>
      Effect.map(openIn(chain, request, call, scope), (opened) => ({
        ...opened,
        value: Flow.toStream(() => opened.value)
      }))
    )

  return {
    // The compiler cannot see that a `RequestOf` is what all providers of the chain take.
    complete: complete as Runtime["complete"],
    answer: answer as Runtime["answer"],
    stream: stream as Runtime["stream"],
    open: openScoped as Runtime["open"],
    use: (<P extends Backend, RP, A, E, R>(
      chain: Chain<P, RP>,
      effect: (backend: P, target: Target) => Effect.Effect<A, E, R>,
      call?: UseOptions<E>
    ) => Effect.map(use(chain, effect, call, call?.request, never, always), valueOf)) as Use,
    useAnswered: (<P extends Backend, RP, A, E, R>(
      chain: Chain<P, RP>,
      effect: (backend: P, target: Target) => Effect.Effect<A, E, R>,
      call?: UseOptions<E>
    ) => use(chain, effect, call, call?.request, never, always)) as UseAnswered,
    useStream: (<P extends Backend, RP, C, E, R>(
      chain: Chain<P, RP>,
      stream: (backend: P, target: Target) => Stream.Stream<C, E, R>,
      call?: UseStreamOptions<E, C>
    ) =>
      streamFrom((scope) =>
        open(chain, stream, () => ({ phase: call?.phase }), call, call?.request, never, always, scope)
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

/** For code whose types were not heeded: an error that names the place, and not one from deep inside. */
const checkChain = (chain: unknown): void => {
  if (!Array.isArray((chain as Chain<Backend> | undefined)?.models)) {
    Checks.refuse("Failover", ["the chain is none; it has to be one such as Chain.make(model)"])
  }
}

const refuseCallee = (what: string): void =>
  Checks.refuse(what, ["it has to be a function of the backend and the target"])

const checkOptions = (options: FailoverOptions, process: PolicyOptions): void => {
  PolicyChecks.check("Policy.ProcessDefaults", process)
  PolicyChecks.check("the policy of the Failover layer", options.policy)
  Checks.fields("the options of the Failover layer", options, {
    retryBudget: Checks.number("a number of retries per request, at least 0, or infinite", {
      least: 0,
      most: Number.POSITIVE_INFINITY
    }),
    limiter: (limiter) =>
      Checks.callable((limiter as Partial<Limiter>).take)?.replace(/^/, "has a take that "),
    observer: Checks.callable
  })
}

/** What is known of a stream's chunks: what each of them means, and how much may be held back. */
interface Meaning<C> {
  readonly phase: PhaseOf<C>
  readonly holding?: Holding<C> | undefined
}

/** The services of the fiber that runs this operation. */
const contextOfCaller = <R>() => Fiber.getCurrent()!.context as Context.Context<R>

const never = () => false

const always = () => true

const hasCommitted = <C>(stream: OpenStream<C> | undefined): boolean =>
  stream?.pollUnsafe()?._tag === "Success"

/** The request is the one that the provider would be called with. */
const providerMayHedge = <Request>(
  provider: Provider<Request, unknown, unknown>,
  request: unknown
): boolean => provider.mayHedge?.(request as Request) ?? true

const valueOf = <A>(served: Answered<A>): A => served.value

/** A function that throws instead of returning its effect is a defect of the attempt, not of the run. */
const guarded = <P, A, E, R>(
  f: (backend: P, target: Target, amendedFor: Failure.BadRequest | undefined) => Effect.Effect<A, E, R>,
  backend: P,
  target: Target,
  amendedFor: Failure.BadRequest | undefined
): Effect.Effect<A, E, R> => {
  try {
    const effect = f(backend, target, amendedFor)
    return Effect.isEffect(effect) ? effect : Effect.die(noEffect(effect))
  } catch (defect) {
    return Effect.die(defect)
  }
}

/** For code whose types were not heeded. */
const noEffect = (u: unknown): TypeError =>
  new TypeError(
    UserCode.isPromise(u) ? "a provider gave a promise instead of an effect" : "a provider gave no effect"
  )

/** The same for a function that throws instead of returning its stream. */
const attempted = <C, E, R>(f: () => Stream.Stream<C, E, R>): Stream.Stream<C, E, R> => {
  try {
    const stream: unknown = f()
    if (Stream.isStream(stream)) return stream as Stream.Stream<C, E, R>
    UserCode.isPromise(stream)
    return Stream.die(new TypeError("a provider gave no stream"))
  } catch (defect) {
    return Stream.die(defect)
  }
}

const callChecks = {
  deadline: Checks.duration,
  attempts: Checks.count,
  whenAllBenched: Checks.oneOf(["tryAnyway", "wait", "fail"]),
  observer: Checks.callable,
  hedge: (hedge: unknown) => (typeof hedge === "boolean" ? undefined : "has to be true or false"),
  affinity: (key: unknown) =>
    typeof key === "string" || typeof key === "function" ? undefined : "has to be a string or a function",
  since: (since: unknown) =>
    typeof since === "bigint" ? undefined : "has to be a bigint, as Clock.monotonicTimeNanos gives it",
  commit: (commit: unknown) => PolicyChecks.commit(commit),
  classify: Checks.callable,
  phase: Checks.callable,
  isBusy: Checks.callable
}

const callFields = Object.keys(callChecks) as ReadonlyArray<keyof typeof callChecks>

/** What a call of one kind or another may say. */
type AnyCall = CallOptions & { readonly [K in "classify" | "phase" | "isBusy"]?: unknown }

const forCall = (policy: PreparedChain<Backend, unknown>["policy"], call: AnyCall) => {
  for (const field of callFields) {
    if (call[field] !== undefined && callChecks[field](call[field]) !== undefined) {
      Checks.fields("the options of a call", call, callChecks)
    }
  }
  return isAboutPolicy(call) ? forSoundCall(policy, call) : policy
}

const isAboutPolicy = ({ attempts, commit, deadline, whenAllBenched }: CallOptions): boolean =>
  deadline !== undefined || attempts !== undefined || whenAllBenched !== undefined || commit !== undefined

const forSoundCall = (policy: PreparedChain<Backend, unknown>["policy"], call: CallOptions) => ({
  ...policy,
  deadline: call.deadline === undefined ? policy.deadline : Duration.toMillis(call.deadline),
  attempts: call.attempts ?? policy.attempts,
  whenAllBenched: call.whenAllBenched ?? policy.whenAllBenched,
  commit: call.commit ?? policy.commit
})

const streamFrom = <C, E, R>(
  open: (scope: Scope.Scope) => Effect.Effect<Answered<CommittedStream<C>>, E, R>
): Stream.Stream<C, E | TailError, R> =>
  Stream.fromChannel(
    Channel.fromTransform((_, scope) => Effect.map(open(scope), (opened) => Flow.pull(opened.value)))
  )
