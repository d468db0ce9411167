/**
 * Writes all answers of the gateway.
 *
 * | answer | written by | body |
 * | --- | --- | --- |
 * | `whole`, `streamed` | `NodeAnswer`, with little overhead | the provider's bytes |
 * | `refused`, `own`, and pages (`Page`) | effect/http, which also copes with a body that was not read, and with HEAD | made here |
 *
 * All of them have the request's id, those of a run its trail, and none has a secret of the config. The error code
 * and the outcome go to the request's entry in the log. CORS headers and `connection: close` are set on Node's
 * response before (`Cors`, `Connections`), so they are on every answer. What Node refuses before there is a request (400,
 * 408, 431), and CONNECT, is written by `ClientErrors`, with an answer of `Unread`.
 */
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { ProtocolName } from "../../config/GatewayConfig.ts"
import type { Answered, CommittedStreamError, Opened } from "../../engine/Failover.ts"
import type { FailedAttempt } from "../../failure/RunError.ts"
import type { Answer, Chunk, Head, Headers } from "../../providers/wire/Wire.ts"
import type { Secrets } from "../../redaction/Secrets.ts"
import * as Pump from "../../stream/Pump.ts"
import type { Dialect } from "../../translate/index.ts"
import * as ErrorShape from "../http/ErrorShape.ts"
import * as OwnRefusals from "../http/OwnRefusals.ts"
import type * as Refusal from "../http/Refusal.ts"
import * as RunRefusal from "../http/RunRefusal.ts"
import * as Trail from "../http/Trail.ts"
import * as KeepAlive from "../server/KeepAlive.ts"
import * as NodeAnswer from "../server/NodeAnswer.ts"
import type * as RequestLog from "./RequestLog.ts"

type Response = HttpServerResponse.HttpServerResponse

/** The caller of a request. */
export interface Caller {
  readonly protocol: ProtocolName
  readonly dialect: Dialect
  readonly requestId: string
  /** Where the answer is written. */
  readonly out: NodeAnswer.Out
  /** The entry in the request log; `undefined` if the log is off. */
  readonly entry?: RequestLog.Entry | undefined
  /** The secrets that no answer may have. */
  readonly secrets: Secrets
}

/** An answer that the gateway makes itself, such as the list of models. */
export interface Own {
  /** Default 200. */
  readonly status?: number | undefined
  readonly contentType: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** Writes a whole answer. */
export const whole = (
  caller: Caller,
  { dropped, failed, target, value }: Answered<Answer>
): Effect.Effect<Response> =>
  Effect.suspend(() => {
    const ours = Trail.headers(caller.requestId, failed, target.key, dropped !== undefined)
    NodeAnswer.write(caller.out, value.status, withOurs(json, value.headers, ours), value.body)
    return Effect.succeed(NodeAnswer.sent)
  })

/**
 * Writes a committed stream to its end. Status and headers are the provider's. A later failure becomes an
 * error event, which ends the stream; so does the end of the time to drain.
 */
export const streamed = (
  caller: Caller,
  { dropped, failed, target, value }: Opened<Chunk>,
  streams: KeepAlive.KeepAlive
): Effect.Effect<Response, Refusal.Refusal> =>
  Effect.withFiber((fiber) => {
    const flow = Pump.begin(value, fiber.context)
    // The bytes are passed on as they are, so the source need not split them into events.
    flow.gather?.()
    const first = flow.take()
    // A committed stream has a chunk.
    if (first === undefined) return Effect.fail(RunRefusal.brokenOff(undefined))
    const { dialect, entry, out, requestId } = caller
    const [begun] = first
    const { brokenOff, headers: theirs, status }: Head = begun.head ?? { headers: {}, status: 200 }
    const ours = Trail.headers(requestId, failed, target.key, dropped !== undefined)
    const headers = withOurs(eventStream, theirs, ours)
    NodeAnswer.begin(out, status, headers)
    const keepAlive = { streams, message: KeepAlive.messages[dialect] }
    const breakOff = (refusal: Refusal.Refusal) => {
      if (entry !== undefined) {
        entry.outcome = "broke off"
        entry.error = refusal.code
      }
      return brokenOff?.(refusal) ?? ErrorShape.event(dialect, refusal, requestId, begun.data)
    }
    const endOf = (error: CommittedStreamError | undefined) => breakOff(RunRefusal.brokenOff(error))
    const stopped = () => breakOff(OwnRefusals.stopped)
    const written = NodeAnswer.pour(out, first, flow, endOf, { keepAlive, stopped })
    return Effect.as(written, NodeAnswer.sent)
  })

const json: Headers = { "content-type": "application/json" }

const eventStream: Headers = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache",
  "x-accel-buffering": "no"
}

/** Keeps the provider's request id as `x-upstream-request-id`. */
const withOurs = (
  defaults: Headers,
  theirs: Headers,
  ours: Readonly<Record<string, string>>
): Record<string, string | ReadonlyArray<string>> => {
  const headers: Record<string, string | ReadonlyArray<string>> = { ...defaults, ...theirs }
  const upstreamId = theirs["x-request-id"]
  if (upstreamId !== undefined) headers["x-upstream-request-id"] = upstreamId
  return Object.assign(headers, ours)
}

/** An answer of the gateway itself. `failed` has the attempts of its run, if there was one. */
export const own = (
  { requestId, secrets }: Caller,
  { body, contentType, headers, status = 200 }: Own,
  failed?: ReadonlyArray<FailedAttempt> | undefined
): Response => {
  const ours = failed === undefined ? { "x-request-id": requestId } : Trail.headers(requestId, failed)
  return HttpServerResponse.text(secrets.isIn(body) ? clean(secrets, body) : body, {
    status,
    contentType,
    headers: { ...headers, ...ours }
  })
}

/** An error answer, in the format of the called protocol, or as the provider returned it. */
export const refused = (
  caller: Caller,
  refusal: Refusal.Refusal | Refusal.PassedOn,
  failed?: ReadonlyArray<FailedAttempt> | undefined
): Response => {
  if (refusal._tag === "PassedOn") return own(caller, refusal, failed)
  const { entry, protocol, requestId } = caller
  if (entry !== undefined) entry.error = refusal.code
  const { headers, status } = refusal
  const body = ErrorShape.body(protocol, refusal, requestId)
  return own(caller, { status, headers, contentType: "application/json", body }, failed)
}

const clean = (secrets: Secrets, text: string): string =>
  Buffer.from(secrets.bytes(Buffer.from(text))).toString()
