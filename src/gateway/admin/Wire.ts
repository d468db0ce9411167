/**
 * The records of the admin API.
 *
 * Times are ISO 8601 text on the wire (`2026-05-01T12:00:00.000Z`) and milliseconds since the epoch in code.
 * Fields that do not apply are left out.
 */

import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { strategies } from "../../domain/Strategy.ts"
import * as Decisions from "../../observe/Decisions.ts"
import * as Dates from "../../time/Timestamp.ts"

const opt = Schema.optionalKey

/** A time: ISO 8601 on the wire, milliseconds since the epoch in code. */
export const Moment = Schema.String.annotate({ format: "date-time" }).pipe(
  Schema.decodeTo(
    Schema.Finite,
    SchemaTransformation.transformEffect<number, string>({
      decode: (text) => {
        const millis = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
        return Number.isNaN(millis)
          ? Effect.fail(
              new SchemaIssue.InvalidValue({ message: "expected a date such as 2026-05-01T12:00:00Z" })
            )
          : Effect.succeed(millis)
      },
      encode: (millis) => Effect.succeed(Dates.format(millis))
    })
  )
)

/** What a bench key covers. */
const Scope = Schema.Literals(["target", "credential", "model", "provider"])

/** The state of a bench key; see `BenchRegistry`. */
const Status = Schema.Literals(["free", "resting", "half-open", "probing", "manual"])

/** One key of the bench. */
export const Bench = Schema.Struct({
  key: Schema.String,
  scope: Scope,
  status: Status,
  /** The class of the failure, or `Manual`. */
  reason: opt(Schema.String),
  /** Which signal decided; for a manual bench, the given reason. */
  evidence: opt(Schema.String),
  since: opt(Moment),
  /** Absent for a manual bench without an end. */
  until: opt(Moment),
  /** When the provider restores access to a dead key, as it stated. Probes may come earlier. */
  hint: opt(Moment),
  /** How often in a row the key was benched. */
  consecutiveBenches: Schema.Int,
  /** Consecutive visits that used up their retries. */
  failures: Schema.Int,
  /** Who benched it manually. */
  by: opt(Schema.String),
  /** How many callers it keeps out, if the requests of no others have failed; absent for a bench that holds for all. */
  callers: opt(Schema.Int)
}).annotate({ identifier: "Bench" })

/** One key of the bench. */
export type Bench = typeof Bench.Type

/** A limit that was learned from the refusals of a target, and how much of it is used. */
export const Learned = Schema.Struct({
  /** Attempts under way, streams to their end. */
  inFlight: Schema.Int,
  /** How many may be under way at once; absent when that is not known. */
  limit: opt(Schema.Int),
  /** How many may begin in a second; absent when that is not known. */
  perSecond: opt(Schema.Finite),
  /** Requests that wait for room. */
  waiting: Schema.Int
}).annotate({ identifier: "Learned" })

/** A limit that was learned from the refusals of a target. */
export type Learned = typeof Learned.Type

/** The counts and state of one key. Attempts that the caller cancelled are not counted. */
export const Health = Schema.Struct({
  key: Schema.String,
  scope: Scope,
  status: Status,
  until: opt(Moment),
  attempts: Schema.Int,
  failures: Schema.Int,
  failuresInRow: Schema.Int,
  lastFailure: opt(Schema.Struct({ class: Schema.String, at: Moment, evidence: opt(Schema.String) })),
  /** The limits that were learned from the refusals of a target (`learnedLimit`). */
  learned: opt(Learned)
}).annotate({ identifier: "Health" })

/** The counts and state of one key. */
export type Health = typeof Health.Type

/** One request: the targets it tried, their results, and why it went on. Durations are milliseconds. */
export const Decision = Schema.Struct({
  ...Decisions.Decision.fields,
  at: Moment,
  attempts: Schema.Array(Schema.Struct({ ...Decisions.AttemptRecord.fields, at: Moment })),
  skips: Schema.Array(Schema.Struct({ ...Decisions.Skip.fields, until: opt(Moment) }))
}).annotate({ identifier: "Decision" })

/** What a hedge would do beside a first attempt at a target. */
const ExplainedHedge = Schema.Struct({
  /** The target that the hedge would call, or all that the strategy of their tier chooses from. */
  to: Schema.Array(Schema.String),
  /** Milliseconds until a stream has to have content, and until a whole answer has to be there. */
  afterMs: Schema.Struct({ stream: opt(Schema.Finite), answer: opt(Schema.Finite) }),
  /** Why there would be no hedge now, in a sentence. */
  whyNot: opt(Schema.String)
})

/** One target as a request would find it now. */
export const ExplainedTarget = Schema.Struct({
  /** `provider/model#credential` */
  target: Schema.String,
  /** The number of its tier, from 1, and how requests are spread over it: only where several targets of a tier are equal. */
  tier: opt(Schema.Int),
  strategy: opt(Schema.Literals(strategies)),
  /** `callable`, or `probe` if the next request is its probe. Targets in other states are skipped. */
  state: Schema.Literals(["callable", "probe", "resting", "probing", "manual", "limited"]),
  /** The benched key. */
  key: opt(Schema.String),
  reason: opt(Schema.String),
  evidence: opt(Schema.String),
  until: opt(Moment),
  /** What would clear the bench, in a sentence. */
  clears: opt(Schema.String),
  /** The same as `key`, `reason`, `evidence`, `until` and `clears`, together; absent for a target that would be called. */
  why: opt(
    Schema.Struct({
      key: Schema.String,
      reason: Schema.String,
      evidence: opt(Schema.String),
      until: opt(Moment),
      clears: opt(Schema.String)
    })
  ),
  /** How many callers it is benched for, because the requests of no others have failed. It is called for all others. */
  callers: opt(Schema.Int),
  /** The limits that were learned from its refusals (`learnedLimit`). */
  learned: opt(Learned),
  /** What a hedge would do beside a first attempt here; absent for a target that would be skipped. */
  hedge: opt(ExplainedHedge)
}).annotate({ identifier: "ExplainedTarget" })

/** One target as a request would find it now. */
export type ExplainedTarget = typeof ExplainedTarget.Type

/** Where a request for a model would go now. */
export const Explanation = Schema.Struct({
  model: Schema.String,
  /** Every model of the chain, fallbacks included, in order. */
  chain: Schema.Array(Schema.String),
  /** The target that would be called first; absent if all are benched. */
  first: opt(Schema.String),
  /**
   * The targets in the order of the chain. A strategy other than `sequential` changes the order of the
   * credentials.
   */
  targets: Schema.Array(ExplainedTarget),
  /** The targets of `targets`, tier by tier. */
  tiers: Schema.Array(
    Schema.Struct({
      /** The number of the tier, from 1. */
      tier: Schema.Int,
      /** Its models, as `provider/model`. */
      models: Schema.Array(Schema.String),
      /** How requests are spread over its targets. `sequential`: they are tried in this order. */
      strategy: Schema.Literals(strategies),
      targets: Schema.Array(ExplainedTarget)
    })
  ),
  /** What happens if all targets are benched. */
  whenAllBenched: Schema.Literals(["tryAnyway", "wait", "fail"]),
  onContextExceeded: opt(Schema.Array(Schema.String)),
  onContentPolicy: opt(Schema.Array(Schema.String)),
  /** For the whole request, in milliseconds. */
  deadline: opt(Schema.Finite),
  /** Attempts for the whole request. */
  attempts: Schema.Int,
  /** Retries left in the retry budget of the process; absent if there is no budget. */
  retriesLeft: opt(Schema.Int)
}).annotate({ identifier: "Explanation" })

/** Where a request for a model would go now. */
export type Explanation = typeof Explanation.Type

/** What a reload did. */
export const Reloaded = Schema.Struct({
  /** The number of the config in force; the config at the start is 1. */
  revision: Schema.Int,
  since: Moment,
  /** Changed fields that need a restart, such as `server.port`. */
  restart: Schema.Array(Schema.String),
  /** Warnings about the config, in sentences. */
  notes: Schema.Array(Schema.String)
}).annotate({ identifier: "Reloaded" })

/** What a reload did. */
export type Reloaded = typeof Reloaded.Type

/** The event stream: decisions as they are made, changes of the bench, and keep-alives. */
export const Event = Schema.Union([
  /** A request, each time it changes. */
  Schema.Struct({ event: Schema.Literal("decision"), data: Schema.fromJsonString(Decision) }),
  /** A bench key that was added, changed or removed. */
  Schema.Struct({ event: Schema.Literal("bench"), data: Schema.fromJsonString(Bench) }),
  /** A new config came into force. */
  Schema.Struct({
    event: Schema.Literal("config"),
    data: Schema.fromJsonString(Schema.Struct({ revision: Schema.Int, since: Moment }))
  }),
  /** At the start, and then every 15 seconds. */
  Schema.Struct({
    event: Schema.Literal("ping"),
    data: Schema.fromJsonString(Schema.Struct({ at: Moment }))
  })
])

/** An event of the stream. */
export type Event = typeof Event.Type
