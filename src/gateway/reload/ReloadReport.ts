/** Reports reloads to operators: a log entry, and gauges for alerts. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { ReloadError, Reloaded } from "./Reload.ts"

const revision = Metric.gauge("failover_config_revision", {
  description: "Number of the config in force; the config at the start is 1."
})
const since = Metric.gauge("failover_config_since_timestamp_seconds", {
  description: "When the config in force was loaded, in seconds since the epoch."
})
const successful = Metric.gauge("failover_config_last_reload_successful", {
  description: "1 if the last reload succeeded, 0 if it was refused."
})

/** Sets the gauges to the config in force. */
export const inForce = (config: { readonly revision: number; readonly since: number }): Effect.Effect<void> =>
  Effect.all(
    [
      Metric.update(revision, config.revision),
      Metric.update(since, config.since / 1000),
      Metric.update(successful, 1)
    ],
    { discard: true }
  )

/** Reports a new config in force. */
export const taken = (reloaded: Reloaded): Effect.Effect<void> => {
  const { notes, restart } = reloaded
  return Effect.andThen(
    inForce(reloaded),
    Effect.logInfo(
      [
        `config revision ${reloaded.revision} is in force`,
        ...(restart.length === 0 ? [] : [`${restart.join(", ")}: changed only after a restart`]),
        ...notes.map((note) => `note: ${note}`)
      ].join("; ")
    )
  )
}

/** Reports a failed reload. */
export const refused = (error: ReloadError): Effect.Effect<void> =>
  error._tag === "NotReloadable"
    ? Effect.logWarning(`the config was not reloaded: ${error.message}`)
    : Effect.andThen(
        Metric.update(successful, 0),
        Effect.logError(`the config in force stays unchanged. ${error.message}`)
      )
