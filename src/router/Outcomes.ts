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
 * complete, not when it begins. A target of a chain for long prompts or refused content belongs to neither upstream. An
 * attempt cut off by the request's deadline or its caller counts only where the engine takes it for a sign that the
 * upstream hangs: the third in a row, after a while without an answer.
 */
export const observe = (
  upstreamOf: (target: Target) => Upstream | undefined,
  outcomes: Outcomes
): Observer => {
  let visited: Upstream | undefined
  let failure: Failure | undefined
  let hedge: Upstream | undefined
  let isHedged = false
  const failed = (target: Target, failure: Failure, now: number) => {
    const upstream = upstreamOf(target)
    if (upstream !== undefined) outcomes.failed(upstream, failure, now)
  }
  const leave = (now: number) => {
    if (visited !== undefined && failure !== undefined) outcomes.failed(visited, failure, now)
  }
  return (event) => {
    switch (event._tag) {
      case "AttemptStarted": {
        const upstream = upstreamOf(event.target)
        if (event.hedge === true) {
          hedge = upstream
          isHedged = true
          return
        }
        if (upstream !== visited) leave(event.at)
        visited = upstream
        failure = undefined
        return
      }
      case "AttemptFailed":
        if (event.action._tag === "Continue") {
          isHedged = false
          failed(event.target, event.failure, event.at)
          return
        }
        failure = event.cutOff === true && event.counted !== true ? undefined : event.failure
        if (!isHedged) return
        // The run goes on with the hedge.
        if (hedge !== visited) leave(event.at)
        visited = hedge
        isHedged = false
        failure = undefined
        return
      case "AttemptDropped":
        // The other attempt goes on, and may still fail before a later commit point.
        if (isHedged && !event.hedge) visited = hedge
        isHedged = false
        return
      case "RunEnded":
        if (event.outcome === "failed") leave(event.at)
        if (event.target === undefined) return
        if (event.outcome === "answered") {
          const upstream = upstreamOf(event.target)
          if (upstream !== undefined) outcomes.succeeded(upstream, event.at)
        }
        if (event.error?._tag === "StreamBroken") failed(event.target, event.error.failure, event.at)
        return
      case "RunInterrupted":
        if (event.target !== undefined && event.failure !== undefined) {
          failed(event.target, event.failure, event.at)
        }
        return
    }
  }
}
