/**
 * What the admin API's answers look like.
 *
 * On the wire a moment is text as of ISO 8601 (`2026-05-01T12:00:00.000Z`), for whoever reads it with curl; in code it
 * is a number of milliseconds since the epoch, as everywhere else. What does not apply is left out.
 */

import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { strategies } from "../../domain/Strategy.ts"
import * as Decisions from "../../observe/Decisions.ts"
import * as Dates from "../../time/Timestamp.ts"

const opt = Schema.optionalKey

/** A moment: ISO 8601 on the wire, milliseconds since the epoch in code. */
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

/** What kind of thing a key of the bench names. */
const Scope = Schema.Literals(["target", "credential", "model", "provider"])

/** How a key stands; see `BenchRegistry`. */
const Status = Schema.Literals(["free", "resting", "half-open", "probing", "manual"])

/** One key of the bench. */
export const Bench = Schema.Struct({
  key: Schema.String,
  scope: Scope,
  status: Status,
  /** The class of the failure, or `Manual`. */
  reason: opt(Schema.String),
  /** Which signal decided; for a rest by hand the reason that was given. */
  evidence: opt(Schema.String),
  since: opt(Moment),
  /** Absent for a rest by hand that has no end. */
  until: opt(Moment),
  /** When access comes back, as the provider said of a dead key; probes are sent before it, too. */
  hint: opt(Moment),
  /** Rests in a row. */
  consecutiveBenches: Schema.Int,
  /** Exhausted visits in a row. */
  failures: Schema.Int,
  /** Who put it there by hand. */
  by: opt(Schema.String)
}).annotate({ identifier: "Bench" })

/** One key of the bench. */
export type Bench = typeof Bench.Type

/** How one key is doing. Attempts that a caller broke off are not counted. */
export const Health = Schema.Struct({
  key: Schema.String,
  scope: Scope,
  status: Status,
  until: opt(Moment),
  attempts: Schema.Int,
  failures: Schema.Int,
  failuresInRow: Schema.Int,
  lastFailure: opt(Schema.Struct({ class: Schema.String, at: Moment, evidence: opt(Schema.String) }))
}).annotate({ identifier: "Health" })

/** How one key is doing. */
export type Health = typeof Health.Type

/** One request on its way: who was tried, how it went and why it went on. Durations are milliseconds. */
export const Decision = Schema.Struct({
  ...Decisions.Decision.fields,
  at: Moment,
  attempts: Schema.Array(Schema.Struct({ ...Decisions.AttemptRecord.fields, at: Moment })),
  skips: Schema.Array(Schema.Struct({ ...Decisions.Skip.fields, until: opt(Moment) }))
}).annotate({ identifier: "Decision" })

/** One target as a request would find it now. */
export const ExplainedTarget = Schema.Struct({
  /** `provider/model#credential` */
  target: Schema.String,
  /** The number of its tier, from 1, and how requests are spread over it: only where several targets of a tier are equal. */
  tier: opt(Schema.Int),
  strategy: opt(Schema.Literals(strategies)),
  /** `callable`, or `probe` where the next request decides whether a rest is over; the others are passed by. */
  state: Schema.Literals(["callable", "probe", "resting", "probing", "manual", "limited"]),
  /** The key that keeps it away. */
  key: opt(Schema.String),
  reason: opt(Schema.String),
  evidence: opt(Schema.String),
  until: opt(Moment),
  /** What would clear it, in words. */
  clears: opt(Schema.String)
}).annotate({ identifier: "ExplainedTarget" })

/** One target as a request would find it now. */
export type ExplainedTarget = typeof ExplainedTarget.Type

/** Where a request for a model would go now. */
export const Explanation = Schema.Struct({
  model: Schema.String,
  /** Every model of the chain, fallbacks included, in order. */
  chain: Schema.Array(Schema.String),
  /** Who would be called first; absent when everything rests. */
  first: opt(Schema.String),
  /** The targets in the order of the chain; a strategy other than `sequential` turns the credentials of a model. */
  targets: Schema.Array(ExplainedTarget),
  /** What happens when everything rests. */
  whenAllBenched: Schema.Literals(["tryAnyway", "wait", "fail"]),
  onContextExceeded: opt(Schema.Array(Schema.String)),
  onContentPolicy: opt(Schema.Array(Schema.String)),
  /** For the whole request, in milliseconds. */
  deadline: opt(Schema.Finite),
  /** Attempts for the whole request. */
  attempts: Schema.Int,
  /** Retries that the whole process could make now; absent where nothing bounds them. */
  retriesLeft: opt(Schema.Int)
}).annotate({ identifier: "Explanation" })

/** Where a request for a model would go now. */
export type Explanation = typeof Explanation.Type

/** What a reload did. */
export const Reloaded = Schema.Struct({
  /** The number of the config now in force; the one that the gateway started with is 1. */
  revision: Schema.Int,
  since: Moment,
  /** Fields that say something new and cannot change while the gateway runs, such as `server.port`. */
  restart: Schema.Array(Schema.String),
  /** What is accepted and has no effect, in sentences. */
  notes: Schema.Array(Schema.String)
}).annotate({ identifier: "Reloaded" })

/** What a reload did. */
export type Reloaded = typeof Reloaded.Type

/** What happens while one listens: decisions as they are made, the bench as it changes, and signs of life. */
export const Event = Schema.Union([
  /** A request each time something happens to it, as it then stands. */
  Schema.Struct({ event: Schema.Literal("decision"), data: Schema.fromJsonString(Decision) }),
  /** A key of the bench that came, went or changed. */
  Schema.Struct({ event: Schema.Literal("bench"), data: Schema.fromJsonString(Bench) }),
  /** Another config has come into force. */
  Schema.Struct({
    event: Schema.Literal("config"),
    data: Schema.fromJsonString(Schema.Struct({ revision: Schema.Int, since: Moment }))
  }),
  /** At once, and then every 15 seconds. */
  Schema.Struct({
    event: Schema.Literal("ping"),
    data: Schema.fromJsonString(Schema.Struct({ at: Moment }))
  })
])

/** What happens while one listens. */
export type Event = typeof Event.Type
