/**
 * The definition of the admin API: its endpoints, their parameters and results.
 *
 * The server, the typed client and the OpenAPI document are derived from it. It imports nothing of the
 * server, so a client stays small.
 */

import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { DurationInput } from "../../config/file/ConfigFile.ts"
import { ConfigError } from "../../config/file/Problem.ts"
import { UnknownModel } from "../../failure/RunError.ts"
import { NotReloadable } from "../reload/Reload.ts"
import * as Wire from "./Wire.ts"

const withMessage = { message: Schema.String }

/**
 * The request has no admin token, or a wrong one.
 *
 * @category errors
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", withMessage, {
  httpApiStatus: 401
}) {}

/**
 * Too many wrong tokens came from the caller's address. The right token is still accepted.
 *
 * @category errors
 */
export class TooManyTries extends Schema.TaggedError<TooManyTries>()("TooManyTries", withMessage, {
  httpApiStatus: 429
}) {}

/**
 * The request is invalid; the message states what and why.
 *
 * @category errors
 */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()("InvalidRequest", withMessage, {
  httpApiStatus: 400
}) {}

/**
 * The key to unbench is not on the bench.
 *
 * @category errors
 */
export class NotBenched extends Schema.TaggedError<NotBenched>()(
  "NotBenched",
  { key: Schema.String },
  { httpApiStatus: 404 }
) {
  override get message() {
    return `${this.key} is not on the bench`
  }
}

/** The admin token, as `authorization: Bearer …`. */
export class AdminAuth extends HttpApiMiddleware.Service<AdminAuth>()("effect-failover/AdminAuth", {
  security: { token: HttpApiSecurity.bearer },
  error: [Unauthorized, TooManyTries]
}) {}

/** Describes what is invalid in a request. */
export class Readable extends HttpApiMiddleware.Service<Readable>()("effect-failover/AdminReadable", {
  error: InvalidRequest
}) {}

const text = (maximum: number, what: string) =>
  Schema.String.check(
    Schema.makeFilter((value) => value.length <= maximum || `${what} is at most ${maximum} characters`)
  )

/** A key to bench manually, for how long and why. */
export const BenchRequest = Schema.Struct({
  /** `provider`, `provider#credential`, `provider/model` or `provider/model#credential`. */
  key: text(500, "a key"),
  /** ISO 8601, or milliseconds since the epoch. Without it the key stays benched until it is unbenched. */
  until: Schema.optionalKey(Schema.Union([Wire.Moment, Schema.Finite])),
  /** Instead of `until`: a duration from now, such as `"10 minutes"`, or milliseconds. */
  for: Schema.optionalKey(DurationInput),
  reason: Schema.optionalKey(text(500, "a reason")),
  /** The name of the operator. */
  by: Schema.optionalKey(text(100, "a name"))
})

const Limit = Schema.FiniteFromString.check(
  Schema.makeFilter((n) => (Number.isInteger(n) && n >= 1) || "expected a whole number from 1")
)

const benches = HttpApiGroup.make("benches")
  .add(
    HttpApiEndpoint.get("list", "/benches", { success: Schema.Array(Wire.Bench) }).annotate(
      OpenApi.Description,
      "Every key that is benched, half-open or being probed."
    ),
    HttpApiEndpoint.post("add", "/benches", {
      payload: BenchRequest,
      success: Wire.Bench,
      error: InvalidRequest
    }).annotate(
      OpenApi.Description,
      "Benches a key manually, until its end or its removal. A longer bench stays."
    ),
    HttpApiEndpoint.delete("remove", "/benches/:key", {
      params: { key: Schema.String },
      success: HttpApiSchema.NoContent,
      error: NotBenched
    }).annotate(OpenApi.Description, "Unbenches a key, whatever benched it, and clears its history.")
  )
  .annotate(OpenApi.Description, "What is benched, until when and why.")

const insight = HttpApiGroup.make("insight")
  .add(
    HttpApiEndpoint.get("health", "/health", { success: Schema.Array(Wire.Health) }).annotate(
      OpenApi.Description,
      "Counts and state of every target in the config, of every other target that was called, and of every benched key."
    ),
    HttpApiEndpoint.get("decisions", "/decisions", {
      query: {
        limit: Schema.optionalKey(Limit),
        /** `jsonl`: one per line, oldest first, for a file that is appended to or replayed. */
        format: Schema.optionalKey(Schema.Literals(["json", "jsonl"]))
      },
      success: Schema.Array(Wire.Decision)
    }).annotate(
      OpenApi.Description,
      "The last requests, newest first: which targets were tried, with what result. With format=jsonl (or `accept: application/jsonl`) one per line, oldest first."
    ),
    HttpApiEndpoint.get("explain", "/explain", {
      query: {
        model: Schema.NonEmptyString,
        /** The request's fallbacks, separated by commas. */
        fallbacks: Schema.optionalKey(Schema.String)
      },
      success: Wire.Explanation,
      error: UnknownModel.annotate({ httpApiStatus: 404 })
    }).annotate(
      OpenApi.Description,
      "The targets that a request for a model would try now, in order; why others are skipped, and what clears them."
    ),
    HttpApiEndpoint.get("config", "/config", { success: Schema.JsonObject }).annotate(
      OpenApi.Description,
      "The config in force. Keys, tokens, and the values of headers and queries are redacted."
    ),
    HttpApiEndpoint.get("events", "/events", {
      success: HttpApiSchema.StreamSse({ events: Wire.Event })
    }).annotate(OpenApi.Description, "Events from now on, as server-sent events.")
  )
  .annotate(OpenApi.Description, "What the gateway does and why.")

const config = HttpApiGroup.make("config")
  .add(
    HttpApiEndpoint.post("reload", "/reload", {
      success: Wire.Reloaded,
      error: [ConfigError.annotate({ httpApiStatus: 422 }), NotReloadable]
    }).annotate(
      OpenApi.Description,
      "Reloads the config file. Requests in flight finish with the config before, and benches stay. An invalid file changes nothing, and the answer lists every problem."
    )
  )
  .annotate(OpenApi.Description, "Reload of the config.")

/**
 * The admin API, under `/admin`.
 *
 * @category models
 */
export class AdminApi extends HttpApi.make("admin")
  .add(benches, insight, config)
  .prefix("/admin")
  .middleware(Readable)
  .middleware(AdminAuth)
  .annotateMerge(
    OpenApi.annotations({
      title: "effect-failover admin API",
      version: "1",
      description: "Benches, decisions and their reasons, and manual benching, of a running gateway."
    })
  ) {}
