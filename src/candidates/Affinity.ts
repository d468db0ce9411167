/** What keeps the requests of one conversation at one target of a tier, where its prompt is still in the provider's cache. */
import * as Context from "effect/Context"

/**
 * The key of the conversation that the requests in this context belong to. Requests with the same key go to the same target
 * of a tier of several, in every process, as long as that target can be called; while it cannot, all of them go to the same
 * other one, and come back after it. Without a key (the default) the tier's strategy says where each request goes. A key of
 * the call (`CallOptions.affinity`) goes before this one.
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

/** A key, or a function that gives one (or none) when it is needed. */
export type AffinityKey = string | (() => string | undefined)
