/** A request for one whole value: a run over an effect per target. */

import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Backend } from "../domain/Backend.ts"
import type { Chain } from "../domain/Chain.ts"
import type { Target } from "../domain/Target.ts"
import type * as Failure from "../failure/Failure.ts"
import type { RunError } from "../failure/RunError.ts"
import * as Running from "../util/Running.ts"
import * as CallerCode from "./CallerCode.ts"
import type { UseOptions } from "./CallOptions.ts"
import { forCall } from "./CallPolicy.ts"
import * as Engine from "./Engine.ts"
import * as Run from "./run/Run.ts"
import type { RunOptions, Served, Shared } from "./run/RunOptions.ts"
import { RunState } from "./run/RunState.ts"
import * as Watched from "./Watched.ts"

/** Runs an effect at one target after another until one succeeds. */
export const use = <P extends Backend, RP, A, E, R>(
  engine: Engine.Engine,
  chain: Chain<P, RP>,
  effect: (backend: P, target: Target, amendedFor: Failure.BadRequest | undefined) => Effect.Effect<A, E, R>,
  call: UseOptions<E> | undefined,
  request: unknown,
  canAmend: (backend: P, failure: Failure.BadRequest) => boolean,
  mayHedge: (backend: P, request: unknown) => boolean
): Effect.Effect<Served<A>, RunError, RP | R> =>
  Effect.callback((resume) => {
    const { shared } = engine
    const context = contextOfCaller<RP | R>()
    const prepared = shared.prepare(chain, context)
    const policy = forCall(prepared.policy, call)
    if (typeof effect !== "function") CallerCode.refuse("the effect of Failover.use")
    const options: EffectOptions<P, RP, A, RP | R> = {
      prepared,
      policy,
      observer: Engine.observerOf(engine, call),
      about: call?.about,
      since: call?.since,
      affinity: CallerCode.keyOf(shared, call?.affinity, "the key of a conversation", context),
      caller: CallerCode.keyOf(shared, call?.caller, "the key of a caller", context),
      kind: "effect",
      request,
      effect,
      shared,
      context,
      start,
      canAmend,
      hedge: call?.hedge,
      mayHedge,
      classify: Engine.classifierOf(engine, call, context)
    }
    return Run.begin(new RunState<P, RP, A>(shared, options, context), resume)
  })

/** The options of a run, and what `start` needs: with a function made for each call, a call takes 4 % longer (thread CPU, 2026-11-29). */
interface EffectOptions<P extends Backend, RP, A, R> extends RunOptions<P, RP, A> {
  readonly effect: (
    backend: P,
    target: Target,
    amendedFor: Failure.BadRequest | undefined
  ) => Effect.Effect<A, unknown, R>
  readonly shared: Shared
  readonly context: Context.Context<R>
}

function start<P extends Backend, RP, A, R>(
  this: EffectOptions<P, RP, A, R>,
  backend: P,
  target: Target,
  amendedFor: Failure.BadRequest | undefined
): Running.Running<A> {
  const { context, effect, shared } = this
  const running = Running.start(CallerCode.effectOf(effect, backend, target, amendedFor), context)
  return Watched.effect(running, target, shared, context)
}

/** The services of the fiber that runs this operation. */
const contextOfCaller = <R>() => Fiber.getCurrent()!.context as Context.Context<R>
