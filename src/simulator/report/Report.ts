/** The report of a simulation: requests answered and lost, by which targets, how fast, and the effect of each fault. */
import * as Usage from "../world/Usage.ts"
import type { RequestRecord } from "./Journal.ts"
import type { Stayed } from "./Loyalty.ts"
import * as Parts from "./Parts.ts"
import type { Played } from "./Played.ts"
import { stepsOf } from "./Steps.ts"
import type { Counts } from "./Tally.ts"
import * as Timeline from "./Timeline.ts"
import type { Spread } from "./Times.ts"

/** The report of a simulation. Times are milliseconds. */
export interface Report {
  readonly title?: string
  readonly about?: string
  /** When a replayed log begins, in milliseconds since the epoch; absent without a replay. */
  readonly startsAt?: number
  readonly model: string
  readonly stream: boolean
  readonly duration: number
  readonly perSecond: number
  readonly seed: number
  readonly requests: {
    readonly asked: number
    readonly answered: number
    /** Answered by their first call. */
    readonly atOnce: number
    /** Answered by one of two calls at a time, of which none failed. */
    readonly hedged: number
    /** Answered after at least one failed call. */
    readonly rescued: number
    readonly failed: number
    /** Streams that broke off after their first word, where failover is no longer possible. */
    readonly broken: number
    /** The errors that callers got, and how often. */
    readonly errors: Readonly<Counts>
    /** Calls to targets, for all requests together. */
    readonly calls: number
    /** Calls to the same target again. */
    readonly retries: number
    /** Fallbacks: calls to another target after a failure. The name is that of the report's JSON, which programs read. */
    readonly failovers: number
    /** Calls that began beside another one of their request. */
    readonly hedges: number
  }
  /** The time to the first word of a stream, otherwise to the answer. Absent if there was none. */
  readonly times: {
    readonly all?: Spread
    readonly atOnce?: Spread
    readonly hedged?: Spread
    readonly rescued?: Spread
    /** The time that rescued requests lost before their successful call began. */
    readonly added?: Spread
  }
  /** Present if requests are turns of conversations. */
  readonly conversations?: Stayed
  readonly tokens: Usage.Tokens
  /** Of all targets, in the unit of the prices; absent if a target that was called has no price. */
  readonly cost?: number
  readonly targets: ReadonlyArray<Parts.TargetReport>
  readonly faults: ReadonlyArray<Parts.FaultReport>
  readonly timeline: ReadonlyArray<Timeline.Entry>
  /** How long each interval is. */
  readonly step: number
  readonly intervals: ReadonlyArray<Parts.Interval>
  /** The same in shorter intervals, for a chart. */
  readonly fine: { readonly step: number; readonly intervals: ReadonlyArray<Parts.Interval> }
  /** The first requests that were lost, and the first that were rescued, with all their calls. */
  readonly examples: {
    readonly lost: ReadonlyArray<RequestRecord>
    readonly rescued: ReadonlyArray<RequestRecord>
  }
}

/** Sums up a simulation. */
export const of = (played: Played): Report => {
  const { end, met, scenario, story, tally } = played
  const { about, duration, model, perSecond, seed, stream, title } = scenario
  const {
    answered,
    asked,
    atOnce,
    broken,
    calls,
    errors,
    failed,
    failovers,
    hedged,
    hedges,
    retries,
    times
  } = tally
  const { coarse, fine } = stepsOf(duration)
  const targets = Parts.targetsOf(played)
  return {
    ...Parts.present("title", title),
    ...Parts.present("about", about),
    ...Parts.present("startsAt", scenario.replay?.startsAt),
    model,
    stream,
    duration,
    perSecond,
    seed,
    requests: {
      asked,
      answered,
      atOnce,
      hedged,
      rescued: answered - atOnce - hedged,
      failed,
      broken,
      errors,
      calls,
      retries,
      failovers,
      hedges
    },
    times: {
      ...Parts.present("all", times.all.spread()),
      ...Parts.present("atOnce", times.atOnce.spread()),
      ...Parts.present("hedged", times.hedged.spread()),
      ...Parts.present("rescued", times.rescued.spread()),
      ...Parts.present("added", times.added.spread())
    },
    ...(scenario.conversations !== undefined && { conversations: tally.loyalty.stayed }),
    tokens: targets.map(({ tokens }) => tokens).reduce(Usage.add, Usage.none),
    ...Parts.present("cost", Parts.costOf(targets)),
    targets,
    faults: scenario.faults.map((fault, index) =>
      Parts.faultReport(fault, met[index] ?? 0, tally.backAt[index], duration)
    ),
    timeline: Timeline.of(scenario.faults, story.lines, tally.lost.all, Math.min(duration, end)),
    step: coarse,
    intervals: Parts.intervals(tally, coarse),
    fine: { step: fine, intervals: Parts.intervals(tally, fine) },
    examples: tally.examples
  }
}

/** True if every request got its whole answer. */
export const isLossless = ({ requests: { answered, asked } }: Report): boolean => answered === asked
