/** Writes answers and refusals: the provider's status, headers and bytes, with the gateway's headers added. */
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { ProtocolName } from "../../config/GatewayConfig.ts"
import type { Answered, Opened, TailError } from "../../engine/Failover.ts"
import type { FailedAttempt } from "../../failure/RunError.ts"
import type { Answer, Chunk, Head, Headers } from "../../providers/wire/Wire.ts"
import * as Pump from "../../stream/Pump.ts"
import type { Dialect } from "../../translate/index.ts"
import * as ErrorShape from "../http/ErrorShape.ts"
import * as Refusal from "../http/Refusal.ts"
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
}

/** Writes a whole answer. */
export const whole = (
  caller: Caller,
  { dropped, failed, target, value }: Answered<Answer>
): Effect.Effect<Response> =>
  Effect.suspend(() => {
    const ours = Trail.headers(caller.requestId, failed, target.key, dropped !== undefined)
    const headers = { "content-type": "application/json", ...withOurs(value.headers, ours) }
    NodeAnswer.write(caller.out, value.status, headers, value.body)
    return Effect.succeed(NodeAnswer.sent)
  })

/**
 * Writes a committed stream to its end. Status and headers are the provider's. A later failure becomes an
 * error event, which ends the stream.
 */
export const streamed = (
  caller: Caller,
  { dropped, failed, target, value }: Opened<Chunk>
): Effect.Effect<Response, Refusal.Refusal> =>
  Effect.withFiber((fiber) => {
    const flow = Pump.begin(value, fiber.context)
    // The bytes are passed on as they are, so the source need not split them into events.
    flow.gather?.()
    const first = flow.take()
    // A committed stream has a chunk.
    if (first === undefined) return Effect.fail(Refusal.brokenOff(undefined))
    const { dialect, entry, out, requestId } = caller
    const { brokenOff, headers: theirs, status }: Head = first[0].head ?? { headers: {}, status: 200 }
    const ours = Trail.headers(requestId, failed, target.key, dropped !== undefined)
    const headers = { ...eventStream, ...withOurs(theirs, ours) }
    NodeAnswer.begin(out, status, headers)
    const keepAlive = { streams: KeepAlive.of(fiber.context), message: KeepAlive.messages[dialect] }
    const endOf = (error: TailError | undefined) => {
      const refusal = Refusal.brokenOff(error)
      if (entry !== undefined) {
        entry.outcome = "broke off"
        entry.error = refusal.code
      }
      return brokenOff?.(refusal) ?? ErrorShape.event(dialect, refusal, requestId)
    }
    const written = NodeAnswer.pour(out, first, flow, endOf, keepAlive)
    return Effect.as(written, NodeAnswer.sent)
  })

const eventStream: Headers = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache",
  "x-accel-buffering": "no"
}

/** Keeps the provider's request id as `x-upstream-request-id`. */
const withOurs = (
  theirs: Headers,
  ours: Readonly<Record<string, string>>
): Record<string, string | ReadonlyArray<string>> => {
  const upstreamId = theirs["x-request-id"]
  return upstreamId === undefined
    ? { ...theirs, ...ours }
    : { ...theirs, "x-upstream-request-id": upstreamId, ...ours }
}

/** An error answer, in the format of the called protocol, or as the provider returned it. */
export const refused = (
  { entry, protocol, requestId }: Caller,
  refusal: Refusal.Refusal | Refusal.PassedOn,
  failed: ReadonlyArray<FailedAttempt> | undefined
): Response => {
  if (entry !== undefined && refusal._tag === "Refusal") entry.error = refusal.code
  const ours = failed === undefined ? { "x-request-id": requestId } : Trail.headers(requestId, failed)
  return refusal._tag === "PassedOn"
    ? HttpServerResponse.text(refusal.body, {
        status: refusal.status,
        contentType: refusal.contentType,
        headers: ours
      })
    : HttpServerResponse.text(ErrorShape.body(protocol, refusal, requestId), {
        status: refusal.status,
        contentType: "application/json",
        headers: { ...refusal.headers, ...ours }
      })
}
