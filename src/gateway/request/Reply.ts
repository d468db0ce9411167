/** Answers as HTTP responses: the provider's bytes, its headers, and ours beside them. */
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { ProtocolName } from "../../config/GatewayConfig.ts"
import type { Answered, Opened, TailError } from "../../engine/Failover.ts"
import type { FailedAttempt } from "../../failure/RunError.ts"
import type { Answer, Chunk, Head, Headers } from "../../providers/wire/Wire.ts"
import type { Dialect } from "../../translate/index.ts"
import * as ErrorShape from "../http/ErrorShape.ts"
import * as Refusal from "../http/Refusal.ts"
import * as Trail from "../http/Trail.ts"
import * as NodeAnswer from "../server/NodeAnswer.ts"
import * as SignsOfLife from "../server/SignsOfLife.ts"
import type * as RequestLog from "./RequestLog.ts"

type Response = HttpServerResponse.HttpServerResponse

/** Who is talked to. */
export interface Caller {
  readonly protocol: ProtocolName
  readonly dialect: Dialect
  readonly requestId: string
  /** Where answers are written that providers give. */
  readonly out: NodeAnswer.Out
  /** What the request log will say of the request; `undefined` where it is off. */
  readonly entry?: RequestLog.Entry | undefined
}

/** Writes a whole answer. */
export const whole = (caller: Caller, { failed, target, value }: Answered<Answer>): Effect.Effect<Response> =>
  Effect.suspend(() => {
    const ours = Trail.headers(caller.requestId, failed, target.key)
    const headers = { "content-type": "application/json", ...withOurs(value.headers, ours) }
    NodeAnswer.write(caller.out, value.status, headers, value.body)
    return Effect.succeed(NodeAnswer.sent)
  })

/**
 * Writes a stream that has reached its commit point, to its end. Status and headers are those of the provider's answer; a
 * failure from here on is told by an error event, after which nothing follows.
 */
export const streamed = (
  caller: Caller,
  { failed, flow, target }: Opened<Chunk>
): Effect.Effect<Response, Refusal.Refusal> =>
  Effect.withFiber((fiber) => {
    // The bytes are passed on, and nobody looks at the events in them.
    flow.gather?.()
    const first = flow.take()
    // There is a chunk, or the stream would not have been handed over.
    if (first === undefined) return Effect.fail(Refusal.brokenOff(undefined))
    const { dialect, entry, out, requestId } = caller
    const { brokenOff, headers: theirs, status }: Head = first[0].head ?? { headers: {}, status: 200 }
    const ours = Trail.headers(requestId, failed, target.key)
    const headers = { ...eventStream, ...withOurs(theirs, ours) }
    NodeAnswer.begin(out, status, headers)
    const life = { signs: SignsOfLife.of(fiber.context), sign: SignsOfLife.signs[dialect] }
    const lastWords = (error: TailError | undefined) => {
      const refusal = Refusal.brokenOff(error)
      if (entry !== undefined) {
        entry.outcome = "broke off"
        entry.error = refusal.code
      }
      return brokenOff?.(refusal) ?? ErrorShape.event(dialect, refusal, requestId)
    }
    const poured = NodeAnswer.pour(out, first, flow, lastWords, life)
    return Effect.as(poured, NodeAnswer.sent)
  })

const eventStream: Headers = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache",
  "x-accel-buffering": "no"
}

/** The provider's own id of the request is kept under another name. */
const withOurs = (
  theirs: Headers,
  ours: Readonly<Record<string, string>>
): Record<string, string | ReadonlyArray<string>> => {
  const upstreamId = theirs["x-request-id"]
  return upstreamId === undefined
    ? { ...theirs, ...ours }
    : { ...theirs, "x-upstream-request-id": upstreamId, ...ours }
}

/** No answer: why, in the shape of the protocol, or in the provider's own words. */
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
