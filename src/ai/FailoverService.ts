/**
 * Failover for any service: members that each provide the service with a layer, behind one service.
 *
 * `FailoverDecisionModel` is built with it; other services of `effect/ai` or your own can be built the same way.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { Strategy } from "../domain/Strategy.ts"
import type { Failover, FailoverOptions, Runtime } from "../engine/Failover.ts"
import type { BenchRegistry } from "../health/BenchRegistry.ts"
import type { Options as PolicyOptions } from "../policy/Policy.ts"
import { Call, fail } from "./calls/Call.ts"
import * as Members from "./calls/Members.ts"
import { withRuntime } from "./calls/WithRuntime.ts"

export { failedRun } from "./calls/AiFailure.ts"
export { member, optional } from "./calls/Members.ts"
export { Rejected } from "./calls/Validation.ts"

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
 * Runs an effect on the first available member.
 *
 * An `AiError` and the runtime's own failures are handled by the decision table. After `Rejected` the next member is tried,
 * and nothing is benched. Every other error is the caller's own and is returned at once, unchanged. If the run fails, it fails with the last member's `AiError`, with the
 * errors of all attempts in its cause.
 */
export type Through<S> = <A, E, R>(
  /** Names the call in spans and errors. */
  method: string,
  effect: (service: S) => Effect.Effect<A, E, R>,
  /** What the caller asks, from which a request that fails again is recognized. Default: not known. */
  request?: unknown
) => Effect.Effect<A, E, R>

/** A service over several members, using the runtime of the context. See `layer`. */
export const layerNoDeps = <I, S, const Links extends NonEmptyReadonlyArray<Members.Link<I>>>(
  key: Context.Key<I, S>,
  members: Links,
  make: (through: Through<S>) => S,
  options: Options = {}
): Layer.Layer<I, Members.ErrorOf<Links[number]>, Members.ServicesOf<Links[number]> | Failover> =>
  Members.layerOver(key, members, {
    read: (context) => Context.get(context, key),
    buildTimeout: options.buildTimeout,
    make: (failover, built) => Effect.sync(() => make(through(key.key, failover, built, options)))
  })

/**
 * A service over several members that provide it, with its own runtime and the bench of the process.
 *
 * The members' methods should fail with `AiError`; its kinds are classified. For other errors fail with one of the
 * five failures (`Failure.Transient`, …) inside the effect given to `through`.
 *
 * @example
 * import { FailoverService } from "effect-failover/ai"
 * import { AiError, Tokenizer } from "effect/ai"
 * import { Effect, Layer } from "effect"
 *
 * const remote = (name: string) => Layer.succeed(Tokenizer.Tokenizer, Tokenizer.make({
 *   tokenize: () => Effect.succeed([name.length])
 * }))
 *
 * const layer = FailoverService.layer(
 *   Tokenizer.Tokenizer,
 *   [FailoverService.member("a/tokens", remote("a")), FailoverService.member("b/tokens", remote("b"))],
 *   (through) => ({
 *     tokenize: (input) => through("tokenize", (tokenizer) => tokenizer.tokenize(input)),
 *     truncate: (input, tokens) => through("truncate", (tokenizer) => tokenizer.truncate(input, tokens))
 *   })
 * )
 */
export const layer = <I, S, const Links extends NonEmptyReadonlyArray<Members.Link<I>>>(
  key: Context.Key<I, S>,
  members: Links,
  make: (through: Through<S>) => S,
  options: LayerOptions = {}
): Layer.Layer<I | BenchRegistry, Members.ErrorOf<Links[number]>, Members.ServicesOf<Links[number]>> =>
  withRuntime(layerNoDeps(key, members, make, options), options)

const through = <S>(
  module: string,
  failover: Runtime,
  members: ReadonlyArray<Members.Built<S>>,
  options: Options
): Through<S> => {
  const chain = Members.toChain(members, options)
  const run = (
    method: string,
    effect: (service: S) => Effect.Effect<unknown, unknown, unknown>,
    request?: unknown
  ) =>
    Effect.useSpan(`${module}.${method}`, (span) =>
      Effect.withFiber((fiber) => {
        const call = new Call(span, fiber.context)
        return Effect.matchEffect(
          failover.useAnswered(
            chain,
            (backend, target) => {
              call.begin(target)
              return Members.using(backend.service.at(target), (member) =>
                Effect.updateContext(effect(member.service), (context: Context.Context<unknown>) =>
                  call.contextOf(context, member)
                )
              )
            },
            { classify: call.classify, request }
          ),
          {
            onSuccess: ({ value }) => Effect.succeed(value),
            onFailure: (error) => fail(error, { module, method })
          }
        )
      })
    )
  // The errors and requirements of the members' effects are in the caller's type; here they are unknown.
  return run as Through<S>
}
