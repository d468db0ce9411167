/**
 * The last minutes of each target: attempts, failures and latency in short steps of time.
 *
 * For the status page. Counting an event costs a few array accesses, and the memory is bounded:
 * a number of targets, each with a ring of steps, of which only those with traffic hold a histogram.
 *
 * Only what shows the health of a target is counted: not a disconnected caller, the end of a request's deadline, or a
 * request that every provider would refuse.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Target } from "../domain/Target.ts"
import type { FailoverEvent, Observer } from "../events/FailoverEvent.ts"
import type { Failure } from "../failure/Failure.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import * as Checks from "../util/Checks.ts"
import * as RequestOutcomes from "./RequestOutcomes.ts"
import { type Outcome, type Reading, TargetRing } from "./TargetTraffic.ts"

export type { Reading, Step } from "./TargetTraffic.ts"

/** The length and resolution of a record. */
export interface Options {
  /** Milliseconds that one step covers. Default 10 s. */
  readonly stepMillis?: number | undefined
  /** The number of steps. Default 60: ten minutes. */
  readonly steps?: number | undefined
  /** The number of targets; the one idle the longest is dropped. Default 400, at most about 8 MB. */
  readonly capacity?: number | undefined
}

/**
 * The last minutes of every target. Give `observer` to the runtime.
 *
 * @category services
 */
export class RecentTraffic extends Context.Service<
  RecentTraffic,
  {
    readonly observer: Observer
    readonly stepMillis: number
    readonly steps: number
    /** Every target with traffic in the window. An unchanged target returns the same object again. */
    readonly readings: Effect.Effect<ReadonlyArray<Reading>>
    /** What callers got: the steps of the window with finished requests, oldest first. */
    readonly requests: Effect.Effect<ReadonlyArray<RequestOutcomes.OutcomeStep>>
  }
>()("effect-failover/RecentTraffic") {
  /** By default the last ten minutes in steps of ten seconds. */
  static readonly layer = (options?: Options): Layer.Layer<RecentTraffic> =>
    Layer.effect(
      RecentTraffic,
      Effect.sync(() => make(options))
    )
}

/** Builds a record. */
export const make = (options: Options = {}): RecentTraffic["Service"] => {
  Checks.fields("RecentTraffic.make", options, {
    stepMillis: Checks.number("a number of milliseconds, more than 0", { above: 0 }),
    steps: Checks.number("a whole number, at least 1", { least: 1, whole: true }),
    capacity: Checks.count
  })
  const { capacity = 400, stepMillis = 10_000, steps = 60 } = options
  const lanes = new Map<string, TargetRing>()
  const ends = new RequestOutcomes.RequestOutcomes(steps)

  const laneOf = (target: Target): TargetRing => {
    const known = lanes.get(target.key)
    if (known !== undefined) return known
    if (lanes.size >= capacity) forgetIdlest(lanes)
    const lane = new TargetRing(target, steps)
    lanes.set(target.key, lane)
    return lane
  }

  return {
    observer: (event) => {
      const number = Math.floor(event.at / stepMillis)
      const answered = RequestOutcomes.isAnswered(event)
      if (answered !== undefined) ends.count(number, answered)
      const change = changeOf(event)
      if (change === undefined) return
      const lane = laneOf(change.target)
      lane.count(number, change)
      lane.lastAt = event.at
    },
    stepMillis,
    steps,
    readings: Effect.map(MonotonicClock.currentTimeMillis, (now) => {
      const current = Math.floor(now / stepMillis)
      return [...lanes.values()].flatMap((lane) => lane.read(current) ?? [])
    }),
    requests: Effect.map(MonotonicClock.currentTimeMillis, (now) => ends.read(Math.floor(now / stepMillis)))
  }
}

const forgetIdlest = (lanes: Map<string, TargetRing>): void => {
  let idlest: readonly [string, TargetRing] | undefined
  for (const entry of lanes) {
    if (idlest === undefined || entry[1].lastAt < idlest[1].lastAt) idlest = entry
  }
  if (idlest !== undefined) lanes.delete(idlest[0])
}

/** The effect of an event on a target. */
interface Change extends Outcome {
  readonly target: Target
}

const changeOf = (event: FailoverEvent): Change | undefined => {
  switch (event._tag) {
    case "AttemptSucceeded": {
      const { duration, run, target } = event
      // A stream's outcome is known at its end.
      return { target, duration, answered: run.kind === "effect" }
    }
    case "AttemptFailed":
      return event.cutOff || !isTargets(event.failure)
        ? undefined
        : { target: event.target, failure: event.failure }
    case "StreamEnded": {
      const { failure, target } = event
      return failure === undefined || !isTargets(failure) ? { target, answered: true } : { target, failure }
    }
    default:
      return undefined
  }
}

/** Whether a failure is the target's and not the request's. */
const isTargets = ({ _tag }: Failure): boolean => _tag !== "BadRequest" && _tag !== "ContextExceeded"
