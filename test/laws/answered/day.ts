/**
 * Random days of one process: chains, policies, outages, crowds, manual benches, reloads and set clocks. They are plain data, so
 * that a failing one is printed shrunk and can be replayed. Times are milliseconds from the start.
 */
import * as Schema from "effect/Schema"
import { Strategy } from "../../../src/index.ts"

const Int = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const List = <S extends Schema.Constraint>(item: S, minimum: number, maximum: number) =>
  Schema.Array(item).check(Schema.isBetweenLength(minimum, maximum))

/** The fault of a target while it is in trouble. */
export const Way = Schema.Literals([
  "Overloaded",
  "ServerError",
  "Connection",
  "RateLimit",
  /** It names the end of the trouble, or one second whatever the real end is. */
  "RateLimit with its end",
  "RateLimit for a second",
  "Overloaded with its end",
  "InvalidKey",
  "Balance",
  "ModelMissing",
  "Empty",
  "Malformed",
  "Truncated",
  "Unknown",
  "hang",
  /** Answers after ten seconds. */
  "slow",
  /** A stream that breaks before its first content; a whole answer that is cut. */
  "cut early",
  /** A stream that breaks after its first content. */
  "cut late"
])

const Trouble = Schema.Struct({
  way: Way,
  from: Schema.Literals([0, 0, 300, 3_000]),
  lasts: Schema.Literals([50, 200, 450, 2_000, 9_000, 40_000, 1e9])
})

const Service = Schema.Struct({
  /** How long a call takes. */
  latency: Schema.Literals([0, 5, 40, 900]),
  /** No trouble: it is healthy all day. */
  troubles: List(Trouble, 0, 2),
  /** The requests per minute of its credential; 0 for no limit. */
  rpm: Schema.Literals([0, 0, 0, 6, 600]),
  weight: Schema.Literals([1, 3, 0]),
  /** Whether it shares an endpoint with other services. */
  isShared: Schema.Boolean
})

/** One day. */
export const Day = Schema.Struct({
  seed: Int(0, 1_000),
  services: List(Service, 1, 6),
  /** The number of services in each tier. The last tier takes the rest. */
  tiers: List(Int(1, 3), 1, 4),
  strategy: Schema.Literals(Strategy.strategies),
  kind: Schema.Literals(["effect", "stream"]),
  callers: Schema.Literals([1, 2, 5, 20, 60, 200, 1_000]),
  /** Between two callers. */
  gap: Schema.Literals([0, 0, 1, 10, 400, 3_000]),
  /** The number of names that the callers share; 0 for callers without a name, -1 for identical requests. */
  names: Schema.Literals([0, 1, 3, 1_000, -1]),
  /** Every caller whose number is a multiple of this disconnects after a while; 0 for none. */
  leaves: Schema.Struct({ every: Schema.Literals([0, 0, 2, 5]), after: Schema.Literals([0, 3, 600, 4_000]) }),
  byHand: List(
    Schema.Struct({
      service: Int(0, 5),
      at: Schema.Literals([0, 100, 3_000]),
      lasts: Schema.Literals([500, 2_500, 60_000])
    }),
    0,
    2
  ),
  reloads: List(Schema.Literals([1, 250, 1_000, 4_000]), 0, 2),
  /** The wall clock is set by this many hours. */
  jumps: List(
    Schema.Struct({ at: Schema.Literals([100, 1_500, 6_000]), hours: Schema.Literals([-1, 24]) }),
    0,
    2
  ),
  policy: Schema.Struct({
    deadline: Schema.Literals([600_000, 60_000, 10_000, 2_500, 1_000]),
    attempts: Schema.Literals([8, 1, 2, 3]),
    maxWait: Schema.Literals([3_000, 0, 1_000]),
    whenAllBenched: Schema.Literals(["tryAnyway", "tryAnyway", "wait", "fail"]),
    timeout: Schema.Literals([30_000, 2_000]),
    retryBudget: Schema.Literals([0.2, 0, 1_000]),
    learnedLimit: Schema.Boolean,
    hedge: Schema.Literals([0, 0, 5, 300])
  })
})

/** One day. */
export interface Day extends Schema.Schema.Type<typeof Day> {}

/** One service of a day. */
export type Service = Day["services"][number]

/** A plain day, as a base for others: one caller, and one service that is healthy. */
export const quiet: Day = {
  seed: 1,
  services: [{ latency: 0, troubles: [], rpm: 0, weight: 1, isShared: false }],
  tiers: [1],
  strategy: "sequential",
  kind: "effect",
  callers: 1,
  gap: 0,
  names: 0,
  leaves: { every: 0, after: 0 },
  byHand: [],
  reloads: [],
  jumps: [],
  policy: {
    deadline: 60_000,
    attempts: 8,
    maxWait: 3_000,
    whenAllBenched: "tryAnyway",
    timeout: 30_000,
    retryBudget: 0.2,
    learnedLimit: false,
    hedge: 0
  }
}

/** The trouble of a service at a time. */
export const troubleAt = ({ troubles }: Service, at: number) =>
  troubles.find(({ from, lasts }) => at >= from && at < from + lasts)

/** Since when a service has been healthy at a time; `undefined` if it is not. */
export const wellSince = (service: Service, at: number): number | undefined =>
  troubleAt(service, at) === undefined
    ? Math.max(0, ...service.troubles.map(({ from, lasts }) => from + lasts).filter((end) => end <= at))
    : undefined
