/**
 * Health checks: checks targets in the background and records the results in the bench.
 *
 * Nothing is checked unless this layer is provided. A check is admitted like an attempt: a benched target is not
 * checked before its cooldown has ended, and then the check is the probe, so that no request has to be. Over a shared
 * bench one replica probes; meanwhile the others report the target as `benched`. A failed check is handled by the
 * decision table: a throttle, a dead key or a fault benches as after an exhausted visit, a bad request benches
 * nothing. A passed check ends the cooldown it was the probe of and nothing else: the count of consecutive benches,
 * by which cooldowns grow, is reset by an answer to a request. Checks are not counted as attempts in the bench's
 * report; they have their own report.
 *
 * **Gotchas**
 *
 * - A check proves only what it requests. Listing models passes while the account is throttled or out of credit; a
 *   completion of one token proves more and costs it.
 * - A benched credential, model or provider is probed by the checks of every target below it.
 * - Checks are not requests of the runtime: a credential's requests per minute (`rpm`) neither count them nor delay
 *   them. If the provider counts them, leave room: lower `rpm` by 60 s / `interval` for each target of the
 *   credential.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { prepare } from "../candidates/PreparedChain.ts"
import type { Backend } from "../domain/Backend.ts"
import type { Chain } from "../domain/Chain.ts"
import type { Target } from "../domain/Target.ts"
import * as AttemptPermission from "../engine/run/AttemptPermission.ts"
import { Listeners } from "../events/Listeners.ts"
import type * as Failure from "../failure/Failure.ts"
import type { TargetKey } from "../failure/TargetKey.ts"
import * as Bench from "../health/Bench.ts"
import { BenchRegistry } from "../health/BenchRegistry.ts"
import * as EngineBench from "../health/EngineBench.ts"
import { type Options as PolicyOptions, ProcessDefaults } from "../policy/Policy.ts"
import * as PolicyChecks from "../policy/PolicyChecks.ts"
import { ruleOf } from "../policy/Rule.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import * as Checks from "../util/Checks.ts"
import * as Check from "./Check.ts"
import { type Checked, count, healthOf, type TargetHealth, unchecked, type Watched } from "./TargetHealth.ts"

export type { Checked, TargetHealth }

/**
 * How a target leaves the bench:
 *
 * - `"timer"` (default): after its cooldown, by the probe of a request or of a check, whichever is first
 * - `"check"`: after its cooldown, once a check has passed; until then requests skip it. An answer to a
 *   last attempt, when everything in a chain is benched, counts as a passed check; with `whenAllBenched: "fail"` there is
 *   none. A new secret under the name of a dead key is probed by a request at once. When the layer
 *   closes, timers apply again.
 */
export type Recovery = "timer" | "check"

/** When and how targets are checked; see `Check.Options` for the timing. */
export interface CommonOptions extends Check.Options {
  readonly recovery?: Recovery | undefined
}

/** The targets and the check. */
export interface Options<out R> extends CommonOptions {
  /** Each target is checked separately, one check at a time. Duplicate keys are checked once. */
  readonly targets: ReadonlyArray<Target>
  /** A cheap request. It fails with the failure it found; its result is ignored. */
  readonly check: (target: Target) => Effect.Effect<unknown, Failure.Failure, R>
}

/** The chain whose targets are checked, and the check. */
export interface ChainOptions<P extends Backend, out RP, out R> extends CommonOptions {
  readonly chain: Chain<P, RP>
  /** The runtime's own policy, if it has one: failed checks use the same decision table. */
  readonly policy?: PolicyOptions | undefined
  readonly check: (backend: P, target: Target) => Effect.Effect<unknown, Failure.Failure, R>
}

/**
 * The health checks of the process. It reports the health of the targets and can check one at once.
 *
 * @category services
 */
export class HealthCheck extends Context.Service<
  HealthCheck,
  {
    /**
     * Checks a target now, by its key. If a check of it is running, its result is
     * shared. `undefined` for a target that is not checked.
     */
    readonly check: (target: TargetKey) => Effect.Effect<Checked | undefined>
    /** The health of every checked target. */
    readonly report: Effect.Effect<ReadonlyArray<TargetHealth>>
    /** Every check from now on. A slow reader loses the oldest of 256. */
    readonly checks: Stream.Stream<Checked>
  }
>()("effect-failover/HealthCheck") {
  /**
   * Checks targets for as long as the layer lives.
   *
   * @example
   * import { BenchRegistry, Credential, Failure, Policy, Target } from "effect-failover"
   * import { HealthCheck } from "effect-failover/upstream"
   * import { Effect, Layer } from "effect"
   *
   * const oslo = Target.make({
   *   provider: "oslo",
   *   model: "forecast",
   *   credential: Credential.none,
   *   policy: Policy.defaults
   * })
   * HealthCheck.HealthCheck.layer({
   *   targets: [oslo],
   *   check: (target) => Effect.fail(new Failure.Transient({ reason: "Connection", message: target.key })),
   *   interval: "1 minute"
   * }).pipe(Layer.provideMerge(BenchRegistry.layerMemory))
   */
  static readonly layer = <R>(
    options: Options<R>
  ): Layer.Layer<HealthCheck, never, BenchRegistry | Exclude<R, Scope.Scope>> =>
    Layer.effect(
      HealthCheck,
      Effect.suspend(() => make(options))
    )

  /**
   * Checks every target of a chain.
   *
   * @example
   * import { Chain, Failover } from "effect-failover"
   * import { Scripted } from "effect-failover/testing"
   * import { HealthCheck } from "effect-failover/upstream"
   * import { Layer } from "effect"
   *
   * const chain = Chain.make(
   *   Scripted.make("first", [["hello"]]).model("large"),
   *   Scripted.make("second", [["hello"]]).model("small")
   * )
   * HealthCheck.HealthCheck.layerChain({
   *   chain,
   *   check: (provider, target) => provider.complete("ping", target),
   *   recovery: "check"
   * }).pipe(Layer.provideMerge(Failover.layer()))
   */
  static readonly layerChain = <P extends Backend, RP, R>(
    options: ChainOptions<P, RP, R>
  ): Layer.Layer<HealthCheck, never, BenchRegistry | Exclude<RP | R, Scope.Scope>> =>
    Layer.effect(
      HealthCheck,
      Effect.suspend(() => makeChain(options))
    )
}

/** Checks every target of a chain for as long as the scope is open. `layerChain` does it for as long as a layer lives. */
export const makeChain = <P extends Backend, RP, R>({
  chain,
  check,
  policy,
  ...options
}: ChainOptions<P, RP, R>): Effect.Effect<
  HealthCheck["Service"],
  never,
  BenchRegistry | Scope.Scope | RP | R
> =>
  Effect.flatMap(Effect.context<RP>(), (context) => {
    Checks.fields("HealthCheck.makeChain", { check }, { check: Checks.callable })
    PolicyChecks.check("the policy of HealthCheck.makeChain", policy)
    const backends = new Map<string, P>()
    const layers = [Context.get(context, ProcessDefaults), policy]
    const targets = prepare(chain, layers).models.flatMap((model) => {
      const backend = model.backendIn(context)
      return model.targetsOf(backend).map((target) => {
        backends.set(target.key, backend)
        return target
      })
    })
    return make({ ...options, targets, check: (target) => check(backends.get(target.key)!, target) })
  })

/** Checks targets for as long as the scope is open. `layer` does it for as long as a layer lives. */
export const make = Effect.fnUntraced(function* <R>(
  options: Options<R>
): Effect.fn.Return<HealthCheck["Service"], never, BenchRegistry | Scope.Scope | R> {
  const bench = EngineBench.of(yield* BenchRegistry)
  const context = yield* Effect.context<R>()
  const scope = yield* Effect.scope
  Checks.fields<Options<R>>("HealthCheck.make", options, {
    targets: Checks.list,
    check: Checks.callable,
    recovery: Checks.oneOf(["timer", "check"])
  })
  const timing = Check.timing(options)
  const listeners = new Listeners<Checked>()
  const watched = new Map(
    options.targets.map((target) => {
      const ask = Check.alone(Effect.suspend(() => options.check(target)))
      return [target.key, unchecked(target, ask)]
    })
  )

  /** One check of one target, if the bench admits it. */
  const once = (watch: Watched<R>): Effect.Effect<Checked> =>
    Effect.suspend(() => {
      const { target } = watch
      const now = MonotonicClock.millis(Context.get(context, Clock.Clock))
      const admission = bench.modifyUnsafe((state) => Bench.admit(state, target, now, true), now)
      const benched: Checked = { target, result: "benched", at: now, duration: 0, failure: undefined }
      if (admission._tag === "Benched") return Effect.succeed(benched)
      const release = () => {
        if (admission._tag === "Probe") bench.releaseUnsafe(admission, now)
      }
      const run = Check.run(watch.ask, {
        timeout: timing.timeout,
        target: target.key,
        onEnd: ({ at, duration, failure }) => {
          if (failure !== undefined) {
            const { rest } = ruleOf(target.policy.rules, failure)
            bench.modifyUnsafe(
              (state) => [undefined, Bench.fail(state, target, admission, failure, rest, at)],
              at
            )
          } else if (admission._tag === "Probe") bench.reopenUnsafe(admission, at)
          const result = failure === undefined ? "passed" : "failed"
          const checked: Checked = { target, result, at, duration, failure }
          count(watch, checked)
          listeners.tell(checked)
          return checked
        },
        onInterrupt: release
      })
      if (admission._tag === "Go" || bench.claim === undefined) return run
      // With a shared bench, one replica checks and the others take over its result.
      return AttemptPermission.letThrough(bench.claim(admission)).pipe(
        Effect.flatMap((isOurs) => (isOurs ? run : Effect.succeed(benched))),
        Effect.onInterrupt(() => Effect.sync(release))
      )
    }).pipe(Effect.provideContext(context))

  /** The running check, or a new one. It belongs to the service, so a waiting caller cannot stop it. */
  const check = (watch: Watched<R>): Effect.Effect<Checked> =>
    Effect.suspend(() => {
      if (watch.running !== undefined) return Fiber.join(watch.running)
      const started = once(watch).pipe(
        Effect.ensuring(Effect.sync(() => (watch.running = undefined))),
        Effect.forkIn(scope),
        Effect.map((fiber) => (watch.running = fiber)),
        Effect.uninterruptible
      )
      return Effect.flatMap(started, Fiber.join)
    })

  if (options.recovery === "check") {
    for (const { target } of watched.values()) yield* held(bench, target)
  }
  for (const watch of watched.values()) {
    const again = Effect.andThen(Check.pause(timing), check(watch))
    yield* Effect.andThen(Check.firstPause(timing), Effect.andThen(check(watch), Effect.forever(again))).pipe(
      Effect.forkIn(scope)
    )
  }

  return {
    check: (key) => {
      const watch = watched.get(key)
      return watch === undefined ? Effect.succeed(undefined) : check(watch)
    },
    report: Effect.map(MonotonicClock.currentTimeMillis, (now) => {
      const state = bench.stateUnsafe()
      return [...watched.values()].map((watch) => healthOf(watch, state, now))
    }),
    checks: listeners.stream
  }
})

/** While the scope is open, only a passed check ends the target's bench. */
const held = (bench: EngineBench.EngineBench, target: Target): Effect.Effect<void, never, Scope.Scope> => {
  const change = (f: (state: Bench.State, target: Target) => Bench.State) =>
    Effect.map(MonotonicClock.currentTimeMillis, (now) =>
      bench.modifyUnsafe((state) => [undefined, f(state, target)], now)
    )
  return Effect.acquireRelease(change(Bench.hold), () => change(Bench.unhold))
}
