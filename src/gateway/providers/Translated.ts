/**
 * Translates between callers of one protocol and a provider with another: requests on the way out, answers on
 * the way back.
 *
 * Commit points, timeouts and truncation are decided on the provider's own chunks, so they work as they do
 * without translation.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import type { ProtocolName } from "../../config/GatewayConfig.ts"
import type { Dialect } from "../../dialect/index.ts"
import type { Target } from "../../domain/Target.ts"
import { type Failure, isFailure, Transient } from "../../failure/Failure.ts"
import * as ByteChunks from "../../providers/bytes/ByteChunks.ts"
import { withoutHalves } from "../../providers/bytes/HalfCharacters.ts"
import * as WriteJson from "../../providers/bytes/WriteJson.ts"
import * as RequestBuilder from "../../providers/RequestBuilder.ts"
import * as Unsendable from "../../providers/wire/Unsendable.ts"
import * as Wire from "../../providers/wire/Wire.ts"
import { type Answer, isObject, type Request } from "../../providers/wire/Wire.ts"
import * as Flow from "../../stream/Flow.ts"
import * as Pump from "../../stream/Pump.ts"
import * as Translate from "../../translate/index.ts"
import * as Turns from "../../util/Turns.ts"
import { requestId } from "../http/RequestId.ts"
import * as TargetRefusal from "../http/TargetRefusal.ts"
import { memoryOf } from "./Carried.ts"
import type { GatewayProvider } from "./GatewayProvider.ts"
import type { Items } from "./ItemMemory.ts"
import * as SecondTry from "./SecondTry.ts"
import { TranslatedFlow, withDropped } from "./TranslatedFlow.ts"
import { WrittenFlow } from "./WrittenFlow.ts"

/** From this size, in characters, a request is translated in steps; smaller ones take less than a tenth of a second. */
const large = 128 * 1024

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

/** A translated request. */
interface Outbound {
  readonly model: string
  request: Request
  readonly dropped: ReadonlyArray<string>
  /** Content that the target does not take. The target must not be called. */
  readonly lost: ReadonlyArray<string>
  /** Names to restore in the answer. */
  readonly restore: Translate.Restore | undefined
  readonly carry: Translate.Carry
}

/** What the translation of an answer depends on. */
interface Exchange {
  readonly request: Request
  readonly target: Target
  readonly context: Translate.Context
  readonly dropped: ReadonlyArray<string>
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
  const overridden = new WeakMap<Request, SecondTry.SecondTry>()
  /** The dialect in which a request was last written. */
  const dialects = new WeakMap<Request, Dialect>()

  /** Begins a translation; the result is known after its last step. */
  const begin = (request: Request, target: Target): (() => Outbound | undefined) => {
    const { model } = target
    const overrides = overridden.get(request)?.overrides
    const dialect: Dialect =
      overrides === undefined
        ? provider.dialectOf(target)
        : Object.assign({}, provider.dialectOf(target), overrides)
    dialects.set(request, dialect)
    const carry = carrier.of(model, memoryOf(items, request))
    const translation = Translate.beginExpress(from, to, request.body, model, carry, dialect)
    return () => {
      const expressed = translation.next()
      if (expressed === undefined) return undefined
      const { body, dropped, lost, restore } = expressed
      const operation = operations[to]
      const made = {
        model,
        dropped,
        lost,
        restore,
        carry,
        request: { operation, body, headers: request.headers }
      }
      known.set(request, made)
      return made
    }
  }

  /** The second try was answered. */
  const learn = (request: Request, target: Target): void => {
    const again = overridden.get(request)
    if (again?.isLasting === true) provider.learn?.(target, again.overrides)
  }

  const knownFor = (request: Request, target: Target): Outbound | undefined => {
    const last = known.get(request)
    return last?.model === target.model ? last : undefined
  }

  const outbound = (request: Request, target: Target): Outbound => {
    const last = knownFor(request, target)
    if (last !== undefined) return last
    const step = begin(request, target)
    for (;;) {
      const made = step()
      if (made !== undefined) return made
    }
  }

  /**
   * Translates a large request, one step in each turn of the event loop. `undefined` for any other request, which is
   * translated when it is sent; so is one that cannot be translated, which fails then.
   */
  const prepared = (request: Request, target: Target): Effect.Effect<void> | undefined => {
    if (
      (request.text?.length ?? WriteJson.sizeOf(request.body)) < large ||
      knownFor(request, target) !== undefined
    )
      return undefined
    return Effect.suspend(() => {
      let step: ReturnType<typeof begin> | undefined
      const isDone = Effect.map(Turns.next, () => {
        try {
          step ??= begin(request, target)
          return step() !== undefined
        } catch {
          return true
        }
      })
      return Effect.andThen(
        Effect.repeat(isDone, { until: (done) => done }),
        Effect.suspend(() => writtenInTurns(knownFor(request, target)))
      )
    })
  }

  /** Writes the text of a large request, so that it is not written in one turn when it is sent. */
  const writtenInTurns = (made: Outbound | undefined): Effect.Effect<void> =>
    made === undefined
      ? Turns.next
      : Effect.map(
          Turns.each(() => WriteJson.textOf(made.request.body)),
          (text) => {
            made.request = { ...made.request, text: withoutHalves(text) }
          }
        )

  const contextOf = (
    request: Request,
    target: Target,
    { carry, restore }: Outbound,
    services: Context.Context<never>
  ): Translate.Context =>
    Translate.makeContext(request.body, {
      id: requestId(request.headers ?? {}, Context.get(services, Random.Random)),
      created: Math.floor(Context.get(services, Clock.Clock).currentTimeMillisUnsafe() / 1000),
      dialect: provider.dialectOf(target),
      carry,
      restore
    })

  const complete: GatewayProvider["complete"] = (request, target) =>
    Effect.withFiber((fiber) => {
      const sent = attempt(() => outbound(request, target), target)
      if (isFailure(sent)) return Effect.fail(sent)
      if (sent.lost.length > 0) return Effect.fail(TargetRefusal.notSent(target, sent.lost))
      const context = contextOf(request, target, sent, fiber.context)
      return Effect.matchEffect(provider.complete(sent.request, target), {
        onFailure: (failure) => Effect.fail(TargetRefusal.asUnsupported(failure)),
        onSuccess: (answer) => {
          learn(request, target)
          const steps = () => translating(answer, { request, target, context, dropped: sent.dropped })
          return answer.body.length < Turns.large ? Turns.all(steps()) : Effect.flatten(Turns.each(steps))
        }
      })
    })

  /** Translates a whole answer. Each step of a large one takes a turn of the event loop. */
  function* translating(
    answer: Answer,
    { context, dropped, request, target }: Exchange
  ): Turns.Steps<Effect.Effect<Answer, Failure>> {
    const json = yield* Wire.jsonOf(answer)
    if (!isObject(json)) {
      return Effect.fail(malformed(target, "the answer is not JSON, or has too many values"))
    }
    const isLarge = answer.body.length >= Turns.large
    // The bytes of the untranslated answer are no longer needed.
    ByteChunks.release(answer.body)
    yield
    const translation = Translate.translateWhole(to, from, json, context)
    if (translation.malformed !== undefined && target.policy.malformedEvents === "fail")
      return Effect.fail(malformed(target, translation.malformed))
    if (from === "responses") items.keep(request, translation.body)
    yield
    return Effect.succeed({
      status: answer.status,
      headers: withDropped({ ...answer.headers, "content-type": "application/json" }, [
        ...dropped,
        ...translation.dropped
      ]),
      body: isLarge
        ? yield* WriteJson.bytesOf(translation.body)
        : Buffer.from(withoutHalves(JSON.stringify(translation.body))),
      json: translation.body
    })
  }

  const onEvents = (request: Request, target: Target) => {
    const keep = from === "responses" ? keeper(items, request) : undefined
    if (!overridden.has(request)) return keep
    return (events: ReadonlyArray<Translate.OutEvent>): void => {
      learn(request, target)
      keep?.(events)
    }
  }

  const stream: GatewayProvider["stream"] = (request, target) =>
    Flow.toStream((services) => {
      const sent = attempt(() => outbound(request, target), target)
      if (isFailure(sent)) return Flow.fail(sent)
      if (sent.lost.length > 0) return Flow.fail(TargetRefusal.notSent(target, sent.lost))
      const context = contextOf(request, target, sent, services)
      const { malformedEvents } = target.policy
      const source = Pump.begin(provider.stream(sent.request, target), services)
      const translated = new TranslatedFlow(source, {
        translator: Translate.makeStreamTranslator(to, from, context, malformedEvents),
        lastEvent: lastEvents[to],
        dropped: sent.dropped,
        onEvents: onEvents(request, target),
        target: target.key,
        context: services
      })
      return new WrittenFlow(translated, services)
    })

  return {
    ...provider,
    translatedFrom: from,
    complete: (request, target) => {
      const before = prepared(request, target)
      const call = complete(request, target)
      return before === undefined ? call : Effect.andThen(before, call)
    },
    stream: (request, target) => {
      const before = prepared(request, target)
      const call = stream(request, target)
      return before === undefined ? call : Stream.unwrap(Effect.as(before, call))
    },
    secondTry: (request, refusal) => {
      const other = provider.secondTry?.(request, refusal)
      if (other !== undefined) return other
      const dialect = dialects.get(request)
      const second = dialect === undefined ? undefined : SecondTry.of(refusal, dialect, to)
      if (second === undefined) return undefined
      const again = { ...request }
      overridden.set(again, second)
      return again
    },
    withoutOutputLimit: (request, failure) => {
      const sent = known.get(request)?.request.body
      const body = sent ?? Translate.translateRequest(from, to, request.body).body
      const amended = provider.withoutOutputLimit?.({ operation: operations[to], body }, failure)
      if (amended === undefined) return undefined
      const allowed = amended.body.max_tokens
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

const malformed = (target: Target, message: string): Failure =>
  new Transient({ target: target.key, reason: "Malformed", message })

/** Keeps the items of a streamed response. Its last event has all of them. */
const keeper =
  (items: Items, request: Request) =>
  (events: ReadonlyArray<Translate.OutEvent>): void => {
    for (const each of events) {
      if (each.event !== "response.completed" && each.event !== "response.incomplete") continue
      const { response } = each instanceof Translate.LargeEvent ? each.json : JSON.parse(each.data)
      if (isObject(response)) items.keep(request, response)
    }
  }
