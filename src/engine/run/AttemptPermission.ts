/**
 * The permission for an attempt: other processes may be probing the target already (a shared bench), and the credential may
 * be over its own limit. Most attempts need no permission.
 */
import * as Effect from "effect/Effect"
import type { Target } from "../../domain/Target.ts"
import type * as Bench from "../../health/Bench.ts"
import type { CredentialLimits } from "../../health/CredentialLimits.ts"
import type { EngineBench } from "../../health/EngineBench.ts"

/** `probing`: another process is probing, and the slot has been released. `limited`: the credential is over its own limit. */
export type AttemptPermission = "granted" | "probing" | "limited"

/** What grants permissions. */
interface Granting {
  readonly limits: CredentialLimits
  readonly registry: EngineBench
}

/** Asks for permission; `undefined` where none is needed. A registry or limiter that fails lets the attempt through. */
export const ask = (
  shared: Granting,
  target: Target,
  admission: Bench.Go | Bench.Probe
): Effect.Effect<AttemptPermission> | undefined =>
  admission._tag === "Go" && target.credential.rpm === undefined
    ? undefined
    : askFor(shared, target, admission)

const askFor = (
  { limits, registry }: Granting,
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

/** Turns a failed check into permission. */
export const letThrough: (check: Effect.Effect<boolean>) => Effect.Effect<boolean> = Effect.catchCause(() =>
  Effect.succeed(true)
)
