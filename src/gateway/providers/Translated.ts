/**
 * Translates between callers of one protocol and a provider with another: requests on the way out, answers on
 * the way back.
 *
 * Commit points, timeouts and truncation are decided on the provider's own chunks, so they work as they do
 * without translation. A stream that breaks off gets no clean end. A complete stream gets one, even if its
 * connection then breaks or stays open.
 */
import { isArrayNonEmpty as isNonEmpty, type NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Pull from "effect/Pull"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import type { ProtocolName } from "../../config/GatewayConfig.ts"
import type { Dialect, Overrides } from "../../dialect/index.ts"
import * as Phase from "../../domain/Phase.ts"
import type { Target } from "../../domain/Target.ts"
import { type Failure, isFailure, Transient } from "../../failure/Failure.ts"
import * as ByteChunks from "../../providers/bytes/ByteChunks.ts"
import * as JsonBounds from "../../providers/bytes/JsonBounds.ts"
import * as RequestBuilder from "../../providers/RequestBuilder.ts"
import * as Unsendable from "../../providers/wire/Unsendable.ts"
import {
  type Answer,
  Chunk,
  type Head,
  type Headers,
  isObject,
  type Request
} from "../../providers/wire/Wire.ts"
import * as Translate from "../../translate/index.ts"
import { requestId } from "../http/RequestId.ts"
import * as TargetRefusal from "../http/TargetRefusal.ts"
import * as EventLoop from "../server/EventLoop.ts"
import { memoryOf } from "./Carried.ts"
import type { GatewayProvider } from "./GatewayProvider.ts"
import type { Items } from "./ItemMemory.ts"
import * as LargeJson from "./LargeJson.ts"
import * as SecondTry from "./SecondTry.ts"

/** The operation that is translated, in each protocol. */
const operations: Readonly<Record<ProtocolName, string>> = {
  openai: "chat/completions",
  anthropic: "messages"
}

/** The last event of a stream, in each protocol. */
const lastEvents: Readonly<Record<ProtocolName, Translate.SseEvent>> = {
  openai: { data: "[DONE]" },
  anthropic: { event: "message_stop", data: '{"type":"message_stop"}' }
}

/**
 * How long a complete answer may still bring its usage, in milliseconds. The engine waits twice as long for
 * more.
 */
const usageGrace = 1_000

/** A translated request. */
interface Outbound {
  readonly model: string
  readonly request: Request
  readonly dropped: ReadonlyArray<string>
  /** Content that the target does not take. The target must not be called. */
  readonly lost: ReadonlyArray<string>
  /** Names to restore in the answer. */
  readonly restore: Translate.Restore | undefined
  readonly carry: Translate.Carry
}

/** What a translated provider needs. */
export interface Options {
  /** Keeps the items of responses, and data that clients cannot carry. */
  readonly items: Items
  /** Carries the data that the provider's models leave in a conversation. */
  readonly carrier: Translate.Carrier
}

/** A provider for callers of another protocol. It accepts chats only. */
export const make = (
  provider: GatewayProvider,
  from: Translate.Dialect,
  { carrier, items }: Options
): GatewayProvider => {
  const to = provider.protocol
  /** The last translation of each request. Retries reuse it, because they differ in the credential only. */
  const known = new WeakMap<Request, Outbound>()

  /** Dialect rules for requests that are tried once more. */
  const overridden = new WeakMap<Request, Overrides>()
  /** The dialect in which a request was last written. */
  const dialects = new WeakMap<Request, Dialect>()

  const outbound = (request: Request, target: Target): Outbound => {
    const { model } = target
    const last = known.get(request)
    if (last?.model === model) return last
    const overrides = overridden.get(request)
    const dialect: Dialect =
      overrides === undefined
        ? provider.dialectOf(target)
        : Object.assign({}, provider.dialectOf(target), overrides)
    dialects.set(request, dialect)
    const carry = carrier.of(model, memoryOf(items, request))
    const expressed = Translate.expressRequest(from, to, request.body, model, carry, dialect)
    const { body, dropped, lost, restore } = expressed
    const translated = {
      model,
      dropped,
      lost,
      restore,
      carry,
      request: { operation: operations[to], body, headers: request.headers }
    }
    known.set(request, translated)
    return translated
  }

  const contextOf = (
    request: Request,
    target: Target,
    { carry, restore }: Outbound,
    fiber: Fiber.Fiber<unknown, unknown>
  ): Translate.Context =>
    Translate.makeContext(request.body, {
      id: requestId(request.headers ?? {}, fiber.getRef(Random.Random)),
      created: Math.floor(fiber.getRef(Clock.Clock).currentTimeMillisUnsafe() / 1000),
      dialect: provider.dialectOf(target),
      carry,
      restore
    })

  return {
    ...provider,
    translatedFrom: from,
    complete: (request, target) =>
      Effect.withFiber((fiber) => {
        const sent = attempt(() => outbound(request, target), target)
        if (isFailure(sent)) return Effect.fail(sent)
        if (sent.lost.length > 0) return Effect.fail(TargetRefusal.notSent(target, sent.lost))
        const context = contextOf(request, target, sent, fiber)
        return Effect.matchEffect(provider.complete(sent.request, target), {
          onFailure: (failure) => Effect.fail(TargetRefusal.asUnsupported(failure)),
          onSuccess: (answer) => {
            const json = answer.json ?? parse(answer.body)
            if (!isObject(json)) {
              return Effect.fail(malformed(target, "the answer is not JSON, or has too many values"))
            }
            // The bytes of the untranslated answer are no longer needed.
            const isLarge = answer.body.length >= EventLoop.large
            ByteChunks.release(answer.body)
            const translation = Translate.translateWhole(to, from, json, context)
            if (translation.malformed !== undefined && target.policy.malformedEvents === "fail")
              return Effect.fail(malformed(target, translation.malformed))
            if (from === "responses") items.keep(request, translation.body)
            return Effect.succeed(
              written(answer, translation.body, [...sent.dropped, ...translation.dropped], isLarge)
            )
          }
        })
      }),
    stream: (request, target) =>
      Stream.suspend(() => {
        const sent = attempt(() => outbound(request, target), target)
        if (isFailure(sent)) return Stream.fail(sent)
        if (sent.lost.length > 0) return Stream.fail(TargetRefusal.notSent(target, sent.lost))
        return Stream.unwrap(
          Effect.withFiber((fiber) => {
            const context = contextOf(request, target, sent, fiber)
            const { malformedEvents } = target.policy
            const translator = Translate.makeStreamTranslator(to, from, context, malformedEvents)
            const keep = from === "responses" ? keeper(items, request) : undefined
            return Effect.succeed(
              Stream.transformPull(provider.stream(sent.request, target), (pull) =>
                Effect.succeed(translated(pull, translator, lastEvents[to], sent, keep, target))
              )
            )
          })
        )
      }),
    secondTry: (request, refusal) => {
      const dialect = dialects.get(request)
      const overrides = dialect === undefined ? undefined : SecondTry.overridesOf(refusal, dialect)
      if (overrides === undefined) return undefined
      const again = { ...request }
      overridden.set(again, overrides)
      return again
    },
    withoutTokenCap: (request, failure) => {
      const sent = known.get(request)?.request.body
      const body = sent ?? Translate.translateRequest(from, to, request.body).body
      const uncapped = provider.withoutTokenCap?.({ operation: operations[to], body }, failure)
      if (uncapped === undefined) return undefined
      const allowed = uncapped.body.max_tokens
      const limit = typeof allowed === "number" ? allowed : undefined
      if (from === "responses") return RequestBuilder.edit(request, { max_output_tokens: limit })
      return from === "anthropic"
        ? RequestBuilder.edit(request, { max_tokens: limit })
        : RequestBuilder.edit(request, { max_tokens: undefined, max_completion_tokens: limit })
    }
  }
}

/** A request that cannot be translated is not the target's fault. */
const attempt = (translate: () => Outbound, target: Target): Outbound | Failure => {
  try {
    return translate()
  } catch (thrown) {
    return Unsendable.unwritable(target, thrown)
  }
}

const written = (
  answer: Answer,
  json: Translate.JsonObject,
  dropped: ReadonlyArray<string>,
  isLarge: boolean
): Answer => ({
  status: answer.status,
  headers: withDropped({ ...answer.headers, "content-type": "application/json" }, dropped),
  body: isLarge ? LargeJson.bytesOf(json) : Buffer.from(JSON.stringify(json)),
  json
})

const withDropped = (headers: Headers, dropped: ReadonlyArray<string>): Headers =>
  dropped.length === 0
    ? headers
    : { ...headers, "x-failover-dropped": dropped.join(", ").replaceAll(/[^\w.,$? -]/g, "?") }

const parse = (body: Uint8Array): unknown => {
  // An answer that the provider did not parse is large.
  if (JsonBounds.excessOf(body) !== undefined) return undefined
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
}

const malformed = (target: Target, message: string): Failure =>
  new Transient({ target: target.key, reason: "Malformed", message })

type Keep = (events: ReadonlyArray<Translate.OutEvent>) => void

/** Keeps the items of a streamed response. Its last event has all of them. */
const keeper =
  (items: Items, request: Request): Keep =>
  (events) => {
    for (const { data, event } of events) {
      if (event !== "response.completed" && event !== "response.incomplete") continue
      const { response } = JSON.parse(data)
      if (isObject(response)) items.keep(request, response)
    }
  }

type Chunks = Pull.Pull<NonEmptyReadonlyArray<Chunk>, Failure>

/** Makes one chunk per chunk of the provider, even if it is empty: it shows that the stream is alive. */
const translated = (
  pull: Chunks,
  translator: Translate.StreamTranslator,
  lastEvent: Translate.SseEvent,
  { dropped }: Outbound,
  keep: Keep | undefined,
  target: Target
): Chunks => {
  let isComplete = false
  let isOver = false
  let failure: Failure | undefined

  const { brokenOff: eventsOnFailure } = translator
  const brokenOff: Head["brokenOff"] =
    eventsOnFailure === undefined ? undefined : (why) => Translate.encode(eventsOnFailure(why))

  const chunkOf = (chunk: Chunk): Chunk => {
    const events = translator.event(chunk)
    if (translator.malformed !== undefined) failure = malformed(target, translator.malformed)
    keep?.(events)
    const lost = translator.dropped()
    const isFirst = chunk.head !== undefined
    const text = (isFirst ? "" : named(lost)) + Translate.encode(events)
    isComplete ||= chunk.phase.complete
    isOver ||= chunk.phase.last
    const made = new Chunk(Buffer.from(text), chunk.phase, undefined, undefined)
    if (chunk.head !== undefined) made.head = { ...headOf(chunk.head, [...dropped, ...lost]), brokenOff }
    return made
  }

  /** The chunks up to a malformed one. Its failure follows them. */
  const chunksOf = (chunks: ReadonlyArray<Chunk>): Chunks => {
    const made: Array<Chunk> = []
    for (const chunk of chunks) {
      const next = chunkOf(chunk)
      if (failure !== undefined) break
      made.push(next)
    }
    return isNonEmpty(made) ? Effect.succeed(made) : failed()
  }

  const failed = (): Chunks => (failure === undefined ? Cause.done() : Effect.fail(failure))

  /** Ends a complete answer whose provider sends nothing more, as if its last event had come. */
  const finish = (): Chunks => {
    isOver = true
    const events = translator.event(lastEvent)
    keep?.(events)
    const text = Translate.encode(events)
    return Effect.succeed([new Chunk(Buffer.from(text), Phase.last, undefined, undefined)])
  }

  const next: Chunks = Effect.matchEffect(pull, {
    onSuccess: chunksOf,
    onFailure: (error): Chunks =>
      isComplete
        ? finish()
        : Cause.isDone(error)
          ? Cause.done()
          : Effect.fail(TargetRefusal.asUnsupported(error))
  })

  return Effect.suspend(() => {
    if (isOver || failure !== undefined) return failed()
    if (!isComplete) return next
    return Effect.flatMap(
      Effect.timeoutOption(next, usageGrace),
      Option.match({ onNone: finish, onSome: (chunks) => Effect.succeed(chunks) })
    )
  })
}

/** Lists dropped content in a comment, if it was found after the headers were sent. */
const named = (dropped: ReadonlyArray<string>): string =>
  dropped.length === 0 ? "" : `: x-failover-dropped: ${dropped.join(", ").replaceAll(/[^\w.,$ -]/g, "?")}\n\n`

const headOf = ({ headers, status }: Head, dropped: ReadonlyArray<string>): Head => ({
  status,
  headers: withDropped({ ...headers, "content-type": "text/event-stream; charset=utf-8" }, dropped)
})
