/** The status of a router and its upstreams, for people and programs. */
import type * as Check from "../checks/Check.ts"
import type * as Route from "./Route.ts"

/** The status of one upstream. Times are milliseconds since the epoch. */
export interface UpstreamStatus {
  /** `provider/model`, in order. */
  readonly models: ReadonlyArray<string>
  /** False from a failure that moves the route until it answers, or passes the check it needs to recover. */
  readonly healthy: boolean
  readonly failuresInRow: number
  readonly lastFailure: Route.Condition["lastFailure"]
}

/** Which upstream is in use, and the status of both. Times are milliseconds since the epoch. */
export interface Status {
  /** The upstream in use; during the ramp it is the primary. */
  readonly active: Route.Upstream
  readonly phase: Route.Phase
  /** The share of requests that goes to the primary now, from 0 to 1. */
  readonly share: number
  readonly since: number
  /** The end of the cooldown or of the ramp. */
  readonly until: number | undefined
  /** How often the route has left the primary. */
  readonly moves: number
  readonly primary: UpstreamStatus
  readonly backup: UpstreamStatus | undefined
  readonly lastCheck: Check.Outcome | undefined
}

/** The status of a route. Without models at the backup there is no backup. */
export const statusOf = (
  { backup, moves, phase, primary, since, until }: Route.State,
  { backupSpecs, primarySpecs }: Record<"primarySpecs" | "backupSpecs", ReadonlyArray<string>>,
  { lastCheck, share }: Pick<Status, "lastCheck" | "share">
): Status => ({
  active: phase === "backup" ? "backup" : "primary",
  phase,
  share,
  since,
  until: phase === "primary" ? undefined : until,
  moves,
  primary: upstreamStatus(primarySpecs, primary),
  backup: backupSpecs.length === 0 ? undefined : upstreamStatus(backupSpecs, backup),
  lastCheck
})

const upstreamStatus = (
  models: ReadonlyArray<string>,
  { down, failuresInRow, lastFailure }: Route.Condition
): UpstreamStatus => ({ models, healthy: !down, failuresInRow, lastFailure })
