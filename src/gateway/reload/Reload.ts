/** Reading the config anew while the gateway runs: what one asks for, and what comes of it. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ConfigError } from "../../config/file/Problem.ts"

/** What a reload did. */
export interface Reloaded {
  /** The number of the config now in force; the one that the gateway started with is 1. */
  readonly revision: number
  /** Since when it is, in milliseconds since the epoch. */
  readonly since: number
  /** Fields that say something new and cannot change while the gateway runs, such as `server.port`. */
  readonly restart: ReadonlyArray<string>
  /** What is accepted and has no effect, in sentences. */
  readonly notes: ReadonlyArray<string>
}

/**
 * There is nothing to read anew: the gateway was started without a source of configs, or it is about to stop.
 *
 * @category errors
 */
export class NotReloadable extends Schema.TaggedError<NotReloadable>()(
  "NotReloadable",
  { message: Schema.String },
  { httpApiStatus: 409 }
) {}

/** Why the config in force is still the one before. */
export type ReloadError = ConfigError | NotReloadable

/**
 * The reload of a running gateway.
 *
 * @category services
 */
export class Reload extends Context.Service<
  Reload,
  {
    /**
     * Reads the config from its source and puts it in force. Requests in flight finish on the one before; benches, the
     * retry budget, counters and connections go on. With a bad config nothing changes. Reloads wait for each other.
     */
    readonly reload: Effect.Effect<Reloaded, ReloadError>
  }
>()("effect-failover/Reload") {}
