/** The live state of a route, its events, and the background fiber that brings the primary back. */
import * as Effect from "effect/Effect"
import * as MutableRef from "effect/MutableRef"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as Check from "../checks/Check.ts"
import { Listeners } from "../events/Listeners.ts"
import type { Failure } from "../failure/Failure.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import * as Route from "./Route.ts"

/** An event of a route. Times are milliseconds since the epoch. */
export type RouteEvent =
  /** The route left the primary because of its last failure. The cooldown ends at `until`. */
  | {
      readonly _tag: "Moved"
      readonly at: number
      readonly until: number
      readonly lastFailure: Route.Condition["lastFailure"]
    }
  /** The primary was checked; without a failure it has passed. */
  | ({ readonly _tag: "Checked" } & Check.Outcome)
  /** The primary gets a share of the requests, and all of them from `until` on. */
  | { readonly _tag: "Returning"; readonly at: number; readonly until: number }
  /** The primary gets all requests again. */
  | { readonly _tag: "Returned"; readonly at: number }

/** A live route. Its methods are synchronous: nothing can happen between an outcome and its record. */
export interface LiveRoute {
  /** The current state; a finished ramp is already ended. */
  readonly state: (now: number) => Route.State
  readonly succeeded: (at: Route.Upstream, epoch: number, now: number) => void
  readonly failed: (at: Route.Upstream, epoch: number, failure: Failure, now: number) => void
  readonly lastCheck: () => Check.Outcome | undefined
  /** A slow reader loses the oldest of 256. */
  readonly events: Stream.Stream<RouteEvent>
}

/** The rules and the check of a route. */
export interface Options<R> {
  readonly rules: Route.Rules
  readonly timing: Check.Timing
  /** Checks the primary. */
  readonly check: Effect.Effect<unknown, Failure, R>
  /** Whether to check the primary while it is in use too. */
  readonly watch: boolean
}

/** Maintains a route while the scope is open. */
export const make = Effect.fnUntraced(function* <R>(
  options: Options<R>
): Effect.fn.Return<LiveRoute, never, R | Scope.Scope> {
  const { rules, timing } = options
  const ref = Ref.makeUnsafe(Route.initial(yield* MonotonicClock.currentTimeMillis))
  const moved = yield* Queue.sliding<void>(1)
  const listeners = new Listeners<RouteEvent>()
  const ask = Check.alone(options.check)
  let lastCheck: Check.Outcome | undefined

  const set = (next: Route.State, now: number): Route.State => {
    const before = Ref.getUnsafe(ref)
    MutableRef.set(ref.ref, next)
    if (next.phase !== before.phase) announce(next, now)
    return next
  }
  const announce = ({ phase, primary, until }: Route.State, at: number) => {
    switch (phase) {
      case "backup":
        Queue.offerUnsafe(moved, undefined)
        return listeners.tell({ _tag: "Moved", at, until, lastFailure: primary.lastFailure })
      case "returning":
        return listeners.tell({ _tag: "Returning", at, until })
      case "primary":
        return listeners.tell({ _tag: "Returned", at })
    }
  }
  const state = (now: number) => set(Route.settle(Ref.getUnsafe(ref), now), now)

  const check = Effect.suspend(() => {
    const { epoch } = Ref.getUnsafe(ref)
    return Check.run(ask, {
      timeout: timing.timeout,
      onEnd: (outcome) => {
        lastCheck = outcome
        listeners.tell({ _tag: "Checked", ...outcome })
        set(Route.checked(state(outcome.at), rules, epoch, outcome.failure, outcome.at), outcome.at)
      },
      onInterrupt: () => undefined
    })
  })

  /** What to wait for in each phase; the next step depends on the state afterwards. */
  const step = Effect.flatMap(MonotonicClock.currentTimeMillis, (now): Effect.Effect<void, never, R> => {
    const { phase, until } = state(now)
    switch (phase) {
      case "primary":
        return Queue.take(moved)
      case "backup":
        return now < until
          ? Effect.sleep(until - now)
          : Effect.andThen(
              check,
              Effect.suspend(() =>
                Ref.getUnsafe(ref).phase === "backup" ? Check.pause(timing) : Effect.void
              )
            )
      case "returning":
        return Effect.raceFirst(Effect.sleep(until - now), Queue.take(moved))
    }
  })
  const inUse = Effect.suspend(() => (Ref.getUnsafe(ref).phase === "backup" ? Effect.void : check))

  if (rules.hasBackup) yield* Effect.forkScoped(Effect.forever(step))
  if (options.watch) {
    yield* Effect.forkScoped(
      Effect.andThen(Check.firstPause(timing), Effect.forever(Effect.andThen(inUse, Check.pause(timing))))
    )
  }

  return {
    state,
    succeeded: (at, epoch, now) => void set(Route.succeeded(state(now), at, epoch), now),
    failed: (at, epoch, failure, now) =>
      void set(Route.failed(state(now), rules, at, epoch, failure, now), now),
    lastCheck: () => lastCheck,
    events: listeners.stream
  }
})
