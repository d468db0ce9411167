/**
 * What has to be asked before an attempt is made: the other processes, whether a probe may be sent, and the limiter,
 * whether the credential has a request left. Mostly nothing.
 */
import * as Effect from "effect/Effect"
import type { Target } from "../../domain/Target.ts"
import type * as Bench from "../../health/Bench.ts"
import type { BenchRegistry } from "../../health/BenchRegistry.ts"
import type { CredentialLimits } from "../../health/CredentialLimits.ts"

/** `probing`: another process is, and the probe's slot has been given back. `limited`: the credential is over its own limit. */
export type AttemptPermission = "granted" | "probing" | "limited"

/** Asks for an attempt; `undefined` where there is nobody to ask. Who breaks instead of answering holds up nobody. */
export const ask = (
  { limits, registry }: { readonly limits: CredentialLimits; readonly registry: BenchRegistry["Service"] },
  target: Target,
  admission: Bench.Go | Bench.Probe
): Effect.Effect<AttemptPermission> | undefined => {
  const claim =
    admission._tag === "Probe" && registry.claim !== undefined
      ? Effect.suspend(() => registry.claim?.(admission) ?? Effect.succeed(true))
      : undefined
  const take = target.credential.rpm === undefined ? undefined : counted(limits.take(target))
  return claim === undefined
    ? take
    : Effect.flatMap(letThrough(claim), (isOurs) => (isOurs ? (take ?? granted) : probing))
}

const granted = Effect.succeed<AttemptPermission>("granted")

const probing = Effect.succeed<AttemptPermission>("probing")

const counted = (take: Effect.Effect<boolean>): Effect.Effect<AttemptPermission> =>
  Effect.map(letThrough(take), (isAllowed) => (isAllowed ? "granted" : "limited"))

/** The word of who may break: who breaks instead of answering holds up nobody. */
export const letThrough: (word: Effect.Effect<boolean>) => Effect.Effect<boolean> = Effect.catchCause(() =>
  Effect.succeed(true)
)
