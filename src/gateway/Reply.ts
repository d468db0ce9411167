/** Answers as HTTP responses: the provider's bytes, its headers, and ours beside them. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ProtocolName } from "../config/GatewayConfig.ts"
import type { Answered, TailError } from "../core/Failover.ts"
import type { FailedAttempt } from "../core/RunError.ts"
import type { Answer, Chunk, Headers } from "../providers/Wire.ts"
import type { Dialect } from "../translate/index.ts"
import * as ErrorShape from "./ErrorShape.ts"
import * as Refusal from "./Refusal.ts"
import * as Runs from "./Runs.ts"
import * as Trail from "./Trail.ts"

type Response = HttpServerResponse.HttpServerResponse

/** Who is talked to. */
export interface Caller {
  readonly protocol: ProtocolName
  readonly dialect: Dialect
  readonly requestId: string
}

/** A whole answer. */
export const whole = ({ requestId }: Caller, { failed, target, value }: Answered<Answer>): Response =>
  HttpServerResponse.uint8Array(value.body, {
    status: value.status,
    headers: withOurs(value.headers, Trail.headers(requestId, failed, target.key))
  })

/**
 * A stream that has reached its commit point. Status and headers are those of the provider's answer; a failure from
 * here on is told by an error event, after which nothing follows.
 */
export const streamed = (
  caller: Caller,
  { failed, target, value }: Answered<Stream.Stream<Chunk, TailError>>,
  scope: Scope.Scope
): Effect.Effect<Response, Refusal.Refusal> =>
  Effect.flatMap(Channel.toPullScoped(Stream.toChannel(value), scope), (pull) =>
    Effect.matchEffect(pull, {
      onSuccess: (first) => {
        const { headers = eventStream, status = 200 } = first[0].head ?? {}
        const stream = Stream.fromPull(Effect.succeed(bodyOf(caller, first, pull)))
        const ours = Trail.headers(caller.requestId, failed, target.key)
        return Effect.succeed(
          HttpServerResponse.stream(stream, {
            status,
            headers: { "cache-control": "no-cache", "x-accel-buffering": "no", ...withOurs(headers, ours) }
          })
        )
      },
      // There is a chunk, or the stream would not have been handed over.
      onFailure: (error) => Effect.fail(Refusal.brokenOff(Cause.isDone(error) ? undefined : error))
    })
  )

const eventStream: Headers = { "content-type": "text/event-stream" }

/** The bytes of a stream whose first chunks have been taken already. What is there at once is written at once. */
const bodyOf = (
  { dialect, requestId }: Caller,
  first: NonEmptyReadonlyArray<Chunk>,
  pull: Pull.Pull<NonEmptyReadonlyArray<Chunk>, TailError>
): Pull.Pull<NonEmptyReadonlyArray<Uint8Array>> => {
  let taken: NonEmptyReadonlyArray<Chunk> | undefined = first
  let isOver = false
  const next = Effect.matchEffect(pull, {
    onSuccess: (chunks) => Effect.succeed(bytesOf(chunks)),
    onFailure: (error): Pull.Pull<NonEmptyReadonlyArray<Uint8Array>> => {
      isOver = true
      if (Cause.isDone(error)) return Cause.done()
      return Effect.succeed([Buffer.from(ErrorShape.event(dialect, Refusal.brokenOff(error), requestId))])
    }
  })
  return Effect.suspend(() => {
    if (taken === undefined) return isOver ? Cause.done() : next
    const chunks = taken
    taken = undefined
    return Effect.succeed(bytesOf(chunks))
  })
}

const bytesOf = (chunks: NonEmptyReadonlyArray<Chunk>): NonEmptyReadonlyArray<Uint8Array> => {
  if (chunks.length === 1) return [chunks[0].bytes]
  const runs = Runs.of(chunks)
  return runs.length === 1 ? [runs[0]!] : [Buffer.concat(runs)]
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
  { protocol, requestId }: Caller,
  refusal: Refusal.Refusal | Refusal.PassedOn,
  failed: ReadonlyArray<FailedAttempt> | undefined
): Response => {
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
