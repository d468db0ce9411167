/** A request for a stream: a run over a stream per target, up to the commit point. */
import * as Channel from "effect/Channel"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Backend } from "../domain/Backend.ts"
import type { Chain } from "../domain/Chain.ts"
import type { Holding } from "../domain/Provider.ts"
import type { Target } from "../domain/Target.ts"
import type * as Failure from "../failure/Failure.ts"
import type { RunError } from "../failure/RunError.ts"
import type { Timeouts } from "../policy/PolicyOptions.ts"
import type { PhaseOf } from "../stream/CommitPoint.ts"
import * as Flow from "../stream/Flow.ts"
import { OpenStream } from "../stream/OpenStream.ts"
import * as CallerCode from "./CallerCode.ts"
import type { Answered, UseStreamOptions } from "./CallOptions.ts"
import { forCall } from "./CallPolicy.ts"
import { CommittedStream, type CommittedStreamError } from "./CommittedStream.ts"
import * as Engine from "./Engine.ts"
import { failureOf } from "./failures/Classify.ts"
import * as Run from "./run/Run.ts"
import type { Served } from "./run/RunOptions.ts"
import { RunState } from "./run/RunState.ts"
import * as Watched from "./Watched.ts"

/** How the chunks of a stream are read: the phase of each, and how much may be held back. */
export interface Meaning<C> {
  readonly phase: PhaseOf<C>
  readonly holding?: Holding<C> | undefined
}

/** Opens a stream at one target after another until one commits. Everything is closed with the scope. */
export const open = <P extends Backend, RP, C, E, R>(
  engine: Engine.Engine,
  chain: Chain<P, RP>,
  stream: (backend: P, target: Target, amendedFor: Failure.BadRequest | undefined) => Stream.Stream<C, E, R>,
  meaning: (backend: P) => Meaning<C>,
  call: UseStreamOptions<E, C> | undefined,
  request: unknown,
  canAmend: (backend: P, failure: Failure.BadRequest) => boolean,
  mayHedge: (backend: P, request: unknown) => boolean,
  scope: Scope.Scope
): Effect.Effect<Answered<CommittedStream<C>>, RunError, RP | R> =>
  Effect.withFiber((fiber) => {
    const { shared } = engine
    const context = fiber.context as Context.Context<RP | R>
    const ready = shared.prepare(chain, context)
    const policy = forCall(ready.policy, call)
    if (typeof stream !== "function") CallerCode.refuse("the stream of Failover.useStream")
    const commit = policy.commit
    const classify = Engine.classifierOf(engine, call, context)
    // The stream of the latest attempt, and the previous one, which may still run beside a hedge.
    let opening: OpenStream<C> | undefined
    let beside: OpenStream<C> | undefined
    let tail: CommittedStream<C> | undefined
    const run = new RunState<P, RP, OpenStream<C>>(
      shared,
      {
        prepared: ready,
        policy,
        observer: Engine.observerOf(engine, call),
        about: call?.about,
        since: call?.since,
        affinity: CallerCode.keyOf(shared, call?.affinity, "the key of a conversation", context),
        caller: CallerCode.keyOf(shared, call?.caller, "the key of a caller", context),
        kind: "stream",
        request,
        start: (backend, target, amendedFor, most) => {
          const upstream = CallerCode.streamOf(() => stream(backend, target, amendedFor))
          const waits = shortened(target.policy.timeouts, most)
          const { holding, phase } = meaning(backend)
          beside = opening
          opening = OpenStream.start(upstream, {
            phaseOf: phase,
            holding,
            commit,
            waits,
            context,
            owner: shared
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
            registry: shared.registry,
            signals: shared.signals,
            classify: (cause) => failureOf(cause, served.target, classify),
            context,
            isBusy: call?.isBusy && CallerCode.whileBusy(shared, call.isBusy, context),
            now: run.clock,
            deadlineAt: run.deadlineAt,
            deadline: run.deadline,
            reporter: run.reporter,
            who: run.who
          })
          const { attempts, dropped, failed, target } = served
          return { value: tail, target, attempts, failed, dropped }
        }
      )
    )
  })

/** A stream that is opened when it is run. */
export const streamFrom = <C, E, R>(
  open: (scope: Scope.Scope) => Effect.Effect<Answered<CommittedStream<C>>, E, R>
): Stream.Stream<C, E | CommittedStreamError, R> =>
  Stream.fromChannel(
    Channel.fromTransform((_, scope) => Effect.map(open(scope), (opened) => Flow.pull(opened.value)))
  )

const shortened = (waits: Timeouts, most: number | undefined): Timeouts =>
  most === undefined
    ? waits
    : { ...waits, firstContent: Math.min(most, waits.firstContent), queue: Math.min(most, waits.queue) }

const hasCommitted = <C>(stream: OpenStream<C> | undefined): boolean =>
  stream?.pollUnsafe()?._tag === "Success"
