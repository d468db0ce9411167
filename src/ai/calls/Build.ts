/**
 * Builds the layers of members.
 *
 * Required members are built together with the failover layer, each with a timeout. An optional member is built in
 * the background: the start does not wait for it, an attempt waits a moment, and after a failure or timeout the next
 * attempt builds it again. The bench limits those to single probes. All builds use the memo map of the application,
 * so members may share a client.
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { AuthDead, type Failure, Transient } from "../../failure/Failure.ts"

import { RunClock } from "../../time/RunClock.ts"
import * as Running from "../../util/Running.ts"

/** The default timeout for building a member's layer. */
export const defaultBuildTimeout: Duration.Input = "30 seconds"

/** How long an attempt waits for a layer that is being built. */
const maxWait = Duration.seconds(1)

/** What to build, and in which scope. */
export interface Plan<in out I, out A> {
  readonly name: string
  readonly layer: Layer.Layer<I, unknown, unknown>
  readonly read: (context: Context.Context<I>) => A
  readonly memoMap: Layer.MemoMap
  readonly scope: Scope.Scope
  readonly timeout: Duration.Input
}

/** A service that may still be under construction. */
export interface Handle<out A> {
  /** The service, if it has been built. */
  readonly current: () => A | undefined
  /** The service; builds it if needed. */
  readonly get: Effect.Effect<A, Failure>
}

/** Builds a required member. A timeout is a defect; its message has the remedies. */
export const required = <I, A>(plan: Plan<I, A>): Effect.Effect<Handle<A>, unknown, unknown> =>
  Effect.map(
    bounded(
      plan,
      Effect.suspend(() =>
        Effect.die(
          new Error(
            `the layer of ${plan.name} was not built within ${format(plan.timeout)}: ` +
              "give it longer with buildTimeout, or make the member optional"
          )
        )
      )
    ),
    (service): Handle<A> => ({ current: () => service, get: Effect.succeed(service) })
  )

/** Starts to build an optional member. */
export const optional = <I, A>(plan: Plan<I, A>): Effect.Effect<Handle<A>, never, unknown> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<unknown>()
    let service: A | undefined
    let building: Deferred.Deferred<Exit.Exit<A, unknown>> | undefined
    let isTold = false

    const tell = (cause: Cause.Cause<unknown>) =>
      Effect.suspend(() => {
        if (isTold) return Effect.void
        isTold = true
        return Effect.logWarning(`${plan.name} is left out until its layer can be built`, cause)
      })
    const late = Effect.suspend(() =>
      Effect.fail(new Cause.TimeoutError(`not built within ${format(plan.timeout)}`))
    )
    const build = bounded(plan, late).pipe(Effect.tapCause(tell), Effect.provideContext(context))
    /** One build for all waiting attempts. It belongs to the layer, not to the attempt that started it. */
    const begin = Effect.suspend(() => {
      if (service !== undefined) return Effect.succeed(Exit.succeed(service))
      if (building !== undefined) return Deferred.await(building)
      const ended = Deferred.makeUnsafe<Exit.Exit<A, unknown>>()
      building = ended
      const told = Effect.onExit(build, (exit) =>
        Effect.sync(() => {
          building = undefined
          if (Exit.isSuccess(exit)) service = exit.value
          Deferred.doneUnsafe(ended, Exit.succeed(exit))
        })
      )
      return Effect.andThen(
        Effect.forkIn(told, plan.scope, { startImmediately: true }),
        Deferred.await(ended)
      )
    })
    yield* Effect.forkIn(begin, plan.scope, { startImmediately: true })
    return {
      current: () => service,
      get: Effect.suspend(() => (service !== undefined ? Effect.succeed(service) : waited(begin)))
    }
  })

const waited = <A>(begin: Effect.Effect<Exit.Exit<A, unknown>>): Effect.Effect<A, Failure> =>
  Effect.flatMap(
    Effect.timeoutOrElse(begin, { duration: maxWait, orElse: () => Effect.fail(unbuilt) }),
    Exit.match({
      onSuccess: (service) => Effect.succeed(service),
      onFailure: (cause) => Effect.fail(failed(cause))
    })
  )

const unbuilt = new Transient({ reason: "Timeout", message: "its layer is still being built" })

const failed = (cause: Cause.Cause<unknown>): AuthDead =>
  new AuthDead({ reason: "ModelMissing", message: "its layer could not be built", cause })

const format = (duration: Duration.Input): string => Duration.format(Duration.fromInputUnsafe(duration))

/**
 * Builds within the timeout. What hangs and cannot be interrupted, such as a connection that is being acquired, is left behind: neither
 * the timeout nor the end of the layer waits for it.
 */
const bounded = <I, A>(
  plan: Plan<I, A>,
  late: Effect.Effect<never, unknown>
): Effect.Effect<A, unknown, unknown> =>
  Effect.callback<A, unknown>((resume) => {
    const { context } = Fiber.getCurrent()!
    const running = Running.start(once(plan) as Effect.Effect<A, unknown>, context)
    const watching = new Running.Watching<A, A, unknown>(
      running,
      {
        dueAt: new RunClock(context).millis() + Duration.toMillis(plan.timeout),
        context,
        onEnd: (ended) => (ended === "timeout" ? late : ended),
        onInterrupt: () => {}
      },
      resume
    )
    return Effect.sync(() => {
      watching.leave()
      running.interruptUnsafe()
    })
  })

/** Builds in a scope of its own, so that a failed build leaves nothing in the memo map. */
const once = <I, A>({ layer, memoMap, read, scope }: Plan<I, A>): Effect.Effect<A, unknown, unknown> =>
  Effect.flatMap(Scope.fork(scope), (own) =>
    Effect.onExit(Effect.map(Layer.buildWithMemoMap(layer, memoMap, own), read), (exit) =>
      Exit.isSuccess(exit) ? Effect.void : Scope.close(own, exit)
    )
  )
