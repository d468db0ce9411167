/** Affinity: keeps the requests of a conversation at one target of a tier, where its prompt is still in the provider's cache. */
import * as Context from "effect/Context"

/**
 * The key of the conversation that the requests in this context belong to. In a tier of several targets, requests with the
 * same key go to the same target, in every process. While that target cannot be called, they all go to the same other target,
 * and return afterwards. Without a key (the default) the tier's strategy decides. A key of the call (`CallOptions.affinity`)
 * overrides this one.
 *
 * @category services
 * @example
 * import { Affinity } from "effect-failover"
 * import { Effect } from "effect"
 *
 * const turn = Effect.succeed("an answer").pipe(Effect.provideService(Affinity.Affinity, "user 7, chat 12"))
 * Effect.runSync(turn) // => "an answer"
 */
export const Affinity: Context.Reference<string | undefined> = Context.Reference<string | undefined>(
  "effect-failover/Affinity",
  { defaultValue: () => undefined }
)

/** A key, or a function that returns one (or `undefined`) when it is needed. */
export type AffinityKey = string | (() => string | undefined)
