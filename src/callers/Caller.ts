/** The caller of a request. A failure that only one caller's requests meet does not bench the target for other callers. */
import * as Context from "effect/Context"

/**
 * Who makes the requests in this context: a user, a tenant or an application. A failure that a request can cause by itself
 * benches the target for this caller only, until another caller meets it too. Without a key (the default) the affinity key,
 * or the request itself, stands for the caller. A key of the call (`CallOptions.caller`) overrides this one. The key is
 * never saved, shared or logged.
 *
 * @category services
 * @example
 * import { Caller } from "effect-failover"
 * import { Effect } from "effect"
 *
 * const request = Effect.succeed("an answer").pipe(Effect.provideService(Caller.Caller, "tenant 7"))
 * Effect.runSync(request) // => "an answer"
 */
export const Caller: Context.Reference<string | undefined> = Context.Reference<string | undefined>(
  "effect-failover/Caller",
  { defaultValue: () => undefined }
)

/** A key, or a function that returns one (or `undefined`) when it is needed. */
export type CallerKey = string | (() => string | undefined)
