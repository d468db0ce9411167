/**
 * The admin API as a value: what can be asked of a running gateway, with what, and what comes back.
 *
 * The server, the typed client and the OpenAPI document are made from it. It holds nothing of the server, so that a
 * client loads no more than this.
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

const said = { message: Schema.String }

/**
 * The request came without the admin token, or with a wrong one.
 *
 * @category errors
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", said, {
  httpApiStatus: 401
}) {}

/**
 * Too many wrong tokens came from the caller's address. The right one is taken at any time.
 *
 * @category errors
 */
export class TooManyTries extends Schema.TaggedError<TooManyTries>()("TooManyTries", said, {
  httpApiStatus: 429
}) {}

/**
 * Something in the request cannot be used; the message says what and why.
 *
 * @category errors
 */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()("InvalidRequest", said, {
  httpApiStatus: 400
}) {}

/**
 * The key that was to be taken off the bench is not there.
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

/** Says in words what does not fit in a request. */
export class Readable extends HttpApiMiddleware.Service<Readable>()("effect-failover/AdminReadable", {
  error: InvalidRequest
}) {}

const text = (maximum: number, what: string) =>
  Schema.String.check(
    Schema.makeFilter((value) => value.length <= maximum || `${what} is at most ${maximum} characters`)
  )

/** What is put on the bench by hand, for how long and why. */
export const BenchRequest = Schema.Struct({
  /** `provider`, `provider#credential`, `provider/model` or `provider/model#credential`. */
  key: text(500, "a key"),
  /** ISO 8601, or milliseconds since the epoch; without it the key rests until it is taken off. */
  until: Schema.optionalKey(Schema.Union([Wire.Moment, Schema.Finite])),
  /** Instead of `until`, from now on: a duration such as `"10 minutes"`, or milliseconds. */
  for: Schema.optionalKey(DurationInput),
  reason: Schema.optionalKey(text(500, "a reason")),
  /** Who says so. */
  by: Schema.optionalKey(text(100, "a name"))
})

const Limit = Schema.FiniteFromString.check(
  Schema.makeFilter((n) => (Number.isInteger(n) && n >= 1) || "expected a whole number from 1")
)

const benches = HttpApiGroup.make("benches")
  .add(
    HttpApiEndpoint.get("list", "/benches", { success: Schema.Array(Wire.Bench) }).annotate(
      OpenApi.Description,
      "Every key that rests, is half-open or is being probed."
    ),
    HttpApiEndpoint.post("add", "/benches", {
      payload: BenchRequest,
      success: Wire.Bench,
      error: InvalidRequest
    }).annotate(
      OpenApi.Description,
      "Puts a key on the bench by hand. Nothing but its end or its removal clears it; a longer rest stays."
    ),
    HttpApiEndpoint.delete("remove", "/benches/:key", {
      params: { key: Schema.String },
      success: HttpApiSchema.NoContent,
      error: NotBenched
    }).annotate(OpenApi.Description, "Takes a key off the bench, whoever put it there, with its history.")
  )
  .annotate(OpenApi.Description, "What rests, until when and why.")

const insight = HttpApiGroup.make("insight")
  .add(
    HttpApiEndpoint.get("health", "/health", { success: Schema.Array(Wire.Health) }).annotate(
      OpenApi.Description,
      "Counts and state of every target of the config, of every other one that was called, and of what rests."
    ),
    HttpApiEndpoint.get("decisions", "/decisions", {
      query: {
        limit: Schema.optionalKey(Limit),
        /** `jsonl`: one a line, the oldest first, for a file that is added to or replayed. */
        format: Schema.optionalKey(Schema.Literals(["json", "jsonl"]))
      },
      success: Schema.Array(Wire.Decision)
    }).annotate(
      OpenApi.Description,
      "The last requests, the newest first: who was tried and how it went. With format=jsonl (or `accept: application/jsonl`) one a line, the oldest first."
    ),
    HttpApiEndpoint.get("explain", "/explain", {
      query: {
        model: Schema.NonEmptyString,
        /** The request's own fallbacks, with commas. */
        fallbacks: Schema.optionalKey(Schema.String)
      },
      success: Wire.Explanation,
      error: UnknownModel.annotate({ httpApiStatus: 404 })
    }).annotate(
      OpenApi.Description,
      "The targets a request for a model would try now, in order; why others are passed by, and what clears them."
    ),
    HttpApiEndpoint.get("config", "/config", { success: Schema.JsonObject }).annotate(
      OpenApi.Description,
      "The config in force. Keys, tokens, and the values of headers and queries are blotted out."
    ),
    HttpApiEndpoint.get("events", "/events", {
      success: HttpApiSchema.StreamSse({ events: Wire.Event })
    }).annotate(OpenApi.Description, "What happens from now on, as server-sent events.")
  )
  .annotate(OpenApi.Description, "What the gateway does and why.")

const config = HttpApiGroup.make("config")
  .add(
    HttpApiEndpoint.post("reload", "/reload", {
      success: Wire.Reloaded,
      error: [ConfigError.annotate({ httpApiStatus: 422 }), NotReloadable]
    }).annotate(
      OpenApi.Description,
      "Reads the config file anew and puts it in force. Requests in flight finish on the one before, and what rests goes on resting. With a bad file nothing changes, and the answer names every problem."
    )
  )
  .annotate(OpenApi.Description, "The config in force and its successor.")

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
      description: "What rests, what was decided and why, and benching by hand, of a running gateway."
    })
  ) {}
