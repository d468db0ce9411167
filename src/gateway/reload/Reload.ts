/** The reload of a running gateway: its service, result and errors. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ConfigError } from "../../config/file/Problem.ts"

/** The result of a reload. */
export interface Reloaded {
  /** The number of the config in force; the config at the start is 1. */
  readonly revision: number
  /** When it came into force, in milliseconds since the epoch. */
  readonly since: number
  /** Changed fields that need a restart, such as `server.port`. */
  readonly restart: ReadonlyArray<string>
  /** Warnings about the config, in sentences. */
  readonly notes: ReadonlyArray<string>
}

/**
 * The gateway cannot reload: it was started without a source of configs, or it is stopping.
 *
 * @category errors
 */
export class NotReloadable extends Schema.TaggedError<NotReloadable>()(
  "NotReloadable",
  { message: Schema.String },
  { httpApiStatus: 409 }
) {}

/** Why a reload failed. The config in force stays. */
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
     * Reads the config from its source and puts it in force. Requests in flight finish with the config
     * before; benches, the retry budget, counters and connections are kept. An invalid config changes
     * nothing. Reloads run one at a time.
     */
    readonly reload: Effect.Effect<Reloaded, ReloadError>
  }
>()("effect-failover/Reload") {}
