/** What the tests of parity share: failures, providers with several credentials, and requests in virtual time. */
import { it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { BenchRegistry, Chain, Credential, Failover, Failure, Model } from "effect-failover"
import { Scripted } from "effect-failover/testing"

export const throttled = new Failure.RateLimit({ message: "slow down" })
export const wrongKey = new Failure.AuthDead({ reason: "InvalidKey", message: "no such key" })
export const noBalance = new Failure.AuthDead({ reason: "Balance", message: "out of credit" })
export const noModel = new Failure.AuthDead({ reason: "ModelMissing", message: "no such model" })
export const broken = new Failure.Transient({ reason: "ServerError", message: "it broke" })
export const unreachable = new Failure.Transient({ reason: "Connection", message: "connection refused" })
export const strange = new Failure.Transient({ reason: "Unknown", message: "what is this" })
export const refused = new Failure.BadRequest({ reason: "Invalid", message: "not like this" })
export const tooLong = new Failure.ContextExceeded({ message: "too long" })

/** The behaviour of a provider's credential or model, call by call. The last entry is repeated. */
export type Steps = ReadonlyArray<Scripted.Call<string, Scripted.Part>>

/** A provider whose credentials each play a script of their own, in this order. */
export const withKeys = (
  name: string,
  scripts: Readonly<Record<string, Steps>>,
  options?: Scripted.Options<unknown, string, Scripted.Part>
): Scripted.Scripted => {
  const [first = Credential.none, ...rest] = Object.keys(scripts).map((key) => Credential.make(key))
  const script: Scripted.Script<unknown, string, Scripted.Part> = ({ credential }) =>
    scripts[credential.name] ?? []
  return Scripted.make(name, script, { credentials: [first, ...rest], ...options })
}

/** A chain of one model of each of these providers. */
export const chainOf = (...providers: ReadonlyArray<Scripted.Scripted>) =>
  Chain.fromLinks(providers.map((provider) => Model.make(provider, "m")))

/** One request that takes no time: its answer, or its error as a value. */
export const ask = <R>(chain: Chain.Chain<Scripted.Scripted, R>, options?: Failover.CallOptions) =>
  Effect.map(Effect.result(Failover.complete(chain, "a prompt", options)), Result.merge)

/** One request that may take up to an hour. Every random number is `chance`, where 1 means just below 1. */
export const askInTime = <R>(
  chain: Chain.Chain<Scripted.Scripted, R>,
  options: Failover.CallOptions & { readonly chance?: number; readonly within?: Duration.Input } = {}
) =>
  Effect.gen(function* () {
    const fiber = yield* ask(chain, options).pipe(
      chance(options.chance ?? 1),
      Effect.forkChild({ startImmediately: true })
    )
    yield* TestClock.adjust(options.within ?? "1 hour")
    return yield* Fiber.join(fiber)
  })

/** Makes every random number the same, from 0 to 1. */
export const chance = (number: number) =>
  Effect.provideService(Random.Random, { nextDoubleUnsafe: () => number, nextIntUnsafe: () => 0 })

/** The credentials that were called, in order. */
export const keysOf = (provider: Scripted.Scripted): ReadonlyArray<string> =>
  provider.calls.map(({ target }) => target.slice(target.indexOf("#") + 1))

/** When calls began, in milliseconds. */
export const timesOf = (provider: Scripted.Scripted): ReadonlyArray<number> =>
  provider.calls.map(({ at }) => at)

/** Whether a key is benched now. */
export const isBenched = (key: string) =>
  Effect.flatMap(BenchRegistry.BenchRegistry, (registry) => registry.isBenched(key))

/** Declares a test whose requests go through a runtime with these options. */
export const under =
  (options?: Failover.FailoverOptions) =>
  (
    name: string,
    body: () => Effect.Effect<void, unknown, Failover.Failover | BenchRegistry.BenchRegistry | Scope.Scope>
  ) =>
    it.effect(name, () => Effect.provide(body(), Failover.layer(options)))
