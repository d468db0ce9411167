/** Derives the outcomes of the upstreams from the events of one run. */

import type { Target } from "../domain/Target.ts"
import type { Observer } from "../events/FailoverEvent.ts"
import type { Failure } from "../failure/Failure.ts"
import type { Upstream } from "./Route.ts"

/** Receives the outcomes. Times are milliseconds since the epoch. */
export interface Outcomes {
  readonly succeeded: (at: Upstream, now: number) => void
  readonly failed: (at: Upstream, failure: Failure, now: number) => void
}

/**
 * Observes one run. An upstream has failed if the run leaves it after a failure, for the other one or for good;
 * retries and other credentials of the same upstream belong to the same visit. A stream has succeeded when it is
 * complete, not when it begins. An attempt cut off by the request's deadline or its caller counts only where the engine takes
 * it for a sign that the upstream hangs: the third in a row, after a while without an answer.
 */
export const observe = (upstreamOf: (target: Target) => Upstream, outcomes: Outcomes): Observer => {
  let visited: Upstream | undefined
  let failure: Failure | undefined
  let hedge: Upstream | undefined
  const leave = (now: number) => {
    if (visited !== undefined && failure !== undefined) outcomes.failed(visited, failure, now)
  }
  return (event) => {
    switch (event._tag) {
      case "AttemptStarted": {
        const upstream = upstreamOf(event.target)
        if (event.hedge === true) {
          hedge = upstream
          return
        }
        if (upstream !== visited) leave(event.at)
        visited = upstream
        failure = undefined
        return
      }
      case "AttemptFailed":
        if (event.action._tag === "Continue") {
          hedge = undefined
          outcomes.failed(upstreamOf(event.target), event.failure, event.at)
          return
        }
        failure = event.cutOff === true && event.counted !== true ? undefined : event.failure
        if (hedge === undefined) return
        // The run goes on with the hedge.
        if (hedge !== visited) leave(event.at)
        visited = hedge
        hedge = undefined
        failure = undefined
        return
      case "AttemptDropped":
        hedge = undefined
        return
      case "RunEnded":
        if (event.outcome === "failed") leave(event.at)
        if (event.target === undefined) return
        if (event.outcome === "answered") outcomes.succeeded(upstreamOf(event.target), event.at)
        if (event.error?._tag === "StreamBroken") {
          outcomes.failed(upstreamOf(event.target), event.error.failure, event.at)
        }
        return
      case "RunInterrupted":
        if (event.target !== undefined && event.failure !== undefined) {
          outcomes.failed(upstreamOf(event.target), event.failure, event.at)
        }
        return
    }
  }
}
