/**
 * A provider as callers of other words see it: requests go out in its own words, answers come back in theirs.
 *
 * What a chunk means is what its provider meant by it, so commit points, timeouts and truncation are judged as they
 * are without translation. A stream that is cut gets no clean end; one that is complete gets it even if its
 * connection dies or stays open afterwards.
 */
import { isArrayNonEmpty as isNonEmpty, type NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
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

/** The one operation that is translated, in each protocol. */
const operations: Readonly<Record<ProtocolName, string>> = {
  openai: "chat/completions",
  anthropic: "messages"
}

/** What a provider says when all is said. */
const lastWords: Readonly<Record<ProtocolName, Translate.SseEvent>> = {
  openai: { data: "[DONE]" },
  anthropic: { event: "message_stop", data: '{"type":"message_stop"}' }
}

/** How long a complete answer may still bring its usage, in milliseconds; the runtime waits twice as long for more. */
const usageGrace = 1_000

/** A request in the provider's words. */
interface Outbound {
  readonly model: string
  readonly request: Request
  readonly dropped: ReadonlyArray<string>
  /** Content that the target cannot be shown: it must not be asked. */
  readonly lost: ReadonlyArray<string>
  /** What has to be put back in the answer. */
  readonly restore: Translate.Restore | undefined
}

/** What a translated provider works with. */
export interface Options {
  /** Keeps what is said to those who ask for responses, and what no client can carry. */
  readonly items: Items
  /** Carries what the provider's models leave in a conversation. */
  readonly carrier: Translate.Carrier
}

/** A provider, as callers of other words than its own see it. Only chats can be asked of it. */
export const make = (
  provider: GatewayProvider,
  from: Translate.Dialect,
  { carrier, items }: Options
): GatewayProvider => {
  const to = provider.protocol
  /** The last translation of each request, for its retries: they differ in nothing but the credential. */
  const known = new WeakMap<Request, Outbound>()

  /** What is left out of a request that is tried once more. */
  const overridden = new WeakMap<Request, Overrides>()
  /** The dialect that a request was last written in. */
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
    const expressed = Translate.expressRequest(
      from,
      to,
      request.body,
      model,
      carrier.of(model, memoryOf(items, request)),
      dialect
    )
    const { body, dropped, lost, restore } = expressed
    const translated = {
      model,
      dropped,
      lost,
      restore,
      request: { operation: operations[to], body, headers: request.headers }
    }
    known.set(request, translated)
    return translated
  }

  const contextOf = (
    request: Request,
    target: Target,
    restore: Translate.Restore | undefined
  ): Effect.Effect<Translate.Context> =>
    Effect.withFiber((fiber) =>
      Effect.map(Clock.currentTimeMillis, (now) =>
        Translate.makeContext(request.body, {
          id: requestId(request.headers ?? {}, fiber.getRef(Random.Random)),
          created: Math.floor(now / 1000),
          dialect: provider.dialectOf(target),
          carry: carrier.of(target.model, memoryOf(items, request)),
          restore
        })
      )
    )

  return {
    ...provider,
    translatedFrom: from,
    complete: (request, target) =>
      Effect.suspend(() => {
        const sent = attempt(() => outbound(request, target), target)
        if (isFailure(sent)) return Effect.fail(sent)
        if (sent.lost.length > 0) return Effect.fail(TargetRefusal.unsent(target, sent.lost))
        return Effect.flatMap(contextOf(request, target, sent.restore), (context) =>
          Effect.flatMap(
            Effect.mapError(provider.complete(sent.request, target), TargetRefusal.changed),
            (answer) => {
              const json = answer.json ?? parse(answer.body)
              if (!isObject(json)) {
                return Effect.fail(malformed(target, "the answer is not JSON, or has too many values in it"))
              }
              // The answer goes on in other words: up to here its bytes were needed.
              const isLarge = answer.body.length >= EventLoop.large
              ByteChunks.release(answer.body)
              const said = Translate.translateWhole(to, from, json, context)
              if (said.malformed !== undefined && target.policy.malformedEvents === "fail")
                return Effect.fail(malformed(target, said.malformed))
              if (from === "responses") items.keep(request, said.body)
              return Effect.succeed(written(answer, said.body, [...sent.dropped, ...said.dropped], isLarge))
            }
          )
        )
      }),
    stream: (request, target) =>
      Stream.suspend(() => {
        const sent = attempt(() => outbound(request, target), target)
        if (isFailure(sent)) return Stream.fail(sent)
        if (sent.lost.length > 0) return Stream.fail(TargetRefusal.unsent(target, sent.lost))
        return Stream.unwrap(
          Effect.map(contextOf(request, target, sent.restore), (context) => {
            const { malformedEvents } = target.policy
            const translator = Translate.makeStreamTranslator(to, from, context, malformedEvents)
            const keep = from === "responses" ? keeper(items, request) : undefined
            return Stream.transformPull(provider.stream(sent.request, target), (pull) =>
              Effect.succeed(translated(pull, translator, lastWords[to], sent, keep, target))
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

/** What cannot be said in the target's words is no fault of the target. */
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
  // What was not parsed by its provider is large.
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

/** Keeps the items of a streamed response: the last of its events holds them all. */
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

/** One chunk for each of the provider's, even where there is nothing to say: it shows that the stream is alive. */
const translated = (
  pull: Chunks,
  translator: Translate.StreamTranslator,
  lastWord: Translate.SseEvent,
  { dropped }: Outbound,
  keep: Keep | undefined,
  target: Target
): Chunks => {
  let isComplete = false
  let isOver = false
  let failure: Failure | undefined

  const { brokenOff: lastEvents } = translator
  const brokenOff: Head["brokenOff"] =
    lastEvents === undefined ? undefined : (why) => Translate.encode(lastEvents(why))

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

  /** The chunks up to one that cannot be placed; the failure follows them. */
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

  /** A complete answer whose provider says nothing more: its last word is taken as said. */
  const finish = (): Chunks => {
    isOver = true
    const events = translator.event(lastWord)
    keep?.(events)
    const text = Translate.encode(events)
    return Effect.succeed([new Chunk(Buffer.from(text), Phase.last, undefined, undefined)])
  }

  const next: Chunks = Effect.matchEffect(pull, {
    onSuccess: chunksOf,
    onFailure: (error): Chunks =>
      isComplete ? finish() : Cause.isDone(error) ? Cause.done() : Effect.fail(TargetRefusal.changed(error))
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

/** Content without a place that came after the headers is named in a comment. */
const named = (dropped: ReadonlyArray<string>): string =>
  dropped.length === 0 ? "" : `: x-failover-dropped: ${dropped.join(", ").replaceAll(/[^\w.,$ -]/g, "?")}\n\n`

const headOf = ({ headers, status }: Head, dropped: ReadonlyArray<string>): Head => ({
  status,
  headers: withDropped({ ...headers, "content-type": "text/event-stream; charset=utf-8" }, dropped)
})
